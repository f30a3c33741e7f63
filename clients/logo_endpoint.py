"""GET /clients/<client_id>/logo: the picture of an application, from our own server."""

import hashlib
from typing import cast

from flask import Blueprint, Response, request

from clients.logos import find_logo
from clients.registry import find_client
from idp.errors import NotFound
from idp.web.viewer import anyone

CACHE_SECONDS = 3600
blueprint = Blueprint("logos", __name__)


@blueprint.get("/clients/<client_id>/logo")
@anyone
def logo(client_id: str) -> Response:
    """A PNG that we have made; nothing else is ever served here."""
    client = find_client(client_id[:100])
    png = find_logo(client) if client is not None else None
    if png is None:
        raise NotFound("")
    response = Response(png, content_type="image/png")
    response.headers["Cache-Control"] = f"public, max-age={CACHE_SECONDS}"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.set_etag(hashlib.sha256(png).hexdigest()[:32])
    return cast("Response", response.make_conditional(request))
