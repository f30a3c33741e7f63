"""The only clock: what time it is, in UTC; tests put their own in its place."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial

_source: Callable[[], datetime] = partial(datetime.now, UTC)


def now() -> datetime:
    """The present instant, aware, in UTC."""
    return _source()


class ManualClock:
    """A clock that stands still until it is told to move."""

    def __init__(self, start: datetime) -> None:
        self.instant = start

    def __call__(self) -> datetime:
        """The instant it stands at."""
        return self.instant

    def advance(self, **duration: float) -> datetime:
        """Move on by a duration named as in `timedelta` (`seconds=`, `hours=`, …); return the new instant."""
        self.instant += timedelta(**duration)
        return self.instant


@contextmanager
def using(source: Callable[[], datetime]) -> Iterator[None]:
    """Take the time from `source` inside the block. For tests: time is a fixture, never a sleep."""
    global _source  # noqa: PLW0603 - the one place that holds the clock
    before = _source
    _source = source
    try:
        yield
    finally:
        _source = before
