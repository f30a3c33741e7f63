"""One person brought to where the directory has them, now: for whoever stands at an officer's desk and cannot wait for the worker."""

import uuid
from typing import Any

from flask_babel import gettext as _

from directory_sync.models import RunState
from directory_sync.reasons import explain
from directory_sync.run import RunReport, run_sync
from directory_sync.source.delta import directory_person
from directory_sync.source.ldap_full import SOURCE
from idp import audit
from idp.database import in_transaction
from idp.errors import Refusal, Unavailable


def may_be_synced(person: Any) -> bool:
    """Whether the directory is where this person comes from."""
    return bool(person.source == SOURCE)


def sync_person(person: Any, *, actor: str) -> RunReport:
    """Read this one entry and apply what differs; whoever has no entry any more is suspended as in a whole run. `person`: with id,
    source and source_key. Raises Refusal (AlreadyRunning, of another source, stopped by the guard) and Unavailable."""
    if not may_be_synced(person):
        raise Refusal(_("Người này không đến từ danh bạ, nên không đồng bộ riêng được."), "other_source", 409)
    report = run_sync(started_by=actor, source=directory_person(person.source_key))
    in_transaction(lambda connection: _record(connection, person.id, actor, report))
    if report.state == RunState.FAILED:
        raise Unavailable(explain(report.reason), report.reason or "")
    if report.state == RunState.STOPPED:
        raise Refusal(explain(report.reason), "stopped", 409)
    return report


def _record(connection: Any, person_id: uuid.UUID, actor: str, report: RunReport) -> None:
    audit.record(
        connection,
        audit.Event.PERSON_SYNCED,
        actor=actor,
        person_id=person_id,
        run=report.number,
        state=str(report.state),
        reason=report.reason,
    )
