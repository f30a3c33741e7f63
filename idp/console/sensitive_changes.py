"""What of an application that real work is done with no administrator changes alone: where sign-ins and sign-outs go, and by what it
proves itself. Who takes something away does it at once."""

import json
import uuid
from dataclasses import asdict, dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Connection

from clients import drafts, registration
from clients.draft_models import Environment
from clients.metadata import ClientMetadata
from clients.redirect_uris import check_for_production
from clients.registry import find_by_key
from idp.client_reach import reaches
from idp.console.client_history import Changed, changes_told
from idp.errors import Refusal
from idp.roles.proposals import propose, waiting
from idp.web.viewer import Permission, Viewer

KIND = "client.sensitive_change"
LISTS = frozenset({"redirect_uris", "post_logout_redirect_uris", "forward_auth_origins", "request_uris"})
OTHERS = frozenset({
    "backchannel_logout_uri", "frontchannel_logout_uri", "initiate_login_uri", "token_endpoint_auth_method", "jwks", "jwks_uri",
    "tls_client_auth_subject_dn", "tls_client_auth_san_dns", "tls_client_auth_san_uri", "tls_client_auth_san_ip",
    "tls_client_auth_san_email",
})  # fmt: skip
CLI = "cli:"


@dataclass(frozen=True)
class Outcome:
    """What the application is now, and the proposal that waits, if it is not what was asked for yet."""

    metadata: ClientMetadata
    proposal_id: uuid.UUID | None = None


def change_or_propose(connection: Connection, client_id: str, *, actor: str, reason: str | None = None, **changes: Any) -> Outcome:
    """Change parts of an application, or where that takes two propose all of it: nothing is done by halves. Raises as
    `registration.change`."""
    row, before, after = registration.looked_at(connection, client_id, actor=actor, **changes)
    differing = {name: value for name, value in asdict(after).items() if value != asdict(before)[name]}
    if is_in_production(connection, row.id):
        check_for_production(set(after.redirect_uris) - set(before.redirect_uris), after.application_type)
    if not needs_two(connection, row.id, actor) or not _is_sensitive(asdict(before), differing):
        return Outcome(registration.change(connection, client_id, actor=actor, reason=reason, **changes))
    content = {"client_id": client_id, "before": {name: asdict(before)[name] for name in differing}, "after": differing}
    return Outcome(before, propose(connection, KIND, row.id, content, reason=reason or "", actor=actor))


def needs_two(connection: Connection, client_key: uuid.UUID, actor: str) -> bool:
    """Whether real work is done with it. Of one that was registered at the server without saying, whoever runs the server decides; for
    all others it counts as such."""
    if drafts.card_of(connection, client_key) is None:
        return not actor.startswith(CLI)
    return is_in_production(connection, client_key)


def is_in_production(connection: Connection, client_key: uuid.UUID) -> bool:
    """Whether it was said that real work is done with it."""
    card = drafts.card_of(connection, client_key)
    return card is not None and card.environment == Environment.PRODUCTION


def waiting_for(connection: Connection, client_key: uuid.UUID) -> list[Any]:
    """The changes of an application that wait for a second person."""
    return list(waiting(connection, KIND, client_key))


def _is_sensitive(before: dict[str, Any], differing: dict[str, Any]) -> bool:
    """Whether anything is let in that was not: an address, a key, another way to prove oneself. An address that only goes is no risk,
    but for that of sign-outs: without it nobody is signed out."""
    if any(set(differing[name]) - set(before[name]) for name in LISTS & differing.keys()):
        return True
    others = OTHERS & differing.keys()
    if others == {"jwks"}:
        return not _only_fewer_keys(before["jwks"], differing["jwks"])
    return bool(others)


def _only_fewer_keys(before: dict[str, Any] | None, after: dict[str, Any] | None) -> bool:
    known = (before or {}).get("keys", [])
    return all(key in known for key in (after or {}).get("keys", []))


def may_approve(viewer: Viewer, row: Any) -> bool:
    """Whether the viewer may be the second person: as with an application that is to be connected."""
    may = Permission.APPROVE_CLIENTS in viewer.permissions and viewer.client_id is None
    return may and reaches(viewer.person_id, Permission.APPROVE_CLIENTS, uuid.UUID(row.subject))


def proposer_may(holder_id: uuid.UUID, row: Any) -> bool:
    """Whether who asked may still ask."""
    return reaches(holder_id, Permission.CHANGE_CLIENTS, uuid.UUID(row.subject))


def facts_of(row: Any) -> list[tuple[str, str]]:
    """Which application it is about."""
    client = find_by_key(uuid.UUID(row.subject))
    return [(_("Ứng dụng"), client.client_name if client else "—")]


def differences_of(row: Any) -> list[Changed]:
    """What would be other than now, field by field."""
    return changes_told(json.loads(row.content))


def carry_out(connection: Connection, row: Any, content: dict[str, Any], viewer: Viewer) -> None:
    """Change it as was agreed. Raises Refusal when it is another application by now than the one that both have seen."""
    client_id, after = content["client_id"], content["after"]
    _row, before, _after = registration.looked_at(connection, client_id, actor=viewer.actor)
    now = json.loads(json.dumps({name: asdict(before)[name] for name in after}))
    if now != content["before"]:
        raise Refusal(_("Ứng dụng đã được thay đổi sau đề xuất này. Từ chối, rồi đề xuất lại."), "client_changed_meanwhile", 409)
    wanted = {name: tuple(value) if isinstance(value, list) else value for name, value in after.items()}
    registration.change(connection, client_id, actor=viewer.actor, reason=row.reason or None, **wanted)
