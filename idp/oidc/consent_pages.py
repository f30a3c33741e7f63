"""/authorize/consent: the person is told what an application will know, and lets it or does not."""

from urllib.parse import urlsplit

from flask import Blueprint, redirect, render_template, request
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from clients.logos import paths_of
from idp.database import in_transaction, reader
from idp.oidc import authorizations, consents
from idp.oidc.arrival import arrive_again
from idp.oidc.authorization_answer import Page, answer, authorization_of, check_person, grant, telling_the_client
from idp.oidc.authorization_request import AuthorizationRequest, read_request
from idp.oidc.authorize_endpoint import require_ours
from idp.oidc.demands import demand_after_sign_in, for_person, is_met
from idp.oidc.destination import RequestRefused
from idp.oidc.entering import session_may_enter
from idp.oidc.scope_words import words_of
from idp.opaque_tokens import digest
from idp.sessions.browser_sessions import LiveSession, current
from idp.sessions.sign_in_request import FlowExpired, SignInRequest, begin_again, open_flow
from idp.web.headers import forms_may_lead_to, show_own_pictures
from idp.web.viewer import anyone

blueprint = Blueprint("consent", __name__)


@blueprint.get("/authorize/consent")
@anyone
@telling_the_client
def consent() -> Page:
    """What will be known to whom."""
    visit = _visit()
    if isinstance(visit, Response):
        return visit
    _flow, asked, live = visit
    # Browsers hold the whole chain of redirects to this, also what the application does after its redirect_uri.
    forms_may_lead_to(asked.to.redirect_uri, "https:")
    scope = consents.scope_asked(asked)
    agreed = consents.agreed_scope(reader(), live.person_id, asked.client.key)
    shown_logo = paths_of(reader(), [asked.client]).get(asked.client.key)
    if shown_logo:
        show_own_pictures()
    return render_template(
        "oidc/consent.html",
        client=asked.client,
        logo=shown_logo,
        address=urlsplit(asked.client.client_uri or asked.to.redirect_uri).netloc,
        session=live,
        known=words_of(scope, asked.client),
        is_wider=agreed is not None and not scope <= agreed,
        shown=_shown(asked, live),
        flow=request.args["flow"],
    )


@blueprint.post("/authorize/consent")
@anyone
@telling_the_client
def consent_posted() -> Page:
    """The person has decided."""
    visit = _visit()
    if isinstance(visit, Response):
        return visit
    flow, asked, live = visit
    if request.form.get("cancel"):
        raise RequestRefused(asked.to, "access_denied", "the person does not agree")
    if request.form.get("shown") != _shown(asked, live):
        return redirect(request.full_path, 303)  # somebody else is signed in now, or the client may know more: that was not agreed to

    def give(connection: Connection) -> None:
        consents.give(connection, live.person_id, asked.client, consents.scope_asked(asked))

    in_transaction(give)
    return grant(asked, live, authorization_of(flow))


def _shown(asked: AuthorizationRequest, live: LiveSession) -> str:
    """What the page says to whom, in short."""
    return digest(" ".join([str(live.person_id), *sorted(consents.scope_asked(asked))])).hex()


def _visit() -> tuple[SignInRequest, AuthorizationRequest, LiveSession] | Response:
    """What is asked for and of whom; or the way to what comes first: signing in, when the session has ended or is not enough."""
    try:
        flow = open_flow(request.args.get("flow", ""))
    except FlowExpired as expired:
        return begin_again(expired.request)
    require_ours(flow)
    arrival = arrive_again(flow.payload)
    if authorizations.exists(reader(), authorization_of(flow)):
        return answer(arrival)  # agreed to already; going back to the page asks anew
    asked, live = read_request(arrival), current()
    if live is None or not is_met(for_person(demand_after_sign_in(asked, flow.not_before), live), live):
        return answer(arrival, flow)
    if not session_may_enter(live, asked.client):
        return answer(arrival, flow)
    check_person(asked, live)
    return flow, asked, live
