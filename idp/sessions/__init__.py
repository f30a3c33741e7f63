"""The browser session: start, find, refresh, end."""
