"""/account/factors/add: a further phone, key or hardware token, added only just after a strong sign-in."""

from flask import Blueprint, redirect, render_template, request
from markupsafe import Markup
from werkzeug.wrappers import Response

from idp.account.guards import Answer, freshly_with_factor, own_session
from idp.credentials import factors, totp
from idp.credentials.passkey_ceremony import WrongKey
from idp.credentials.totp import WrongCode
from idp.database import in_transaction, reader
from idp.errors import Refusal
from idp.login import messages
from idp.login.enroll_pages import PASSKEY, SECURITY_KEY
from idp.login.enrolling import NotEnrolled, enroll_phone, sheet_if_needed
from idp.login.new_key import options_for, take_new_key
from idp.login.new_token import TokenRefused, take_token
from idp.opaque_tokens import Secret
from idp.sessions import browser_sessions
from idp.web.viewer import signed_in

blueprint = Blueprint("account_adding", __name__)
FACTORS = "/account/factors"
MOST_PHONES = 5


@blueprint.get("/account/factors/add")
@signed_in
@freshly_with_factor
def show_secret() -> Answer:
    """The QR code of a further phone."""
    return _phone_page()


def _phone_page(error: str = "") -> str:
    session = own_session()
    if len(totp.find_active(reader(), session.person_id)) >= MOST_PHONES:
        raise Refusal(messages.enough_phones(), reason="enough_phones")
    pending = in_transaction(lambda c: totp.begin_enrollment(c, session.person_id, session.session_id, messages.phone_name()))
    picture = Markup(pending.qr_svg(session.username or session.name))  # noqa: S704 - segno's own SVG: black squares
    return render_template("account/add_phone.html", picture=picture, key=pending.in_groups, errors={"code": error} if error else {})


@blueprint.post("/account/factors/add")
@signed_in
@freshly_with_factor
def add_phone() -> Answer:
    """A code shows that the phone has the secret."""
    session, typed = own_session(), request.form.get("code", "")
    try:
        credential_id, step = totp.match_pending(reader(), session.person_id, session.session_id, typed)
    except WrongCode as wrong:
        return _phone_page(messages.clock_off() if wrong.clock_is_off else messages.wrong_first_code()), 400
    sheet = sheet_if_needed(reader(), session.person_id)
    try:
        return _done(in_transaction(lambda c: enroll_phone(c, session, credential_id, step, sheet=sheet)))
    except NotEnrolled:
        return redirect(FACTORS, 303)


@blueprint.get(f"/account/factors/add/<any('{PASSKEY}', '{SECURITY_KEY}'):kind>")
@signed_in
@freshly_with_factor
def ask_for_key(kind: str) -> Answer:
    """What a key is, and the button that makes one."""
    return _key_page(kind)


@blueprint.post(f"/account/factors/add/<any('{PASSKEY}', '{SECURITY_KEY}'):kind>")
@signed_in
@freshly_with_factor
def take_key(kind: str) -> Answer:
    """A key was made: from now on it is this person's."""
    try:
        return _done(take_new_key(own_session(), alone=kind == PASSKEY))
    except WrongKey:
        return _key_page(kind, messages.wrong_new_key()), 400
    except NotEnrolled:
        return redirect(FACTORS, 303)


def _key_page(kind: str, error: str = "") -> str:
    make = options_for(own_session(), alone=kind == PASSKEY)
    return render_template("account/add_key.html", make=make, kind=kind, name=messages.key_name(), errors={"": error} if error else {})


@blueprint.get("/account/factors/add/token")
@signed_in
@freshly_with_factor
def ask_for_token() -> Answer:
    """Serial number and code of a device that the unit has given out."""
    return render_template("account/add_token.html", errors={})


@blueprint.post("/account/factors/add/token")
@signed_in
@freshly_with_factor
def take_hardware_token() -> Answer:
    """A code of the device shows who holds it."""
    try:
        return _done(take_token(own_session()))
    except TokenRefused as refused:
        return render_template("account/add_token.html", errors={"code": refused.message}), refused.status
    except NotEnrolled:
        return redirect(FACTORS, 303)


def _done(cookie: Secret) -> Response:
    pending = factors.held_by(reader(), own_session().person_id).codes_pending
    response = redirect("/account/recovery-codes" if pending else FACTORS, 303)
    browser_sessions.set_cookie(response, cookie)
    return response
