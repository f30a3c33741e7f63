"""/healthz and /readyz: is the process alive, and can it serve?"""

from flask import Blueprint, Response, request
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from idp.database import forget_connections, reader
from idp.web.viewer import anyone

blueprint = Blueprint("health", __name__)
PROBE = "Hopnhat_Probe"


def _answer(words: str, status: int) -> Response:
    return Response(words + "\n", status, mimetype="text/plain", headers={"Cache-Control": "no-store"})


@blueprint.get("/healthz")
@anyone
def healthz() -> Response:
    """200 while the process answers at all. Whoever sends `Hopnhat_Probe` is told whether a name with an underscore came through: WSGI
    knows it from the name with a hyphen no more, so that a stranger would speak for the proxy (PEP 3333)."""
    return _answer("underscores" if request.headers.get(PROBE.replace("_", "-")) else "ok", 200)


@blueprint.get("/readyz")
@anyone
def readyz() -> Response:
    """200 when the database answers, else 503; no detail for strangers."""
    try:
        reader().execute(text("SELECT 1"))
    except DBAPIError:
        forget_connections()
        return _answer("database unavailable", 503)
    return _answer("ok", 200)
