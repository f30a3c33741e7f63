"""What was decided once for all cases of a kind: kept, listed, applied to what comes later, and revoked."""

import uuid
from collections.abc import Collection, Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Connection, insert, or_, select, update

from directory_sync.desk_choices import BY_RULE
from directory_sync.desk_models import CaseKind, CaseState, Choice, DeskCase, DeskRule
from idp import audit, clock
from idp.database import new_id, table_of
from idp.errors import NotFound, Refusal
from idp.people import units
from idp.people.models import Unit

_r, _d, _u = table_of(DeskRule), table_of(DeskCase), table_of(Unit)


def remember(
    connection: Connection, case: Any, choice: Choice, *, for_all: bool, within: Collection[uuid.UUID] | None, reason: str, actor: str
) -> uuid.UUID:
    """Remember a decision: for cases of the same kind and value, or with `for_all` for all of the kind in the case's unit and below
    it; `within` is None for an officer of the whole province, who may say it for a case without a unit. Raises Refusal."""
    if choice not in BY_RULE[CaseKind(case.kind)] or (not for_all and case.value is None):
        raise Refusal(_("Quyết định này chỉ áp dụng cho từng trường hợp, không ghi nhớ cho các trường hợp khác."), "not_by_rule")
    if case.unit_id is None and within is not None:
        raise Refusal(_("Trường hợp này liên quan nhiều đơn vị; chỉ người có quyền toàn tỉnh mới ghi nhớ được."), "not_by_rule", 403)
    row = {
        "id": new_id(), "kind": case.kind, "choice": choice.value, "value": None if for_all else case.value, "unit_id": case.unit_id,
        "reason": reason, "created_by": actor, "created_at": clock.now(),
    }  # fmt: skip
    connection.execute(insert(_r), row)
    audit.record(connection, audit.Event.DESK_RULE_ADDED, actor=actor, kind=case.kind, choice=choice.value)
    found: uuid.UUID = row["id"]
    return found


def decide_by_rule(connection: Connection, case_id: uuid.UUID) -> bool:
    """Decide a new case as was decided before for its like; return whether there was such a word."""
    case = connection.execute(select(_d).where(_d.c.id == case_id)).one()
    above = [unit.id for unit in units.path_to(connection, case.unit_id)]
    fits = select(_r.c.id, _r.c.choice, _r.c.reason, _r.c.created_by).where(
        _r.c.kind == case.kind, _r.c.revoked_at.is_(None), or_(_r.c.value.is_(None), _r.c.value == case.value),
        or_(_r.c.unit_id.is_(None), _r.c.unit_id.in_(above)),
    )  # fmt: skip
    rule = connection.execute(fits.order_by(_r.c.value.is_(None), _r.c.created_at.desc()).limit(1)).first()
    if rule is None or Choice(rule.choice) not in BY_RULE[CaseKind(case.kind)]:
        return False
    values = {"choice": rule.choice, "reason": rule.reason, "decided_by": rule.created_by, "decided_at": clock.now(), "rule_id": rule.id}
    connection.execute(update(_d).where(_d.c.id == case_id, _d.c.state == CaseState.OPEN).values(state=CaseState.DECIDED, **values))
    audit.record(
        connection,
        audit.Event.DESK_CASE_DECIDED,
        actor="system:desk",
        person_id=case.person_id,
        kind=case.kind,
        choice=rule.choice,
        rule=str(rule.id),
    )
    return True


def rules(connection: Connection, within: Collection[uuid.UUID] | None) -> Sequence[Any]:
    """The rules in force, newest first, with the unit's name; `within`: only those of these units and below."""
    query = select(_r, _u.c.name.label("unit_name")).select_from(_r.outerjoin(_u, _u.c.id == _r.c.unit_id)).where(_r.c.revoked_at.is_(None))
    if within is not None:
        query = query.where(_r.c.unit_id.in_(select(units.below(within).c.id)))
    return connection.execute(query.order_by(_r.c.created_at.desc())).all()


def revoke(connection: Connection, rule_id: uuid.UUID, *, within: Collection[uuid.UUID] | None, actor: str) -> None:
    """Apply a rule to no further case; those whose entries it kept out come back to the desk. Raises NotFound."""
    if not any(rule.id == rule_id for rule in rules(connection, within)):
        raise NotFound(_("Không có quy tắc này, hoặc đã thu hồi."))
    taken = update(_r).where(_r.c.id == rule_id, _r.c.revoked_at.is_(None)).values(revoked_at=clock.now(), revoked_by=actor)
    if connection.execute(taken).rowcount != 1:
        raise NotFound(_("Không có quy tắc này, hoặc đã thu hồi."))
    reopened = update(_d).where(_d.c.rule_id == rule_id, _d.c.state == CaseState.DECIDED, _d.c.choice == Choice.KEEP_OUT)
    connection.execute(reopened.values(state=CaseState.OPEN, choice=None, reason=None, decided_by=None, decided_at=None, rule_id=None))
    audit.record(connection, audit.Event.DESK_RULE_REVOKED, actor=actor, rule=str(rule_id))
