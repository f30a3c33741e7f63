"""Made-up people with whom applications are checked: one for each application, nobody outside a check, never counted."""

import uuid
from datetime import timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Connection, bindparam, insert, select, update

from clients.check_models import IntegrationCheck
from clients.drafts import card_of
from clients.registry import RegisteredClient
from idp import access, audit, clock
from idp.database import new_id, table_of
from idp.errors import Forbidden, NotFound, Refusal
from idp.opaque_tokens import Secret, digest, new_token
from idp.people.models import INTEGRATION_CHECK, Person, PersonState
from idp.people.names import search_key, sort_key
from idp.sessions import assurance, browser_sessions

LINK_LASTS = timedelta(minutes=15)
NAME, TITLE = ("Người", "Kiểm", "Thử"), "Tài khoản kiểm thử"
_k, _p = table_of(IntegrationCheck), table_of(Person)
_made = select(_p.c.id, _p.c.state).where(_p.c.source == INTEGRATION_CHECK, _p.c.source_key == bindparam("key"))
_give_link = (
    update(_k).where(_k.c.id == bindparam("check"), _k.c.open_client_id.is_not(None), _k.c.expires_at > bindparam("now")).returning(_k.c.id)
)
_take = (
    update(_k)
    .where(
        _k.c.ticket_digest == bindparam("shown"), _k.c.ticket_expires_at > bindparam("now"), _k.c.open_client_id.is_not(None),
        _k.c.expires_at > bindparam("now"),
    )
    .values(ticket_digest=None, ticket_expires_at=None)
    .returning(_k.c.client_id, _k.c.test_person_id, _k.c.ticket_acr, _k.c.made_by)
)  # fmt: skip
_of_ticket = select(_k.c.client_id, _k.c.test_person_id).where(
    _k.c.ticket_digest == bindparam("shown"), _k.c.ticket_expires_at > bindparam("now"), _k.c.open_client_id.is_not(None),
    _k.c.expires_at > bindparam("now"),
)  # fmt: skip
_client_of = select(_k.c.client_id).where(_k.c.test_person_id == bindparam("person")).limit(1)
_state = select(_p.c.state).where(_p.c.id == bindparam("person"))


class LinkOver(Refusal):
    """The link was used, is too old, or the check is over."""

    reason = "test_link_over"


def ready(connection: Connection, client: RegisteredClient, *, actor: str) -> uuid.UUID:
    """The test person of an application, made when there is none, and let in again after a check before this one. Return the key."""
    found = connection.execute(_made, {"key": client.key.hex}).first()
    if found is None:
        row = _row(connection, client)
        connection.execute(insert(_p), row)
        audit.record(connection, audit.Event.PERSON_ADDED, actor=actor, person_id=row["id"], client_id=client.key, name=row["name"])
        made: uuid.UUID = row["id"]
        return made
    if found.state != PersonState.ACTIVE:
        access.restore(connection, found.id, reason=_("Bắt đầu đợt kiểm tra ứng dụng."), actor=actor, for_check=True)
    kept: uuid.UUID = found.id
    return kept


def _row(connection: Connection, client: RegisteredClient) -> dict[str, Any]:
    """Without a key for its name: nobody signs in as this person but by a link."""
    card, now, name = card_of(connection, client.key), clock.now(), " ".join(NAME)
    username = f"kiem-thu-{client.client_id}"[:255]
    return {
        "id": new_id(), "subject": uuid.uuid4().hex, "source": INTEGRATION_CHECK, "source_key": client.key.hex, "directory_dn": "",
        "username": username, "mail": f"{username}@kiem-thu.invalid"[:255], "name": name, "family_name": NAME[0], "middle_name": NAME[1],
        "given_name": NAME[2], "sort_key": sort_key(name), "search_key": search_key(f"{name} {username}"), "title": TITLE,
        "unit_id": card.owner_unit_id if card else None, "state": PersonState.ACTIVE.value, "directory_locked": False,
        "notice_acknowledged_at": now, "browser_round": 0, "created_at": now, "updated_at": now,
    }  # fmt: skip


def give_link(connection: Connection, check_id: uuid.UUID, client_key: uuid.UUID, person_id: uuid.UUID, *, acr: str, actor: str) -> Secret:
    """A word that signs the test person in once, within 15 minutes; an earlier one is worth nothing from now on. The session claims
    `acr`: what whoever asks for it has proved. Raises LinkOver when the check is over."""
    word, now = new_token(), clock.now()
    values = {"ticket_digest": digest(word), "ticket_expires_at": now + LINK_LASTS, "ticket_acr": acr}
    if connection.execute(_give_link.values(**values), {"check": check_id, "now": now}).first() is None:
        raise link_over()
    audit.record(connection, audit.Event.TEST_LINK_GIVEN, actor=actor, person_id=person_id, client_id=client_key)
    return word


def about_link(connection: Connection, word: str) -> Any:
    """The application and the person that a link is for; using it up is another matter. Raises LinkOver."""
    found = connection.execute(_of_ticket, {"shown": digest(word), "now": clock.now()}).first()
    if found is None:
        raise link_over()
    return found


def enter(connection: Connection, word: str) -> tuple[Secret, uuid.UUID]:
    """Use a link up: the session's cookie value, and the application's key. Raises LinkOver, or Forbidden when the person's access was
    withdrawn."""
    taken = connection.execute(_take, {"shown": digest(word), "now": clock.now()}).first()
    if taken is None:
        raise link_over()
    require_admitted(connection, taken.test_person_id)
    value, _session_id = browser_sessions.start(
        connection, person_id=taken.test_person_id, acr=taken.ticket_acr, amr=(assurance.TEST,), shared_pc=True, administrator=False
    )
    return value, taken.client_id


def client_of(connection: Connection, person_id: uuid.UUID) -> uuid.UUID:
    """The key of the application that a test person was made for. Raises NotFound for anybody else."""
    found: uuid.UUID | None = connection.execute(_client_of, {"person": person_id}).scalar()
    if found is None:
        raise NotFound(_("Người này không phải người kiểm thử."), "no_test_person")
    return found


def require_admitted(connection: Connection, person_id: uuid.UUID) -> None:
    """Raises Forbidden for somebody whose access was withdrawn, as every sign-in does."""
    if connection.execute(_state, {"person": person_id}).scalar() != PersonState.ACTIVE:
        raise Forbidden(_("Người kiểm thử đã bị thu hồi truy cập, nên không đăng nhập được. Đó là điều cần thấy."), "person_suspended")


def sign_out(connection: Connection, person_id: uuid.UUID, *, actor: str) -> int:
    """End the test person's sessions; return how many."""
    return browser_sessions.end_all(connection, person_id, reason="integration_check", actor=actor)


def dismiss(connection: Connection, person_id: uuid.UUID, *, actor: str) -> bool:
    """Withdraw the test person's access, as that of anybody who leaves. Return whether this call did it."""
    return access.withdraw(connection, person_id, reason=_("Đợt kiểm tra ứng dụng: thử cho nghỉ việc."), actor=actor)


def link_over() -> LinkOver:
    """The refusal of a link."""
    return LinkOver(_("Đường dẫn này đã dùng, đã quá 15 phút, hoặc đợt kiểm tra đã kết thúc. Lấy đường dẫn mới ở trang kiểm tra."))
