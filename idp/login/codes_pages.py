"""/sign-in/recovery-codes: the sheet of recovery codes, until it is put away."""

from flask import Blueprint
from werkzeug.wrappers import Response

from idp.credentials import recovery_codes
from idp.database import in_transaction, reader
from idp.login.address_limits import limit_forms
from idp.login.codes_file import as_text_file
from idp.login.enrolling import confirm_codes, issue_codes
from idp.login.steps import Step
from idp.login.visit import look_again, page, require_session, require_step, show_stale
from idp.sessions.browser_sessions import LiveSession
from idp.web.csrf import ForgedForm
from idp.web.viewer import anyone

blueprint = Blueprint("recovery_codes", __name__)
blueprint.before_request(limit_forms)
blueprint.register_error_handler(ForgedForm, show_stale)


@blueprint.get("/sign-in/recovery-codes")
@anyone
def show_codes() -> str:
    """The sheet; one issued in another session is replaced."""
    visit = require_step(Step.RECOVERY_CODES)
    return page("recovery_codes.html", visit, codes=_codes(require_session(visit)))


def _codes(session: LiveSession) -> list[str]:
    codes = recovery_codes.shown_in(reader(), session.person_id, session.session_id)
    if not codes:
        sheet = recovery_codes.new_sheet()
        in_transaction(lambda c: issue_codes(c, session, sheet))
        codes = recovery_codes.shown_in(reader(), session.person_id, session.session_id)
    return codes


@blueprint.get("/sign-in/recovery-codes/file")
@anyone
def download_codes() -> Response:
    """The same sheet as a text file."""
    session = require_session(require_step(Step.RECOVERY_CODES))
    return as_text_file(_codes(session), session)


@blueprint.post("/sign-in/recovery-codes")
@anyone
def codes_put_away() -> Response:
    """The person has put the sheet away; it is never shown again."""
    visit = require_step(Step.RECOVERY_CODES)
    session = require_session(visit)
    in_transaction(lambda c: confirm_codes(c, session))
    return look_again(visit)
