"""/account/factors: the person's phones and recovery codes; changed only just after a strong sign-in."""

import uuid

from flask import Blueprint, redirect, render_template, request
from markupsafe import Markup
from sqlalchemy import Connection

from idp import audit
from idp.account.guards import Answer, as_strong_as_possible, freshly, own_session
from idp.credentials import recovery_codes, totp
from idp.credentials.totp import LastFactor, WrongCode
from idp.database import in_transaction, reader
from idp.errors import NotFound, Refusal
from idp.login import messages
from idp.login.codes_file import as_text_file
from idp.login.enrolling import NotEnrolled, confirm_codes, enroll, issue_codes
from idp.people.sign_in_name import lock
from idp.sessions import browser_sessions
from idp.web.viewer import signed_in

blueprint = Blueprint("account_factors", __name__)
FACTORS = "/account/factors"
MOST_PHONES = 5


@blueprint.get("/account/factors")
@signed_in
@as_strong_as_possible
def factors() -> Answer:
    """What this person signs in with."""
    person_id = own_session().person_id
    return render_template(
        "account/factors.html",
        phones=totp.find_active(reader(), person_id),
        most=MOST_PHONES,
        codes_left=recovery_codes.left(reader(), person_id),
        few=recovery_codes.FEW,
    )


@blueprint.get("/account/factors/add")
@signed_in
@freshly
def show_secret() -> Answer:
    """The QR code of a further phone."""
    return _add_page()


def _add_page(error: str = "") -> str:
    session = own_session()
    if len(totp.find_active(reader(), session.person_id)) >= MOST_PHONES:
        raise Refusal(messages.enough_phones(), reason="enough_phones")
    pending = in_transaction(lambda c: totp.begin_enrollment(c, session.person_id, session.session_id, messages.phone_name()))
    picture = Markup(pending.qr_svg(session.username or session.name))  # noqa: S704 - segno's own SVG: black squares
    return render_template("account/add_phone.html", picture=picture, key=pending.in_groups, errors={"code": error} if error else {})


@blueprint.post("/account/factors/add")
@signed_in
@freshly
def add_phone() -> Answer:
    """A code shows that the phone has the secret."""
    session, typed = own_session(), request.form.get("code", "")
    try:
        credential_id, step = totp.match_pending(reader(), session.person_id, session.session_id, typed)
    except WrongCode as wrong:
        return _add_page(messages.clock_off() if wrong.clock_is_off else messages.wrong_first_code()), 400
    sheet = [] if recovery_codes.left(reader(), session.person_id) else recovery_codes.new_sheet()
    response = redirect("/account/recovery-codes" if sheet else FACTORS, 303)
    try:
        browser_sessions.set_cookie(response, in_transaction(lambda c: enroll(c, session, credential_id, step, sheet=sheet)))
    except NotEnrolled:
        return redirect(FACTORS, 303)
    return response


@blueprint.get("/account/factors/<uuid:credential_id>/remove")
@signed_in
@freshly
def ask_to_remove(credential_id: uuid.UUID) -> Answer:
    """What removing this phone means."""
    phones = totp.find_active(reader(), own_session().person_id)
    phone = next((one for one in phones if one.id == credential_id), None)
    if phone is None:
        raise NotFound("")
    return render_template("account/remove_phone.html", phone=phone, is_last=len(phones) == 1)


@blueprint.post("/account/factors/<uuid:credential_id>/remove")
@signed_in
@freshly
def remove_phone(credential_id: uuid.UUID) -> Answer:
    """Remove a phone, never the last one."""
    person_id = own_session().person_id

    def remove(connection: Connection) -> None:
        lock(connection, person_id)
        if totp.remove(connection, person_id, credential_id):
            audit.record(connection, audit.Event.TOTP_REMOVED, actor=f"person:{person_id}", person_id=person_id)

    try:
        in_transaction(remove)
    except LastFactor:
        raise Refusal(messages.last_phone(), reason="last_factor") from None
    return redirect(FACTORS, 303)


@blueprint.post("/account/recovery-codes/new")
@signed_in
@freshly
def new_codes() -> Answer:
    """A new sheet; the one before stays good until this one is put away."""
    session = own_session()
    if not totp.is_enrolled(reader(), session.person_id):
        return redirect(FACTORS, 303)
    sheet = recovery_codes.new_sheet()
    in_transaction(lambda c: issue_codes(c, session, sheet))
    return redirect("/account/recovery-codes", 303)


@blueprint.get("/account/recovery-codes")
@signed_in
@as_strong_as_possible
def show_codes() -> Answer:
    """The new sheet, until it is put away."""
    codes = _codes()
    return render_template("account/recovery_codes.html", codes=codes, session=own_session()) if codes else redirect(FACTORS, 303)


@blueprint.get("/account/recovery-codes/file")
@signed_in
@as_strong_as_possible
def download_codes() -> Answer:
    """The same sheet as a text file."""
    codes = _codes()
    return as_text_file(codes, own_session()) if codes else redirect(FACTORS, 303)


def _codes() -> list[str]:
    session = own_session()
    return recovery_codes.shown_in(reader(), session.person_id, session.session_id)


@blueprint.post("/account/recovery-codes")
@signed_in
@as_strong_as_possible
def codes_put_away() -> Answer:
    """The new sheet is put away and replaces the one before."""
    session = own_session()
    in_transaction(lambda c: confirm_codes(c, session))
    return redirect(FACTORS, 303)
