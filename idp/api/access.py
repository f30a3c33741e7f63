"""A machine client is let in at the API: made ready to get tokens for it, given a role for a part of the tree, and the role taken."""

import uuid
from collections.abc import Collection
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Connection, bindparam, select

from clients import registration, resources
from clients.metadata import PUBLIC, from_columns
from clients.models import Client
from clients.resources import Resource
from idp.api.scopes import SCOPE_NAMES, USED_WITH, Scope, resource_identifier
from idp.database import table_of
from idp.errors import NotFound, Refusal
from idp.roles import api_grants, proposals
from idp.roles.api_grants import API_ROLES
from idp.roles.models import Role
from idp.roles.permissions import Holding

KIND, GRANT_TYPE = "api_role", "client_credentials"
_c = table_of(Client)
_one = select(_c).where(_c.c.client_id == bindparam("wanted"))


def scopes_of(role: Role, unit_id: uuid.UUID | None) -> list[Scope]:
    """The scopes that are of any use with a role."""
    allowed = Holding(role, unit_id).permissions
    return [scope for scope, needed in USED_WITH.items() if needed <= allowed]


def require_machine(connection: Connection, client_id: str) -> Any:
    """The client, when it is one that acts for itself. Raises NotFound, Refusal."""
    row = connection.execute(_one, {"wanted": client_id}).first()
    if row is None:
        raise NotFound(_("Không có ứng dụng này."), reason="client_unknown")
    metadata = from_columns(row)
    if metadata.token_endpoint_auth_method == PUBLIC or GRANT_TYPE not in metadata.grant_types:
        raise Refusal(_("Chỉ ứng dụng loại máy–máy (client_credentials) có khóa mới gọi được API."), "not_a_machine")
    return row


def grant(
    connection: Connection, client_id: str, role: Role, *, unit_id: uuid.UUID | None, scopes: Collection[Scope] = (), asked_by: str,
    approved_by: str, reason: str,
) -> bool:  # fmt: skip
    """Give the role, and let the client ask for tokens with these scopes (without: all that are of use with it). Return whether it did
    not hold the role yet. Raises NotFound, Refusal."""
    row = require_machine(connection, client_id)
    if role not in API_ROLES:
        raise Refusal(_("Vai trò này chỉ giao cho người."), "role_of_people")
    _make_ready(connection, row, scopes or scopes_of(role, unit_id), approved_by)
    return api_grants.give(connection, row.id, role, unit_id=unit_id, asked_by=asked_by, approved_by=approved_by, reason=reason)


def _make_ready(connection: Connection, row: Any, scopes: Collection[Scope], actor: str) -> None:
    known = {one.identifier: one for one in resources.all_resources(connection)}
    identifier = resource_identifier()
    wanted = Resource(identifier, "API", SCOPE_NAMES, "", None)
    if identifier not in known:
        resources.add(connection, wanted, actor=actor)
    elif set(known[identifier].scopes) != set(SCOPE_NAMES):
        resources.change(connection, wanted, actor=actor)
    metadata = from_columns(row)
    scope = " ".join(dict.fromkeys([*metadata.scope.split(), *(one.value for one in scopes)]))
    named = tuple(dict.fromkeys([*metadata.resources, identifier]))
    registration.change(connection, row.client_id, actor=actor, scope=scope, resources=named)


def revoke(connection: Connection, client_id: str, role: Role, *, unit_id: uuid.UUID | None, actor: str, reason: str | None = None) -> bool:
    """Take the role at once: tokens that are out open nothing any more by it. Return whether the client held it. Raises NotFound."""
    row = connection.execute(_one, {"wanted": client_id}).first()
    if row is None:
        raise NotFound(_("Không có ứng dụng này."), reason="client_unknown")
    return api_grants.take(connection, row.id, role, unit_id=unit_id, actor=actor, reason=reason)


def propose(connection: Connection, client_id: str, role: Role, *, unit_id: uuid.UUID | None, reason: str, actor: str) -> uuid.UUID:
    """Ask a second officer for it. Raises NotFound, Refusal."""
    row = require_machine(connection, client_id)
    if role not in API_ROLES:
        raise Refusal(_("Vai trò này chỉ giao cho người."), "role_of_people")
    content = {"client_id": row.client_id, "role": role.value, "unit_id": str(unit_id) if unit_id else None}
    return proposals.propose(connection, KIND, row.id, content, reason=reason, actor=actor)


def carry_out(connection: Connection, row: Any, content: dict[str, Any], *, actor: str) -> bool:
    """Give what a second officer has agreed to. Return whether the client did not hold it yet. Raises NotFound, Refusal."""
    unit_id = uuid.UUID(content["unit_id"]) if content["unit_id"] else None
    said = {"asked_by": row.proposed_by, "approved_by": actor, "reason": row.reason}
    return grant(connection, content["client_id"], Role(content["role"]), unit_id=unit_id, **said)
