"""The rungs of the tracker, B0 to B5, and everybody counted on them in one statement.

A rung is reached when its own test and those of all rungs below it hold; a person stands on the highest reached.
"""

import enum
import uuid
from datetime import datetime, timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Connection, Uuid, bindparam, case, exists, func, literal, or_, select

from idp import clock
from idp.credentials.models import HardwareToken, Passkey, Proofing, RecoveryCode, TotpCredential
from idp.credentials.proofings import is_in_force
from idp.database import table_of
from idp.people.models import DirectoryReason, Person, PersonState, Unit
from idp.settings import current_settings

RULES_VERSION = "1.1"  # since 1.1 proofing is recorded, and B4 and B5 ask for it
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


LABELS = {
    Rung.NO_ACCOUNT: _l("Chưa có tài khoản dùng được"),
    Rung.NOT_ACTIVATED: _l("Chưa kích hoạt"),
    Rung.ACTIVATED: _l("Đã kích hoạt"),
    Rung.PROOFED: _l("Đã xác minh danh tính"),
    Rung.FACTOR_ENROLLED: _l("Đã đăng ký đa yếu tố"),
    Rung.AUTHENTICATED: _l("Được xác thực điện tử"),
}

_p, _u, _r = table_of(Person), table_of(Unit), table_of(RecoveryCode)
_t, _h, _k, _f = table_of(TotpCredential), table_of(HardwareToken), table_of(Passkey), table_of(Proofing)
_has_phone = exists().where(_t.c.person_id == _p.c.id, _t.c.confirmed_at.is_not(None), _t.c.removed_at.is_(None))
_has_key = exists().where(_k.c.person_id == _p.c.id, _k.c.removed_at.is_(None))
_has_token = exists().where(_h.c.person_id == _p.c.id, _h.c.revoked_at.is_(None))
_has_factor = _has_phone | _has_key | _has_token
_has_codes = exists().where(_r.c.person_id == _p.c.id, _r.c.confirmed_at.is_not(None), _r.c.replaced_at.is_(None))


def _stands_on(recent: Any, at: Any) -> ColumnElement[str]:
    """The rung of a person. The first test that fails decides; a database looks at the later, dearer ones only when the earlier
    hold. `recent`: the instant since which a sign-in with two factors counts, `at`: the one at which a proofing must hold, or
    parameters for them."""
    is_proofed = exists().where(_f.c.person_id == _p.c.id, is_in_force(at))
    return case(
        (or_(_p.c.username_key.is_(None), _p.c.state != PersonState.ACTIVE.value, _p.c.directory_locked), literal(Rung.NO_ACCOUNT.value)),
        (or_(_p.c.first_signed_in_at.is_(None), _p.c.notice_acknowledged_at.is_(None)), literal(Rung.NOT_ACTIVATED.value)),
        (~is_proofed, literal(Rung.ACTIVATED.value)),
        (~_has_factor | ~_has_codes, literal(Rung.PROOFED.value)),
        (or_(_p.c.last_two_factor_at.is_(None), _p.c.last_two_factor_at < recent), literal(Rung.FACTOR_ENROLLED.value)),
        else_=literal(Rung.AUTHENTICATED.value),
    )


# In post is whom the staff directory still has: suspending somebody must not improve a figure.
IN_POST = or_(_p.c.state == PersonState.ACTIVE.value, func.coalesce(_p.c.state_reason, "") != DirectoryReason.GONE.value)
# Each person's rung is worked out once (MATERIALIZED: SQLite would do it again for each group), persons are counted by the key
# of their unit, and units are joined to the counts.
_recent, _at = (bindparam(name, type_=_p.c.last_two_factor_at.type) for name in ("recent", "at"))
_standing = (
    select(_p.c.unit_id, _p.c.staff_category, _stands_on(_recent, _at).label("rung"))
    .where(IN_POST)
    .cte("standing")
    .prefix_with("MATERIALIZED")
)
_counted = (
    select(*_standing.c, func.count().label("people"))
    .group_by(_standing.c.unit_id, _standing.c.staff_category, _standing.c.rung)
    .subquery("counted")
)
_COUNT = select(
    func.coalesce(_counted.c.unit_id, literal(NO_UNIT, Uuid)).label("unit_id"),
    func.coalesce(_u.c.level, NOT_KNOWN).label("level"),
    func.coalesce(_counted.c.staff_category, NOT_KNOWN).label("staff_category"),
    _counted.c.rung,
    _counted.c.people,
).select_from(_counted.outerjoin(_u, _u.c.id == _counted.c.unit_id))


def recent_since(now: datetime | None = None) -> datetime:
    """The instant since which a sign-in with two factors counts: N days before now."""
    return (now or clock.now()) - timedelta(days=current_settings().tracker_recent_days)


def standing() -> ColumnElement[str]:
    """The rung of one person, as a column of a query on persons."""
    return _stands_on(recent_since(), clock.now())


def count_people(connection: Connection) -> list[Any]:
    """How many people in post stand on each rung, by unit, level and category: one statement, nobody read singly."""
    return list(connection.execute(_COUNT, {"recent": recent_since(), "at": clock.now()}).all())
