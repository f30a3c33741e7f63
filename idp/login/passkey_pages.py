"""/sign-in/passkey: in by a passkey alone; /sign-in/factor/key: a passkey or security key after the password."""

from collections.abc import Callable

from flask import Blueprint, make_response, request
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from idp import audit
from idp.credentials import passkey_ceremony, passkeys
from idp.credentials.passkey_ceremony import WrongKey
from idp.credentials.passkeys import Proof
from idp.database import in_transaction, reader
from idp.login import messages
from idp.login.address_limits import limit_forms
from idp.login.entering import enter, terms_for
from idp.login.second_factor_pages import show_factors, trusted_if_wanted
from idp.login.sign_in_page import refuse_sign_in
from idp.login.steps import Step
from idp.login.visit import (
    Visit,
    go_on,
    go_on_as_known,
    go_on_as_proved,
    require_session,
    require_step,
    require_visit,
    show_stale,
    turn_to_next_step,
)
from idp.opaque_tokens import Secret
from idp.people import letters, mirror
from idp.people.letters import Letter
from idp.people.sign_in_name import Named, require_named
from idp.sessions import assurance, browser_sessions, known_browsers, sign_in_request
from idp.web.csrf import ForgedForm
from idp.web.viewer import anyone

blueprint = Blueprint("passkey", __name__)
blueprint.before_request(limit_forms)
blueprint.register_error_handler(ForgedForm, show_stale)


@blueprint.post("/sign-in/passkey")
@anyone
def sign_in_by_passkey() -> Response:
    """The key's signature says who it is and that it is them; the directory is not asked."""
    visit = require_visit()
    if visit.step is Step.REFUSED:
        turn_to_next_step(visit)
    if visit.step is not Step.PASSWORD:
        return go_on(visit)
    shared_pc = bool(request.form.get("shared_pc"))
    browser = request.cookies.get(sign_in_request.browser_cookie_name(), "")
    try:
        proof = passkeys.match(reader(), request.form.get("answer", ""), passkey_ceremony.SIGN_IN, browser)
        named = require_named(reader(), proof.person_id)
        if not named.may_sign_in:
            return _refuse_closed(visit, named, shared_pc)
        if not mirror.is_fresh(reader(), proof.person_id):
            return refuse_sign_in(visit, "", {"": messages.mirror_too_old()}, 503, shared_pc=shared_pc)
        cookie = in_transaction(_entrance(proof, named, shared_pc))
    except WrongKey as wrong:
        _record_refusal(audit.Event.PASSKEY_REFUSED, wrong)
        return refuse_sign_in(visit, "", {"": messages.wrong_key()}, 400, shared_pc=shared_pc)
    return go_on_as_known(visit, named, cookie, shared_pc=shared_pc, second_factor=True)


def _entrance(proof: Proof, named: Named, shared_pc: bool) -> Callable[[Connection], Secret]:
    terms, amr = terms_for(proof.person_id, shared_pc=shared_pc), assurance.with_key("", synced=proof.synced)

    def let_in(connection: Connection) -> Secret:
        passkeys.use(connection, proof)
        audit.record(connection, audit.Event.PASSKEY_VERIFIED, actor=f"person:{proof.person_id}", person_id=proof.person_id)
        if not known_browsers.is_known(named.person_id, named.browser_round):
            letters.write(connection, proof.person_id, Letter.STRANGE_BROWSER)
        return enter(connection, proof.person_id, acr=assurance.AAL3, amr=amr, terms=terms)

    return let_in


def _refuse_closed(visit: Visit, named: Named, shared_pc: bool) -> Response:
    reason = named.state if named.directory_locked is False else "directory_locked"
    _record_refusal(audit.Event.PASSKEY_REFUSED, WrongKey(str(reason), named.person_id))
    return refuse_sign_in(visit, "", {"": messages.closed_account(named)}, 403, shared_pc=shared_pc)


def _record_refusal(event: audit.Event, wrong: WrongKey) -> None:
    reason, person_id = wrong.reason, wrong.person_id
    in_transaction(lambda c: audit.record(c, event, actor="anonymous", person_id=person_id, reason=reason))


@blueprint.post("/sign-in/factor/key")
@anyone
def take_key() -> Response:
    """One of the person's own keys signs, after the password."""
    visit = require_step(Step.SECOND_FACTOR)
    session = require_session(visit)
    try:
        proof = passkeys.match(
            reader(), request.form.get("answer", ""), passkey_ceremony.SECOND_FACTOR, str(session.session_id), person_id=session.person_id
        )
        cookie = in_transaction(lambda c: _prove(c, visit, proof))
    except WrongKey as wrong:
        wrong.person_id = session.person_id
        _record_refusal(audit.Event.SECOND_FACTOR_REFUSED, wrong)
        return make_response(show_factors(visit, {"": messages.wrong_key()}), 400)
    return trusted_if_wanted(visit, go_on_as_proved(visit, cookie))


def _prove(connection: Connection, visit: Visit, proof: Proof) -> Secret:
    session = require_session(visit)
    passkeys.use(connection, proof)
    amr = assurance.with_key(session.amr, synced=proof.synced)
    audit.record(
        connection, audit.Event.SECOND_FACTOR_VERIFIED, actor=f"person:{session.person_id}", person_id=session.person_id, amr=" ".join(amr)
    )
    reached = assurance.AAL3 if proof.user_verified else assurance.AAL2
    return browser_sessions.raise_assurance(connection, session.session_id, acr=max(reached, session.acr), amr=amr)
