"""Clients that register themselves and manage their entry (RFC 7591, RFC 7592): the deeds behind /register."""

from dataclasses import dataclass, fields, replace
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Connection, bindparam, select, update

from clients import initial_access, registration, registry
from clients.client_secrets import holds
from clients.lifetimes import BOUNDS
from clients.metadata import ClientMetadata, from_columns
from clients.models import Client
from clients.refusals import InvalidMetadata
from idp import audit, clock
from idp.database import table_of
from idp.errors import Refusal
from idp.opaque_tokens import Secret, digest, new_token

ACTOR = "system:registration"
_c = table_of(Client)
_managed = select(_c).where(
    _c.c.client_id == bindparam("wanted"), _c.c.registration_digest == bindparam("shown"), _c.c.disabled_at.is_(None)
)
_give = update(_c).where(_c.c.id == bindparam("key")).values(registration_digest=bindparam("made"))
_replace = (
    update(_c).where(_c.c.id == bindparam("key"), _c.c.registration_digest == bindparam("shown")).values(registration_digest=bindparam("made"))
)  # fmt: skip
# What an administrator has decided about the client stays, whatever it says about itself later.
KEPT = (
    "client_id", "minimum_acr", "require_consent", "profile", "access_token_format", "resources", "token_exchange_from",
    "forward_auth_origins", "path_rules", "public_addresses_only", "widest_scope", *BOUNDS,
)  # fmt: skip


class NotAllowed(Refusal):
    """Whoever asks holds no token for this, or for this client."""

    reason, status = "invalid_token", 401


@dataclass(frozen=True)
class Told:
    """What a client is told of its entry. `secret` and `token` are shown this once; None: nothing new."""

    metadata: ClientMetadata
    issued_at: int
    secret: Secret | None
    token: Secret | None


def register(connection: Connection, wanted: ClientMetadata, *, initial_token: str | None) -> Told:
    """Register a client that asks for it; people are asked before it learns anything of them. `initial_token` None: anybody may.
    Raises NotAllowed, InvalidMetadata or InvalidRedirectUri; then the token is not used up either."""
    if initial_token is not None and not initial_access.take(connection, initial_token):
        raise NotAllowed(_("Mã cho phép đăng ký không còn dùng được."))
    made = registration.register(connection, replace(wanted, require_consent=True), actor=ACTOR)
    token = new_token()
    connection.execute(_give, {"key": made.key, "made": digest(token)})
    row = connection.execute(select(_c).where(_c.c.id == made.key)).one()
    return Told(from_columns(row), int(row.created_at.timestamp()), made.client_secret, token)


def read(connection: Connection, client_id: str, token: str) -> Told:
    """The client's entry, shown to who holds its token. Raises NotAllowed."""
    row = _require(connection, client_id, token)
    return Told(from_columns(row), int(row.created_at.timestamp()), None, None)


def change(connection: Connection, client_id: str, token: str, given: dict[str, Any], shown_secret: str | None) -> Told:
    """Put a new entry in the place of the old one (RFC 7592 §2.2): what is not given is as if it had never been; a secret that is
    sent along must be the client's. The token is replaced as well. Raises NotAllowed, InvalidMetadata or InvalidRedirectUri."""
    row, fresh = _require(connection, client_id, token), new_token()
    if shown_secret is not None and not holds(connection, row.id, shown_secret):
        raise InvalidMetadata(_("client_secret không đúng."))
    if connection.execute(_replace, {"key": row.id, "shown": digest(token), "made": digest(fresh)}).rowcount != 1:
        raise NotAllowed(_("Mã quản lý đăng ký không còn dùng được."))
    wanted = wanted_of(given, from_columns(row))
    changes = {field.name: getattr(wanted, field.name) for field in fields(ClientMetadata) if field.name != "client_id"}
    after = registration.change(connection, client_id, actor=f"client:{client_id}"[:64], **changes)
    secret = registration.give_missing_secret(connection, client_id, actor=f"client:{client_id}"[:64])
    return Told(after, int(row.created_at.timestamp()), secret, fresh)


def wanted_of(given: dict[str, Any], before: ClientMetadata) -> ClientMetadata:
    """The metadata that an update asks for: what is given, and what is not the client's to say as it was. Whoever was trusted not to
    ask people was so with that scope and at those addresses: for more they are asked again."""
    wanted = ClientMetadata(**{"require_pkce": before.require_pkce, **given, **{name: getattr(before, name) for name in KEPT}})
    is_more = {*wanted.scope.split()} - {"openid", *before.scope.split()} or {*wanted.redirect_uris} - {*before.redirect_uris}
    return replace(wanted, scope=_within(wanted.scope, before.widest_scope), require_consent=before.require_consent or bool(is_more))


def _within(scope: str, widest: str | None) -> str:
    """What an administrator has taken from a client it does not take back itself (RFC 7592 §2.2: the server may put other values in
    the place of those asked for)."""
    return scope if widest is None else " ".join(name for name in scope.split() if name in widest.split())


def delete(connection: Connection, client_id: str, token: str) -> None:
    """End the client (RFC 7592 §2.3): nobody comes in through it, its tokens are dead. Its name is never given to another one, so
    that the audit trail goes on meaning what it meant. Raises NotAllowed."""
    row = _require(connection, client_id, token)
    end = update(_c).where(_c.c.id == row.id).values(registration_digest=None, disabled_at=clock.now(), version=_c.c.version + 1)
    connection.execute(end)
    audit.record(connection, audit.Event.CLIENT_DELETED, actor=f"client:{client_id}"[:64], client_id=row.id, name=row.client_name)
    registry.forget(client_id)


def is_managed_by(connection: Connection, client_id: str, token: str) -> ClientMetadata | None:
    """The entry that this token manages, or None."""
    row = connection.execute(_managed, {"wanted": client_id, "shown": digest(token)}).first()
    return from_columns(row) if row is not None else None


def _require(connection: Connection, client_id: str, token: str) -> Any:
    row = connection.execute(_managed, {"wanted": client_id, "shown": digest(token)}).first()
    if row is None:
        raise NotAllowed(_("Mã quản lý đăng ký không đúng hoặc không còn dùng được."))
    return row
