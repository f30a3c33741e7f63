"""How often one address may do something: counted by all servers together through Redis, and by each alone while that is away."""

import ipaddress
import threading
import time
from collections.abc import Iterable

import structlog
from flask import Flask, current_app, request
from limits import RateLimitItem
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import FixedWindowRateLimiter

from idp.settings import Settings

KEY = "hopnhat.address_limits"
REDIS_SECONDS = 0.5
SWEEP_SECONDS = 60
MOST_COUNTS = 200_000
_log = structlog.get_logger()


class OwnMemory(MemoryStorage):
    """Counts in this process. The library's own starts a thread for nearly every count, to forget the old ones."""

    def __init__(self) -> None:
        super().__init__()
        self._counts: dict[str, tuple[int, float]] = {}
        self._lock = threading.Lock()
        self._swept_at = 0.0

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """One more under this key, which is forgotten `expiry` seconds after its first."""
        now = time.time()
        with self._lock:
            if now - self._swept_at > SWEEP_SECONDS or len(self._counts) >= MOST_COUNTS:
                self._sweep(now)
            count, until = self._counts.get(key, (0, 0.0))
            if until <= now:
                count, until = 0, now + expiry
            self._counts[key] = (count + amount, until)
            return count + amount

    def _sweep(self, now: float) -> None:
        self._swept_at = now
        self._counts = {key: kept for key, kept in self._counts.items() if kept[1] > now}
        if len(self._counts) >= MOST_COUNTS:
            self._counts.clear()  # a flood of addresses: the failures of accounts are counted in the database all the same


def set_up_address_limits(app: Flask, settings: Settings) -> None:
    """Keep the counts in Redis when there is one."""
    alone = FixedWindowRateLimiter(OwnMemory())
    shared = alone
    if settings.redis_url:
        url = settings.redis_url.get_secret_value()
        shared = FixedWindowRateLimiter(storage_from_string(url, socket_timeout=REDIS_SECONDS, socket_connect_timeout=REDIS_SECONDS))
    app.extensions[KEY] = (shared, alone)


def is_within(what: str, limits: Iterable[RateLimitItem]) -> bool:
    """Count this request of the present address; whether it stays within all the limits of what it does."""
    taken = [_take(what, limit) for limit in limits]  # each of them counts, also after one was exceeded
    return all(taken)


def is_within_for(whom: str, what: str, limits: Iterable[RateLimitItem]) -> bool:
    """The same of somebody who has proved who they are, from whatever address."""
    taken = [_take(what, limit, whom) for limit in limits]
    return all(taken)


def counted_address() -> str:
    """The address that this request is counted under. Of IPv6 the network of 64 bits: whoever has one of its addresses has them
    all (RFC 4291 §2.5.4), 2^64 to try from."""
    written = request.remote_addr or "-"
    try:
        address = ipaddress.ip_address(written.partition("%")[0])
    except ValueError:
        return written
    if isinstance(address, ipaddress.IPv6Address):
        return str(address.ipv4_mapped or ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def _take(what: str, limit: RateLimitItem, whom: str | None = None) -> bool:
    shared, alone = current_app.extensions[KEY]
    whom = whom or counted_address()
    try:
        return bool(shared.hit(limit, what, whom))
    except Exception as trouble:  # noqa: BLE001 - whatever Redis or its client runs into, people go on
        _log.warning("redis.unavailable", trouble=type(trouble).__name__)
        return bool(alone.hit(limit, what, whom))
