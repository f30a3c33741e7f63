"""GET /.well-known/openid-configuration, /.well-known/oauth-authorization-server and /jwks: what this provider is and can.

The answers are made once and sent as bytes: they depend on the settings and the keys, never on the request.
"""

import hashlib
import json
from typing import Any, cast

from flask import Blueprint, Response, current_app, request

from clients import offers
from clients.metadata import SCOPES, SIGNING_ALGORITHMS
from idp.oidc import dpop, encryption, pushed_authorization_endpoint, request_object, signing_keys, subjects, token_endpoint
from idp.oidc.claims import CLAIMS_OF_SCOPE
from idp.oidc.destination import RESPONSE_MODES
from idp.sessions import assurance
from idp.settings import current_settings
from idp.web.csrf import csrf_exempt
from idp.web.viewer import anyone

CACHE_SECONDS = 600
blueprint = Blueprint("discovery", __name__)
csrf_exempt(blueprint)


@blueprint.get("/.well-known/openid-configuration")
@blueprint.get("/.well-known/oauth-authorization-server")
@anyone
def metadata() -> Response:
    """The provider's metadata (OpenID Connect Discovery 1.0 §3, RFC 8414 §2)."""
    body = cast("bytes | None", current_app.extensions.get("hopnhat.metadata"))
    if body is None:
        body = current_app.extensions["hopnhat.metadata"] = json.dumps(describe(current_settings().issuer)).encode()
    return _cacheable(body)


@blueprint.get("/jwks")
@anyone
def jwks() -> Response:
    """The public keys: those that sign, and those that request objects are encrypted to (RFC 7517 §5)."""
    return _cacheable(json.dumps(signing_keys.published_jwks()).encode())


def _cacheable(body: bytes) -> Response:
    response = Response(body, content_type="application/json")
    response.headers["Cache-Control"] = f"public, max-age={CACHE_SECONDS}"
    response.headers["Access-Control-Allow-Origin"] = "*"  # public, asked for without credentials
    response.set_etag(hashlib.sha256(body).hexdigest()[:32])
    return cast("Response", response.make_conditional(request))


def describe(issuer: str) -> dict[str, Any]:
    """The metadata of a provider at this issuer."""
    told = _describe(issuer)
    return told | offers.describe(issuer, told)


def _describe(issuer: str) -> dict[str, Any]:
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "userinfo_endpoint": f"{issuer}/userinfo",
        "jwks_uri": f"{issuer}/jwks",
        "device_authorization_endpoint": f"{issuer}/device_authorization",
        "scopes_supported": list(SCOPES),
        "response_types_supported": ["code"],
        "response_modes_supported": list(RESPONSE_MODES),
        "grant_types_supported": list(token_endpoint.GRANTS),
        "subject_types_supported": list(subjects.SUBJECT_TYPES),
        "id_token_signing_alg_values_supported": list(SIGNING_ALGORITHMS),
        "id_token_encryption_alg_values_supported": list(encryption.ALGORITHMS),
        "id_token_encryption_enc_values_supported": list(encryption.ENCRYPTIONS),
        "userinfo_signing_alg_values_supported": list(SIGNING_ALGORITHMS),
        "userinfo_encryption_alg_values_supported": list(encryption.ALGORITHMS),
        "userinfo_encryption_enc_values_supported": list(encryption.ENCRYPTIONS),
        "code_challenge_methods_supported": ["S256"],
        "acr_values_supported": list(assurance.OFFERED),
        "claims_supported": [
            "sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid",
            *(name for names in CLAIMS_OF_SCOPE.values() for name in names),
        ],
        "claim_types_supported": ["normal"],
        "display_values_supported": ["page", "popup", "touch"],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "ui_locales_supported": ["vi", "en"],
        "claims_locales_supported": ["vi"],
        "claims_parameter_supported": True,
        **_requests(issuer),
        **_sign_out(issuer),
        **_tokens(issuer),
    }  # fmt: skip


def _requests(issuer: str) -> dict[str, Any]:
    return {
        "pushed_authorization_request_endpoint": f"{issuer}{pushed_authorization_endpoint.PATH}",
        "require_pushed_authorization_requests": False,
        "request_parameter_supported": True,
        "request_uri_parameter_supported": True,
        "require_request_uri_registration": True,
        "request_object_signing_alg_values_supported": list(request_object.ALGORITHMS),
        "request_object_encryption_alg_values_supported": list(encryption.ALGORITHMS),
        "request_object_encryption_enc_values_supported": list(encryption.ENCRYPTIONS),
        "authorization_response_iss_parameter_supported": True,
        "authorization_signing_alg_values_supported": list(SIGNING_ALGORITHMS),
        "authorization_encryption_alg_values_supported": list(encryption.ALGORITHMS),
        "authorization_encryption_enc_values_supported": list(encryption.ENCRYPTIONS),
    }


def _sign_out(issuer: str) -> dict[str, Any]:
    managed = {"check_session_iframe": f"{issuer}/check_session"} if current_settings().session_management else {}
    return {
        "end_session_endpoint": f"{issuer}/end_session",
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "frontchannel_logout_supported": True,
        "frontchannel_logout_session_supported": True,
        **managed,
    }


def _tokens(issuer: str) -> dict[str, Any]:
    return {
        "introspection_endpoint": f"{issuer}/introspect",
        "introspection_signing_alg_values_supported": list(SIGNING_ALGORITHMS),
        "introspection_encryption_alg_values_supported": list(encryption.ALGORITHMS),
        "introspection_encryption_enc_values_supported": list(encryption.ENCRYPTIONS),
        "revocation_endpoint": f"{issuer}/revoke",
        "dpop_signing_alg_values_supported": list(dpop.ALGORITHMS),
        "protected_resources": [f"{issuer}/userinfo"],
    }
