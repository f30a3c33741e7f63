"""An API beside the provider, for the plans of OAuth alone: whoever shows a token with its scope is answered, by the same rules as at
userinfo. A process of its own behind nginx, so that the provider under test is the one that everybody gets."""

from flask import Blueprint, Response, jsonify
from werkzeug.serving import run_simple

import wsgi
from idp.database import reader
from idp.oidc import bearer, live_tokens
from idp.web.csrf import csrf_exempt
from idp.web.viewer import anyone

PATH, SCOPE = "/accounts", "accounts"
blueprint = Blueprint("accounts", __name__)
csrf_exempt(blueprint)


@blueprint.get(PATH)
@anyone
def accounts() -> Response:
    """Whom the token was issued to."""
    try:
        token = bearer.require_access_token(SCOPE)
        found = live_tokens.find_live(reader(), token)
        if found is None:
            raise bearer.invalid()
    except bearer.BearerRefused as refused:
        return bearer.answer_refused(refused, PATH)
    return jsonify(issued_to=found.issued_to)


def serve(port: int) -> None:
    """Serve it on loopback until stopped."""
    app = wsgi.build()
    app.register_blueprint(blueprint)
    run_simple("127.0.0.1", port, app, threaded=True)
