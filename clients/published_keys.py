"""Keys that others publish at an address of theirs: read through the guard, remembered, and read again when that may help."""

import threading
import time
from dataclasses import dataclass, field
from typing import cast

import structlog
from flask import current_app
from joserfc.jwk import Key

from idp.compact_jws import UnreadableJwt, strict_json
from idp.outbound import PATIENT_SECONDS, OutboundBusy, OutboundFailed, OutboundRefused, fetch
from idp.public_keys import KeyRefused, import_key_set

FRESH_SECONDS, AGAIN_SECONDS, FAILED_SECONDS = 600.0, 60.0, 10.0
LARGEST_SET = 64 * 1024
_log = structlog.get_logger()


@dataclass
class _Published:
    """What was last read at an address, and when it was last asked for, at all and out of turn (monotonic seconds)."""

    keys: list[Key] = field(default_factory=list)
    read_at: float = float("-inf")
    asked_at: float = float("-inf")
    asked_anew_at: float = float("-inf")
    reading: threading.Lock = field(default_factory=threading.Lock)

    def is_due(self, anew: bool) -> bool:
        """Whether to ask now: in turn, after a failure a little later, or out of turn."""
        now = time.monotonic()
        if now - self.read_at >= FRESH_SECONDS:
            return now - self.asked_at >= FAILED_SECONDS
        return anew and now - self.asked_anew_at >= AGAIN_SECONDS


def published_at(url: str, *, anew: bool = False, public_only: bool = False) -> list[Key]:
    """The keys at an address; none when they cannot be read.

    They are kept for ten minutes, and longer while the other side does not answer. `anew`: something is signed by a key not among
    them; they are then read again, at most once a minute, so that invented names of keys cost nobody anything. `public_only` as in `outbound.resolve`.
    """
    memory = cast("dict[tuple[str, bool], _Published]", current_app.extensions.setdefault("hopnhat.published_keys", {}))
    known = memory.setdefault((url, public_only), _Published())
    # Whoever has keys goes on with them while another thread asks; whoever has none waits for it, but not for a slow one.
    if known.is_due(anew) and known.reading.acquire(timeout=0 if known.keys else PATIENT_SECONDS):
        try:
            if known.is_due(anew):
                known.asked_at = time.monotonic()
                known.asked_anew_at = known.asked_at if anew else known.asked_anew_at
                _read(url, known, public_only)
        finally:
            known.reading.release()
    return known.keys


def _read(url: str, known: _Published, public_only: bool) -> None:
    try:
        answer = fetch(url, accept="application/jwk-set+json, application/json", largest=LARGEST_SET, public_only=public_only)
        if answer.status != 200:
            raise OutboundFailed(f"status {answer.status}")
        known.keys = import_key_set(strict_json(answer.body), strict=False)
    except OutboundBusy:
        known.asked_at = known.asked_anew_at = float("-inf")  # it was not asked at all
        return
    except (OutboundRefused, OutboundFailed, UnreadableJwt, KeyRefused) as trouble:
        _log.warning("published_keys.not_read", jwks_uri=url.partition("?")[0], why=str(trouble))
        known.asked_at = time.monotonic()  # it rests from now on, however long it took to say nothing
        return
    known.read_at = time.monotonic()
