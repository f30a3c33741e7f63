"""Registering, changing, disabling and enabling client applications, and replacing their secrets."""

import secrets as random
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from clients import registry
from clients.address_rules import PAIRWISE, sector_of
from clients.client_secrets import add_secret, end_secrets, forget_sealed, has_usable
from clients.entry import EVERYBODY, EntryRule
from clients.entry_rules import about, write_rule
from clients.lifetimes import check_lifetimes
from clients.metadata import CLIENT_SECRET_JWT, PUBLIC, SECRET_METHODS, ClientMetadata, columns_of, from_columns
from clients.metadata_rules import checked
from clients.models import Client
from clients.proofs import note_changes
from clients.refusals import InvalidMetadata
from clients.resources import all_resources
from idp import audit, clock
from idp.database import new_id, table_of
from idp.errors import NotFound, Refusal
from idp.opaque_tokens import Secret
from idp.settings import current_settings

TRANSITION_DAYS = 7
_c = table_of(Client)
_by_client_id = select(_c).where(_c.c.client_id == bindparam("wanted")).with_for_update()
_change = update(_c).where(_c.c.id == bindparam("key")).values(version=_c.c.version + 1)


@dataclass(frozen=True)
class Registered:
    """A client just registered; `client_secret` is shown this once and never again (None for a public one)."""

    key: uuid.UUID
    client_id: str
    client_secret: Secret | None


def register(
    connection: Connection,
    wanted: ClientMetadata,
    *,
    actor: str,
    chosen_secret: Secret | None = None,
    entry: Sequence[EntryRule] | None = None,
) -> Registered:
    """Register a client; `chosen_secret`: one that it brings along from elsewhere; `entry`: who may come in through it, None: as
    HOPNHAT_NEW_CLIENTS_ENTRY says. Raises InvalidMetadata or InvalidRedirectUri when
    something in it is not accepted."""
    metadata, now = _checked(connection, wanted), clock.now()
    key, client_id = new_id(), metadata.client_id or random.token_hex(10)
    if connection.execute(_by_client_id, {"wanted": client_id}).first() is not None:
        raise InvalidMetadata(_("Mã ứng dụng này đã có."), reason="client_id_taken")
    row = {"id": key, "client_id": client_id, "version": 1, "created_at": now, "updated_at": now, **columns_of(metadata)}
    try:
        connection.execute(insert(Client), row)
    except IntegrityError:
        raise InvalidMetadata(_("Mã ứng dụng này đã có."), reason="client_id_taken") from None
    method = metadata.token_endpoint_auth_method
    secret = add_secret(connection, key, method, chosen_secret) if method in SECRET_METHODS else None
    rules = _usual_entry() if entry is None else tuple(entry)
    for rule in rules:
        write_rule(connection, key, rule, actor=actor)
    told = {**_told(metadata), "entry": [{name: str(value) for name, value in about(rule).items()} for rule in rules]}
    audit.record(connection, audit.Event.CLIENT_REGISTERED, actor=actor, client_id=key, name=metadata.client_name, **told)
    return Registered(key, client_id, secret)


def _usual_entry() -> tuple[EntryRule, ...]:
    return (EVERYBODY,) if current_settings().new_clients_entry == "everybody" else ()


def change(connection: Connection, client_id: str, *, actor: str, reason: str | None = None, **changes: Any) -> ClientMetadata:
    """Change parts of a client, named as in ClientMetadata; return what it is now. Raises as `register`, and NotFound."""
    row, before, after = looked_at(connection, client_id, actor=actor, **changes)
    differing = {name: value for name, value in asdict(after).items() if value != asdict(before)[name]}
    if differing:
        connection.execute(_change, {"key": row.id, "updated_at": clock.now(), **columns_of(after)})
        was = {name: asdict(before)[name] for name in differing}
        audit.record(connection, audit.Event.CLIENT_CHANGED, actor=actor, client_id=row.id, before=was, after=differing, **_why(reason))
    if differing:
        note_changes(connection, row.id, differing, actor=actor)
    if "token_endpoint_auth_method" in differing:
        _fit_secrets(connection, row.id, after.token_endpoint_auth_method)
    registry.forget(client_id)
    return after


def looked_at(connection: Connection, client_id: str, *, actor: str, **changes: Any) -> tuple[Any, ClientMetadata, ClientMetadata]:
    """The row of a client, which nobody else changes until the end of the transaction, what it says, and what it would say with these
    changes. Raises as `change`."""
    row = _require(connection, client_id)
    before = from_columns(row)
    if row.registration_digest is not None and "scope" in changes and not actor.startswith("client:"):
        changes.setdefault("widest_scope", changes["scope"])  # it manages its own entry, and must not undo this
    after = _checked(connection, replace(before, **changes), before)
    if (after.token_endpoint_auth_method == PUBLIC) != (before.token_endpoint_auth_method == PUBLIC):
        raise InvalidMetadata(
            _("Ứng dụng tự chứng minh được và ứng dụng không tự chứng minh được không đổi sang nhau; đăng ký ứng dụng mới.")
        )
    _check_sector_stays(before, after)
    return row, before, after


def _checked(connection: Connection, wanted: ClientMetadata, before: ClientMetadata | None = None) -> ClientMetadata:
    """As `checked`, its resources are known here, and nothing lasts longer than it may."""
    check_lifetimes(wanted, before)
    known = {resource.identifier: resource for resource in all_resources(connection)}
    unknown = [identifier for identifier in wanted.resources if identifier not in known]
    if unknown:
        raise InvalidMetadata(_("Tài nguyên chưa được đăng ký: %(names)s.", names=" ".join(unknown)[:200]))
    return checked(wanted, scopes_of_resources={scope for resource in known.values() for scope in resource.scopes})


def _check_sector_stays(before: ClientMetadata, after: ClientMetadata) -> None:
    """Whoever knows people by a subject of its own would not know them again (OpenID Connect Core §8.1)."""
    if PAIRWISE == before.subject_type == after.subject_type and sector_of(before) != sector_of(after):
        raise InvalidMetadata(
            _("Mã riêng của cán bộ đối với ứng dụng sẽ đổi theo máy chủ; đăng ký ứng dụng mới hoặc dùng sector_identifier_uri.")
        )


def note_change(connection: Connection, client_id: str) -> None:
    """Let every process read this client anew: something that hangs on it has changed."""
    connection.execute(_change, {"key": _require(connection, client_id).id, "updated_at": clock.now()})
    registry.forget(client_id)


def _fit_secrets(connection: Connection, key: uuid.UUID, auth_method: str) -> None:
    """What the new method has no use for is not kept."""
    if auth_method not in SECRET_METHODS:
        end_secrets(connection, key)
    if auth_method != CLIENT_SECRET_JWT:
        forget_sealed(connection, key)


def give_missing_secret(connection: Connection, client_id: str, *, actor: str) -> Secret | None:
    """A secret for a client that has changed to a method for which it holds none; None when nothing is missing. Raises NotFound."""
    row = _require(connection, client_id)
    method = row.token_endpoint_auth_method
    if method not in SECRET_METHODS or has_usable(connection, row.id, method):
        return None
    return rotate_secret(connection, client_id, actor=actor, transition_days=0)


def disable(connection: Connection, client_id: str, *, actor: str, reason: str | None = None) -> bool:
    """Let nobody in through this client any more; its tokens stop working at once. Return whether this call did it."""
    return _set_disabled(connection, client_id, disabled=True, actor=actor, reason=reason)


def enable(connection: Connection, client_id: str, *, actor: str, reason: str | None = None) -> bool:
    """Let a disabled client in again. Return whether this call did it."""
    return _set_disabled(connection, client_id, disabled=False, actor=actor, reason=reason)


def rotate_secret(
    connection: Connection, client_id: str, *, actor: str, transition_days: float = TRANSITION_DAYS, reason: str | None = None
) -> Secret:
    """A new secret for a client; the old ones are accepted `transition_days` more, so that its servers can change over one by
    one. Raises NotFound, or Refusal for a client that uses none."""
    row, now = _require(connection, client_id), clock.now()
    if row.token_endpoint_auth_method not in SECRET_METHODS:
        raise Refusal(_("Ứng dụng này không dùng khóa bí mật."), reason="client_without_secret")
    ends = now + timedelta(days=transition_days)
    end_secrets(connection, row.id, timedelta(days=transition_days))
    secret = add_secret(connection, row.id, row.token_endpoint_auth_method)
    connection.execute(_change, {"key": row.id, "updated_at": now})
    accepted = ends.isoformat()
    audit.record(connection, audit.Event.CLIENT_SECRET_ROTATED, actor=actor, client_id=row.id, old_accepted_until=accepted, **_why(reason))
    registry.forget(client_id)
    return secret


def _why(reason: str | None) -> dict[str, Any]:
    return {"reason": reason} if reason else {}


def _require(connection: Connection, client_id: str) -> Any:
    row = connection.execute(_by_client_id, {"wanted": client_id}).first()
    if row is None:
        raise NotFound(_("Không có ứng dụng này."), reason="client_unknown")
    return row


def _set_disabled(connection: Connection, client_id: str, *, disabled: bool, actor: str, reason: str | None) -> bool:
    row, now = _require(connection, client_id), clock.now()
    if (row.disabled_at is not None) == disabled:
        return False
    connection.execute(_change, {"key": row.id, "updated_at": now, "disabled_at": now if disabled else None})
    event = audit.Event.CLIENT_DISABLED if disabled else audit.Event.CLIENT_ENABLED
    audit.record(connection, event, actor=actor, client_id=row.id, name=row.client_name, **_why(reason))
    registry.forget(client_id)
    return True


def _told(metadata: ClientMetadata) -> dict[str, Any]:
    return {name: value for name, value in asdict(metadata).items() if name not in ("client_name", "client_id")}
