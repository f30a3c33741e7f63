"""Client metadata as JSON (RFC 7591 §2): read with each member of the kind it should be, and written as clients read it."""

from dataclasses import asdict, fields
from typing import Any

from flask_babel import gettext as _

from clients.metadata import ClientMetadata
from clients.refusals import InvalidMetadata

# What a client may not say of itself: what the ministry's administrators decide, and what other endpoints are for.
OURS = frozenset({
    "client_id", "minimum_acr", "require_pkce", "require_consent", "profile", "access_token_format", "resources", "token_exchange_from",
    "forward_auth_origins", "path_rules", "public_addresses_only", "widest_scope",
    "access_token_seconds", "id_token_seconds", "refresh_token_idle_seconds", "refresh_token_seconds", "longest_auth_age_seconds",
})  # fmt: skip
LONGEST_TEXT, MOST_ENTRIES = 4000, 100
_TYPES = {field.name: getattr(field.type, "__name__", str(field.type)) for field in fields(ClientMetadata)}


def read_metadata(told: dict[str, Any], *, leaving_out: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The fields of ClientMetadata that a JSON object gives; null counts as left out, names we do not know are passed over. Raises
    InvalidMetadata for a member of the wrong kind."""
    return {name: _read(name, value) for name, value in told.items() if name in _TYPES and name not in leaving_out and value is not None}


def unknown_names(told: dict[str, Any]) -> list[str]:
    """The members that no field has, for whoever has mistyped one."""
    return sorted(name for name in told if name not in _TYPES)


def write_metadata(metadata: ClientMetadata, *, leaving_out: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The metadata as a JSON object, without what is not there."""
    told = {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(metadata).items()}
    return {name: value for name, value in told.items() if name not in leaving_out and value not in (None, [], "")}


def _read(name: str, value: Any) -> Any:
    kind = _TYPES[name]
    if kind.startswith("tuple"):
        if not isinstance(value, list) or len(value) > MOST_ENTRIES or not all(_is_text(part) for part in value):
            raise _wrong(name, "array of strings")
        return tuple(value)
    if kind.startswith("str"):
        if not _is_text(value):
            raise _wrong(name, "string")
        return value or (None if "None" in kind else "")
    if kind.startswith("bool"):
        if not isinstance(value, bool):
            raise _wrong(name, "boolean")
        return value
    if kind.startswith("int"):
        if isinstance(value, bool) or not isinstance(value, int):
            raise _wrong(name, "integer")
        return value
    if not isinstance(value, dict):
        raise _wrong(name, "object")
    return value


def _is_text(value: object) -> bool:
    if not isinstance(value, str) or len(value) > LONGEST_TEXT or "\0" in value:
        return False
    try:
        value.encode()  # half a surrogate pair is no text
    except UnicodeEncodeError:
        return False
    return True


def _wrong(name: str, kind: str) -> InvalidMetadata:
    return InvalidMetadata(_("%(field)s phải là %(kind)s.", field=name, kind=kind))
