"""The ledger of leavings: each time access was withdrawn, whom that had to reach, when it did, and how long it took."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

from flask import current_app
from sqlalchemy import Connection, bindparam, insert, select, update

from clients.models import Client
from idp import clock
from idp.database import new_id, new_ids, table_of
from idp.oidc.backchannel_logout import tell_clients_of_person
from idp.oidc.models import Leaving, LeavingClient
from idp.outbox import OutboxMessage
from idp.people.models import INTEGRATION_CHECK, Person

ALSO_TOLD = (
    "hopnhat.also_told_of_leavings"  # others that enqueue messages about whoever leaves: (connection, person) -> [(client, message)]
)
CONFIRMED, FAILED, WAITING, NO_CHANNEL = "confirmed", "failed", "waiting", "no_channel"
_l, _lc, _o, _c, _p = table_of(Leaving), table_of(LeavingClient), table_of(OutboxMessage), table_of(Client), table_of(Person)
_channels = select(_c.c.id).where(_c.c.id.in_(bindparam("keys", expanding=True)), _c.c.backchannel_logout_uri.is_not(None))
_undo = update(_l).where(_l.c.person_id == bindparam("person"), _l.c.undone_at.is_(None)).values(undone_at=bindparam("now"))
_leavings = select(_l, _p.c.name, _p.c.unit_id).join(_p, _p.c.id == _l.c.person_id).order_by(_l.c.withdrawn_at.desc(), _l.c.id.desc())
_told = (
    select(
        _lc.c.leaving_id, _lc.c.message_id, _c.c.client_id, _c.c.client_name, _o.c.created_at, _o.c.attempts, _o.c.delivered_at,
        _o.c.failed_at, _o.c.last_error,
    )
    .select_from(_lc.join(_c, _c.c.id == _lc.c.client_id).outerjoin(_o, _o.c.id == _lc.c.message_id))
    .where(_lc.c.leaving_id.in_(bindparam("leavings", expanding=True)))
    .order_by(_c.c.client_name, _lc.c.id)
)  # fmt: skip


@dataclass(frozen=True)
class Told:
    """What one client was told; of several messages (one for each session) the one that stands most in the way. `state`: confirmed, failed
    (given up), waiting (not yet, or not yet again), or no_channel."""

    client_id: str
    client_name: str
    state: str
    told_at: datetime | None
    confirmed_at: datetime | None
    failed_at: datetime | None
    attempts: int
    last_error: str | None


@dataclass(frozen=True)
class LeavingFacts:
    """One leaving, with everybody who had to know."""

    id: uuid.UUID
    person_id: uuid.UUID
    name: str
    unit_id: uuid.UUID | None
    reason: str
    actor: str
    changed_at: datetime | None
    read_at: datetime | None
    withdrawn_at: datetime
    undone_at: datetime | None
    clients: tuple[Told, ...]

    @property
    def counted_from(self) -> datetime:
        """From when the time is counted: the directory's own change, else the reading that noticed, else the decision."""
        # A directory whose clock is ahead of ours would make the time less than nothing.
        return min(self.changed_at or self.read_at or self.withdrawn_at, self.withdrawn_at)

    @property
    def is_unconfirmed(self) -> bool:
        """Whether somebody who had to know has not confirmed."""
        return any(one.state in (WAITING, FAILED) for one in self.clients)

    @property
    def out_at(self) -> datetime | None:
        """When the last client had confirmed; None while one has not. Here everything was over at `withdrawn_at` already."""
        if self.is_unconfirmed:
            return None
        return max([self.withdrawn_at, *(one.confirmed_at for one in self.clients if one.confirmed_at)])

    @property
    def took(self) -> timedelta | None:
        """From `counted_from` to `out_at`."""
        return self.out_at - self.counted_from if self.out_at else None


@dataclass(frozen=True)
class Figures:
    """How leaving went for many: of `leavings`, those `unconfirmed` are not in `median` and `worst`, which are in seconds."""

    leavings: int
    unconfirmed: int
    median: float | None
    worst: float | None


def write_down(
    connection: Connection, person_id: uuid.UUID, clients: Sequence[uuid.UUID], *, reason: str, actor: str,
    changed_at: datetime | None = None, read_at: datetime | None = None,
) -> None:  # fmt: skip
    """Begin a leaving: these clients are told, and each is in the ledger, also one that cannot be told."""
    leaving_id = new_id()
    row = {"id": leaving_id, "person_id": person_id, "reason": reason, "actor": actor, "withdrawn_at": clock.now()}
    connection.execute(insert(_l), {**row, "changed_at": changed_at, "read_at": read_at})
    told: list[tuple[uuid.UUID, uuid.UUID | None]] = []
    if clients:
        reachable = set(connection.execute(_channels, {"keys": list(clients)}).scalars())
        told += tell_clients_of_person(connection, clients, person_id)
        told += [(client, None) for client in clients if client not in reachable]
    for tell in current_app.extensions.get(ALSO_TOLD, ()):
        told += tell(connection, person_id)
    if told:
        rows = [
            {"id": key, "leaving_id": leaving_id, "client_id": client, "message_id": message}
            for key, (client, message) in zip(new_ids(len(told)), told, strict=True)
        ]
        connection.execute(insert(_lc), rows)


def undo(connection: Connection, person_id: uuid.UUID) -> None:
    """The person is back: the leaving stays in the ledger."""
    connection.execute(_undo, {"person": person_id, "now": clock.now()})


def leavings_of(connection: Connection, person_id: uuid.UUID, most: int = 10) -> list[LeavingFacts]:
    """The leavings of one person, newest first."""
    return _facts(connection, connection.execute(_leavings.where(_l.c.person_id == person_id).limit(most)).all())


def leavings_since(connection: Connection, since: datetime, within: Any = None, most: int = 5000) -> list[LeavingFacts]:
    """The leavings since then of people who exist, newest first; `within`: a condition on `person.id`."""
    query = _leavings.where(_l.c.withdrawn_at >= since, _p.c.source != INTEGRATION_CHECK).limit(most)
    return _facts(connection, connection.execute(query if within is None else query.where(within)).all())


def figures(found: Sequence[LeavingFacts]) -> Figures:
    """How long it took them."""
    took = [one.took.total_seconds() for one in found if one.took is not None]
    return Figures(len(found), len(found) - len(took), median(took) if took else None, max(took, default=None))


def _facts(connection: Connection, rows: Sequence[Any]) -> list[LeavingFacts]:
    told: dict[uuid.UUID, dict[str, Told]] = {row.id: {} for row in rows}
    for line in connection.execute(_told, {"leavings": list(told)}) if told else ():
        one = Told(
            line.client_id, line.client_name, _state(line), line.created_at, line.delivered_at, line.failed_at, line.attempts or 0,
            line.last_error,
        )  # fmt: skip
        before = told[line.leaving_id].get(one.client_id)
        told[line.leaving_id][one.client_id] = one if before is None else max(before, one, key=_hindrance)
    return [
        LeavingFacts(
            row.id, row.person_id, row.name, row.unit_id, row.reason, row.actor, row.changed_at, row.read_at, row.withdrawn_at,
            row.undone_at, tuple(told[row.id].values()),
        )
        for row in rows
    ]  # fmt: skip


def _hindrance(one: Told) -> tuple[int, datetime]:
    return (NO_CHANNEL, CONFIRMED, WAITING, FAILED).index(one.state), one.confirmed_at or one.told_at or datetime.min.replace(tzinfo=UTC)


def _state(line: Any) -> str:
    if line.message_id is None:
        return NO_CHANNEL
    if line.delivered_at is not None:
        return CONFIRMED
    return FAILED if line.failed_at is not None else WAITING
