"""What a snapshot holds beside its head, counted from the people gathered for it (`recount.NOW`)."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, case, func, select, union

from clients.catalogue import list_systems
from idp.credentials.models import HardwareToken, Passkey, TotpCredential
from idp.database import table_of
from idp.enrollment.quality_sources import quality_elsewhere
from idp.enrollment.recount import NOW
from idp.enrollment.rungs import NO_UNIT, NOT_KNOWN, Basis
from idp.enrollment.standing_models import RungDifference, RungInterval, SystemEntry
from idp.people.career_models import PlannedChange
from idp.people.models import Level, Person, PersonState, Unit

_u, _e, _i, _p = table_of(Unit), table_of(SystemEntry), table_of(RungInterval), table_of(Person)
_d, _w = table_of(RungDifference), table_of(PlannedChange)
_t, _k, _h = table_of(TotpCredential), table_of(Passkey), table_of(HardwareToken)
_keys = (NOW.c.unit_id, NOW.c.staff_category, NOW.c.rung)
_counted = (
    select(*_keys, func.count().label("people"), *(func.sum(NOW.c[name]).label(name) for name in ("entitled", "absent", "exempt")))
    .group_by(*_keys)
    .subquery("counted")
)
_counts = select(
    _counted.c.unit_id, func.coalesce(_u.c.level, NOT_KNOWN).label("level"), _counted.c.staff_category, _counted.c.rung, _counted.c.people,
    _counted.c.entitled, _counted.c.absent, _counted.c.exempt,
).select_from(_counted.outerjoin(_u, _u.c.id == _counted.c.unit_id))  # fmt: skip
_people = NOW.join(_p, _p.c.id == NOW.c.id)
_closed_or_levelless = _u.c.valid_to.is_not(None) | _u.c.level.not_in([level.value for level in Level])
_wrong_unit = select(func.count()).select_from(NOW.join(_u, _u.c.id == NOW.c.unit_id)).where(_closed_or_levelless)
_QUALITY = {
    "no_unit": NOW.c.unit_id == NO_UNIT,
    "no_category": NOW.c.staff_category == NOT_KNOWN,
    "no_sign_in_name": _p.c.username_key.is_(None),
    "no_mail": _p.c.mail_key.is_(None),
    "locked_in_directory": _p.c.directory_locked,
    "suspended": (_p.c.state != PersonState.ACTIVE.value) & ~_p.c.directory_locked,
    "no_staff_code": func.coalesce(_p.c.staff_code, "") == "",
}
# As sets of persons, which a database joins at once, where a test for each person would be a look for each.
_FACTORS: dict[str, Any] = {
    "totp": select(_t.c.person_id).where(_t.c.confirmed_at.is_not(None), _t.c.removed_at.is_(None)),
    "passkey": select(_k.c.person_id).where(_k.c.removed_at.is_(None)),
    "hardware_token": select(_h.c.person_id).where(_h.c.revoked_at.is_(None), _h.c.person_id.is_not(None)),
}
_FACTORS["any"] = union(*_FACTORS.values())
_shared_codes = (
    select(func.count().label("people")).select_from(_people).where(_p.c.staff_code.is_not(None)).group_by(_p.c.staff_code)
    .having(func.count() > 1).subquery()
)  # fmt: skip
_before, _after = _i.alias("before"), _i.alias("after")


def count_gathered(connection: Connection) -> Sequence[Any]:
    """As `rungs.count_people`, of the people gathered."""
    return connection.execute(_counts).all()


def systems_of(connection: Connection, basis: Basis) -> list[dict[str, Any]]:
    """Each system in scope with how many may enter it and how many did in time, as rows of `snapshot_system`."""
    everybody = connection.execute(select(func.count()).select_from(NOW)).scalar_one()
    fresh = _e.c.last_at >= basis.entered_since
    joined = _e.join(NOW, NOW.c.id == _e.c.person_id)
    by_client = select(_e.c.client_id, func.count()).select_from(joined).where(fresh).group_by(_e.c.client_id)
    entered: dict[Any, int] = {row[0]: row[1] for row in connection.execute(by_client)}
    found = []
    for one in basis.systems:
        entitled, came = everybody, entered.get(one.client_key, 0)
        if one.only is not None:
            may = NOW.c.id.in_(select(_p.c.id).where(one.only))
            entitled = connection.execute(select(func.count()).select_from(NOW).where(may)).scalar_one()
            of_one = select(func.count()).select_from(joined).where(fresh, _e.c.client_id == one.client_key, may)
            came = connection.execute(of_one).scalar_one()
        names = ("code", "name", "level", "standing", "own_passwords_left", "accounts", "planned_on")
        row = {name: getattr(one.row, name) for name in names}
        found.append({**row, "standing": str(one.row.standing), "entitled": entitled, "entered": came})
    return found


def lines_of(connection: Connection, basis: Basis, upto: int) -> list[tuple[str, str, int]]:
    """Further figures (kind, key, people): factors, flaws of the data, and changes of rung by cause. `upto`: the last interval of the
    snapshot before; 0 for the first."""
    sums = {("quality", name): test for name, test in _QUALITY.items()}
    columns = [func.coalesce(func.sum(case((test, 1), else_=0)), 0) for test in sums.values()]
    counted = connection.execute(select(*columns).select_from(_people)).one()
    found = [(kind, name, int(people)) for (kind, name), people in zip(sums, counted, strict=True)]
    for name, having in _FACTORS.items():
        many = connection.execute(select(func.count()).select_from(NOW).where(NOW.c.id.in_(having))).scalar_one()
        found.append(("factor", name, many))
    shared = connection.execute(select(func.coalesce(func.sum(_shared_codes.c.people), 0))).scalar_one()
    differing = select(func.count()).where(_d.c.day == basis.day)
    overdue = select(func.count(func.distinct(_w.c.person_id))).where(
        _w.c.carried_out_at.is_(None), _w.c.called_off_at.is_(None), _w.c.from_day < basis.day
    )
    counted_singly = {"differences": differing, "wrong_unit": _wrong_unit, "changes_overdue": overdue}
    found += [("quality", name, connection.execute(query).scalar_one()) for name, query in counted_singly.items()]
    found += [("quality", "shared_staff_code", int(shared))]
    found += [("quality", key, number) for key, number in quality_elsewhere(connection, basis.day).items()]
    return found + (_changes_since(connection, upto) if upto else [])


def _changes_since(connection: Connection, upto: int) -> list[tuple[str, str, int]]:
    # Joined, not a look for each: a reorganisation ends thousands of intervals at one instant, and each would look through them all.
    kind = case((_after.c.rung < _before.c.rung, "fall"), else_="rise")
    query = (
        select(kind, _after.c.cause, func.count())
        .join(_before, (_before.c.person_id == _after.c.person_id) & (_before.c.to_at == _after.c.from_at))
        .where(_after.c.position > upto, _before.c.rung != _after.c.rung, _before.c.position < _after.c.position)
        .group_by(kind, _after.c.cause)
    )
    return [tuple(row) for row in connection.execute(query)]


def catalogue_of(connection: Connection) -> list[list[Any]]:
    """The catalogue as far as figures depend on it: to see that it changed."""
    rows = list_systems(connection)
    return [[row.code, row.in_scope, str(row.standing), row.own_passwords_left, str(row.client_key)] for row in rows]
