"""Who is signed in to this application, kept in its own memory so that the provider can end it at once."""

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

LIFETIME_SECONDS = 8 * 3600
REMEMBER_ENDED_SECONDS = 600


@dataclass(frozen=True)
class LocalSession:
    """One person in one browser of this application. `sid` is the provider's name of the session behind it."""

    subject: str
    sid: str | None
    name: str
    title: str | None
    unit_name: str | None
    unit_path: tuple[str, ...]
    acr: str
    auth_time: int
    id_token: str
    refresh_token: str | None
    refreshed_at: float | None
    form_token: str
    expires_at: float


class LocalSessions:
    """The local sessions of one process, by the value of the browser's cookie."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._by_cookie: dict[str, LocalSession] = {}
        self._ended_sids: dict[str, float] = {}

    def start(self, session: LocalSession) -> str | None:
        """Keep a session and return its cookie value; None when the provider has ended its `sid` already.

        A logout token may overtake the sign-in that it ends, so ended sids are remembered for ten minutes.
        """
        cookie = secrets.token_urlsafe(32)
        with self._lock:
            self._forget_old()
            if session.sid in self._ended_sids:
                return None
            self._by_cookie[cookie] = session
        return cookie

    def find(self, cookie: str | None) -> LocalSession | None:
        """The session of this cookie, unless it was ended or has expired."""
        with self._lock:
            session = self._by_cookie.get(cookie or "")
        return session if session is not None and session.expires_at > self._now() else None

    def replace(self, cookie: str, session: LocalSession) -> None:
        """Put newer facts in the place of a session that still lives."""
        with self._lock:
            if cookie in self._by_cookie:
                self._by_cookie[cookie] = session

    def end(self, cookie: str | None) -> LocalSession | None:
        """End the session of this cookie and return what it was."""
        with self._lock:
            return self._by_cookie.pop(cookie or "", None)

    def end_all_of(self, *, sid: str | None, subject: str | None) -> int:
        """End every session of this `sid`, or without one every session of this subject; return how many."""
        with self._lock:
            if sid is not None:
                self._ended_sids[sid] = self._now() + REMEMBER_ENDED_SECONDS
            ended = [
                cookie
                for cookie, session in self._by_cookie.items()
                if (sid is not None and session.sid == sid) or (sid is None and session.subject == subject)
            ]
            for cookie in ended:
                del self._by_cookie[cookie]
        return len(ended)

    def _forget_old(self) -> None:
        now = self._now()
        self._by_cookie = {cookie: kept for cookie, kept in self._by_cookie.items() if kept.expires_at > now}
        self._ended_sids = {sid: until for sid, until in self._ended_sids.items() if until > now}
