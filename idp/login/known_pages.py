"""/sign-in/forget: somebody takes a name off the list of those who signed in on this device."""

from flask import Blueprint, request
from werkzeug.wrappers import Response

from idp.login import known_accounts
from idp.login.visit import look_again, require_visit, show_stale
from idp.web.csrf import ForgedForm
from idp.web.viewer import anyone

blueprint = Blueprint("login_known", __name__)
blueprint.register_error_handler(ForgedForm, show_stale)


@blueprint.post("/sign-in/forget")
@anyone
def forget() -> Response:
    """Remember this name here no longer; the sign-in goes on."""
    visit = require_visit()
    response, account = look_again(visit), known_accounts.chosen(request.form.get("account"))
    if account is not None:
        known_accounts.forget(response, account.username)
    return response
