"""A way in which a directory tells what changed since last time, and where the next delta goes on from."""

from collections.abc import Callable
from dataclasses import dataclass, field

from directory_sync.source.dialect import Dialect
from directory_sync.source.ldap import Directory

DELETIONS_UNTOLD = "deletions_untold"  # who is gone shows in a whole read only
UNITS_CHANGED = "units_changed"  # people may stand elsewhere without a word about them


class CookieRefused(Exception):
    """The server cannot or does not go on from this cookie: only a whole read helps (RFC 4533 §3.3.2, e-syncRefreshRequired)."""


@dataclass
class Told:
    """What a server told: entries of people as a search gives them, keys of those it says are gone, the next cookie, and for what
    reasons a whole read is wanted."""

    cookie: bytes
    entries: list[bytes] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)
    wishes: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Way:
    """One way. `now`: the cookie of this moment, None where the server does not offer the way; `since`: what changed after a cookie,
    raising CookieRefused and ReadIncomplete. `server` says which server's cookie it is."""

    name: str
    now: Callable[[Directory, Dialect], bytes | None]
    since: Callable[[Directory, Dialect, bytes], Told]
