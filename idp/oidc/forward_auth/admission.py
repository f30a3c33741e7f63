"""The cookie of a guarded site: it names an authorization, and what that is worth is asked of its row at every request; one read."""

import uuid
from datetime import timedelta
from typing import Any

from flask import request
from sqlalchemy import bindparam, select
from werkzeug.wrappers import Response

from clients.models import Client
from idp import clock
from idp.database import reader, table_of
from idp.oidc.authorizations import is_live
from idp.oidc.forward_auth.guarded_site import GuardedSite
from idp.oidc.models import Authorization
from idp.oidc.token_response import PERSON_COLUMNS
from idp.people.models import Person, Unit
from idp.sealing import SealBroken, current_keys
from idp.sessions.browser_sessions import note_activity
from idp.sessions.models import BrowserSession

CONTEXT = "forward-auth admission"
LONGEST = 500
_a, _p, _u, _s, _c = table_of(Authorization), table_of(Person), table_of(Unit), table_of(BrowserSession), table_of(Client)
_admitted = (
    select(
        *PERSON_COLUMNS, _a.c.person_id, _a.c.scope, _a.c.acr, _a.c.amr, _a.c.auth_time, _a.c.session_id, _s.c.last_seen_at,
        _s.c.idle_seconds,
    )
    .select_from(
        _a.join(_p, _p.c.id == _a.c.person_id)
        .join(_c, _c.c.id == _a.c.client_id)
        .join(_s, _s.c.id == _a.c.session_id)
        .outerjoin(_u, _u.c.id == _p.c.unit_id)
    )
    .where(_a.c.id == bindparam("authorization_id"), _a.c.client_id == bindparam("client"), is_live)
)  # fmt: skip


def find_admitted(site: GuardedSite) -> Any:
    """The person whom this request's cookie admits to the site, with authorization and session; None when it admits nobody (any
    more). A session in which nobody did anything for too long admits nobody, and a request keeps it awake, as on our own pages."""
    authorization_id = _authorization_id(site)
    if authorization_id is None:
        return None
    now = clock.now()
    row = reader().execute(_admitted, {"authorization_id": authorization_id, "client": site.client.key, "now": now}).first()
    if row is None or now - row.last_seen_at >= timedelta(seconds=row.idle_seconds):
        return None
    note_activity(row.session_id, row.last_seen_at)
    return row


def admit(response: Response, site: GuardedSite, authorization_id: uuid.UUID) -> None:
    """Give the browser the cookie of the site. It goes when the browser is closed; how long it is good is the session's to say."""
    sealed = current_keys().seal_text(authorization_id.bytes + site.client.key.bytes + site.origin.encode(), CONTEXT)
    response.set_cookie(site.cookie_name, sealed, path="/", secure=site.is_https, httponly=True, samesite="Lax")


def dismiss(response: Response, site: GuardedSite) -> None:
    """Take the cookie from the browser."""
    response.delete_cookie(site.cookie_name, path="/", secure=site.is_https, httponly=True, samesite="Lax")


def _authorization_id(site: GuardedSite) -> uuid.UUID | None:
    value = request.cookies.get(site.cookie_name, "")
    if not value or len(value) > LONGEST:
        return None
    try:
        facts = current_keys().open_text(value, CONTEXT)
    except SealBroken:
        return None
    # Sealed for one client and one origin: what one site could see of its visitors' cookies is of no use at another.
    return uuid.UUID(bytes=facts[:16]) if facts[16:] == site.client.key.bytes + site.origin.encode() else None
