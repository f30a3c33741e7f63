"""A wrong password takes as long for a name that nobody has as for somebody's: a directory that hashes slowly would tell otherwise."""

import statistics
import threading
import time
from collections import deque

REMEMBERED, FEWEST = 64, 8
LONGEST_SECONDS = 0.5
_compared: deque[float] = deque(maxlen=REMEMBERED)
_not_compared: deque[float] = deque(maxlen=REMEMBERED)
_lock = threading.Lock()


def even_out(began: float, *, compared: bool) -> None:
    """`compared`: the directory compared the password with one. How long that took since `began` (monotonic) is remembered;
    otherwise the thread waits by as much longer as comparing takes on the average of the last."""
    passed = time.monotonic() - began
    with _lock:
        (_compared if compared else _not_compared).append(passed)
        if compared or min(len(_compared), len(_not_compared)) < FEWEST:
            return
        longer = statistics.median(_compared) - statistics.median(_not_compared)
    # A difference and not a total: the greater of two uncertain times would be longer than either.
    time.sleep(min(max(0.0, longer), LONGEST_SECONDS))
