"""A breaker in front of a server that does not answer: after some failures in a row nobody waits for it for a while."""

import threading
from datetime import datetime, timedelta

from idp import clock


class Breaker:
    """Shut until `limit` failures in a row; then open for `pause`; then one caller may try while the others are still refused."""

    def __init__(self, limit: int = 5, pause: timedelta = timedelta(seconds=10)) -> None:
        self._limit, self._pause = limit, pause
        self._failures = 0
        self._open_until: datetime | None = None
        self._lock = threading.Lock()

    def admits(self) -> bool:
        """Whether this caller may try now."""
        with self._lock:
            if self._open_until is None:
                return True
            now = clock.now()
            if now < self._open_until:
                return False
            self._open_until = now + self._pause  # this caller is the probe: the others wait for its outcome, or another pause
            return True

    def note(self, *, answered: bool) -> None:
        """Remember how a try ended: any answer of the server shuts the breaker."""
        with self._lock:
            if answered:
                self._failures, self._open_until = 0, None
                return
            self._failures += 1
            if self._failures >= self._limit:
                self._open_until = clock.now() + self._pause
