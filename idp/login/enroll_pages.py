"""/sign-in/enroll: a phone, a passkey, a security key or a hardware token becomes this person's factor."""

from flask import Blueprint, make_response, request
from markupsafe import Markup
from werkzeug.wrappers import Response

from idp.credentials import hardware_tokens, totp
from idp.credentials.passkey_ceremony import WrongKey
from idp.credentials.totp import WrongCode
from idp.database import in_transaction, reader
from idp.login import messages
from idp.login.address_limits import limit_forms
from idp.login.enrolling import NotEnrolled, enroll_phone, sheet_if_needed
from idp.login.everybody import put_off
from idp.login.new_key import options_for, take_new_key
from idp.login.new_token import TokenRefused, take_token
from idp.login.sent_twice import cookie_after, find_sent_twice
from idp.login.steps import Step
from idp.login.visit import Visit, go_on_as, look_again, page, require_session, require_step, require_visit, show_stale, stay_at
from idp.web.csrf import ForgedForm
from idp.web.viewer import anyone

blueprint = Blueprint("enroll", __name__)
blueprint.before_request(limit_forms)
blueprint.register_error_handler(ForgedForm, show_stale)
PASSKEY, SECURITY_KEY = "passkey", "security-key"


@blueprint.get("/sign-in/enroll")
@anyone
def show_secret() -> str:
    """The QR code and the key, the same ones however often the page is loaded."""
    return _phone_page(require_step(Step.ENROLL))


@blueprint.post("/sign-in/enroll")
@anyone
def confirm_secret() -> Response:
    """A code shows that the phone has the secret: from now on it is this person's second factor."""
    visit, typed = require_visit(), request.form.get("code", "")
    if visit.standing.session is None and (sent_twice := find_sent_twice(typed)):
        return go_on_as(visit, sent_twice)
    session = require_session(stay_at(visit, Step.ENROLL))
    try:
        credential_id, step = totp.match_pending(reader(), session.person_id, session.session_id, typed)
    except WrongCode as wrong:
        message = messages.clock_off() if wrong.clock_is_off else messages.wrong_first_code()
        return make_response(_phone_page(visit, message), 400)
    sheet, cookie = sheet_if_needed(reader(), session.person_id), cookie_after(typed)
    try:
        return go_on_as(visit, in_transaction(lambda c: enroll_phone(c, session, credential_id, step, sheet=sheet, cookie=cookie)))
    except NotEnrolled:
        return go_on_as(visit, cookie) if find_sent_twice(typed) else look_again(visit)


def _phone_page(visit: Visit, error: str = "") -> str:
    session = require_session(visit)
    pending = in_transaction(lambda c: totp.begin_enrollment(c, session.person_id, session.session_id, messages.phone_name()))
    picture = Markup(pending.qr_svg(session.username or session.name))  # noqa: S704 - segno's own SVG: black squares
    return _page(visit, "enroll.html", {"code": error} if error else {}, picture=picture, key=pending.in_groups)


@blueprint.post("/sign-in/enroll/later")
@anyone
def put_it_off() -> Response:
    """Not today: a few times, and only where nothing but the day demands two factors."""
    visit = require_step(Step.ENROLL, Step.ACTIVATE)
    if visit.delays_left:
        session = require_session(visit)
        in_transaction(lambda c: put_off(c, session))
    return look_again(visit)


@blueprint.get(f"/sign-in/enroll/<any('{PASSKEY}', '{SECURITY_KEY}'):kind>")
@anyone
def ask_for_key(kind: str) -> str:
    """What a key is, and the button that makes one."""
    return _key_page(_require_step_of(kind), kind)


@blueprint.post(f"/sign-in/enroll/<any('{PASSKEY}', '{SECURITY_KEY}'):kind>")
@anyone
def take_key(kind: str) -> Response:
    """A key was made: from now on it is this person's."""
    visit = _require_step_of(kind)
    try:
        return go_on_as(visit, take_new_key(require_session(visit), alone=kind == PASSKEY))
    except WrongKey:
        return make_response(_key_page(visit, kind, messages.wrong_new_key()), 400)
    except NotEnrolled:
        return look_again(visit)


def _require_step_of(kind: str) -> Visit:
    return require_step(Step.ENROLL, Step.ENROLL_PASSKEY) if kind == PASSKEY else require_step(Step.ENROLL)


def _key_page(visit: Visit, kind: str, error: str = "") -> str:
    make = options_for(require_session(visit), alone=kind == PASSKEY)
    others = visit.step is Step.ENROLL
    errors = {"": error} if error else {}
    return _page(visit, "enroll_key.html", errors, make=make, kind=kind, name=messages.key_name(), others=others)


@blueprint.get("/sign-in/enroll/token")
@anyone
def ask_for_token() -> str:
    """Serial number and code of a device that the unit has given out."""
    return _page(require_step(Step.ENROLL), "enroll_token.html", {})


@blueprint.post("/sign-in/enroll/token")
@anyone
def take_hardware_token() -> Response:
    """A code of the device shows who holds it."""
    visit = require_step(Step.ENROLL)
    try:
        return go_on_as(visit, take_token(require_session(visit)))
    except TokenRefused as refused:
        return make_response(_page(visit, "enroll_token.html", {"code": refused.message}), refused.status)
    except NotEnrolled:
        return look_again(visit)


def _page(visit: Visit, template: str, errors: dict[str, str], **facts: object) -> str:
    return page(template, visit, errors=errors, tokens=hardware_tokens.are_in_stock(reader()), **facts)
