"""The catalogue of systems: what there is at every level of government, what of it is connected, and what is not yet."""

import enum
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Connection, and_, bindparam, case, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from clients.catalogue_models import CatalogueSystem, OwnPasswords, Protocol
from clients.models import Client
from idp import audit, clock
from idp.database import new_id, table_of
from idp.errors import NotFound, Refusal

LEVELS = ("central", "province", "district", "commune")
LONGEST_NAME, LONGEST_TEXT, MOST_ACCOUNTS = 200, 2000, 100_000_000
SECURITY_LEVELS = range(1, 6)  # of an information system (Decree 85/2016: five levels)
_CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


class Standing(enum.StrEnum):
    """How far a system is, as it follows from what is remembered."""

    RETIRED = "retired"
    INTEGRATED = "integrated"
    CONNECTED = "connected"  # an application is registered, but nothing shows yet that sign-in, sign-out and leaving work
    NOT_CONNECTED = "not_connected"


class InvalidSystem(Refusal):
    """Something that a system may not be written down with. `field`: which."""

    reason = "invalid_system"

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class System:
    """What somebody writes down of a system. `client_id`: the public name of the application it is connected as; `security_level`
    1 to 5; `accounts`: how many it has of its own."""

    code: str
    name: str
    purpose: str = ""
    owner_unit_id: uuid.UUID | None = None
    contact: str = ""
    level: str = "province"
    protocol: str = Protocol.UNKNOWN.value
    security_level: int | None = None
    in_scope: bool = True
    client_id: str | None = None
    own_passwords_left: str = OwnPasswords.UNKNOWN.value
    accounts: int | None = None
    planned_on: date | None = None
    notes: str = ""


@dataclass(frozen=True)
class Coverage:
    """How many systems are integrated of those in scope."""

    integrated: int
    in_scope: int


_s, _c = table_of(CatalogueSystem), table_of(Client)
_of_client = select(_c.c.id).where(_c.c.client_id == bindparam("wanted"))
_taken_by = select(_s.c.code).where(_s.c.client_id == bindparam("key"), _s.c.code != bindparam("code"))


def is_integrated() -> ColumnElement[bool]:
    """The test, as a column of a query on systems joined to their applications: connected, enabled, and proven or vouched for."""
    return and_(
        _s.c.retired_at.is_(None),
        _c.c.id.is_not(None),
        _c.c.disabled_at.is_(None),
        or_(_s.c.proven_at.is_not(None), _s.c.stated_at.is_not(None)),
    )


_standing = case(
    (_s.c.retired_at.is_not(None), Standing.RETIRED.value),
    (is_integrated(), Standing.INTEGRATED.value),
    (and_(_c.c.id.is_not(None), _c.c.disabled_at.is_(None)), Standing.CONNECTED.value),
    else_=Standing.NOT_CONNECTED.value,
).label("standing")
_systems = select(
    *(column for column in _s.c if column.name != "client_id"),
    _s.c.client_id.label("client_key"), _c.c.client_id, _c.c.client_name, _c.c.disabled_at.label("client_disabled_at"), _standing,
).select_from(_s.outerjoin(_c, _c.c.id == _s.c.client_id))  # fmt: skip
_in_order = _systems.order_by(_s.c.retired_at.is_not(None), _s.c.name, _s.c.code)
_one = _systems.where(_s.c.code == bindparam("code"))
_of_application = _systems.where(_s.c.client_id == bindparam("key"))


def list_systems(connection: Connection, standing: Standing | None = None) -> Sequence[Any]:
    """All systems by name, those out of use last; `standing`: only those that are so far. Rows have the columns of the record,
    `client_key`, `client_id`, `client_name` and `standing`."""
    return [row for row in connection.execute(_in_order) if standing is None or row.standing == standing]


def find_system(connection: Connection, code: str) -> Any | None:
    """One system by its code."""
    return connection.execute(_one, {"code": code}).first()


def system_of_client(connection: Connection, client_key: uuid.UUID) -> Any | None:
    """The system that an application is, where the catalogue says so."""
    return connection.execute(_of_application, {"key": client_key}).first()


def require_system(connection: Connection, code: str) -> Any:
    """As `find_system`. Raises NotFound."""
    found = find_system(connection, code)
    if found is None:
        raise NotFound(_("Không có hệ thống này trong danh mục."), reason="system_unknown")
    return found


def in_scope_systems(connection: Connection) -> Sequence[Any]:
    """The systems that the target speaks of: in scope and in use. The tracker's denominator of systems."""
    return [row for row in connection.execute(_in_order) if row.in_scope and row.retired_at is None]


def integrated_systems(connection: Connection) -> Sequence[Any]:
    """Those of them that people enter through the provider, as shown by a check or vouched for."""
    return [row for row in in_scope_systems(connection) if row.standing == Standing.INTEGRATED]


def coverage(connection: Connection) -> Coverage:
    """How many of the systems in scope are integrated."""
    return Coverage(len(integrated_systems(connection)), len(in_scope_systems(connection)))


def told(row: Any) -> System:
    """What is written down, as it could be written down again."""
    return System(**{field.name: getattr(row, field.name) for field in fields(System)})


def add_system(connection: Connection, wanted: System, *, actor: str) -> uuid.UUID:
    """Write a system into the catalogue. Raises InvalidSystem, or NotFound for an application that is not there."""
    values, now, key = _values(connection, wanted), clock.now(), new_id()
    if find_system(connection, wanted.code) is not None:
        raise _code_taken()
    try:
        connection.execute(insert(_s), {"id": key, **values, "created_at": now, "updated_at": now})
    except IntegrityError:
        raise _code_taken() from None
    audit.record(connection, audit.Event.SYSTEM_ADDED, actor=actor, client_id=values["client_id"], **_plain(wanted))
    return key


def change_system(connection: Connection, code: str, /, *, actor: str, **changes: Any) -> System:
    """Change parts of what is written down, named as in System; return what it is now. Another application, or none, takes the
    proof of the one before with it. Raises as `add_system`, and NotFound."""
    before = told(require_locked(connection, code))
    after = System(**(asdict(before) | changes))
    if after == before:
        return before
    values = _values(connection, after)
    if after.code != code and find_system(connection, after.code) is not None:
        raise _code_taken()
    if after.client_id != before.client_id:
        values |= _NO_PROOF
    connection.execute(update(_s).where(_s.c.code == code), values | {"updated_at": clock.now()})
    was, now_is = _plain(before), _plain(after)
    differing = {name: value for name, value in now_is.items() if value != was[name]}
    audit.record(
        connection, audit.Event.SYSTEM_CHANGED, actor=actor, client_id=values["client_id"], code=code, name=after.name,
        before={name: was[name] for name in differing}, after=differing,
    )  # fmt: skip
    return after


_NO_PROOF: Mapping[str, None] = {"proven_at": None, "stated_at": None, "stated_by": None, "stated_reason": None}


def state_integrated(connection: Connection, code: str, *, actor: str, reason: str) -> None:
    """Vouch that people sign in to the system through the provider, without a check that shows it. Raises NotFound, or Refusal when
    no application is connected."""
    row = require_locked(connection, code)
    if row.client_id is None:
        raise Refusal(_("Hệ thống chưa gắn với ứng dụng nào; gắn ứng dụng trước khi xác nhận."), "system_not_connected")
    values = {"stated_at": clock.now(), "stated_by": actor, "stated_reason": reason}
    connection.execute(update(_s).where(_s.c.code == code), values)
    audit.record(connection, audit.Event.SYSTEM_VOUCHED_FOR, actor=actor, client_id=row.client_key, code=code, name=row.name, reason=reason)


def withdraw_statement(connection: Connection, code: str, *, actor: str, reason: str) -> None:
    """Take that word back. Raises NotFound."""
    row = require_locked(connection, code)
    if row.stated_at is None:
        return
    connection.execute(update(_s).where(_s.c.code == code), {"stated_at": None, "stated_by": None, "stated_reason": None})
    audit.record(
        connection, audit.Event.SYSTEM_NOT_VOUCHED_FOR, actor=actor, client_id=row.client_key, code=code, name=row.name, reason=reason
    )


def note_proof(connection: Connection, client_key: uuid.UUID, *, passed: bool) -> None:
    """What came of an integration check of this application: the system that it is counts as proven, or no longer."""
    connection.execute(update(_s).where(_s.c.client_id == client_key), {"proven_at": clock.now() if passed else None})


def retire_system(connection: Connection, code: str, *, actor: str, reason: str) -> None:
    """Write down that the system is out of use: it leaves the denominator from now on. Raises NotFound."""
    row = require_locked(connection, code)
    if row.retired_at is None:
        connection.execute(update(_s).where(_s.c.code == code), {"retired_at": clock.now()})
        audit.record(connection, audit.Event.SYSTEM_RETIRED, actor=actor, client_id=row.client_key, code=code, name=row.name, reason=reason)


def reopen_system(connection: Connection, code: str, *, actor: str, reason: str) -> None:
    """Write down that the system is in use again. Raises NotFound."""
    row = require_locked(connection, code)
    if row.retired_at is not None:
        connection.execute(update(_s).where(_s.c.code == code), {"retired_at": None})
        audit.record(
            connection, audit.Event.SYSTEM_REOPENED, actor=actor, client_id=row.client_key, code=code, name=row.name, reason=reason
        )


def require_locked(connection: Connection, code: str) -> Any:
    """As `require_system`, and nobody changes it until the end of the transaction. Raises NotFound."""
    connection.execute(select(_s.c.id).where(_s.c.code == code).with_for_update()).first()
    return require_system(connection, code)


def _code_taken() -> InvalidSystem:
    return InvalidSystem("code", _("Mã hệ thống này đã có trong danh mục."))


def _plain(system: System) -> dict[str, Any]:
    """What is written down, as the audit trail keeps it."""
    facts = {("client" if name == "client_id" else name): value for name, value in asdict(system).items()}
    return {name: value if isinstance(value, bool | int | None) else str(value) for name, value in facts.items()}


def _values(connection: Connection, wanted: System) -> dict[str, Any]:
    _check(wanted)
    return asdict(wanted) | {"client_id": _client_key(connection, wanted)}


def _client_key(connection: Connection, wanted: System) -> uuid.UUID | None:
    if wanted.client_id is None:
        return None
    key: uuid.UUID | None = connection.execute(_of_client, {"wanted": wanted.client_id}).scalar()
    if key is None:
        raise InvalidSystem("client_id", _("Không có ứng dụng “%(name)s”.", name=wanted.client_id[:64]))
    other = connection.execute(_taken_by, {"key": key, "code": wanted.code}).scalar()
    if other is not None:
        raise InvalidSystem("client_id", _("Ứng dụng này đã gắn với hệ thống “%(code)s”.", code=other))
    return key


def _check(wanted: System) -> None:
    """Raises InvalidSystem for the first thing that is wrong."""
    if not _CODE.fullmatch(wanted.code):
        raise InvalidSystem("code", _("Mã hệ thống gồm chữ thường không dấu, chữ số và dấu gạch nối, tối đa 32 ký tự."))
    if not 0 < len(wanted.name) <= LONGEST_NAME or not wanted.name.isprintable() or wanted.name != wanted.name.strip():
        raise InvalidSystem("name", _("Tên hệ thống cần có từ 1 đến %(n)s ký tự.", n=LONGEST_NAME))
    for name in ("purpose", "contact", "notes"):
        if len(getattr(wanted, name)) > LONGEST_TEXT or "\0" in getattr(wanted, name):
            raise InvalidSystem(name, _("Nội dung dài tối đa %(n)s ký tự.", n=LONGEST_TEXT))
    for name, choices in (("level", LEVELS), ("protocol", [*Protocol]), ("own_passwords_left", [*OwnPasswords])):
        if getattr(wanted, name) not in choices:
            raise InvalidSystem(name, _("Chọn một trong: %(names)s.", names=", ".join(choices)))
    if wanted.security_level is not None and wanted.security_level not in SECURITY_LEVELS:
        raise InvalidSystem("security_level", _("Cấp độ an toàn là số từ 1 đến 5."))
    if wanted.accounts is not None and not 0 <= wanted.accounts <= MOST_ACCOUNTS:
        raise InvalidSystem("accounts", _("Số tài khoản là số nguyên không âm."))
