"""How long what a client is given lasts: as the installation says, or shorter where the client's registration says so."""

from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from clients.metadata import ClientMetadata
from clients.refusals import InvalidMetadata
from idp.settings import current_settings

SHORTEST, MINUTE, HOUR = 60, 60, 3600  # seconds
ACCESS_TOKEN, ID_TOKEN, IDLE, FINAL = "access_token_seconds", "id_token_seconds", "refresh_token_idle_seconds", "refresh_token_seconds"
AUTH_AGE = "longest_auth_age_seconds"
# The field of a client's metadata, and the setting that it may not go beyond.
BOUNDS = {ACCESS_TOKEN: ACCESS_TOKEN, ID_TOKEN: ID_TOKEN, IDLE: IDLE, FINAL: FINAL, AUTH_AGE: "session_staff_seconds"}
USUAL, WORKDAY, STRICT, OWN = "usual", "workday", "strict", "own"


@dataclass(frozen=True)
class Preset:
    """Lifetimes that go together, in seconds by field."""

    name: str
    seconds: dict[str, int]


PRESETS = (
    Preset(USUAL, {}),
    Preset(WORKDAY, {IDLE: 4 * HOUR, FINAL: 10 * HOUR, AUTH_AGE: 10 * HOUR}),
    Preset(STRICT, {ACCESS_TOKEN: 5 * MINUTE, ID_TOKEN: 5 * MINUTE, IDLE: 30 * MINUTE, FINAL: 4 * HOUR, AUTH_AGE: HOUR}),
)


def lasting(metadata: ClientMetadata, name: str) -> int:
    """A lifetime in seconds, of a client: its own, and never more than the installation allows now."""
    own, most = getattr(metadata, name), getattr(current_settings(), name)
    return int(most if own is None or own > most else own)


def longest_age(metadata: ClientMetadata, asked: int | None) -> int | None:
    """How long ago a person may have proved themselves, in seconds, when so much is asked for; None: it does not matter."""
    most = metadata.longest_auth_age_seconds
    if most is None or asked is None:
        return asked if most is None else most
    return min(asked, most)


def most_of(name: str) -> int:
    """The longest that a client may have, in seconds."""
    return int(getattr(current_settings(), BOUNDS[name]))


def preset_named(name: str) -> dict[str, int | None]:
    """The fields that a preset sets, those that it leaves to the installation as None; within what the installation allows. Raises
    KeyError."""
    chosen = {one.name: one for one in PRESETS}[name].seconds
    return {field: min(chosen[field], most_of(field)) if field in chosen else None for field in BOUNDS}


def preset_of(metadata: ClientMetadata) -> str:
    """The preset that a client's lifetimes are, or OWN."""
    has = {name: getattr(metadata, name) for name in BOUNDS}
    return next((one.name for one in PRESETS if preset_named(one.name) == has), OWN)


def check_lifetimes(wanted: ClientMetadata, before: ClientMetadata | None = None) -> None:
    """Whether they are within the installation's bounds. What was so before stays: where the bounds were drawn closer since, the
    closer one holds (`lasting`). Raises InvalidMetadata."""
    for name, seconds in _given(wanted).items():
        if before is not None and getattr(before, name) == seconds:
            continue
        if not SHORTEST <= seconds <= most_of(name):
            raise InvalidMetadata(_("%(name)s từ %(least)s đến %(most)s giây.", name=name, least=SHORTEST, most=most_of(name)))


def _given(metadata: ClientMetadata) -> dict[str, Any]:
    return {name: value for name in BOUNDS if (value := getattr(metadata, name)) is not None}
