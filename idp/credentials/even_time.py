"""A wrong password takes as long for a name that nobody has as for somebody's: a directory that hashes slowly would tell otherwise."""

import secrets
import threading
import time
from collections import deque

REMEMBERED = 64
LONGEST_SECONDS = 0.5
_compared: deque[float] = deque(maxlen=REMEMBERED)
_lock = threading.Lock()


def even_out(began: float, *, compared: bool) -> None:
    """`compared`: the directory compared the password with one; how long that took since `began` (monotonic) is remembered.
    Otherwise the thread waits until as much time has passed as one of those took, drawn by lot."""
    passed = time.monotonic() - began
    with _lock:
        if compared:
            _compared.append(passed)
            return
        took = _compared[secrets.randbelow(len(_compared))] if _compared else 0.0
    time.sleep(max(0.0, min(took, LONGEST_SECONDS) - passed))
