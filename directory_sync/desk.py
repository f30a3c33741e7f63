"""The desk: what a run may not decide is shown to a person, decided out of a fixed set of choices, and remembered."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Connection, func, or_, select, update

from directory_sync import desk_rules
from directory_sync.asked import ask
from directory_sync.changes import GONE
from directory_sync.desk_choices import CHOICES, NEEDS_A_PERSON
from directory_sync.desk_models import CaseKind, CaseState, Choice, DeskCase
from directory_sync.models import RequestKind
from idp import access, audit, clock
from idp.database import table_of
from idp.errors import Forbidden, NotFound, Refusal
from idp.jobs import make_due
from idp.people import appointments, units
from idp.people.appointments import Post
from idp.people.career_models import PostKind
from idp.people.models import Person, PersonState, Unit
from idp.people.roster import require_person
from idp.roles.models import RoleGrant
from idp.web.formats import today

BY_DESK, DIRECTORY, JOB = "returned_to_directory", "ldap", "sync"
MOST_SHOWN = 200
Within = Collection[uuid.UUID] | None
_d, _p, _u, _g = table_of(DeskCase), table_of(Person), table_of(Unit), table_of(RoleGrant)


@dataclass(frozen=True)
class Officer:
    """Who decides: an actor of the audit trail; `person_id` None for an operator; `within`: their units, None for the whole province."""

    actor: str
    person_id: uuid.UUID | None = None
    within: Within = None


@dataclass(frozen=True)
class Word:
    """One decision: the choice, whom it is about where a choice needs somebody, why, and for which other cases it counts: none,
    those of the same `value`, or `all` of the kind in the unit."""

    choice: Choice
    reason: str
    person_id: uuid.UUID | None = None
    remember: str = ""


def list_cases(
    connection: Connection, within: Within, *, state: str = CaseState.OPEN, put_off: bool = False, most: int = MOST_SHOWN
) -> Sequence[Any]:
    """Cases of these units (None: all) with the unit's name, oldest first; open ones put off until later only with `put_off`."""
    query = select(_d, _u.c.name.label("unit_name")).select_from(_d.outerjoin(_u, _u.c.id == _d.c.unit_id)).where(_d.c.state == state)
    if state == CaseState.OPEN and not put_off:
        query = query.where(or_(_d.c.not_before.is_(None), _d.c.not_before <= today()))
    order = _d.c.opened_at if state == CaseState.OPEN else _d.c.decided_at.desc()
    return connection.execute(_reached(query, within).order_by(order, _d.c.id).limit(most)).all()


def count_open(connection: Connection, within: Within) -> int:
    """How many cases of these units are open, those put off included."""
    query = select(func.count()).select_from(_d).where(_d.c.state == CaseState.OPEN)
    return int(connection.execute(_reached(query, within)).scalar_one())


def _reached(query: Any, within: Within) -> Any:
    return query if within is None else query.where(_d.c.unit_id.in_(select(units.below(within).c.id)))


def require_case(connection: Connection, case_id: uuid.UUID, within: Within) -> Any:
    """One case. Raises NotFound, also for one outside `within`."""
    query = select(_d, _u.c.name.label("unit_name")).select_from(_d.outerjoin(_u, _u.c.id == _d.c.unit_id)).where(_d.c.id == case_id)
    found = connection.execute(_reached(query, within)).first()
    if found is None:
        raise NotFound(_("Không có trường hợp này, hoặc ngoài phạm vi được giao."))
    return found


def decide(connection: Connection, case_id: uuid.UUID, word: Word, officer: Officer) -> None:
    """Decide a case and do what was decided. Raises Refusal when the choice is none of the kind's, somebody else decided meanwhile,
    or the person meant is not one whom this officer may decide about."""
    case = require_case(connection, case_id, officer.within)
    if word.choice not in CHOICES[CaseKind(case.kind)]:
        raise Refusal(_("Chọn một trong các cách giải quyết được nêu."), "no_such_choice")
    # Whoever comes second waits here, and is told that they did, not what the first one's decision made of the people.
    if connection.execute(select(_d.c.id).where(_d.c.id == case_id, _d.c.state == CaseState.OPEN).with_for_update()).first() is None:
        raise _decided_already()
    person_id = _require_meant(connection, case, word, officer) if word.choice in NEEDS_A_PERSON else None
    about = person_id or case.person_id
    if word.choice == Choice.RESTORE:
        _require_reach(connection, case.person_id, officer)
    taken = update(_d).where(_d.c.id == case_id, _d.c.state == CaseState.OPEN)
    values = {"state": CaseState.DECIDED, "choice": word.choice.value, "chosen_person_id": person_id, "reason": word.reason}
    if connection.execute(taken.values(**values, decided_by=officer.actor, decided_at=clock.now())).rowcount != 1:
        raise _decided_already()
    audit.record(
        connection,
        audit.Event.DESK_CASE_DECIDED,
        actor=officer.actor,
        person_id=about,
        kind=case.kind,
        choice=word.choice.value,
        reason=word.reason,
    )
    _carry_out(connection, case, word.choice, about, officer.actor)
    if case.entry_key and case.source == DIRECTORY:  # the worker reads this one entry again, and does what follows from the decision
        ask(connection, RequestKind.PERSON, officer.actor, case.entry_key)
        make_due(connection, JOB)
    if word.remember:
        for_all = word.remember == "all"
        rule_id = desk_rules.remember(
            connection, case, word.choice, for_all=for_all, within=officer.within, reason=word.reason, actor=officer.actor
        )
        connection.execute(update(_d).where(_d.c.id == case_id).values(rule_id=rule_id))


def _decided_already() -> Refusal:
    return Refusal(_("Trường hợp này vừa được người khác quyết định hoặc đã tự hết. Xem lại danh sách."), "decided_already", 409)


def _require_meant(connection: Connection, case: Any, word: Word, officer: Officer) -> uuid.UUID:
    """The person chosen, who stands on the case. For the same person their own entry must be gone, for a second post it must not."""
    if str(word.person_id) not in {one["person_id"] for one in case.candidates}:
        raise Refusal(_("Chọn một người trong số những người được nêu."), "no_such_candidate")
    person = _require_reach(connection, word.person_id, officer)
    is_gone = person.state != PersonState.ACTIVE and person.state_reason == GONE
    if (word.choice == Choice.SECOND_POST) == is_gone:
        raise Refusal(_("Người này vừa thay đổi trong danh bạ. Chờ lượt đồng bộ tiếp theo rồi xem lại."), "changed_meanwhile", 409)
    return uuid.UUID(str(person.id))


def _require_reach(connection: Connection, person_id: uuid.UUID | None, officer: Officer) -> Any:
    """The person, when this officer may decide about them: nobody about themselves, a unit's officer about nobody of other units and
    nobody who holds a role. Raises Refusal."""
    if person_id is None or person_id == officer.person_id:
        raise Refusal(_("Không tự làm việc này cho chính mình. Nhờ một người khác có quyền."), "own_account", 403)
    person = require_person(connection, person_id, officer.within)
    holds = select(_g.c.id).where(_g.c.person_id == person_id, _g.c.revoked_at.is_(None)).limit(1)
    if officer.within is not None and connection.execute(holds).first():
        raise Forbidden(_("Người này giữ một vai trò trong hệ thống; chỉ người có quyền toàn tỉnh mới làm được."), "holds_a_role")
    return person


def _carry_out(connection: Connection, case: Any, choice: Choice, person_id: uuid.UUID | None, actor: str) -> None:
    if choice == Choice.RESTORE and person_id is not None:
        access.restore(connection, person_id, reason="returned_to_directory", actor=actor)
    if choice in (Choice.SAME, Choice.SAME_ANEW) and person_id is not None:
        _give_entry(connection, case, person_id, actor, is_anew=choice == Choice.SAME_ANEW)
    if choice == Choice.SECOND_POST and person_id is not None:
        if case.unit_id is None:
            raise Refusal(_("Chưa rõ đơn vị của vị trí này trong danh bạ. Bổ sung ở dữ liệu gốc trước."), "no_unit")
        post = Post(case.unit_id, case.facts.get("title"), PostKind.CONCURRENT, today(), entry_key=case.entry_key)
        appointments.add(connection, person_id, post, actor=actor)


def _give_entry(connection: Connection, case: Any, person_id: uuid.UUID, actor: str, *, is_anew: bool) -> None:
    """Make the entry the person's: they are back at once with subject, factors and history; what the entry says comes with the next
    run, which understands it anew."""
    theirs = select(_p.c.id).where(_p.c.source == case.source, _p.c.source_key == case.entry_key)
    if connection.execute(theirs).first():
        raise Refusal(_("Bản ghi này đã thuộc về một người khác."), "entry_taken", 409)
    point = update(_p).where(_p.c.id == person_id, _p.c.source == case.source, _p.c.state_reason == GONE)
    values = {
        "source_key": case.entry_key,
        "directory_digest": None,
        "directory_dn": case.facts.get("entry", ""),
        "updated_at": clock.now(),
    }
    if connection.execute(point.values(**values)).rowcount != 1:
        raise Refusal(_("Người này vừa thay đổi trong danh bạ. Chờ lượt đồng bộ tiếp theo rồi xem lại."), "changed_meanwhile", 409)
    if is_anew:
        access.reset_factors(connection, person_id, reason="rehired", actor=actor)
    if not case.facts.get("locked"):
        access.restore(connection, person_id, reason=BY_DESK, actor=actor)


def put_off(connection: Connection, case_id: uuid.UUID, until: date, officer: Officer) -> None:
    """Show a case again on a day. It goes on counting as open. Raises Refusal for a day that is not to come."""
    case = require_case(connection, case_id, officer.within)
    if until <= today():
        raise Refusal(_("Chọn một ngày sau hôm nay."), "not_in_the_future")
    taken = update(_d).where(_d.c.id == case.id, _d.c.state == CaseState.OPEN).values(not_before=until)
    if connection.execute(taken).rowcount != 1:
        raise Refusal(_("Trường hợp này vừa được người khác quyết định hoặc đã tự hết. Xem lại danh sách."), "decided_already", 409)


REVOCABLE = frozenset({Choice.NEW, Choice.KEEP_OUT, Choice.FINE})


def reopen(connection: Connection, case_id: uuid.UUID, officer: Officer) -> None:
    """Take a decision back, so that the case is decided anew; not one that made an entry somebody's, nor one already followed by a run.
    Raises Refusal."""
    case = require_case(connection, case_id, officer.within)
    joined = select(_p.c.id).where(_p.c.source == case.source, _p.c.source_key == case.entry_key)
    if case.state != CaseState.DECIDED or case.choice not in REVOCABLE or (case.entry_key and connection.execute(joined).first()):
        raise Refusal(_("Quyết định này đã được thực hiện hoặc không thu hồi được."), "not_revocable", 409)
    open_again = {"state": CaseState.OPEN, "choice": None, "reason": None, "decided_by": None, "decided_at": None, "rule_id": None}
    newer = select(_d.c.id).where(_d.c.fingerprint == case.fingerprint, _d.c.state == CaseState.OPEN)
    taken = update(_d).where(_d.c.id == case.id, _d.c.state == CaseState.DECIDED, ~newer.exists()).values(**open_again)
    if connection.execute(taken).rowcount != 1:
        raise Refusal(_("Trường hợp này vừa thay đổi. Xem lại danh sách."), "decided_already", 409)
    audit.record(connection, audit.Event.DESK_CASE_REOPENED, actor=officer.actor, person_id=case.person_id, kind=case.kind)
