"""How often one address may do something: counted by all servers together through Redis, and by each alone while that is away."""

from collections.abc import Iterable

import structlog
from flask import Flask, current_app, request
from limits import RateLimitItem
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import FixedWindowRateLimiter

from idp.settings import Settings

KEY = "hopnhat.address_limits"
REDIS_SECONDS = 0.5
_log = structlog.get_logger()


def set_up_address_limits(app: Flask, settings: Settings) -> None:
    """Keep the counts in Redis when there is one."""
    alone = FixedWindowRateLimiter(MemoryStorage())
    shared = alone
    if settings.redis_url:
        url = settings.redis_url.get_secret_value()
        shared = FixedWindowRateLimiter(storage_from_string(url, socket_timeout=REDIS_SECONDS, socket_connect_timeout=REDIS_SECONDS))
    app.extensions[KEY] = (shared, alone)


def is_within(what: str, limits: Iterable[RateLimitItem]) -> bool:
    """Count this request of the present address; whether it stays within all the limits of what it does."""
    return all([_take(what, limit) for limit in limits])


def _take(what: str, limit: RateLimitItem) -> bool:
    shared, alone = current_app.extensions[KEY]
    try:
        return bool(shared.hit(limit, what, request.remote_addr or "-"))
    except Exception as trouble:  # noqa: BLE001 - whatever Redis or its client runs into, people go on
        _log.warning("redis.unavailable", trouble=type(trouble).__name__)
        return bool(alone.hit(limit, what, request.remote_addr or "-"))
