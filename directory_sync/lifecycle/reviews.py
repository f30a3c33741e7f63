"""Access reviews: everybody's access looked through, unit by unit, kept or withdrawn person by person, and signed."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Connection, and_, case, func, insert, select, true, update

from clients.models import Client
from idp import access, audit, clock
from idp.database import insert_rows, new_id, new_ids, table_of
from idp.errors import Forbidden, NotFound, Refusal
from idp.oidc.models import Authorization
from idp.people import units
from idp.people.models import INTEGRATION_CHECK, Person, PersonState, Unit
from idp.people.review_models import ReviewCampaign, ReviewLine, ReviewSheet
from idp.roles.models import RoleGrant
from idp.web.formats import today

KEEP, WITHDRAW = "keep", "withdraw"
REASON = "access_review"
LONGEST_NAME, LONGEST_NOTE = 32, 1000
_k, _s, _l = table_of(ReviewCampaign), table_of(ReviewSheet), table_of(ReviewLine)
_p, _u, _g, _a, _c = table_of(Person), table_of(Unit), table_of(RoleGrant), table_of(Authorization), table_of(Client)
Within = Collection[uuid.UUID] | None


@dataclass(frozen=True)
class Reviewer:
    """Who reviews: an actor of the audit trail with a name; `person_id` None for an operator; `within`: their units, None for all."""

    actor: str
    name: str
    person_id: uuid.UUID | None = None
    within: Within = None


def open_campaign(connection: Connection, name: str, due_on: date, *, actor: str) -> uuid.UUID:
    """Open a review: a sheet for each unit with the people in service there, as they are now. Raises Refusal when the name is taken."""
    if not 1 <= len(name) <= LONGEST_NAME or due_on < today():
        raise Refusal(_("Nhập tên đợt (tối đa %(most)s ký tự) và hạn từ hôm nay trở đi.", most=LONGEST_NAME), "no_name")
    if connection.execute(select(_k.c.id).where(_k.c.name == name)).first():
        raise Refusal(_("Đã có đợt rà soát “%(name)s”.", name=name), "name_taken", 409)
    campaign_id = new_id()
    connection.execute(insert(_k), {"id": campaign_id, "name": name, "opened_by": actor, "opened_at": clock.now(), "due_on": due_on})
    people = connection.execute(
        select(_p.c.id, _p.c.name, _p.c.title, _p.c.unit_id, _u.c.name.label("unit_name"))
        .join(_u, _u.c.id == _p.c.unit_id)
        .where(_p.c.state == PersonState.ACTIVE.value, _p.c.source != INTEGRATION_CHECK)
        .order_by(_p.c.sort_key)
    ).all()
    sheets = {row.unit_id: (new_id(), row.unit_name) for row in people}
    insert_rows(
        connection, _s, ("id", "unit_id", "unit_name"), [(key, unit, name) for unit, (key, name) in sheets.items()], campaign_id=campaign_id
    )
    roles, applications = _roles(connection), _applications(connection)
    lines = [
        (line_id, sheets[row.unit_id][0], row.id, row.name, row.title, roles.get(row.id, []), applications.get(row.id, []))
        for line_id, row in zip(new_ids(len(people)), people, strict=True)
    ]
    insert_rows(connection, _l, ("id", "sheet_id", "person_id", "name", "title", "roles", "applications"), lines)
    audit.record(connection, audit.Event.REVIEW_OPENED, actor=actor, campaign=name, people=len(people), sheets=len(sheets))
    return campaign_id


def _roles(connection: Connection) -> Mapping[uuid.UUID, list[str]]:
    found: dict[uuid.UUID, list[str]] = {}
    for row in connection.execute(select(_g.c.person_id, _g.c.role).where(_g.c.revoked_at.is_(None)).order_by(_g.c.role)):
        found.setdefault(row.person_id, []).append(row.role)
    return found


def _applications(connection: Connection) -> Mapping[uuid.UUID, list[str]]:
    """Which applications each person has been in."""
    found: dict[uuid.UUID, list[str]] = {}
    used = select(_a.c.person_id, _c.c.client_name).join(_c, _c.c.id == _a.c.client_id).where(_a.c.person_id.is_not(None)).distinct()
    for row in connection.execute(used.order_by(_c.c.client_name)):
        found.setdefault(row.person_id, []).append(row.client_name)
    return found


def campaigns(connection: Connection, within: Within) -> Sequence[Any]:
    """Every campaign, newest first, with how many sheets of these units it has and how many of them are signed."""
    reached = _s.c.unit_id.in_(select(units.below(within).c.id)) if within is not None else true()
    query = (
        select(_k, func.count(_s.c.id).label("sheets"), func.count(_s.c.signed_at).label("signed"))
        .select_from(_k.outerjoin(_s, and_(_s.c.campaign_id == _k.c.id, reached)))
        .group_by(*_k.c)
        .order_by(_k.c.opened_at.desc())
    )
    return connection.execute(query).all()


def require_campaign(connection: Connection, campaign_id: uuid.UUID, within: Within) -> Any:
    """One campaign with its figures in these units. Raises NotFound."""
    for row in campaigns(connection, within):
        if row.id == campaign_id:
            return row
    raise NotFound(_("Không có đợt rà soát này."))


def sheets_of(connection: Connection, campaign_id: uuid.UUID, within: Within, most: int = 1000) -> Sequence[Any]:
    """The sheets of a campaign in these units, unsigned first, each with its people, those undecided and those to be withdrawn."""
    query = (
        select(
            _s, func.count(_l.c.id).label("people"), func.sum(case((_l.c.decision.is_(None), 1), else_=0)).label("undecided"),
            func.sum(case((_l.c.decision == WITHDRAW, 1), else_=0)).label("withdrawn"),
        )
        .select_from(_s.outerjoin(_l, _l.c.sheet_id == _s.c.id))
        .where(_s.c.campaign_id == campaign_id)
        .group_by(*_s.c)
        .order_by(_s.c.signed_at.is_not(None), _s.c.unit_name)
        .limit(most)
    )  # fmt: skip
    if within is not None:
        query = query.where(_s.c.unit_id.in_(select(units.below(within).c.id)))
    return connection.execute(query).all()


def require_sheet(connection: Connection, sheet_id: uuid.UUID, within: Within) -> Any:
    """One sheet with its campaign's name and day. Raises NotFound, also for one outside `within`."""
    query = select(_s, _k.c.name.label("campaign"), _k.c.due_on).join(_k, _k.c.id == _s.c.campaign_id).where(_s.c.id == sheet_id)
    if within is not None:
        query = query.where(_s.c.unit_id.in_(select(units.below(within).c.id)))
    found = connection.execute(query).first()
    if found is None:
        raise NotFound(_("Không có phiếu rà soát này, hoặc ngoài phạm vi được giao."))
    return found


def lines_of(connection: Connection, sheet_id: uuid.UUID) -> Sequence[Any]:
    """The people of a sheet in the order of a staff list, each with whether they hold a role and are in service now."""
    holds = select(_g.c.id).where(_g.c.person_id == _l.c.person_id, _g.c.revoked_at.is_(None)).correlate(_l).exists()
    query = select(_l, holds.label("holds_role"), _p.c.state).join(_p, _p.c.id == _l.c.person_id).where(_l.c.sheet_id == sheet_id)
    return connection.execute(query.order_by(_l.c.id)).all()


def may_decide(line: Any, reviewer: Reviewer) -> bool:
    """Nobody about themselves; a unit's officer about nobody who holds a role."""
    return line.person_id != reviewer.person_id and (reviewer.within is None or not line.holds_role)


def decide(connection: Connection, sheet_id: uuid.UUID, decisions: Mapping[uuid.UUID, str], reviewer: Reviewer) -> int:
    """Keep or withdraw, by line; return how many lines. On a signed sheet only what was left open, carried out at once. Raises Refusal
    for a line that this reviewer may not decide."""
    sheet = require_sheet(connection, sheet_id, reviewer.within)
    lines = {line.id: line for line in lines_of(connection, sheet_id)}
    changed = 0
    for line_id, decision in decisions.items():
        line = lines.get(line_id)
        if line is None or decision not in (KEEP, WITHDRAW):
            raise Refusal(_("Phiếu đã thay đổi. Mở lại phiếu rồi chọn lại."), "no_such_line")
        if line.decision == decision:
            continue
        if not may_decide(line, reviewer):
            raise Forbidden(_("Có người trên phiếu mà chỉ cấp trên hoặc người khác mới được quyết định."), "not_decidable")
        write = update(_l).where(_l.c.id == line_id, _l.c.sheet_id == sheet_id)
        write = write.where(_l.c.decision.is_(None)) if sheet.signed_at is not None else write
        if connection.execute(write.values(decision=decision, decided_by=reviewer.actor, decided_at=clock.now())).rowcount == 1:
            changed += 1
            audit.record(
                connection,
                audit.Event.REVIEW_DECIDED,
                actor=reviewer.actor,
                person_id=line.person_id,
                decision=decision,
                campaign=sheet.campaign,
            )
            if sheet.signed_at is not None and decision == WITHDRAW:
                access.withdraw(connection, line.person_id, reason=REASON, actor=reviewer.actor)
    return changed


def sign(connection: Connection, sheet_id: uuid.UUID, note: str, reviewer: Reviewer) -> int:
    """Sign a sheet whose lines are all decided, but for those that this reviewer may not decide, and withdraw what is to be withdrawn;
    return from how many. What was withdrawn from whoever signs, or from a holder of a role by somebody else, was decided by who may.
    Raises Refusal."""
    require_sheet(connection, sheet_id, reviewer.within)
    taken = update(_s).where(_s.c.id == sheet_id, _s.c.signed_at.is_(None))
    values = {"signed_by": reviewer.actor, "signed_name": reviewer.name, "signed_at": clock.now(), "note": note[:LONGEST_NOTE] or None}
    if connection.execute(taken.values(**values)).rowcount != 1:
        raise Refusal(_("Phiếu này đã được ký."), "signed_already", 409)
    lines = lines_of(connection, sheet_id)
    if any(line.decision is None and line.state == PersonState.ACTIVE and may_decide(line, reviewer) for line in lines):
        raise Refusal(_("Còn người chưa được quyết định giữ hay thu hồi. Chọn cho từng người trước khi ký."), "undecided")
    withdrawn = [line.person_id for line in lines if line.decision == WITHDRAW]
    for person_id in withdrawn:
        access.withdraw(connection, person_id, reason=REASON, actor=reviewer.actor)
    audit.record(
        connection, audit.Event.REVIEW_SIGNED, actor=reviewer.actor, sheet=str(sheet_id), people=len(lines), withdrawn=len(withdrawn)
    )
    return len(withdrawn)


def alarm_overdue(connection: Connection) -> int:
    """Write into the audit trail, once for each campaign, that sheets are unsigned past its day; return for how many campaigns."""
    unsigned = select(_s.c.id).where(_s.c.campaign_id == _k.c.id, _s.c.signed_at.is_(None)).correlate(_k).exists()
    late = connection.execute(select(_k.c.id, _k.c.name).where(_k.c.due_on < today(), _k.c.alarmed_at.is_(None), unsigned)).all()
    for campaign in late:
        connection.execute(update(_k).where(_k.c.id == campaign.id).values(alarmed_at=clock.now()))
        audit.record(connection, audit.Event.REVIEW_OVERDUE, actor="system:lifecycle", campaign=campaign.name)
    return len(late)
