"""Devices in words: what a browser says about itself, as far as everybody knows the names."""

from flask_babel import gettext as _

_SYSTEMS = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)
# Each browser also names those it wants to be taken for, so the rarer ones come first.
_BROWSERS = (
    ("coc_coc_browser", "Cốc Cốc"),
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)


def device_words(user_agent: str | None) -> str:
    """Chrome, Windows. Only what everybody knows; the rest of what browsers say about themselves is noise."""
    agent = user_agent or ""
    system = next((name for mark, name in _SYSTEMS if mark in agent), None)
    browser = next((name for mark, name in _BROWSERS if mark in agent), None)
    return ", ".join(filter(None, (browser, system))) or _("Thiết bị không rõ")
