"""Client metadata as operators give it on the command line: `--set name=value`, or files of JSON."""

import json
from collections.abc import Sequence
from dataclasses import fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click

from clients.metadata import ClientMetadata
from clients.metadata_wire import read_metadata, unknown_names
from idp.compact_jws import UnreadableJwt, strict_json

KINDS = {field.name: getattr(field.type, "__name__", str(field.type)) for field in fields(ClientMetadata)}
_BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def read_set(pairs: Sequence[str]) -> dict[str, Any]:
    """The fields that `name=value` options give: lists comma separated or repeated, nothing after the sign for none, a JSON object
    as it is or in a file named by @. Raises click.UsageError."""
    told: dict[str, Any] = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not sign:
            raise click.UsageError(f"--set is NAME=VALUE, and {pair!r} has no =")
        if name not in KINDS or name == "client_id":
            raise click.UsageError(f"--set {name}: no client metadata is called so{_perhaps(name)}; all names are in docs/clients.md")
        read = _read(name, value.strip())
        told[name] = (*told.get(name, ()), *read) if isinstance(read, tuple) else read
    return told


def read_file(path: Path) -> dict[str, Any]:
    """The fields that a JSON object in a file gives. Raises click.UsageError, or InvalidMetadata for a member of the wrong kind."""
    return checked_names(_object(path.read_bytes(), str(path)))


def read_list(raw: bytes) -> list[dict[str, Any]]:
    """The objects of a JSON list. Raises click.UsageError."""
    try:
        listed = strict_json(b'{"clients":' + raw + b"}")["clients"]
    except UnreadableJwt:
        listed = None
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise click.UsageError("not a JSON list of objects")
    return listed


def checked_names(told: dict[str, Any]) -> dict[str, Any]:
    """The fields that an object gives; a name that no field has is a slip of whoever wrote it. Raises click.UsageError."""
    unknown = unknown_names(told)
    if unknown:
        raise click.UsageError(f"no client metadata has these names: {', '.join(name + _perhaps(name) for name in unknown)}")
    return read_metadata(told)


def _read(name: str, value: str) -> Any:
    kind = KINDS[name]
    if kind == "tuple":
        return tuple(part.strip() for part in value.split(",") if part.strip())
    if kind == "bool":
        if value.lower() not in _BOOLEANS:
            raise click.UsageError(f"{name} is true or false")
        return _BOOLEANS[value.lower()]
    if not value:
        return "" if kind == "str" else None
    if kind.startswith("int"):
        if not value.isdecimal():
            raise click.UsageError(f"{name} is a number")
        return int(value)
    if kind.startswith("dict"):
        return _object(_file(value[1:], name) if value.startswith("@") else value.encode(), name)
    return value


def _perhaps(name: str) -> str:
    close = get_close_matches(name, KINDS, n=1)
    return f" (perhaps {close[0]}?)" if close else ""


def _file(path: str, name: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as fault:
        raise click.UsageError(f"{name}: {path} cannot be read: {fault.strerror}") from None


def _object(raw: bytes, what: str) -> dict[str, Any]:
    try:
        return strict_json(raw)
    except UnreadableJwt as unreadable:
        raise click.UsageError(f"{what}: {unreadable}") from None


def shown(value: object) -> str:
    """A value as `--set` would take it."""
    if isinstance(value, tuple | list):
        return ",".join(map(str, value))
    return json.dumps(value) if isinstance(value, dict | bool) else "" if value is None else str(value)
