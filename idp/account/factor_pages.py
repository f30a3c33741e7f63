"""/account/factors: what the person signs in with, and recovery codes; changed only just after a strong sign-in."""

import uuid
from collections.abc import Sequence

from flask import Blueprint, redirect, render_template, request
from sqlalchemy import Connection

from idp import audit
from idp.account.adding_pages import FACTORS, MOST_PHONES
from idp.account.guards import Answer, as_strong_as_possible, freshly, own_session
from idp.credentials import factors, hardware_tokens, passkey_ceremony, recovery_codes
from idp.credentials.factors import PHONE, TOKEN, Factor, LastFactor
from idp.database import in_transaction, reader
from idp.errors import NotFound, Refusal
from idp.login import messages
from idp.login.codes_file import as_text_file
from idp.login.enrolling import confirm_codes, issue_codes
from idp.login.new_key import MOST_KEYS
from idp.people import letters
from idp.people.letters import Letter
from idp.people.sign_in_name import lock
from idp.web.viewer import signed_in

blueprint = Blueprint("account_factors", __name__)
REMOVED = {PHONE: audit.Event.TOTP_REMOVED, TOKEN: audit.Event.TOKEN_RELEASED}


@blueprint.get("/account/factors")
@signed_in
@as_strong_as_possible
def list_factors() -> Answer:
    """What this person signs in with."""
    person_id = own_session().person_id
    held = factors.list_of(reader(), person_id)
    phones, tokens = (sum(factor.kind == kind for factor in held) for kind in (PHONE, TOKEN))
    return render_template(
        "account/factors.html",
        factors=held,
        kind_words=messages.factor_words,
        may_add_phone=phones < MOST_PHONES,
        may_add_key=passkey_ceremony.are_possible() and len(held) - phones - tokens < MOST_KEYS,
        may_add_token=hardware_tokens.are_in_stock(reader()),
        codes_left=recovery_codes.left(reader(), person_id),
        few=recovery_codes.FEW,
    )


def _require_factor(held: Sequence[Factor], factor_id: uuid.UUID) -> Factor:
    factor = next((one for one in held if one.id == factor_id), None)
    if factor is None:
        raise NotFound("")
    return factor


@blueprint.get("/account/factors/<uuid:factor_id>/rename")
@signed_in
@as_strong_as_possible
def ask_for_name(factor_id: uuid.UUID) -> Answer:
    """By what name the person knows it."""
    factor = _require_factor(factors.list_of(reader(), own_session().person_id), factor_id)
    return render_template("account/rename_factor.html", factor=factor, name=factor.name, errors={})


@blueprint.post("/account/factors/<uuid:factor_id>/rename")
@signed_in
@as_strong_as_possible
def rename_factor(factor_id: uuid.UUID) -> Answer:
    """Another name; nothing else changes."""
    person_id, name = own_session().person_id, factors.readable_name(request.form.get("name", ""))
    factor = _require_factor(factors.list_of(reader(), person_id), factor_id)
    if not name:
        return render_template("account/rename_factor.html", factor=factor, name="", errors={"name": messages.no_name()}), 400

    def rename(connection: Connection) -> None:
        if factors.rename(connection, person_id, factor, name):
            audit.record(connection, audit.Event.FACTOR_RENAMED, actor=f"person:{person_id}", person_id=person_id, before=factor.name)

    in_transaction(rename)
    return redirect(FACTORS, 303)


@blueprint.get("/account/factors/<uuid:factor_id>/remove")
@signed_in
@freshly
def ask_to_remove(factor_id: uuid.UUID) -> Answer:
    """What removing this factor means."""
    held = factors.list_of(reader(), own_session().person_id)
    factor = _require_factor(held, factor_id)
    return render_template("account/remove_factor.html", factor=factor, is_last=len(held) == 1, kind_words=messages.factor_words)


@blueprint.post("/account/factors/<uuid:factor_id>/remove")
@signed_in
@freshly
def remove_factor(factor_id: uuid.UUID) -> Answer:
    """Remove a factor, never the last one."""
    person_id = own_session().person_id

    def remove(connection: Connection) -> None:
        lock(connection, person_id)
        removed = factors.remove(connection, person_id, factor_id)
        if removed:
            audit.record(
                connection, REMOVED.get(removed.kind, audit.Event.PASSKEY_REMOVED), actor=f"person:{person_id}", person_id=person_id
            )
            letters.write(connection, person_id, Letter.FACTOR_REMOVED)

    try:
        in_transaction(remove)
    except LastFactor:
        raise Refusal(messages.last_factor(), reason="last_factor") from None
    return redirect(FACTORS, 303)


@blueprint.post("/account/recovery-codes/new")
@signed_in
@freshly
def new_codes() -> Answer:
    """A new sheet; the one before stays good until this one is put away."""
    session = own_session()
    if not factors.held_by(reader(), session.person_id).second_factor:
        return redirect(FACTORS, 303)
    sheet = recovery_codes.new_sheet()

    def issue(connection: Connection) -> None:
        issue_codes(connection, session, sheet)
        letters.write(connection, session.person_id, Letter.CODES_ISSUED)

    in_transaction(issue)
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
