"""/account/not-me: "this was not me" ends every session, tells the help desk, and says what to do next; and one's data as a file."""

import json

from flask import Blueprint, Response, make_response, render_template
from sqlalchemy import Connection
from werkzeug.wrappers import Response as AnyResponse

from idp import access, audit
from idp.account.guards import Answer, as_strong_as_possible, freshly, own_session
from idp.account.own_data import data_of
from idp.command_line import plain
from idp.credentials import factors
from idp.database import in_transaction, reader
from idp.sessions import browser_sessions
from idp.settings import current_settings
from idp.web.viewer import signed_in

blueprint = Blueprint("account_alarm", __name__)


@blueprint.get("/account/not-me")
@signed_in
@as_strong_as_possible
def ask() -> Answer:
    """What saying so does."""
    return render_template("account/not_me.html")


@blueprint.post("/account/not-me")
@signed_in
@as_strong_as_possible
def say_so() -> Answer | AnyResponse:
    """Somebody else was in this account: everything ends, this session too, and the help desk knows."""
    person_id = own_session().person_id
    actor = f"person:{person_id}"
    ended = in_transaction(lambda connection: access.report_misuse(connection, person_id, actor=actor))
    has_factor = factors.held_by(reader(), person_id).second_factor
    page = render_template("account/not_me_done.html", ended=ended, has_factor=has_factor, help_line=current_settings().help_line)
    response = make_response(page)
    browser_sessions.clear_cookie(response)
    return response


@blueprint.get("/account/data")
@signed_in
@freshly
def download() -> Answer | AnyResponse:
    """All that is kept about oneself, as a file; only just after a strong sign-in, and it is written down."""
    person_id = own_session().person_id

    def take(connection: Connection) -> str:
        audit.record(connection, audit.Event.OWN_DATA_DOWNLOADED, actor=f"person:{person_id}", person_id=person_id)
        return json.dumps(data_of(connection, person_id), ensure_ascii=False, indent=2, default=plain)

    response = Response(in_transaction(take), mimetype="application/json")
    response.headers["Content-Disposition"] = 'attachment; filename="hop-nhat-du-lieu-cua-toi.json"'
    return response
