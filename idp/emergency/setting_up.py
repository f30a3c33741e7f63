"""Emergency access, handed to the application: whoever is in by an envelope is seen by the guards of the console, and by nothing else."""

from datetime import datetime
from typing import Any

from flask import Flask, redirect, request

from idp import doctor_advice, outbox
from idp.database import reader
from idp.emergency import accounts, alarm, sessions
from idp.sessions import assurance
from idp.web.viewer import Permission, Viewer, may, viewer

CONSOLE = "/console"


def set_up_emergency(app: Flask) -> None:
    """After the visitors are set up, and before any request."""
    find_person, ask_person = app.extensions["hopnhat.find_viewer"], app.extensions["hopnhat.ask_to_sign_in"]

    def find_viewer() -> Viewer | None:
        return _in_an_emergency() or find_person()

    def ask_to_sign_in(minimum_acr: str | None, not_before: datetime | None) -> Any:
        return redirect("/emergency", 303) if _in_an_emergency() else ask_person(minimum_acr, not_before)

    app.extensions["hopnhat.find_viewer"], app.extensions["hopnhat.ask_to_sign_in"] = find_viewer, ask_to_sign_in
    app.jinja_env.globals.update(emergencies=_emergencies)
    outbox.add_deliverers(app, alarm.DELIVERERS)
    doctor_advice.add(app, "emergency access", accounts.advice)


def _in_an_emergency() -> Viewer | None:
    # Only the console: an account page would be nobody's, and no application may ever see this.
    if request.path != CONSOLE and not request.path.startswith(CONSOLE + "/"):
        return None
    live = sessions.current()
    if live is None:
        return None
    return Viewer(
        person_id=live.account_id,
        session_id=live.id,
        subject="",
        name=sessions.title_of(live.name),
        unit_name=None,
        acr=assurance.AAL2,  # what 135 bits out of a sealed envelope are taken for
        auth_time=live.proved_at,
        shared_pc=False,
        permissions=frozenset(Permission),
        is_emergency=True,
    )


def _emergencies() -> Any:
    """For the banner of the console: the envelopes in use."""
    return sessions.running(reader()) if viewer() is not None and may(Permission.OPEN_CONSOLE) else ()
