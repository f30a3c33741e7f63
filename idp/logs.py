"""Logs: one JSON line an event on standard error, with everything that could be a secret blotted out."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from idp.request_ids import name_request

SECRET_NAMES = re.compile(
    r"passw|secret|token|cookie|authorization|assertion|(^|_)code(_|$)|verifier|otp|seed|private|session_value|csrf|^flow$", re.IGNORECASE
)
BLOTTED = "[…]"


def _blot(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: BLOTTED if SECRET_NAMES.search(str(key)) else _blot(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_blot(part) for part in value]
    return value


def blot_secrets(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace the value of every key whose name speaks of a secret, at any depth."""
    for key in list(event):
        if key != "event":
            event[key] = BLOTTED if SECRET_NAMES.search(key) else _blot(event[key])
    return event


def set_up_logs(level: str) -> None:
    """Configure structlog for this process; `level` is a name such as INFO. SQL values are never logged."""
    structlog.configure(
        processors=[
            name_request,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            blot_secrets,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
