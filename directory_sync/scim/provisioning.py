"""Accounts in advance: an application is given its accounts, at first all of them, then whatever changes; a leaver's at once."""

import uuid
from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from flask_babel import gettext as _
from sqlalchemy import Connection, and_, bindparam, case, delete, false, func, insert, or_, select, update

from clients.models import Client
from clients.registry import find_by_key
from directory_sync.scim import accounts
from directory_sync.scim.delivery import KIND, seal_context
from directory_sync.scim.models import ProvisionedAccount, Provisioning
from idp import audit, clock, outbox
from idp.database import in_transaction, reader, table_of
from idp.errors import NotFound, Refusal
from idp.oidc import subjects
from idp.outbox import OutboxMessage
from idp.people.models import Person, Unit
from idp.sealing import current_keys

BATCH, LOOK_BACK, LONGEST_URL, LONGEST_TOKEN = 500, timedelta(minutes=2), 500, 4000
_a, _v, _o, _p, _c, _u = (table_of(one) for one in (ProvisionedAccount, Provisioning, OutboxMessage, Person, Client, Unit))
_one = select(_v).where(_v.c.client_id == bindparam("client"))
_changed_at = select(_c.c.updated_at).where(_c.c.id == bindparam("client"))
_key_of = select(_c.c.id).where(_c.c.client_id == bindparam("wanted"))
_is_untried = and_(_o.c.id.is_not(None), _o.c.delivered_at.is_(None), _o.c.failed_at.is_(None), _o.c.attempts == 0)
_accounts_of = select(_a.c.person_id, _a.c.digest, _is_untried.label("is_untried")).select_from(
    _a.outerjoin(_o, _o.c.id == _a.c.message_id)
)
_active_of_person = (
    select(_a.c.client_id)
    .join(_v, _v.c.client_id == _a.c.client_id)
    .where(_a.c.person_id == bindparam("person"), _v.c.stopped_at.is_(None), or_(_a.c.is_active, _a.c.digest.is_(None)))
)


def set_up(connection: Connection, client_id: str, *, url: str, token: str | None, units: Collection[str], actor: str) -> None:
    """Have accounts made at this application from now on, or change where and for whom. `units`: codes of units, none for everybody;
    `token` None: as before. Raises Refusal, NotFound."""
    key = require_client(connection, client_id)
    before = connection.execute(_one, {"client": key}).first()
    _check_url(url)
    if token is not None and not (0 < len(token) <= LONGEST_TOKEN and token.isascii() and token.isprintable() and " " not in token):
        raise Refusal(_("Mã truy cập của ứng dụng gồm ký tự ASCII nhìn thấy được."), reason="bad_token")
    if token is None and before is None:
        raise Refusal(_("Cần mã truy cập do ứng dụng cấp."), reason="token_missing")
    sealed = current_keys().seal(token.encode(), seal_context(key)) if token is not None else before.token  # type: ignore[union-attr]
    values = {
        "url": url.rstrip("/"), "token": sealed, "units": [str(unit) for unit in _unit_keys(connection, units)], "looked_until": None,
        "filled_to": None, "is_filled": False, "stopped_at": None, "updated_at": clock.now(),
    }  # fmt: skip
    if before is None:
        connection.execute(insert(_v), {"client_id": key, **values})
    else:
        connection.execute(update(_v).where(_v.c.client_id == key), values)
    about = {"url": values["url"], "units": sorted(units)}
    audit.record(connection, audit.Event.CLIENT_CHANGED, actor=actor, client_id=key, before={}, after={"provisioning": about})


def stop(connection: Connection, client_id: str, *, actor: str) -> bool:
    """Send nothing more to this application; its accounts stay as they are there. Return whether this call did it."""
    key = require_client(connection, client_id)
    running = _v.c.client_id == key, _v.c.stopped_at.is_(None)
    if connection.execute(update(_v).where(*running), {"stopped_at": clock.now()}).rowcount != 1:
        return False
    audit.record(connection, audit.Event.CLIENT_CHANGED, actor=actor, client_id=key, before={}, after={"provisioning": None})
    return True


def require_client(connection: Connection, client_id: str) -> uuid.UUID:
    """The key of a client. Raises NotFound."""
    key: uuid.UUID | None = connection.execute(_key_of, {"wanted": client_id}).scalar()
    if key is None:
        raise NotFound(_("Không có ứng dụng này."))
    return key


def _check_url(url: str) -> None:
    parts = urlsplit(url) if len(url) <= LONGEST_URL and url.isascii() and url.isprintable() else urlsplit("")
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise Refusal(_("Địa chỉ SCIM là một URL https, không có dấu ? và #."), reason="bad_url")


def _unit_keys(connection: Connection, codes: Collection[str]) -> list[uuid.UUID]:
    found = []
    for code in codes:
        keys = connection.execute(select(_u.c.id).where(_u.c.code == code, _u.c.valid_to.is_(None))).scalars().all()
        if len(keys) != 1:
            raise Refusal(_("Không có đúng một đơn vị mang mã %(code)s.", code=code), reason="bad_unit")
        found.append(keys[0])
    return found


def look() -> int:
    """Find accounts that are not as they should be, and write the messages that bring them there; return how many. A filling that
    was broken off goes on where it was."""
    subjects.ensure_key()  # not inside a transaction, as the subject of a pairwise client would
    found = 0
    for row in reader().execute(select(_v).where(_v.c.stopped_at.is_(None))).all():
        found += _look_at(row)
    return found


def _look_at(row: Any) -> int:
    began, found = clock.now(), 0
    changed_at = reader().execute(_changed_at, {"client": row.client_id}).scalar()
    if row.is_filled and row.looked_until is not None and changed_at is not None and changed_at >= row.looked_until:
        # Who may enter, or what it may know, may be another now: everybody is looked at again.
        in_transaction(lambda c: c.execute(update(_v).where(_v.c.client_id == row.client_id), {"is_filled": False, "filled_to": None}))
        row = reader().execute(_one, {"client": row.client_id}).one()
    if not row.is_filled:
        more = True
        while more:
            number, more = in_transaction(lambda connection: _fill(connection, row.client_id))
            found += number
        return found
    since = (row.looked_until or row.updated_at) - LOOK_BACK
    found = in_transaction(lambda connection: _write(connection, row, accounts.changed_since(since)))
    in_transaction(lambda connection: connection.execute(update(_v).where(_v.c.client_id == row.client_id), {"looked_until": began}))
    return found


def _fill(connection: Connection, client: uuid.UUID) -> tuple[int, bool]:
    """The next batch of a filling: how many messages, and whether there is more."""
    row = connection.execute(_one.with_for_update(), {"client": client}).one()
    if row.filled_to is None:  # whatever changes meanwhile is looked at after it
        connection.execute(update(_v).where(_v.c.client_id == client), {"looked_until": clock.now()})
    known = select(_a.c.person_id).where(_a.c.client_id == client)
    registered = find_by_key(client)
    is_due = accounts.due(registered, row.units) if registered is not None else false()
    candidates = select(_p.c.id).where(or_(is_due, _p.c.id.in_(known))).order_by(_p.c.id).limit(BATCH)
    keys = connection.execute(candidates.where(_p.c.id > row.filled_to) if row.filled_to else candidates).scalars().all()
    number = _write(connection, row, _p.c.id.in_(keys)) if keys else 0
    is_filled = len(keys) < BATCH
    values = {"filled_to": keys[-1] if keys else row.filled_to, "is_filled": is_filled}
    connection.execute(update(_v).where(_v.c.client_id == client), values)
    return number, not is_filled


def _write(connection: Connection, row: Any, condition: Any) -> int:
    """Messages for those people whose account is not as it should be."""
    client = find_by_key(row.client_id)
    if client is None or not client.is_enabled:
        return 0
    people = connection.execute(accounts.people(condition)).all()
    due = set(connection.execute(select(_p.c.id).where(condition, accounts.due(client, row.units))).scalars())
    accounts_there = _accounts_of.where(_a.c.client_id == row.client_id, _a.c.person_id.in_(select(_p.c.id).where(condition)))
    known = {one.person_id: one for one in connection.execute(accounts_there)}
    found = 0
    for person in people:
        wanted, account = accounts.account_of(client, person, is_active=person.id in due), known.get(person.id)
        if account is None and not wanted.is_active:
            continue
        if account is not None and (account.digest == wanted.digest or account.is_untried):
            continue  # as it should be; or a message is waiting that will say what is true when it is sent
        _tell(connection, row.client_id, person.id, is_new=account is None)
        found += 1
    return found


def _tell(connection: Connection, client: uuid.UUID, person: uuid.UUID, *, is_new: bool) -> None:
    message = outbox.enqueue(connection, KIND, {}, person_id=person, client_id=client)
    if is_new:
        row = {"client_id": client, "person_id": person, "is_active": False, "message_id": message, "updated_at": clock.now()}
        connection.execute(insert(_a), row)
    else:
        connection.execute(update(_a).where(_a.c.client_id == client, _a.c.person_id == person), {"message_id": message})


def tell_of_leaving(connection: Connection, person_id: uuid.UUID) -> list[tuple[uuid.UUID, uuid.UUID]]:
    """Messages to every application that holds an account of whoever leaves, in the transaction of their leaving: which, and by
    which message."""
    clients: Sequence[uuid.UUID] = connection.execute(_active_of_person, {"person": person_id}).scalars().all()
    told = []
    for client in clients:
        message = outbox.enqueue(connection, KIND, {}, person_id=person_id, client_id=client)
        connection.execute(update(_a).where(_a.c.client_id == client, _a.c.person_id == person_id), {"message_id": message})
        told.append((client, message))
    return told


def state_of(connection: Connection, client: uuid.UUID) -> Any | None:
    """How it stands at one application: its settings, and how many accounts are confirmed, waiting and given up; None when none are
    provisioned there."""
    row = connection.execute(_one, {"client": client}).first()
    if row is None:
        return None
    is_open = and_(_o.c.delivered_at.is_(None), _o.c.failed_at.is_(None), _o.c.id.is_not(None))
    counts = connection.execute(
        select(
            func.count().filter(_a.c.is_active).label("active"), func.count().filter(_a.c.digest.is_not(None)).label("confirmed"),
            func.coalesce(func.sum(case((is_open, 1), else_=0)), 0).label("waiting"), func.count(_o.c.failed_at).label("failed"),
        ).select_from(_a.outerjoin(_o, _o.c.id == _a.c.message_id)).where(_a.c.client_id == client)
    ).one()  # fmt: skip
    units = connection.execute(select(_u.c.code, _u.c.name).where(_u.c.id.in_([uuid.UUID(unit) for unit in row.units]))).all()
    return {
        "url": row.url, "units": [{"code": unit.code, "name": unit.name} for unit in units], "is_filled": row.is_filled,
        "stopped_at": row.stopped_at, **counts._mapping,
    }  # fmt: skip


def troubles(connection: Connection, client: uuid.UUID, most: int = 20) -> Sequence[Any]:
    """Accounts whose last message has not been confirmed after a try, newest first, with the last error."""
    query = select(_p.c.name, _o.c.created_at, _o.c.attempts, _o.c.failed_at, _o.c.last_error)
    joined = _a.join(_o, _o.c.id == _a.c.message_id).join(_p, _p.c.id == _a.c.person_id)
    query = query.select_from(joined).where(_a.c.client_id == client, _o.c.delivered_at.is_(None), _o.c.attempts > 0)
    return connection.execute(query.order_by(_o.c.created_at.desc()).limit(most)).all()


def fill_again(connection: Connection, client_id: str) -> None:
    """Compare every account once more with what it should be, also those that were given up. Raises NotFound."""
    key = require_client(connection, client_id)
    values = {"filled_to": None, "is_filled": False}
    if connection.execute(update(_v).where(_v.c.client_id == key), values).rowcount != 1:
        raise NotFound(_("Ứng dụng này không nhận tài khoản trước."))


def look_at_all_again() -> None:
    """Once a day every account is compared: one that was given up has another day."""
    in_transaction(lambda connection: connection.execute(update(_v).where(_v.c.is_filled), {"is_filled": False, "filled_to": None}))


def forget(connection: Connection, client: uuid.UUID) -> None:
    """Forget all accounts there: the application was emptied. The next filling makes them anew."""
    connection.execute(delete(_a).where(_a.c.client_id == client))
