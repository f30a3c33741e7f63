"""The rungs of the tracker, B0 to B6, and everybody counted on them in one statement.

A rung is reached when its own test and those of all rungs below it hold; a person stands on the highest reached.
"""

import enum
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext as _l
from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    Uuid,
    and_,
    case,
    cast,
    exists,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    true,
)

from idp import clock
from idp.credentials.models import HardwareToken, Passkey, Proofing, RecoveryCode, TotpCredential
from idp.credentials.proofings import is_in_force
from idp.database import reader, table_of
from idp.enrollment.entitlements import Access, access_to_systems
from idp.enrollment.models import Exemption
from idp.enrollment.parameters import Parameters, in_force_on
from idp.enrollment.standing_models import SystemEntry
from idp.people.career_models import Appointment, PlannedChange, PlannedKind, PostKind
from idp.people.models import INTEGRATION_CHECK, DirectoryReason, Person, PersonState, Unit
from idp.settings import current_settings

# 1.1: proofing is recorded, and B4 and B5 ask for it. 1.2: B6; D1 and D2; people on secondment count at the host unit.
RULES_VERSION = "1.2"
NO_UNIT = uuid.UUID(int=0)
NOT_KNOWN = ""


class Rung(enum.StrEnum):
    """Where a person stands, in rising order."""

    NO_ACCOUNT = "B0"
    NOT_ACTIVATED = "B1"
    ACTIVATED = "B2"
    PROOFED = "B3"
    FACTOR_ENROLLED = "B4"
    AUTHENTICATED = "B5"
    SEAMLESS = "B6"


LABELS = {
    Rung.NO_ACCOUNT: _l("Chưa có tài khoản dùng được"),
    Rung.NOT_ACTIVATED: _l("Chưa kích hoạt"),
    Rung.ACTIVATED: _l("Đã kích hoạt"),
    Rung.PROOFED: _l("Đã xác minh danh tính"),
    Rung.FACTOR_ENROLLED: _l("Đã đăng ký đa yếu tố"),
    Rung.AUTHENTICATED: _l("Được xác thực điện tử"),
    Rung.SEAMLESS: _l("Thông suốt, hợp nhất"),
}

_p, _u, _r = table_of(Person), table_of(Unit), table_of(RecoveryCode)
_t, _h, _k, _f = table_of(TotpCredential), table_of(HardwareToken), table_of(Passkey), table_of(Proofing)
_e, _a, _w, _x = table_of(SystemEntry), table_of(Appointment), table_of(PlannedChange), table_of(Exemption)
HAS_PHONE = exists().where(_t.c.person_id == _p.c.id, _t.c.confirmed_at.is_not(None), _t.c.removed_at.is_(None))
HAS_KEY = exists().where(_k.c.person_id == _p.c.id, _k.c.removed_at.is_(None))
HAS_TOKEN = exists().where(_h.c.person_id == _p.c.id, _h.c.revoked_at.is_(None))
_has_factor = HAS_PHONE | HAS_KEY | HAS_TOKEN
_has_codes = exists().where(_r.c.person_id == _p.c.id, _r.c.confirmed_at.is_not(None), _r.c.replaced_at.is_(None))
# In post is whom the staff directory still has: suspending somebody must not improve a figure.
# Nobody is who was made up to check an application.
IN_POST = and_(
    _p.c.source != INTEGRATION_CHECK,
    or_(_p.c.state == PersonState.ACTIVE.value, func.coalesce(_p.c.state_reason, "") != DirectoryReason.GONE.value),
)


@dataclass(frozen=True)
class Basis:
    """What the rungs of an instant depend on beside the people: the day of the province, the parameters, the systems in scope."""

    at: datetime
    day: date
    parameters: Parameters
    systems: Sequence[Access]

    @property
    def recent(self) -> datetime:
        """The instant since which a sign-in with two factors counts."""
        return self.at - timedelta(days=self.parameters.recent_days)

    @property
    def entered_since(self) -> datetime:
        """The instant since which an entry counts."""
        return self.at - timedelta(days=self.parameters.entry_days)


def basis_now(connection: Connection) -> Basis:
    """By what the rungs of this moment are told."""
    at = clock.now()
    day = at.astimezone(ZoneInfo(current_settings().timezone)).date()
    return Basis(at, day, in_force_on(connection, day), access_to_systems(connection))


def rung_of(basis: Basis) -> ColumnElement[str]:
    """The rung of one person, as a column of a query on persons. The first test that fails decides; a database looks at the later,
    dearer ones only when the earlier hold."""
    is_proofed = exists().where(_f.c.person_id == _p.c.id, is_in_force(literal(basis.at, _p.c.created_at.type)))
    recent = literal(basis.recent, _p.c.last_two_factor_at.type)
    return case(
        (or_(_p.c.username_key.is_(None), _p.c.state != PersonState.ACTIVE.value, _p.c.directory_locked), literal(Rung.NO_ACCOUNT.value)),
        (or_(_p.c.first_signed_in_at.is_(None), _p.c.notice_acknowledged_at.is_(None)), literal(Rung.NOT_ACTIVATED.value)),
        (~is_proofed, literal(Rung.ACTIVATED.value)),
        (~_has_factor | ~_has_codes, literal(Rung.PROOFED.value)),
        (or_(_p.c.last_two_factor_at.is_(None), _p.c.last_two_factor_at < recent), literal(Rung.FACTOR_ENROLLED.value)),
        (~_is_seamless(basis), literal(Rung.AUTHENTICATED.value)),
        else_=literal(Rung.SEAMLESS.value),
    )


def _is_seamless(basis: Basis) -> ColumnElement[bool]:
    """Entitled to an integrated system, and each such system was entered in time or has no password of its own left. Nobody is called
    seamless for want of anything to enter."""
    integrated = [one for one in basis.systems if one.is_integrated]
    since = literal(basis.entered_since, _e.c.last_at.type)
    fresh = and_(_e.c.person_id == _p.c.id, _e.c.last_at >= since)
    tests: list[ColumnElement[bool]] = [_entitled_to_any(integrated)]
    of_all = [one.client_key for one in integrated if one.asks_entry and one.only is None]
    if of_all:
        entered = select(func.count()).select_from(_e).where(fresh, _e.c.client_id.in_(of_all)).correlate(_p).scalar_subquery()
        tests.append(entered == len(of_all))
    for one in integrated:
        if one.asks_entry and one.only is not None:
            tests.append(or_(not_(one.only), exists().where(fresh, _e.c.client_id == one.client_key)))
    return and_(*tests)


def _entitled_to_any(systems: Sequence[Access]) -> ColumnElement[bool]:
    if not systems:
        return false()
    if any(one.only is None for one in systems):
        return true()
    return or_(*(one.only for one in systems if one.only is not None))


def counted_unit(day: date) -> ColumnElement[uuid.UUID]:
    """The unit a person is counted at: the host unit while a secondment lasts, else the unit of the post in the directory; the nil
    UUID when none is known."""
    lasts = and_(_a.c.from_day <= day, or_(_a.c.to_day.is_(None), _a.c.to_day >= day))
    host = (
        select(_a.c.unit_id)
        .where(_a.c.person_id == _p.c.id, _a.c.kind == PostKind.SECONDMENT.value, lasts)
        .order_by(_a.c.from_day.desc(), _a.c.id.desc())
        .limit(1)
        .correlate(_p)
        .scalar_subquery()
    )
    return func.coalesce(host, _p.c.unit_id, literal(NO_UNIT, Uuid))


def _marks(basis: Basis) -> list[ColumnElement[int]]:
    """D1, long absence, exemption: 1 or 0 for one person."""
    day = basis.day
    is_absent = exists().where(
        _w.c.person_id == _p.c.id, _w.c.kind == PlannedKind.ABSENCE.value, _w.c.carried_out_at.is_not(None), _w.c.ended_at.is_(None),
        _w.c.called_off_at.is_(None), _w.c.from_day <= day, or_(_w.c.to_day.is_(None), _w.c.to_day >= day),
    )  # fmt: skip
    is_exempt = exists().where(
        _x.c.person_id == _p.c.id, _x.c.ended_at.is_(None), _x.c.from_day <= day, or_(_x.c.to_day.is_(None), _x.c.to_day >= day)
    )
    marks = {"entitled": _entitled_to_any(basis.systems), "absent": is_absent, "exempt": is_exempt}
    return [cast(case((test, 1), else_=0), Integer).label(name) for name, test in marks.items()]


def standing_of_all(basis: Basis) -> Select[Any]:
    """Everybody in post: id, unit counted at, category, rung, and whether entitled, absent, exempt."""
    return select(
        _p.c.id,
        counted_unit(basis.day).label("unit_id"),
        func.coalesce(_p.c.staff_category, NOT_KNOWN).label("staff_category"),
        rung_of(basis).label("rung"),
        *_marks(basis),
    ).where(IN_POST)


def standing() -> ColumnElement[str]:
    """The rung of one person at this moment, as a column of a query on persons."""
    return rung_of(basis_now(reader()))


def count_people(connection: Connection, basis: Basis | None = None) -> list[Any]:
    """How many people in post stand on each rung, by unit, level and category, and how many of them are entitled to a system in scope,
    on long absence, exempt: one statement, nobody read singly."""
    # Each person's rung is worked out once (MATERIALIZED: SQLite would do it again for each group), persons are counted by the key
    # of their unit, and units are joined to the counts.
    people = standing_of_all(basis or basis_now(connection)).cte("standing").prefix_with("MATERIALIZED")
    keys = (people.c.unit_id, people.c.staff_category, people.c.rung)
    marks = [func.sum(people.c[name]).label(name) for name in ("entitled", "absent", "exempt")]
    counted = select(*keys, func.count().label("people"), *marks).group_by(*keys).subquery("counted")
    query = select(
        counted.c.unit_id, func.coalesce(_u.c.level, NOT_KNOWN).label("level"), counted.c.staff_category, counted.c.rung, counted.c.people,
        counted.c.entitled, counted.c.absent, counted.c.exempt,
    ).select_from(counted.outerjoin(_u, _u.c.id == counted.c.unit_id))  # fmt: skip
    return list(connection.execute(query).all())
