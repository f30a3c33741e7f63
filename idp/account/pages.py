"""/account: a person's own page: who they are here, their sessions, what happened."""

import uuid

from flask import Blueprint, redirect, render_template
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from idp import access
from idp.account.guards import Answer, as_strong_as_possible, own_session
from idp.account.own_facts import history_of, is_own_session, masked, open_sessions, person_of
from idp.credentials import factors, recovery_codes
from idp.database import in_transaction, reader
from idp.errors import NotFound
from idp.oidc.frontchannel_logout import page_after
from idp.sessions import browser_sessions, trusted_browsers
from idp.sessions.devices import device_words
from idp.web.viewer import signed_in

blueprint = Blueprint("account", __name__)
BY_PERSON = "by_person"


@blueprint.get("/account")
@signed_in
@as_strong_as_possible
def overview() -> Answer:
    """Name, unit, title, and what is left to do."""
    session = own_session()
    return render_template(
        "account/overview.html",
        person=person_of(reader(), session.person_id),
        masked=masked,
        has_factor=factors.held_by(reader(), session.person_id).second_factor,
        codes_left=recovery_codes.left(reader(), session.person_id),
        few=recovery_codes.FEW,
    )


@blueprint.get("/account/sessions")
@signed_in
@as_strong_as_possible
def sessions() -> Answer:
    """Where this person is signed in."""
    session = own_session()
    return render_template(
        "account/sessions.html",
        sessions=open_sessions(reader(), session.person_id, session.session_id),
        trusted=trusted_browsers.find_all(reader(), session.person_id),
        device_words=device_words,
    )


@blueprint.post("/account/sessions/<uuid:session_id>/end")
@signed_in
@as_strong_as_possible
def end_session(session_id: uuid.UUID) -> Answer:
    """End one session, of one's own only; its applications are told."""
    session = own_session()

    def end_it(connection: Connection) -> bool:
        if not is_own_session(connection, session.person_id, session_id):
            return False
        access.sign_out(connection, session.person_id, reason=BY_PERSON, actor=f"person:{session.person_id}", only=session_id)
        return True

    if not in_transaction(end_it):
        raise NotFound("")
    response: Response = redirect("/account/sessions", 303)
    if session_id == session.session_id:
        response = redirect(page_after(session_id) or "/sign-in", 303)
        browser_sessions.clear_cookie(response)
    return response


@blueprint.post("/account/browsers/<uuid:browser_id>/distrust")
@signed_in
@as_strong_as_possible
def distrust(browser_id: uuid.UUID) -> Answer:
    """Trust one browser no more."""
    session = own_session()
    actor = f"person:{session.person_id}"
    in_transaction(lambda c: trusted_browsers.distrust(c, session.person_id, actor=actor, browser_id=browser_id))
    return redirect("/account/sessions", 303)


@blueprint.post("/account/sessions/end-others")
@signed_in
@as_strong_as_possible
def end_other_sessions() -> Answer:
    """End all sessions but this one."""
    session = own_session()
    actor = f"person:{session.person_id}"
    in_transaction(lambda c: access.sign_out(c, session.person_id, reason=BY_PERSON, actor=actor, keep=session.session_id))
    return redirect("/account/sessions", 303)


@blueprint.get("/account/history")
@signed_in
@as_strong_as_possible
def history() -> Answer:
    """What happened to this account in the last 90 days."""
    return render_template("account/history.html", events=history_of(reader(), own_session().person_id))
