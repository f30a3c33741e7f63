"""Looking on while an application is checked. It travels with the client in memory: of one that nobody checks, nothing is asked."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from clients.check_models import IntegrationCheck, IntegrationSight, SightKind
from idp import clock
from idp.database import in_transaction, new_id, table_of

if TYPE_CHECKING:
    from clients.registry import RegisteredClient

MOST_SIGHTS = 200  # of one check: whoever floods the application during it fills no table
_k, _t = table_of(IntegrationCheck), table_of(IntegrationSight)
_open = select(_k.c.id, _k.c.expires_at, _k.c.person_id, _k.c.test_person_id).where(_k.c.open_client_id == bindparam("client"))
_count = (
    update(_k)
    .where(_k.c.id == bindparam("check"), _k.c.open_client_id.is_not(None), _k.c.sights < MOST_SIGHTS)
    .values(sights=_k.c.sights + 1)
    .returning(_k.c.id)
)
_log = structlog.get_logger()


@dataclass(frozen=True)
class Watch:
    """An open check: until when it lasts, and whose sign-ins it looks at."""

    check_id: uuid.UUID
    until: datetime
    person_id: uuid.UUID | None
    test_person_id: uuid.UUID | None

    def lets_in(self, person_id: uuid.UUID) -> bool:
        """Whether this is the test person, who may enter while the check lasts."""
        return self.test_person_id is not None and person_id == self.test_person_id and clock.now() < self.until

    def is_about(self, person_id: uuid.UUID | None) -> bool:
        """Whether the check looks at what the application does for this person, or for nobody but itself."""
        return person_id in (None, self.person_id, self.test_person_id)


def watch_of(connection: Connection, client: uuid.UUID) -> Watch | None:
    """The open check of an application."""
    row = connection.execute(_open, {"client": client}).first()
    return Watch(*row) if row is not None else None


def seen(client: "RegisteredClient", kind: SightKind, person_id: uuid.UUID | None, **facts: Any) -> None:
    """Write down what a checked application just did; of any other, nothing happens. Facts hold no secret and no value of a claim. A
    fault here never stops the request that was looked at."""
    watch = client.watch
    if watch is None or not watch.is_about(person_id) or clock.now() >= watch.until:
        return
    row = {"id": new_id(), "check_id": watch.check_id, "at": clock.now(), "kind": kind.value, "person_id": person_id, "facts": facts}
    try:
        in_transaction(lambda connection: _write(connection, row))
    except SQLAlchemyError:
        _log.exception("integration_check.not_written", client_id=client.client_id)


def _write(connection: Connection, row: dict[str, Any]) -> None:
    if connection.execute(_count, {"check": row["check_id"]}).first() is not None:
        connection.execute(insert(_t), row)
