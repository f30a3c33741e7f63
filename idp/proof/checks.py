"""Integration checks: begun by somebody, looked at again and again, over when everything was seen or the time is."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from clients import catalogue
from clients.check_models import IntegrationCheck, IntegrationStep, Outcome, StepState
from clients.registration import note_change
from clients.registry import RegisteredClient, find_by_key
from idp import audit, clock
from idp.database import in_transaction, new_id, reader, table_of
from idp.errors import NotFound, Refusal
from idp.proof import trial_people
from idp.proof.reaching import look_at_addresses, look_at_discovery
from idp.proof.seeing import look_at_leaving, look_at_logout, look_at_sign_in, look_at_token, read_seen
from idp.proof.steps import Finding, Step, is_checkable, not_applicable, steps_of, waiting

LASTS = timedelta(hours=2)
SYSTEM = "system:integration_checks"
KEPT_SHOWN = 20
_k, _t = table_of(IntegrationCheck), table_of(IntegrationStep)
_open = select(_k).where(_k.c.open_client_id == bindparam("client"))
_latest = select(_k).where(_k.c.client_id == bindparam("client")).order_by(_k.c.made_at.desc(), _k.c.id.desc()).limit(bindparam("most"))
_steps_of: Any = select(_t).where(_t.c.check_id == bindparam("check"))
_keep = update(_t).where(_t.c.check_id == bindparam("check"), _t.c.name == bindparam("step"))
_end = (
    update(_k)
    .where(_k.c.id == bindparam("check"), _k.c.open_client_id.is_not(None))
    .values(open_client_id=None, ticket_digest=None, ticket_expires_at=None)
    .returning(_k.c.id)
)
_begin = {
    "sqlite": sqlite.insert(_k).on_conflict_do_nothing().returning(_k.c.id),
    "postgresql": postgresql.insert(_k).on_conflict_do_nothing().returning(_k.c.id),
}
_over = select(_k.c.id, _k.c.client_id).where(_k.c.open_client_id.is_not(None), _k.c.expires_at <= bindparam("now"))


def begin(connection: Connection, client: RegisteredClient, *, actor: str, person_id: uuid.UUID | None) -> uuid.UUID:
    """Begin a check; `person_id`: whose sign-ins are looked at beside the test person's. Raises Refusal when one is open already: of any
    number at once, one begins."""
    if not is_checkable(client):
        raise Refusal(
            _("Ứng dụng này kết nối bằng SAML; đợt kiểm tra chưa có cho SAML. Xác nhận kết nối ở danh mục hệ thống."), "not_for_saml", 409
        )
    now = clock.now()
    row = {
        "id": new_id(), "client_id": client.key, "open_client_id": client.key, "made_by": actor, "made_at": now, "expires_at": now + LASTS,
        "person_id": person_id, "sights": 0,
    }  # fmt: skip
    made: uuid.UUID | None = connection.execute(_begin[connection.dialect.name], row).scalar()
    if made is None:
        raise Refusal(_("Đang có một đợt kiểm tra ứng dụng này. Làm tiếp đợt đó, hoặc kết thúc rồi bắt đầu đợt mới."), "check_open", 409)
    steps: list[dict[str, Any]] = [
        {"check_id": made, "name": step.value, "state": StepState.WAITING.value, "word": "not_looked", "facts": {}, "looked_at": now}
        for step in steps_of(client)
    ]
    connection.execute(insert(_t), steps)
    audit.record(connection, audit.Event.CHECK_BEGUN, actor=actor, client_id=client.key, check_id=str(made))
    note_change(connection, client.client_id)
    return made


def find_open(connection: Connection, client_key: uuid.UUID) -> Any | None:
    """The open check of an application, also one whose time is over and that nobody has put away yet."""
    return connection.execute(_open, {"client": client_key}).first()


def require_open(connection: Connection, client_key: uuid.UUID) -> Any:
    """As `find_open`. Raises NotFound."""
    found = find_open(connection, client_key)
    if found is None or found.expires_at <= clock.now():
        raise NotFound(_("Không có đợt kiểm tra nào đang mở. Bắt đầu đợt mới."), reason="no_check_open")
    return found


def latest(connection: Connection, client_key: uuid.UUID, most: int = KEPT_SHOWN) -> Sequence[Any]:
    """The checks of an application, the newest first."""
    return connection.execute(_latest, {"client": client_key, "most": most}).all()


def kept(connection: Connection, check_id: uuid.UUID) -> dict[Step, Finding]:
    """The steps of a check as they were last looked at, in their order."""
    rows = {row.name: row for row in connection.execute(_steps_of, {"check": check_id})}
    return {step: Finding(StepState(rows[step].state), rows[step].word, rows[step].facts) for step in Step if step in rows}


def present(connection: Connection, check: Any, client: RegisteredClient) -> dict[Step, Finding]:
    """The steps of an open check as they are at this moment; what must be fetched is as it was last looked at. Writes nothing."""
    told, seen = kept(connection, check.id), read_seen(connection, check)
    looks: dict[Step, Any] = {
        Step.TOKEN: lambda: look_at_token(seen),
        Step.SIGN_IN: lambda: look_at_sign_in(seen, check, client),
        Step.LOGOUT: lambda: look_at_logout(seen, check, client),
        Step.LEAVING: lambda: look_at_leaving(connection, seen, check, client),
    }
    found = {step: looks[step]() if step in looks else finding for step, finding in told.items()}
    if found.get(Step.LOGOUT, not_applicable("")).state is StepState.WAITING and check.probe is None:
        found[Step.LEAVING] = waiting("leaving_after_logout")  # whoever has left cannot show any more that signing out works
    return found


def look(client: RegisteredClient) -> dict[Step, Finding]:
    """Look at everything, also over the network, and keep it; the check is over when nothing waits or is wrong any more. Between
    transactions: whoever answers slowly holds none open. Raises NotFound when no check is open."""
    check = require_open(reader(), client.key)
    fetched = {Step.DISCOVERY: look_at_discovery(client), Step.ADDRESSES: look_at_addresses(client)}
    return in_transaction(lambda connection: settle(connection, check.id, client, fetched))


def settle(connection: Connection, check_id: uuid.UUID, client: RegisteredClient, fetched: Mapping[Step, Finding]) -> dict[Step, Finding]:
    """Keep what is seen at this moment, and end the check when all of it is good."""
    check = connection.execute(select(_k).where(_k.c.id == check_id)).one()
    found = {**present(connection, check, client), **fetched}
    for step, finding in found.items():
        values = {"state": finding.state.value, "word": finding.word, "facts": finding.facts, "looked_at": clock.now()}
        connection.execute(_keep.values(**values), {"check": check_id, "step": step.value})
    if all(finding.state in (StepState.PASSED, StepState.NOT_APPLICABLE) for finding in found.values()):
        end(connection, check_id, client, found, actor=check.made_by, outcome=Outcome.PASSED)
    return found


def give_up(connection: Connection, check: Any, client: RegisteredClient, *, actor: str, outcome: Outcome) -> None:
    """End an open check now: it has failed when something was wrong; else `outcome`, which proves nothing either way."""
    found = settle(connection, check.id, client, {})
    is_wrong = any(finding.state is StepState.FAILED for finding in found.values())
    end(connection, check.id, client, found, actor=actor, outcome=Outcome.FAILED if is_wrong else outcome)


def end(
    connection: Connection, check_id: uuid.UUID, client: RegisteredClient, found: Mapping[Step, Finding], *, actor: str, outcome: Outcome
) -> None:
    """Put a check away, once: the test person is nobody again, and the catalogue knows what it proved."""
    now = clock.now()
    if connection.execute(_end.values(ended_at=now, ended_by=actor, outcome=outcome.value), {"check": check_id}).first() is None:
        return
    check = connection.execute(select(_k).where(_k.c.id == check_id)).one()
    if check.test_person_id is not None:
        trial_people.dismiss(connection, check.test_person_id, actor=actor)
    if outcome in (Outcome.PASSED, Outcome.FAILED):
        catalogue.note_proof(connection, client.key, passed=outcome is Outcome.PASSED)
    states = {step.value: finding.state.value for step, finding in found.items()}
    audit.record(
        connection, audit.Event.CHECK_ENDED, actor=actor, client_id=client.key, check_id=str(check_id), outcome=outcome.value, steps=states
    )
    note_change(connection, client.client_id)


def keep_probe(connection: Connection, check_id: uuid.UUID, probe: dict[str, Any]) -> None:
    """Keep what came of trying the test person's access."""
    connection.execute(update(_k).where(_k.c.id == check_id).values(probe=probe))


def take_test_person(connection: Connection, check: Any, client: RegisteredClient, *, actor: str) -> uuid.UUID:
    """The test person of this check, ready to sign in. Raises Refusal once they have left: that cannot be tried twice in one check."""
    if check.probe is not None:
        raise Refusal(_("Người kiểm thử đã nghỉ việc trong đợt kiểm tra này. Bắt đầu đợt mới để thử lại."), "test_person_left", 409)
    person_id = trial_people.ready(connection, client, actor=actor)
    if check.test_person_id != person_id:
        connection.execute(update(_k).where(_k.c.id == check.id).values(test_person_id=person_id))
        note_change(connection, client.client_id)
    return person_id


def end_overdue() -> None:
    """End the checks whose time is over, each in a transaction of its own."""
    for row in reader().execute(_over, {"now": clock.now()}).all():
        client = find_by_key(row.client_id)
        if client is not None:
            in_transaction(partial(_end_overdue, client=client))


def _end_overdue(connection: Connection, client: RegisteredClient) -> None:
    check = find_open(connection, client.key)
    if check is not None:
        give_up(connection, check, client, actor=SYSTEM, outcome=Outcome.EXPIRED)
