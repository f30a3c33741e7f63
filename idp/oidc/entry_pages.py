"""/authorize/no-entry: somebody is signed in and may not enter the application: whose it is, how to ask, and the way back."""

from flask import Blueprint, Response, make_response, render_template, request

from clients.drafts import card_of
from clients.failure_models import FailureKind
from clients.registry import RegisteredClient
from idp.database import reader
from idp.oidc import failure_notes
from idp.oidc.arrival import arrive_again
from idp.oidc.authorization_answer import Page, answer, telling_the_client
from idp.oidc.authorize_endpoint import require_ours
from idp.oidc.entering import session_may_enter
from idp.people.units import find_unit
from idp.sessions.browser_sessions import LiveSession, current
from idp.sessions.sign_in_request import FlowExpired, begin_again, open_flow
from idp.web.headers import forms_may_lead_to
from idp.web.viewer import anyone

blueprint = Blueprint("no_entry", __name__)


@blueprint.get("/authorize/no-entry")
@anyone
@telling_the_client
def no_entry() -> Page:
    """The page of the refusal; whoever has been let in meanwhile goes on."""
    sealed = request.args.get("flow", "")
    try:
        flow = open_flow(sealed)
    except FlowExpired as expired:
        return begin_again(expired.request)
    require_ours(flow)
    arrival, live = arrive_again(flow.payload), current()
    if live is None or session_may_enter(live, arrival.client):
        return answer(arrival, flow)
    if flow.leads_to:
        forms_may_lead_to(flow.leads_to, "https:")
    return page_of_refusal(arrival.client, live, flow=sealed)


def page_of_refusal(client: RegisteredClient, live: LiveSession, *, flow: str | None = None) -> Response:
    """What somebody sees who may not enter (403); with a `flow`, the application can be told so."""
    failure_notes.note(
        "authorize" if flow else "device", "access_denied", "the person may not enter this application", client, FailureKind.ENTRY
    )
    response = make_response(render_template("oidc/no_entry.html", client=client, session=live, flow=flow, owner=_owner(client)), 403)
    response.headers["Cache-Control"] = "no-store"
    return response


def _owner(client: RegisteredClient) -> str | None:
    card = card_of(reader(), client.key)
    if card is None or card.owner_unit_id is None:
        return None
    unit = find_unit(reader(), card.owner_unit_id)
    return unit.name if unit is not None else None
