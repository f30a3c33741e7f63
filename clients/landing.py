"""The path on an application's own host where people come after signing out: its settings must leave it open to everybody."""

import re
from urllib.parse import urlsplit

_PLAIN = re.compile(r"/[A-Za-z0-9/._~-]+")  # it goes into the settings of a server, where other signs could mean something


def landing_path(origin: str, landing: str | None) -> str | None:
    """The path of `landing` when it is on this origin, below its root, and plain; else None."""
    path = urlsplit(landing).path if landing and landing.startswith(origin + "/") else ""
    return path if _PLAIN.fullmatch(path) else None
