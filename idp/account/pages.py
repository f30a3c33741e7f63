"""/account: a person's own page: who they are here, their sessions, what happened."""

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import cast

from flask import Blueprint, current_app, redirect, render_template, request
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from idp import access
from idp.account.guards import Answer, as_strong_as_possible, own_session
from idp.account.launcher import LONGEST_SEARCH, MANY, entries_for
from idp.account.own_facts import NEWEST, history_of, is_own_session, masked, open_sessions, person_of
from idp.account.own_looks import looks_at
from idp.credentials import factors, recovery_codes
from idp.database import in_transaction, reader
from idp.errors import NotFound
from idp.login.password_end import end_words
from idp.oidc.frontchannel_logout import page_after
from idp.people.precedence import told_origins
from idp.people.words import source_words
from idp.sessions import browser_sessions, trusted_browsers
from idp.sessions.devices import device_words
from idp.sessions.places import place_words
from idp.settings import current_settings
from idp.web.headers import show_own_pictures
from idp.web.viewer import signed_in

blueprint = Blueprint("account", __name__)
BY_PERSON = "by_person"
LAST_READ = "hopnhat.directory_last_read"


def last_read() -> datetime | None:
    """When the directory was last read whole; None where no directory is read."""
    return cast("Callable[[], datetime | None]", current_app.extensions.get(LAST_READ, lambda: None))()


@blueprint.get("/account")
@signed_in
@as_strong_as_possible
def overview() -> Answer:
    """The applications to enter, with what is missing for each; name, unit, title, and what is left to do."""
    session, text = own_session(), request.args.get("q", "")[:LONGEST_SEARCH].strip()
    held = factors.held_by(reader(), session.person_id)
    applications = entries_for(reader(), session.person_id, session.acr, held, text)
    if any(one.logo for one in applications):
        show_own_pictures()
    person = person_of(reader(), session.person_id)
    origins, entries = told_origins(reader(), person)
    return render_template(
        "account/overview.html",
        person=person,
        origins=origins,
        shared=bool(entries),
        source_words=source_words,
        masked=masked,
        may_change_password=current_settings().ldap_password_change,
        password_end=end_words(session.password_ends_at, session.grace_left) if session.password_ends_at else "",
        applications=applications,
        last_read=last_read(),
        many=len(applications) > MANY,
        text=text,
        has_factor=held.second_factor,
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
        place_words=place_words,
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
    """What happened to this account in the last 90 days, page by page."""
    before = _event_id(request.args.get("before"))
    page = history_of(reader(), own_session().person_id, before or NEWEST)
    looks = [] if before is not None else looks_at(reader(), own_session().person_id)
    return render_template("account/history.html", page=page, is_later=before is not None, looks=looks)


def _event_id(text: str | None) -> uuid.UUID | None:
    try:
        return uuid.UUID(text) if text else None
    except ValueError:
        return None
