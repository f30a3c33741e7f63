"""What an application behind a proxy is told: one signed header, and the same in plain ones for programs that verify nothing.

Every header is there at every request, empty when nothing is known, so that the proxy always overwrites what a browser sent.
"""

from datetime import timedelta
from typing import Any
from urllib.parse import quote

from idp import clock
from idp.oidc import signing_keys
from idp.oidc.claims import claims_of, with_roles
from idp.oidc.forward_auth.guarded_site import GuardedSite
from idp.oidc.subjects import session_for, subject_for
from idp.settings import current_settings

TYPE = "hopnhat-identity+jwt"  # its own (RFC 8725 §3.11): it passes for no other token, and no other for it
SECONDS = 60
SIGNED = "X-Hopnhat-Identity"
_TOLD = ("name", "preferred_username", "email", "email_verified", "phone_number", "staff_code", "staff_category", "title", "unit", "roles")


def headers_of_nobody() -> dict[str, str]:
    """The same headers, all empty, for what is open to everybody."""
    names = ("Identity", "Subject", "Username", "Name", "Email", "Unit", "Unit-Code", "Roles", "Acr")
    return {f"X-Hopnhat-{name}": "" for name in names}


def identity_headers(site: GuardedSite, person: Any) -> dict[str, str]:
    """The headers for one request. `person`: the row that admits them."""
    subject = subject_for(site.client, person.subject)
    all_claims = with_roles(claims_of(person, person.scope), person, site.client)
    claims = {name: all_claims[name] for name in _TOLD if name in all_claims}
    unit = claims.get("unit") or {}
    return {
        SIGNED: _signed(site, person, subject, claims),
        "X-Hopnhat-Subject": subject,
        "X-Hopnhat-Username": _written(claims.get("preferred_username")),
        "X-Hopnhat-Name": _written(claims.get("name")),
        "X-Hopnhat-Email": _written(claims.get("email")),
        "X-Hopnhat-Unit": _written(unit.get("name")),
        "X-Hopnhat-Unit-Code": _written(unit.get("code")),
        "X-Hopnhat-Roles": ",".join(_written(role) for role in claims.get("roles") or ()),
        "X-Hopnhat-Acr": person.acr,
    }


def _written(value: str | None) -> str:
    """A header holds ASCII: UTF-8, percent-encoded (the value of RFC 8187 §3.2.1), also where a comma would be taken for a separator."""
    return quote(value or "", safe="@")


def _signed(site: GuardedSite, person: Any, subject: str, claims: dict[str, Any]) -> str:
    now = clock.now()
    told = {
        **claims,
        "iss": current_settings().issuer,
        "aud": site.client.client_id,
        "sub": subject,
        "iat": int(now.timestamp()),
        "exp": int((now + timedelta(seconds=SECONDS)).timestamp()),
        "origin": site.origin,
        "sid": session_for(site.client, person.session_id),
        "acr": person.acr,
        "amr": person.amr.split(),
        "auth_time": int(person.auth_time.timestamp()),
    }
    return signing_keys.sign(site.client.id_token_signed_response_alg, TYPE, told)
