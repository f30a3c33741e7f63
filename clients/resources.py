"""Protected resources: the APIs that access tokens may be for (RFC 8707), the scopes they define, and who may ask about their tokens."""

import re
import time
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlsplit

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from clients.metadata import JWT, OPAQUE, SCOPES
from clients.models import Client, ProtectedResource
from idp import audit, clock
from idp.database import new_id, reader, table_of
from idp.errors import NotFound, Refusal

FRESH_SECONDS = 1.0  # a change made elsewhere is seen after this at the latest
FORMATS = ("", OPAQUE, JWT)  # "": the client that asks decides
LONGEST_IDENTIFIER, LONGEST_NAME, MOST_SCOPES, MOST_REMEMBERED = 500, 100, 50, 500
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,64}")  # scope-token of RFC 6749 §3.3
_IDENTIFIER = re.compile(r"[\x21-\x7e]+")


class InvalidResource(Refusal):
    """Something that a resource may not be registered with."""

    reason = "invalid_resource"


@dataclass(frozen=True)
class Resource:
    """A protected resource. `client_id`: the client, by its public name, that serves it and may introspect its tokens; None: none."""

    identifier: str
    name: str
    scopes: tuple[str, ...]
    access_token_format: str
    client_id: str | None


_r, _c = table_of(ProtectedResource), table_of(Client)
_columns = (_r.c.id, _r.c.identifier, _r.c.name, _r.c.scope, _r.c.access_token_format, _c.c.client_id)
_all = select(*_columns).select_from(_r.outerjoin(_c, _r.c.client_id == _c.c.id)).order_by(_r.c.identifier)
_one = _all.where(_r.c.identifier == bindparam("identifier"))
_key_of_client = select(_c.c.id).where(_c.c.client_id == bindparam("wanted"))


def find_resource(identifier: str) -> Resource | None:
    """The resource of this identifier, compared byte for byte, or None; from memory for a second."""
    memory, present = _memory(), time.monotonic()
    kept = memory.get(identifier)
    if kept is not None and present - kept[0] < FRESH_SECONDS:
        return kept[1]
    row = reader().execute(_one, {"identifier": identifier}).first() if len(identifier) <= LONGEST_IDENTIFIER else None
    if row is None:
        memory.pop(identifier, None)  # asking for invented names fills nothing
        return None
    memory[identifier] = (present, _told(row))
    return memory[identifier][1]


def all_resources(connection: Connection) -> list[Resource]:
    """Every resource, by its identifier."""
    return [_told(row) for row in connection.execute(_all)]


def add(connection: Connection, wanted: Resource, *, actor: str) -> Resource:
    """Register a resource. Raises InvalidResource, or NotFound for a client that is not there."""
    row, now = _row(connection, wanted), clock.now()
    if connection.execute(_one, {"identifier": wanted.identifier}).first() is not None:
        raise InvalidResource(_("Tài nguyên này đã có."), reason="resource_taken")
    try:
        connection.execute(insert(_r), {"id": new_id(), "created_at": now, "updated_at": now, **row})
    except IntegrityError:
        raise InvalidResource(_("Tài nguyên này đã có."), reason="resource_taken") from None
    _record(connection, audit.Event.RESOURCE_REGISTERED, actor, wanted)
    return wanted


def change(connection: Connection, wanted: Resource, *, actor: str) -> Resource:
    """Change the resource of this identifier to this. Raises InvalidResource or NotFound."""
    if (
        connection.execute(
            update(_r).where(_r.c.identifier == wanted.identifier), _row(connection, wanted) | {"updated_at": clock.now()}
        ).rowcount
        != 1
    ):
        raise NotFound(_("Không có tài nguyên này."), reason="resource_unknown")
    _record(connection, audit.Event.RESOURCE_CHANGED, actor, wanted)
    return wanted


def _record(connection: Connection, event: audit.Event, actor: str, told: Resource) -> None:
    _memory().clear()
    facts: dict[str, Any] = {
        "name": told.name,
        "scope": " ".join(told.scopes),
        "access_token_format": told.access_token_format,
        "client": told.client_id,
    }
    audit.record(connection, event, actor=actor, identifier=told.identifier, **facts)


def _row(connection: Connection, wanted: Resource) -> dict[str, Any]:
    _check(wanted)
    key = None
    if wanted.client_id is not None:
        key = connection.execute(_key_of_client, {"wanted": wanted.client_id}).scalar()
        if key is None:
            raise NotFound(_("Không có ứng dụng này."), reason="client_unknown")
    return {
        "identifier": wanted.identifier, "name": wanted.name.strip(), "scope": " ".join(dict.fromkeys(wanted.scopes)),
        "access_token_format": wanted.access_token_format, "client_id": key,
    }  # fmt: skip


def _check(wanted: Resource) -> None:
    if not is_identifier(wanted.identifier):
        raise InvalidResource(_("Mã tài nguyên là một URI tuyệt đối, không có dấu #, dài tối đa %(n)s ký tự.", n=LONGEST_IDENTIFIER))
    if not 0 < len(wanted.name.strip()) <= LONGEST_NAME or not wanted.name.isprintable():
        raise InvalidResource(_("Tên tài nguyên cần có từ 1 đến %(n)s ký tự.", n=LONGEST_NAME))
    if wanted.access_token_format not in FORMATS:
        raise InvalidResource(_("Dạng mã truy cập là opaque hoặc jwt."))
    if len(wanted.scopes) > MOST_SCOPES or not all(_SCOPE.fullmatch(scope) for scope in wanted.scopes):
        raise InvalidResource(_("Phạm vi của tài nguyên gồm ký tự ASCII nhìn thấy được, tối đa %(n)s phạm vi.", n=MOST_SCOPES))
    ours = sorted(set(SCOPES) & set(wanted.scopes))
    if ours:
        raise InvalidResource(_("Phạm vi đã có nghĩa riêng: %(names)s.", names=" ".join(ours)))


def is_identifier(text: str) -> bool:
    """Whether a text can name a resource: an absolute URI without a fragment (RFC 8707 §2)."""
    if len(text) > LONGEST_IDENTIFIER or not _IDENTIFIER.fullmatch(text) or "#" in text:
        return False
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return bool(parts.scheme) and bool(parts.netloc or parts.path)


def _told(row: Any) -> Resource:
    return Resource(row.identifier, row.name, tuple(row.scope.split()), row.access_token_format, row.client_id)


def _memory() -> dict[str, tuple[float, Resource]]:
    memory = cast("dict[str, tuple[float, Resource]]", current_app.extensions.setdefault("hopnhat.resources", {}))
    if len(memory) > MOST_REMEMBERED:
        memory.clear()
    return memory
