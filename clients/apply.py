"""Clients as a file says they should be: what would change, and the change itself, all of it or nothing."""

import re
import uuid
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Connection, select

from clients import registration
from clients.client_secrets import add_secret, end_secrets, holds
from clients.entry import EntryRule, RoleRule
from clients.metadata import SECRET_METHODS, ClientMetadata, from_columns
from clients.models import Client
from clients.refusals import InvalidMetadata
from clients.rule_changes import AddEntry, RuleChanges, add_entry, bring_entry, bring_roles
from idp.database import table_of
from idp.opaque_tokens import Secret

ADD, CHANGE, KEEP, PROPOSE = "add", "change", "keep", "propose"
_SECRET = re.compile(r"[\x21-\x7e]{32,255}")  # what is kept as a plain digest must not be guessable
_c = table_of(Client)


@dataclass(frozen=True)
class Wanted:
    """One entry of the file: the metadata, a secret that the client brings along, who may enter, and what people are there (None: as
    it is)."""

    metadata: ClientMetadata
    secret: Secret | None = None
    entry: Sequence[EntryRule] | None = None
    roles: Sequence[RoleRule] | None = None


def _change(connection: Connection, client_id: str, *, actor: str, **changes: Any) -> None:
    registration.change(connection, client_id, actor=actor, **changes)


@dataclass(frozen=True)
class Deeds:
    """How what is there already is changed. Each returns the proposal that waits for a second person, where one does."""

    change: Callable[..., uuid.UUID | None] = _change
    add_entry: AddEntry = add_entry


@dataclass(frozen=True)
class Step:
    """What becomes of one client. `differing`: by field, what it is and what it will be. `secret`: made in this step, shown once; `entry` and `roles`: rules that come
    and go; `proposal_id`: what is differing waits for a second person under this key."""

    deed: str
    client_id: str | None
    client_name: str
    differing: dict[str, tuple[Any, Any]]
    secret: Secret | None = None
    entry: RuleChanges = field(default_factory=RuleChanges)
    roles: RuleChanges = field(default_factory=RuleChanges)
    proposal_id: uuid.UUID | None = None


def check_secret(secret: str) -> Secret:
    """A secret chosen elsewhere, if it may be kept. Raises InvalidMetadata."""
    if not _SECRET.fullmatch(secret):
        raise InvalidMetadata(_("client_secret tự chọn có từ 32 đến 255 ký tự ASCII nhìn thấy được."))
    return Secret(secret)


def apply(connection: Connection, wanted: list[Wanted], *, actor: str, deeds: Deeds | None = None) -> list[Step]:
    """Bring the clients to what is wanted; those that the list does not name are left alone. An entry without client_id means the
    client of the same name, or a new one. Raises InvalidMetadata or InvalidRedirectUri. Roll back to see what would happen."""
    return [_apply_one(connection, one, actor, deeds or Deeds()) for one in wanted]


def exported(connection: Connection) -> list[ClientMetadata]:
    """Every client that people may come in through."""
    return [from_columns(row) for row in connection.execute(select(_c).where(_c.c.disabled_at.is_(None)).order_by(_c.c.client_id))]


def _apply_one(connection: Connection, wanted: Wanted, actor: str, deeds: Deeds) -> Step:
    before = _find(connection, wanted.metadata)
    if before is None:
        made = registration.register(connection, wanted.metadata, actor=actor, chosen_secret=wanted.secret, entry=wanted.entry)
        entry, roles = RuleChanges(tuple(wanted.entry or ())), _bring_roles(connection, made.client_id, wanted, actor)
        return Step(ADD, made.client_id, wanted.metadata.client_name, {}, None if wanted.secret else made.client_secret, entry, roles)
    client_id = str(before.client_id)
    changes = {one.name: getattr(wanted.metadata, one.name) for one in fields(ClientMetadata) if one.name != "client_id"}
    _row, _before, wished = registration.looked_at(connection, client_id, actor=actor, **changes)
    after, proposal_id = asdict(wished), deeds.change(connection, client_id, actor=actor, **changes)
    differing = {name: (was, after[name]) for name, was in asdict(before).items() if was != after[name]}
    if wanted.secret is not None and _bring_secret(connection, client_id, wanted.secret):
        differing["client_secret"] = ("…", "…")
    made_secret = None if proposal_id else registration.give_missing_secret(connection, client_id, actor=actor)
    entry = RuleChanges() if wanted.entry is None else bring_entry(connection, client_id, wanted.entry, actor=actor, add=deeds.add_entry)
    roles = _bring_roles(connection, client_id, wanted, actor)
    waits = proposal_id or entry.proposals
    deed = PROPOSE if waits else CHANGE if differing or made_secret or entry or roles else KEEP
    return Step(deed, client_id, before.client_name, differing, made_secret, entry, roles, proposal_id)


def _bring_roles(connection: Connection, client_id: str, wanted: Wanted, actor: str) -> RuleChanges:
    return RuleChanges() if wanted.roles is None else bring_roles(connection, client_id, wanted.roles, actor=actor)


def _bring_secret(connection: Connection, client_id: str, secret: Secret) -> bool:
    """Let the client have this secret; whether it is new. The others end: whoever writes the file says which one counts."""
    row = connection.execute(select(_c.c.id, _c.c.token_endpoint_auth_method).where(_c.c.client_id == client_id)).one()
    if row.token_endpoint_auth_method not in SECRET_METHODS or holds(connection, row.id, secret):
        return False
    end_secrets(connection, row.id)
    add_secret(connection, row.id, row.token_endpoint_auth_method, secret)
    registration.note_change(connection, client_id)
    return True


def _find(connection: Connection, wanted: ClientMetadata) -> ClientMetadata | None:
    by_id = _c.c.client_id == wanted.client_id
    by_name = (_c.c.client_name == wanted.client_name) & _c.c.disabled_at.is_(None)
    rows = connection.execute(select(_c).where(by_id if wanted.client_id else by_name)).all()
    if len(rows) > 1:
        raise InvalidMetadata(_("Có nhiều ứng dụng tên “%(name)s”; ghi rõ client_id.", name=wanted.client_name))
    return from_columns(rows[0]) if rows else None
