"""Carries out what approved schemes say, in the transaction that changes the units: successors are written down, and roles bound to
a unit that ends go where the scheme says, or end."""

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date

from sqlalchemy import Connection, select, update

from directory_sync.apply_units import apply_units
from directory_sync.changes import Changes
from directory_sync.known import KnownUnit
from directory_sync.ledger import Run
from directory_sync.reorganisation_clients import hand_over_rules
from directory_sync.reorganisation_models import Reorganisation, ReorganisationRow, ReorganisationState, RoleFate
from directory_sync.schemes import Line, Matched, match, moves
from idp import audit, clock
from idp.database import table_of
from idp.people.unit_history import succeed
from idp.roles import api_grants
from idp.roles.grants import Terms, grant, revoke
from idp.roles.models import Role, RoleGrant
from idp.web.formats import today

_o, _r, _g = table_of(Reorganisation), table_of(ReorganisationRow), table_of(RoleGrant)


def carry_out_units(connection: Connection, run: Run, known: Mapping[str, KnownUnit], changes: Changes, day: date) -> None:
    """Change the units, dated by the decisions that say so, and carry out the lines that have come true with it."""
    matched = match(connection, changes)
    decided = {key: found for key in _touched(changes) if (found := matched.day_of(key))} if matched.lines else {}
    ids = apply_units(connection, run, known, changes.units, day, decided)
    done = [line for line in matched.lines if line.is_done and line.row.run_number is None]
    if not done:
        return
    went = _people(matched, changes)
    for line in done:
        _write_down(connection, run, line, ids, went)
    closed = {unit.record.source_key: unit.unit_id for unit in changes.units.closed if unit.record.source_key in decided}
    _hand_over_roles(connection, matched, closed, ids)
    hand_over_rules(connection, matched, closed, ids)
    for number in sorted({line.row.number for line in done}):
        connection.execute(update(_o).where(_o.c.number == number).values(state=ReorganisationState.UNDER_WAY))
        rows = sum(line.row.number == number for line in done)
        audit.record(
            connection, audit.Event.REORGANISATION_CARRIED_OUT, actor=run.started_by, reorganisation=number, run=run.number, rows=rows
        )


def _touched(changes: Changes) -> list[str]:
    units = changes.units
    return [
        *(unit.source_key for unit in units.added), *(unit.source_key for _, unit in units.changed),
        *(unit.record.source_key for unit in units.closed),
    ]  # fmt: skip


def _people(matched: Matched, changes: Changes) -> Counter[uuid.UUID]:
    """How many people follow each row, by its key."""
    went: Counter[uuid.UUID] = Counter()
    for (old, new), people in Counter((old, new) for _, old, new in moves(changes)).items():
        if line := matched.line_of_move(old, new):
            went[line.row.id] += people
    return went


def _write_down(connection: Connection, run: Run, line: Line, ids: Mapping[str, uuid.UUID], went: Mapping[uuid.UUID, int]) -> None:
    new_id = ids[line.new] if line.new else None
    connection.execute(update(_r).where(_r.c.id == line.row.id).values(new_unit_id=new_id, run_number=run.number))
    if line.old and new_id and line.old != line.new:
        people = went.get(line.row.id, 0)
        succeed(connection, ids[line.old], new_id, line.row.kind, line.row.effective_on, people, line.row.number)


def _hand_over_roles(connection: Connection, matched: Matched, closed: Mapping[str, uuid.UUID], ids: Mapping[str, uuid.UUID]) -> None:
    """Roles bound to a unit that ended end with it; a row that says so gives them for its new unit. Below a unit of the scheme they
    end too: what nobody approved is not given. The approver answers for it in the audit trail."""
    bound = select(_g.c.person_id, _g.c.role, _g.c.unit_id, _g.c.valid_from, _g.c.valid_until, _g.c.reason).where(
        _g.c.unit_id.in_(closed.values()), _g.c.revoked_at.is_(None)
    )
    key_of = {unit_id: key for key, unit_id in closed.items()}
    for held in connection.execute(bound).all():
        lines = matched.by_old.get(key_of[held.unit_id], [])
        actor = next((line.row.approved_by for line in (*lines, *matched.lines)), "system:sync")
        revoke(connection, held.person_id, Role(held.role), unit_id=held.unit_id, actor=actor)
        for line in lines:
            is_over = held.valid_until is not None and held.valid_until < today()
            if line.is_done and line.new and line.row.roles == RoleFate.FOLLOW and not is_over:
                terms = Terms(held.valid_from, held.valid_until, held.reason)
                grant(connection, held.person_id, Role(held.role), unit_id=ids[line.new], actor=actor, terms=terms)
    for key, unit_id in closed.items():
        _hand_over_programs(connection, matched, unit_id, matched.by_old.get(key, []), ids)


def _hand_over_programs(
    connection: Connection, matched: Matched, unit_id: uuid.UUID, lines: Sequence[Line], ids: Mapping[str, uuid.UUID]
) -> None:
    """The same for the roles of programs at the API."""
    actor = next((line.row.approved_by for line in (*lines, *matched.lines)), "system:sync")
    for held in [one for one in api_grants.find_grants(connection) if one.unit_id == unit_id]:
        api_grants.take(connection, held.client_id, Role(held.role), unit_id=unit_id, actor=actor, reason="reorganisation")
        for line in lines:
            if line.is_done and line.new and line.row.roles == RoleFate.FOLLOW:
                said = {"asked_by": held.asked_by, "approved_by": actor, "reason": held.reason}
                api_grants.give(connection, held.client_id, Role(held.role), unit_id=ids[line.new], **said)


def finish_schemes(connection: Connection) -> None:
    """At the end of a run that applied all it had: a scheme whose rows have all come true is applied, and explains nothing more."""
    under_way = select(_o.c.id, _o.c.number).where(_o.c.state == ReorganisationState.UNDER_WAY)
    for scheme in connection.execute(under_way).all():
        open_rows = select(_r.c.id).where(_r.c.reorganisation_id == scheme.id, _r.c.flaw.is_(None), _r.c.run_number.is_(None)).limit(1)
        if connection.execute(open_rows).first() is None:
            connection.execute(update(_o).where(_o.c.id == scheme.id).values(state=ReorganisationState.APPLIED, ended_at=clock.now()))
