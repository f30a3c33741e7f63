"""/sign-in/notice: what is processed and why, read once."""

from flask import Blueprint
from werkzeug.wrappers import Response

from idp.database import in_transaction
from idp.login import notice
from idp.login.address_limits import limit_forms
from idp.login.steps import Step
from idp.login.visit import look_again, page, require_session, require_step, show_stale
from idp.web.csrf import ForgedForm
from idp.web.viewer import anyone

blueprint = Blueprint("notice", __name__)
blueprint.before_request(limit_forms)
blueprint.register_error_handler(ForgedForm, show_stale)


@blueprint.get("/sign-in/notice")
@anyone
def show_notice() -> str:
    """What is processed, why, and whom to ask."""
    return page("notice.html", require_step(Step.NOTICE), version=notice.VERSION)


@blueprint.post("/sign-in/notice")
@anyone
def notice_read() -> Response:
    """Read, and kept that it was."""
    visit = require_step(Step.NOTICE)
    session = require_session(visit)
    in_transaction(lambda c: notice.acknowledge(c, session.person_id))
    return look_again(visit)
