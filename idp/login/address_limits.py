"""How often one address may send sign-in forms: generous, since a whole office shares one at half past seven; shared by servers
through Redis, and counted by each alone while that is away."""

from typing import NoReturn

import structlog
from flask import Flask, abort, current_app, request
from limits import parse_many
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import FixedWindowRateLimiter

from idp.settings import Settings

LIMITS = parse_many("600/minute;6000/hour")
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


def limit_forms() -> None:
    """Before a request of sign-in: refuse (429) what an address sends beyond the limits."""
    if request.method == "POST" and not all(_take(limit) for limit in LIMITS):
        _refuse()


def _take(limit: object) -> bool:
    shared, alone = current_app.extensions[KEY]
    try:
        return bool(shared.hit(limit, "sign-in", request.remote_addr or "-"))
    except Exception as trouble:  # noqa: BLE001 - whatever Redis or its client runs into, people go on signing in
        _log.warning("redis.unavailable", trouble=type(trouble).__name__)
        return bool(alone.hit(limit, "sign-in", request.remote_addr or "-"))


def _refuse() -> NoReturn:
    abort(429)
