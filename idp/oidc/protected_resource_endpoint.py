"""GET /.well-known/oauth-protected-resource/userinfo (RFC 9728): what a client needs to know to call userinfo, found from its refusal."""

import json

from flask import Blueprint, Response

from clients.metadata import SCOPES
from idp.oidc import client_certificate, dpop
from idp.oidc.bearer import CORS, WELL_KNOWN
from idp.settings import current_settings
from idp.web.csrf import csrf_exempt
from idp.web.viewer import anyone

CACHE_SECONDS = 600
blueprint = Blueprint("protected_resource", __name__)
csrf_exempt(blueprint)


@blueprint.get(WELL_KNOWN + "/userinfo")
@anyone
def userinfo_metadata() -> Response:
    """The metadata of the userinfo endpoint as a protected resource (§2)."""
    settings = current_settings()
    told = {
        "resource": f"{settings.issuer}/userinfo",
        "authorization_servers": [settings.issuer],
        "jwks_uri": f"{settings.issuer}/jwks",
        "scopes_supported": [name for name in SCOPES if name != "offline_access"],
        "bearer_methods_supported": ["header", "body"],
        "dpop_signing_alg_values_supported": list(dpop.ALGORITHMS),
        "dpop_bound_access_tokens_required": False,
        "tls_client_certificate_bound_access_tokens": client_certificate.is_expected(),
        "resource_name": settings.organization_name,
    }
    headers = {"Cache-Control": f"public, max-age={CACHE_SECONDS}", **CORS}
    return Response(json.dumps(told, ensure_ascii=False), content_type="application/json", headers=headers)
