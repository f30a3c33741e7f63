"""The only readers of directories."""
