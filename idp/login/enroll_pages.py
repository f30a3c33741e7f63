"""/sign-in/enroll, /sign-in/recovery-codes and /sign-in/notice: what a newcomer does once."""

from flask import Blueprint, make_response, request
from markupsafe import Markup
from werkzeug.wrappers import Response

from idp.credentials import recovery_codes, totp
from idp.credentials.recovery_codes import NewCode
from idp.credentials.totp import WrongCode
from idp.database import in_transaction, reader
from idp.login import messages, notice
from idp.login.address_limits import limit_forms
from idp.login.codes_file import as_text_file
from idp.login.enrolling import NotEnrolled, confirm_codes, enroll, issue_codes
from idp.login.sent_twice import cookie_after, find_sent_twice
from idp.login.steps import Step
from idp.login.visit import Visit, go_on_as, look_again, page, require_session, require_step, require_visit, show_stale, stay_at
from idp.sessions.browser_sessions import LiveSession
from idp.web.csrf import ForgedForm
from idp.web.viewer import anyone

blueprint = Blueprint("enroll", __name__)
blueprint.before_request(limit_forms)
blueprint.register_error_handler(ForgedForm, show_stale)


@blueprint.get("/sign-in/enroll")
@anyone
def show_secret() -> str:
    """The QR code and the key, the same ones however often the page is loaded."""
    return _enroll_page(require_step(Step.ENROLL_TOTP))


@blueprint.post("/sign-in/enroll")
@anyone
def confirm_secret() -> Response:
    """A code shows that the phone has the secret: from now on it is this person's second factor."""
    visit, typed = require_visit(), request.form.get("code", "")
    if visit.standing.session is None and (sent_twice := find_sent_twice(typed)):
        return go_on_as(visit, sent_twice)
    session = require_session(stay_at(visit, Step.ENROLL_TOTP))
    try:
        credential_id, step = totp.match_pending(reader(), session.person_id, session.session_id, typed)
    except WrongCode as wrong:
        message = messages.clock_off() if wrong.clock_is_off else messages.wrong_first_code()
        return make_response(_enroll_page(visit, message), 400)
    sheet, cookie = _sheet_if_needed(session), cookie_after(typed)
    try:
        return go_on_as(visit, in_transaction(lambda c: enroll(c, session, credential_id, step, sheet=sheet, cookie=cookie)))
    except NotEnrolled:
        return go_on_as(visit, cookie) if find_sent_twice(typed) else look_again(visit)


def _sheet_if_needed(session: LiveSession) -> list[NewCode]:
    return [] if recovery_codes.left(reader(), session.person_id) else recovery_codes.new_sheet()


def _enroll_page(visit: Visit, error: str = "") -> str:
    session = require_session(visit)
    pending = in_transaction(lambda c: totp.begin_enrollment(c, session.person_id, session.session_id, messages.phone_name()))
    picture = Markup(pending.qr_svg(session.username or session.name))  # noqa: S704 - segno's own SVG: black squares
    return page("enroll.html", visit, picture=picture, key=pending.in_groups, errors={"code": error} if error else {})


@blueprint.get("/sign-in/recovery-codes")
@anyone
def show_codes() -> str:
    """The sheet, until it is confirmed; one issued in another session is replaced."""
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
