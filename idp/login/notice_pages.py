"""/sign-in/notice: what is processed and why, read once; /sign-in/password-ends: that the password ends soon, once a sign-in."""

from flask import Blueprint
from werkzeug.wrappers import Response

from idp.database import in_transaction
from idp.login import notice
from idp.login.address_limits import limit_forms
from idp.login.password_end import end_words
from idp.login.steps import Step
from idp.login.visit import look_again, page, require_session, require_step, show_stale
from idp.sessions import browser_sessions
from idp.settings import current_settings
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


@blueprint.get("/sign-in/password-ends")
@anyone
def show_password_end() -> str:
    """When the password ends, and where it is changed; nobody is held up."""
    visit = require_step(Step.PASSWORD_END)
    session = require_session(visit)
    assert session.password_ends_at is not None
    words = end_words(session.password_ends_at, session.grace_left)
    return page("password_end.html", visit, words=words, may_change=current_settings().ldap_password_change)


@blueprint.post("/sign-in/password-ends")
@anyone
def password_end_read() -> Response:
    """Read; said again at the next sign-in, as long as it holds."""
    visit = require_step(Step.PASSWORD_END)
    session = require_session(visit)
    in_transaction(lambda c: browser_sessions.password_end_told(c, session.session_id))
    return look_again(visit)
