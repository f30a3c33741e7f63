"""/api/v1/openapi.json, who one is, the metadata of the API as a protected resource, and what is no route of it."""

import json

from flask import Blueprint, Response, current_app
from sqlalchemy import Connection, bindparam, select

from idp.api.openapi import description
from idp.api.operations import api_blueprint, operation
from idp.api.scopes import PATH, SCOPE_NAMES, resource_identifier
from idp.api.wire import Key, Shown
from idp.database import table_of
from idp.oidc import bearer, dpop
from idp.people.models import Unit
from idp.roles.permissions import holdings_of
from idp.settings import current_settings
from idp.web.viewer import anyone, require_viewer

blueprint: Blueprint = api_blueprint("api")
KEPT = "hopnhat.openapi"
_u = table_of(Unit)
_codes = select(_u.c.id, _u.c.code, _u.c.name).where(_u.c.id.in_(bindparam("units", expanding=True)))


class HeldRole(Shown):
    """A role that the client holds; without a unit for the whole province."""

    role: str
    unit_id: Key | None
    unit_code: str | None
    unit_name: str | None


class Myself(Shown):
    """The calling client, what it may do and where."""

    client_id: str
    client_name: str
    roles: list[HeldRole]
    permissions: list[str]


@blueprint.get(f"{PATH}/openapi.json", provide_automatic_options=False)
@anyone
def openapi() -> Response:
    """The description, the same for everybody."""
    kept = current_app.extensions.get(KEPT)
    if kept is None:
        kept = current_app.extensions[KEPT] = json.dumps(description(current_app._get_current_object()), ensure_ascii=False)  # type: ignore[attr-defined]
    return Response(kept, content_type="application/json")


@operation(blueprint, "GET", f"{PATH}/me", "showMyself", "The calling client, its roles and permissions", None, None, answer=Myself)
def myself(connection: Connection) -> Myself:
    """Who one is."""
    caller = require_viewer()
    held = holdings_of(caller.person_id)
    units = {row.id: row for row in connection.execute(_codes, {"units": [one.unit_id for one in held if one.unit_id]})}
    roles = [_held_role(one.role, units.get(one.unit_id)) for one in held]
    return Myself(
        client_id=caller.client_id or "", client_name=caller.name, roles=roles, permissions=sorted(str(one) for one in caller.permissions)
    )


def _held_role(role: str, unit: object) -> HeldRole:
    return HeldRole(
        role=str(role), unit_id=getattr(unit, "id", None), unit_code=getattr(unit, "code", None), unit_name=getattr(unit, "name", None)
    )


@blueprint.get(bearer.WELL_KNOWN + PATH, provide_automatic_options=False)
@anyone
def protected_resource() -> Response:
    """The metadata of the API as a protected resource (RFC 9728 §2)."""
    told = {
        "resource": resource_identifier(), "authorization_servers": [current_settings().issuer], "scopes_supported": list(SCOPE_NAMES),
        "bearer_methods_supported": ["header"], "dpop_signing_alg_values_supported": list(dpop.ALGORITHMS),
    }  # fmt: skip
    return Response(json.dumps(told), content_type="application/json", headers={"Cache-Control": "public, max-age=600"})
