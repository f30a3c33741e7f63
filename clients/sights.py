"""What an application does while it is checked, written down; of one that nobody checks, nothing."""

import uuid
from typing import Any

import structlog
from sqlalchemy import Connection, bindparam, insert, update
from sqlalchemy.exc import SQLAlchemyError

from clients.check_models import IntegrationCheck, IntegrationSight, SightKind
from clients.registry import RegisteredClient
from idp import clock
from idp.database import in_transaction, new_id, table_of

MOST_SIGHTS = 200  # of one check: whoever floods the application during it fills no table
_k, _t = table_of(IntegrationCheck), table_of(IntegrationSight)
_count = (
    update(_k)
    .where(_k.c.id == bindparam("check"), _k.c.open_client_id.is_not(None), _k.c.sights < MOST_SIGHTS)
    .values(sights=_k.c.sights + 1)
    .returning(_k.c.id)
)
_log = structlog.get_logger()


def seen(client: RegisteredClient, kind: SightKind, person_id: uuid.UUID | None, **facts: Any) -> None:
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
