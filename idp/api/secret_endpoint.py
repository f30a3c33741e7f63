"""/api/v1/clients/<client_id>/secrets and /entry-rules: how an application proves itself, and who may enter it."""

import uuid
from datetime import date
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Connection, bindparam, or_, select

from clients.client_secrets import HINT_CHARACTERS
from clients.entry_rules import kept_rules, remove_rule
from clients.models import Client, ClientSecret
from clients.registry import RegisteredClient, find_even_disabled
from clients.secret_care import add_beside, revoke_secret
from idp import clock
from idp.api.api_holders import refuse_those_with_roles
from idp.api.client_shapes import (
    Done,
    RuleAdded,
    RuleLine,
    RulesTold,
    RuleWanted,
    SecretGiven,
    SecretLine,
    SecretsTold,
    SecretWanted,
)
from idp.api.operations import api_blueprint, operation
from idp.api.scopes import PATH, Scope
from idp.api.wire import Answer, Reason
from idp.console.entry_names import named_rule
from idp.console.widening import add_or_propose
from idp.database import table_of
from idp.errors import NotFound
from idp.web.problems import NotAsDeclared
from idp.web.viewer import Permission, require_viewer

blueprint = api_blueprint("api_secrets")
SECRETS, RULES = f"{PATH}/clients/<client_id>/secrets", f"{PATH}/clients/<client_id>/entry-rules"
SEE, CHANGE = Permission.SEE_CLIENTS, Permission.CHANGE_CLIENTS
_c, _s = table_of(Client), table_of(ClientSecret)
_key_of = select(_c.c.id).where(_c.c.client_id == bindparam("wanted"))
_open = (
    select(_s)
    .where(_s.c.client_id == bindparam("client"), or_(_s.c.expires_at.is_(None), _s.c.expires_at > bindparam("now")))
    .order_by(_s.c.created_at.desc(), _s.c.id.desc())
)
_secret = select(_s.c.id).where(_s.c.client_id == bindparam("client"), _s.c.id == bindparam("secret"))


def _require(connection: Connection, client_id: str) -> uuid.UUID:
    key: uuid.UUID | None = connection.execute(_key_of, {"wanted": client_id}).scalar()
    if key is None:
        raise NotFound(_("Không có ứng dụng này."), reason="client_unknown")
    return key


@operation(blueprint, "GET", SECRETS, "listSecrets", "Secrets of an application, by their last characters", SEE, Scope.CLIENTS_READ,
           answer=SecretsTold)  # fmt: skip
def list_secrets(connection: Connection, client_id: str) -> SecretsTold:
    """Those that are still accepted, the newest first."""
    rows = connection.execute(_open, {"client": _require(connection, client_id), "now": clock.now()})
    return SecretsTold(items=[SecretLine(**{name: getattr(row, name) for name in SecretLine.model_fields}) for row in rows])


@operation(blueprint, "POST", SECRETS, "addSecret", "One more secret, beside the others", CHANGE, Scope.CLIENTS_WRITE, body=SecretWanted,
           answer=SecretGiven, status=201, description="Told this once; a message sent again with its key is not told it again.")  # fmt: skip
def add_secret(connection: Connection, client_id: str, body: SecretWanted) -> Answer:
    """Those that are there go on."""
    refuse_those_with_roles(connection, _require(connection, client_id))
    secret = add_beside(connection, client_id, actor=require_viewer().actor, reason=body.reason, expires_at=body.expires_at)
    told = SecretGiven(client_secret=str(secret), hint=secret[-HINT_CHARACTERS:], expires_at=body.expires_at)
    return Answer(told, unrepeated=("client_secret",))


@operation(blueprint, "POST", f"{SECRETS}/<uuid:secret_id>/revoke", "revokeSecret", "End a secret at once", CHANGE, Scope.CLIENTS_WRITE,
           body=Reason, answer=Done)  # fmt: skip
def revoke(connection: Connection, client_id: str, secret_id: uuid.UUID, body: Reason) -> Done:
    """The others go on."""
    key = _require(connection, client_id)
    refuse_those_with_roles(connection, key)
    if connection.execute(_secret, {"client": key, "secret": secret_id}).first() is None:
        raise NotFound(_("Không có khóa này."), reason="secret_unknown")
    return Done(done=revoke_secret(connection, client_id, secret_id, actor=require_viewer().actor, reason=body.reason))


@operation(blueprint, "GET", RULES, "listEntryRules", "Who may enter an application", SEE, Scope.CLIENTS_READ, answer=RulesTold)
def list_rules(connection: Connection, client_id: str) -> RulesTold:
    """The rules, the oldest first."""
    return RulesTold(items=[_rule(row) for row in kept_rules(connection, _require(connection, client_id))])


def _rule(row: Any) -> RuleLine:
    told: dict[str, Any] = {name: getattr(row, name) for name in RuleLine.model_fields}
    days = {name: told[name].isoformat() for name in ("valid_from", "valid_to") if told[name]}
    return RuleLine(**{**told, **days})


@operation(
    blueprint, "POST", RULES, "addEntryRule", "One more rule", CHANGE, Scope.CLIENTS_WRITE, body=RuleWanted, answer=RuleAdded, status=201
)
def add_entry_rule(connection: Connection, client_id: str, body: RuleWanted) -> RuleAdded:
    """Let people in by it."""
    client = _registered(client_id)
    days = {name: _day(name, getattr(body, name)) for name in ("valid_from", "valid_to")}
    rule = named_rule(connection, body.kind, body.subject, valid_from=days["valid_from"], valid_to=days["valid_to"])
    before = {row.id for row in kept_rules(connection, client.key)}
    add_or_propose(connection, client, rule, require_viewer(), reason=body.reason)
    return RuleAdded(id=next((row.id for row in kept_rules(connection, client.key) if row.id not in before), None))


def _registered(client_id: str) -> RegisteredClient:
    client = find_even_disabled(client_id)
    if client is None:
        raise NotFound(_("Không có ứng dụng này."), reason="client_unknown")
    return client


@operation(blueprint, "POST", f"{RULES}/<uuid:rule_id>/remove", "removeEntryRule", "Take a rule back", CHANGE, Scope.CLIENTS_WRITE, body=Reason,
           answer=Done)  # fmt: skip
def remove_entry_rule(connection: Connection, client_id: str, rule_id: uuid.UUID, body: Reason) -> Done:
    """Whom no other rule lets in gets nothing more from now on."""
    return Done(done=remove_rule(connection, client_id, rule_id, actor=require_viewer().actor, reason=body.reason))


def _day(name: str, written: str | None) -> date | None:
    try:
        return date.fromisoformat(written) if written else None
    except ValueError:
        raise NotAsDeclared([(name, _("Ngày này không có."))], status=422) from None
