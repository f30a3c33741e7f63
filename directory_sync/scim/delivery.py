"""Tells an application of one account, as a SCIM client (RFC 7644): created, changed or suspended, whatever it takes to get there."""

import json
import threading
import time
import uuid
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from sqlalchemy import bindparam, select, update

from clients.registry import RegisteredClient, find_by_key
from directory_sync.scim.accounts import ENTERPRISE, OFFICIAL, USER, Account, find_account
from directory_sync.scim.models import ProvisionedAccount, Provisioning
from idp import audit, clock, outbox
from idp.database import in_transaction, reader, table_of
from idp.outbound import Fetched, OutboundFailed, OutboundRefused, exchange
from idp.outbox import DeliveryFailed, Message, Undeliverable
from idp.sealing import SealBroken, current_keys

KIND, SCIM_TYPE = "scim_account", "application/scim+json"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
REST_SECONDS, SCHEMA_SECONDS = 15.0, 3600.0
MAY_BE_EMPTY = ("emails", "phoneNumbers", "title")  # what a person had and has no more is taken away there too
_a, _v = table_of(ProvisionedAccount), table_of(Provisioning)
_account = select(_a).where(_a.c.client_id == bindparam("client"), _a.c.person_id == bindparam("person"))
_provisioning = select(_v).where(_v.c.client_id == bindparam("client"))
_confirm = update(_a).where(_a.c.client_id == bindparam("client"), _a.c.person_id == bindparam("person"))
_resting: dict[uuid.UUID, float] = {}  # until when (monotonic seconds)
_known_schemas: dict[uuid.UUID, tuple[float, str, dict[str, set[str]]]] = {}  # until when, at which address, attributes by schema
_lock = threading.Lock()


class _Peer:
    """The other side of one delivery: its address and our token there."""

    def __init__(self, row: Any, client: RegisteredClient) -> None:
        self.url, self.client = row.url.rstrip("/"), client
        try:
            self.token = current_keys().open(row.token, seal_context(client.key)).decode()
        except SealBroken:
            raise Undeliverable("the token of this application cannot be opened any more") from None

    def send(self, method: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
        """One request; the status and the JSON object of the answer. Raises DeliveryFailed, Undeliverable."""
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Accept": SCIM_TYPE,
            **({"Content-Type": SCIM_TYPE} if body is not None else {}),
        }
        written = json.dumps(body).encode() if body is not None else None
        try:
            only = self.client.metadata.public_addresses_only
            answer = exchange(method, self.url + path, body=written, headers=headers, public_only=only)
        except OutboundRefused as refused:
            raise Undeliverable(str(refused)) from None
        except OutboundFailed as failed:
            _let_rest(self.client.key)
            raise DeliveryFailed(str(failed)) from None
        return answer.status, _object(answer)


def seal_context(client: uuid.UUID) -> str:
    """Where the token of an application is kept, for its seal."""
    return f"provisioning.token:{client}"


def deliver(message: Message) -> None:
    """Bring the account of one person at one application to what it should be now, which may be something else than when the message
    was written. Raises DeliveryFailed to be tried again, Undeliverable to be given up."""
    assert message.client_id is not None
    assert message.person_id is not None
    row = reader().execute(_provisioning, {"client": message.client_id}).first()
    client = find_by_key(message.client_id)
    if row is None or client is None or row.stopped_at is not None:
        raise Undeliverable("accounts are not provisioned at this application any more")
    _refuse_while_resting(client.key)
    known = reader().execute(_account, {"client": client.key, "person": message.person_id}).one()
    wanted = find_account(reader(), client, row.units, message.person_id)
    try:
        peer = _Peer(row, client)
        remote_id = _bring_about(peer, known.remote_id, _spoken(peer, wanted))
    except (DeliveryFailed, Undeliverable) as failure:
        _note_failure(message, failure)
        raise
    _keep(message, wanted, remote_id, is_news=known.digest != wanted.digest)
    if find_account(reader(), client, row.units, message.person_id).digest != wanted.digest:
        raise DeliveryFailed("has changed while it was told")


def _bring_about(peer: _Peer, remote_id: str | None, wanted: Account) -> str | None:
    """The id of the account there; None: there is none, and none is needed."""
    remote_id = remote_id or _find(peer, wanted)
    if remote_id is not None and _change(peer, remote_id, wanted):
        return remote_id
    return _create(peer, wanted) if wanted.is_active else None


def _spoken(peer: _Peer, wanted: Account) -> Account:
    """The account in what the application understands by its schemas, which are asked for once an hour: strict ones refuse the rest."""
    kept = _known_schemas.get(peer.client.key)
    if kept is None or kept[0] <= time.monotonic() or kept[1] != peer.url:
        schemas = {urn: _attributes(peer, urn) for urn in (USER, ENTERPRISE, OFFICIAL)}
        kept = _known_schemas[peer.client.key] = (time.monotonic() + SCHEMA_SECONDS, peer.url, schemas)
    schemas = kept[2]
    names = schemas[USER] | {"externalId"} if schemas[USER] else set(wanted.resource) - {OFFICIAL}
    told: dict[str, Any] = {}
    for name, value in wanted.resource.items():
        if name in (ENTERPRISE, OFFICIAL) and schemas[USER]:
            parts = {part: one for part, one in value.items() if part in schemas[name]}
            told |= {name: parts} if parts else {}
        elif name in names:
            told[name] = value
    return replace(wanted, resource=told)


def _attributes(peer: _Peer, urn: str) -> set[str]:
    status, told = peer.send("GET", f"/Schemas/{urn}")
    listed = told.get("attributes") if status == 200 else None
    return {str(one.get("name")) for one in listed if isinstance(one, dict)} if isinstance(listed, list) else set()


def _create(peer: _Peer, wanted: Account) -> str:
    status, told = peer.send("POST", "/Users", {"schemas": _schemas(wanted), **wanted.resource})
    if status == 409:  # somebody has just made it, or it hides from searches until it is asked for by its name
        found = _find(peer, wanted)
        if found is None or not _change(peer, found, wanted):
            raise DeliveryFailed("answered 409, and finds no such account")
        return found
    if status not in (200, 201) or not isinstance(told.get("id"), str) or not 0 < len(told["id"]) <= 255:
        raise DeliveryFailed(f"answered {status} to the creation")
    return str(told["id"])


def _find(peer: _Peer, wanted: Account) -> str | None:
    """An account that is there already: by our own key for the person, else by the username if no other key is on it."""
    for name in ("externalId", "userName"):
        value = wanted.resource[name].replace("\\", "\\\\").replace('"', '\\"')
        wanted_filter = f'{name} eq "{value}"'
        status, told = peer.send("GET", f"/Users?filter={quote(wanted_filter)}")
        if status in (401, 403):
            raise DeliveryFailed(f"answered {status}: the token is not accepted")
        listed = told.get("Resources")
        found = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
        fitting = [one for one in found if one.get("externalId") in (None, "", wanted.resource["externalId"])]
        if len(fitting) == 1 and isinstance(fitting[0].get("id"), str):
            return str(fitting[0]["id"])[:255]
    return None


def _change(peer: _Peer, remote_id: str, wanted: Account) -> bool:
    """Change it; by PATCH, and where that is not spoken by PUT. Return False when it is not there."""
    path = f"/Users/{quote(remote_id, safe='')}"
    told = wanted.resource if wanted.is_active else {"active": False}
    emptied = [name for name in MAY_BE_EMPTY if name not in wanted.resource] if wanted.is_active else []
    operations = [{"op": "replace", "value": told}, *({"op": "remove", "path": name} for name in emptied)]
    status, _told = peer.send("PATCH", path, {"schemas": [PATCH_OP], "Operations": operations})
    if status in (405, 501):
        status, _told = peer.send("PUT", path, {"schemas": _schemas(wanted), "id": remote_id, **wanted.resource})
    if status == 404:
        return False
    if status not in (200, 204):
        raise DeliveryFailed(f"answered {status} to the change")
    return True


def _schemas(wanted: Account) -> list[str]:
    return [USER, *(urn for urn in (ENTERPRISE, OFFICIAL) if urn in wanted.resource)]


def _object(answer: Fetched) -> dict[str, Any]:
    try:
        told = json.loads(answer.body) if answer.body else {}
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _keep(message: Message, wanted: Account, remote_id: str | None, *, is_news: bool) -> None:
    key = {"client": message.client_id, "person": message.person_id}

    def keep(connection: Any) -> None:
        values = {"remote_id": remote_id, "is_active": wanted.is_active, "digest": wanted.digest, "updated_at": clock.now()}
        connection.execute(_confirm.values(**values), key)
        if is_news:
            about: dict[str, Any] = {"person_id": message.person_id, "client_id": message.client_id, "active": wanted.is_active}
            audit.record(connection, audit.Event.ACCOUNT_PROVISIONED, actor="system:outbox", attempts=message.attempts, **about)

    in_transaction(keep)


def _note_failure(message: Message, failure: Exception) -> None:
    """The first failure and the giving up are events, as with logout tokens."""
    is_last = isinstance(failure, Undeliverable) or clock.now() - message.created_at >= outbox.GIVE_UP_AFTER
    if message.attempts > 1 and not is_last:
        return
    about: dict[str, Any] = {"person_id": message.person_id, "client_id": message.client_id, "given_up": is_last}
    in_transaction(
        lambda connection: audit.record(
            connection, audit.Event.ACCOUNT_NOT_PROVISIONED, actor="system:outbox", why=str(failure), attempts=message.attempts, **about
        )
    )


def _let_rest(client: uuid.UUID) -> None:
    with _lock:
        _resting[client] = time.monotonic() + REST_SECONDS


def _refuse_while_resting(client: uuid.UUID) -> None:
    """An application that does not answer costs up to 8 s a try: while it rests, the messages of others go on."""
    with _lock:
        if _resting.get(client, 0.0) > time.monotonic():
            raise DeliveryFailed("the application did not answer a moment ago")


DELIVERERS: dict[str, outbox.Deliver] = {KIND: deliver}
