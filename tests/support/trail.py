"""The audit trail as tests read it."""

from typing import Any

from sqlalchemy import select

from idp.audit import AuditEvent
from idp.database import reader, table_of

_e = table_of(AuditEvent)


def events(*wanted: str) -> list[Any]:
    """Events of these kinds, or all, oldest first."""
    query = select(_e).order_by(_e.c.id)
    return list(reader().execute(query.where(_e.c.event.in_(wanted)) if wanted else query))


def kinds(*wanted: str) -> list[str]:
    """Their names, sorted: events of one instant have no order."""
    return sorted(row.event for row in events(*wanted))
