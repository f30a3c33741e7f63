"""Sources that push: added with a client of their own, listed, allowed more for a while, taken out of use."""

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Connection, bindparam, func, insert, select, update

from clients import registration, resources
from clients.metadata import ClientMetadata
from clients.models import Client
from clients.registration import Registered
from clients.resources import Resource
from directory_sync.scim.callers import READ, WRITE, resource_identifier
from directory_sync.scim.models import ScimEntry, ScimSource
from idp import audit, clock
from idp.database import new_id, table_of
from idp.errors import NotFound, Refusal
from idp.people.models import Person, PersonState, Unit

PREFIX, GRANT = "scim:", "client_credentials"
SHORTEST_REASON, LONGEST_HOURS, MOST_WITHDRAWALS = 20, 24, 100_000
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,25}")
_s, _c, _u, _e, _p = table_of(ScimSource), table_of(Client), table_of(Unit), table_of(ScimEntry), table_of(Person)
_people = select(func.count()).where(_e.c.source == _s.c.source, _e.c.deleted_at.is_(None)).correlate(_s).scalar_subquery()
_active = select(func.count()).where(_p.c.source == _s.c.source, _p.c.state == PersonState.ACTIVE).correlate(_s).scalar_subquery()
_all = (
    select(
        _s, _c.c.client_id.label("client_name"), _c.c.disabled_at, _u.c.name.label("unit_name"), _u.c.code.label("unit_code"),
        _people.label("people"), _active.label("active"),
    )
    .select_from(_s.join(_c, _c.c.id == _s.c.client_id).outerjoin(_u, _u.c.id == _s.c.unit_id))
    .order_by(_s.c.source)
)  # fmt: skip
_one = _all.where(_s.c.source == bindparam("of_source"))


@dataclass(frozen=True)
class Wanted:
    """A source to be added. `name`: its short name; `title`: for people; `unit_id`: the part of the tree its people belong to; `reads_only`:
    it may not write; `signed`: each write must be signed; `withdrawals`: an hour's suspensions, None as for every sync."""

    name: str
    title: str
    unit_id: uuid.UUID | None = None
    reads_only: bool = False
    signed: bool = False
    withdrawals: int | None = None


def add(connection: Connection, wanted: Wanted, *, actor: str) -> Registered:
    """Add a source with a client of its own, whose secret is shown this once. Raises Refusal."""
    title = wanted.title.strip()
    if not _NAME.fullmatch(wanted.name):
        raise Refusal(_("Tên nguồn gồm chữ thường không dấu, chữ số và dấu gạch ngang, tối đa 26 ký tự."), reason="bad_source_name")
    if not 0 < len(title) <= 100 or not title.isprintable():
        raise Refusal(_("Tên hiển thị của nguồn cần có từ 1 đến 100 ký tự."), reason="bad_source_title")
    if wanted.withdrawals is not None and not 0 <= wanted.withdrawals <= MOST_WITHDRAWALS:
        raise Refusal(_("Số người được vô hiệu hóa trong một giờ không hợp lệ."), reason="bad_limit")
    source = PREFIX + wanted.name
    if find(connection, wanted.name) is not None:
        raise Refusal(_("Đã có nguồn này."), reason="source_taken", status=409)
    _ensure_resource(connection, actor)
    client = registration.register(connection, _client(wanted, title), actor=actor)
    row = {
        "id": new_id(), "source": source, "name": title, "client_id": client.key, "unit_id": wanted.unit_id, "signed": wanted.signed,
        "withdrawals": wanted.withdrawals, "created_at": clock.now(), "created_by": actor[:64],
    }  # fmt: skip
    connection.execute(insert(_s), row)
    audit.record(
        connection, audit.Event.SCIM_SOURCE_ADDED, actor=actor, client_id=client.key, source=source,
        unit=str(wanted.unit_id) if wanted.unit_id else None, signed=wanted.signed,
    )  # fmt: skip
    return client


def _client(wanted: Wanted, title: str) -> ClientMetadata:
    return ClientMetadata(
        client_name=title, redirect_uris=(), grant_types=(GRANT,), response_types=(), scope=READ if wanted.reads_only else f"{READ} {WRITE}",
        resources=(resource_identifier(),), dpop_bound_access_tokens=wanted.signed,
    )  # fmt: skip


def _ensure_resource(connection: Connection, actor: str) -> None:
    """The service itself as a protected resource, which it is from its first source on."""
    if all(known.identifier != resource_identifier() for known in resources.all_resources(connection)):
        resources.add(connection, Resource(resource_identifier(), "SCIM", (READ, WRITE), "", None), actor=actor)


def all_sources(connection: Connection) -> Sequence[Any]:
    """Every source with its client, its unit and how many people it has."""
    return connection.execute(_all).all()


def find(connection: Connection, name: str) -> Any | None:
    """One source by its short name, or None."""
    return connection.execute(_one, {"of_source": PREFIX + name}).first()


def require(connection: Connection, name: str) -> Any:
    """One source by its short name. Raises NotFound."""
    found = find(connection, name)
    if found is None:
        raise NotFound(_("Không có nguồn này."))
    return found


def allow(connection: Connection, name: str, *, withdrawals: int, hours: int, reason: str, actor: str) -> datetime:
    """Let a source suspend up to so many people within an hour, for some hours: somebody has looked at why. Return until when. Raises
    Refusal, NotFound."""
    found = require(connection, name)
    if len(reason.strip()) < SHORTEST_REASON:
        raise Refusal(_("Lý do cần có ít nhất %(n)s ký tự.", n=SHORTEST_REASON), reason="reason_too_short")
    if not 1 <= hours <= LONGEST_HOURS:
        raise Refusal(_("Thời hạn từ 1 đến %(n)s giờ.", n=LONGEST_HOURS), reason="bad_hours")
    if not 1 <= withdrawals <= MOST_WITHDRAWALS:
        raise Refusal(_("Số người được vô hiệu hóa trong một giờ không hợp lệ."), reason="bad_limit")
    if withdrawals >= found.active > 0:
        raise Refusal(_("Không cho phép vô hiệu hóa toàn bộ số người của nguồn."), reason="whole_source")
    until = clock.now() + timedelta(hours=hours)
    connection.execute(update(_s).where(_s.c.id == found.id), {"raised_to": withdrawals, "raised_until": until})
    audit.record(
        connection, audit.Event.SCIM_SOURCE_CHANGED, actor=actor, client_id=found.client_id, source=found.source, withdrawals=withdrawals,
        until=until.isoformat(), reason=reason.strip(),
    )  # fmt: skip
    return until
