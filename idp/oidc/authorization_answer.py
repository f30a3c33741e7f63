"""Answering an authorization request: understood, then met by what the browser's session says, or by asking the person first.

With a live session that is enough, a plain request costs one read and no write. Otherwise it travels, sealed, through the
sign-in pages and comes back, and everything is looked at again before a code is given.
"""

import uuid
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import ParamSpec

import structlog
from flask import Response, request
from werkzeug.wrappers import Response as AnyResponse

from clients import sights
from clients.check_models import SightKind
from clients.profiles import profile_of
from idp import audit, clock
from idp.database import in_transaction, new_id
from idp.errors import Refusal, Unavailable
from idp.oidc import consents, demands, failure_notes, pushed_requests
from idp.oidc.arrival import Arrival
from idp.oidc.authorization_code import GrantedCode, seal_code
from idp.oidc.authorization_request import AuthorizationRequest, read_request
from idp.oidc.authorization_response import respond
from idp.oidc.demands import Demand, demand_after_sign_in, demand_of, for_person, is_met
from idp.oidc.destination import Destination, RequestRefused, unreadable
from idp.oidc.entering import session_may_enter
from idp.oidc.subjects import subject_for
from idp.request_ids import request_id
from idp.sessions.browser_sessions import LiveSession, current
from idp.sessions.sign_in_request import SignInRequest, begin
from idp.settings import current_settings
from idp.web.language import COOKIE, LANGUAGES, set_language_cookie

CONSENT_PATH = "/authorize/consent"
NO_ENTRY_PATH = "/authorize/no-entry"
MAY_NOT_ENTER = "may_not_enter"
LONGEST_ADDRESS = 7000  # characters, of pages in between: a proxy takes a first line of 8 KB, and the page adds to it
P = ParamSpec("P")
Page = str | AnyResponse
_log = structlog.get_logger()


def telling_the_client(door: Callable[P, Page]) -> Callable[P, Page]:
    """A door whose RequestRefused goes to the client as its answer."""

    @wraps(door)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> Page:
        try:
            return door(*args, **kwargs)
        except RequestRefused as refused:
            return refuse(refused)
        except Unavailable:
            raise
        except Refusal as refusal:  # a page is all there will be, and its code what somebody reads out to an administrator
            failure_notes.note("authorize", refusal.reason)
            raise

    return guarded


def answer(arrival: Arrival, flow: SignInRequest | None = None) -> AnyResponse:
    """The answer to a request that has just arrived, or that has come back from the pages of a `flow`. Raises Refusal or
    RequestRefused."""
    asked = read_request(arrival)
    live = current()
    demand = for_person(demand_after_sign_in(asked, flow.not_before) if flow else demand_of(asked), live)
    if live is None or not is_met(demand, live):
        return _ask_to_sign_in(asked, demand, flow)
    check_person(asked, live)
    if not session_may_enter(live, asked.client):
        return _tell_no_entry(asked, demand, flow, live)
    if consents.is_needed(asked, live.person_id):
        return _ask_for_consent(asked, demand, flow)
    return grant(asked, live, authorization_of(flow) if flow else new_id())


def authorization_of(flow: SignInRequest) -> uuid.UUID:
    """The key of the authorization that a flow may lead to: one, however often it is gone through."""
    return uuid.UUID(flow.payload["authorization"])


def check_person(asked: AuthorizationRequest, live: LiveSession) -> None:
    """Raises RequestRefused when the request is about somebody else (OpenID Connect Core §3.1.2.1, §5.5.1)."""
    if asked.hinted_subjects and subject_for(asked.hinted_to, live.subject) not in asked.hinted_subjects:
        raise RequestRefused(asked.to, "login_required", "somebody else is signed in")


def grant(asked: AuthorizationRequest, live: LiveSession, authorization_id: uuid.UUID) -> AnyResponse:
    """The client gets a code."""
    seconds = current_settings().authorization_code_seconds
    longest = profile_of(asked.client.metadata).longest_code_seconds
    granted = GrantedCode(
        authorization_id=authorization_id,
        client=asked.client.key,
        person_id=live.person_id,
        subject=live.subject,
        session_id=live.session_id,
        redirect_uri=asked.to.redirect_uri,
        scope=asked.scope,
        nonce=asked.nonce,
        code_challenge=asked.code_challenge,
        acr=demands.acr_told(asked, live),
        amr=live.amr,
        auth_time=live.auth_time,
        expires_at=clock.now() + timedelta(seconds=min(seconds, longest or seconds)),
        requested_claims=asked.claims.kept(),
        confirmation={"jkt": asked.dpop_jkt} if asked.dpop_jkt else None,
        resource=asked.resources,
    )
    if asked.client.watch is not None:
        _note_for_check(asked, live)
    return _send(asked.to, code=seal_code(granted))


def _note_for_check(asked: AuthorizationRequest, live: LiveSession) -> None:
    sights.seen(
        asked.client, SightKind.CODE_GIVEN, live.person_id, pkce=asked.code_challenge is not None, scope=asked.scope,
        nonce=asked.nonce is not None, acr=live.acr, redirect_uri=asked.to.redirect_uri,
    )  # fmt: skip


def refuse(refused: RequestRefused) -> AnyResponse:
    """The client is told that there will be no code, and why."""
    to = refused.destination
    _log.info("authorization.refused", client_id=to.client.client_id, error=refused.error, why=refused.description)
    is_kept = failure_notes.note("authorize", refused.error, refused.description, to.client)
    told = f"{refused.description} (ref. {request_id()})" if is_kept else refused.description
    return _send(to, error=refused.error, error_description=told)


def _send(to: Destination, **parameters: str) -> AnyResponse:
    pushed = to.pushed
    if pushed is not None and not in_transaction(lambda connection: pushed_requests.answer(connection, pushed)):
        raise unreadable("invalid_request_uri")
    return respond(to, **parameters)


def _ask_to_sign_in(asked: AuthorizationRequest, demand: Demand, flow: SignInRequest | None) -> AnyResponse:
    if "none" in asked.prompt:
        raise RequestRefused(asked.to, "login_required", "the person must sign in")
    return _in_between(asked, begin(_wanted(asked, demand, flow)))


def _ask_for_consent(asked: AuthorizationRequest, demand: Demand, flow: SignInRequest | None) -> AnyResponse:
    if "none" in asked.prompt:
        raise RequestRefused(asked.to, "consent_required", "the person must agree")
    return _in_between(asked, begin(_wanted(asked, demand, flow), path=CONSENT_PATH))


def _tell_no_entry(asked: AuthorizationRequest, demand: Demand, flow: SignInRequest | None, live: LiveSession) -> AnyResponse:
    """The person is told on a page of ours whom to ask, and sends the client the same word from there; a client whose pages are not
    to be seen is told at once (RFC 6749 §4.1.2.1)."""
    in_transaction(
        lambda connection: audit.record(
            connection, audit.Event.AUTHORIZATION_REFUSED, actor=f"person:{live.person_id}", person_id=live.person_id,
            client_id=asked.client.key, reason=MAY_NOT_ENTER,
        )
    )  # fmt: skip
    if "none" in asked.prompt:
        raise RequestRefused(asked.to, "access_denied", "the person may not enter this application")
    return _in_between(asked, begin(_wanted(asked, demand, flow), path=NO_ENTRY_PATH))


def _wanted(asked: AuthorizationRequest, demand: Demand, flow: SignInRequest | None) -> SignInRequest:
    return SignInRequest(
        return_to="/authorize/resume",
        cancel_to="/authorize/cancel",
        client_name=asked.client.client_name,
        minimum_acr=demand.minimum_acr,
        not_before=demand.not_before,
        login_hint=asked.login_hint,
        select_account=demand.select_account,
        leads_to=asked.to.redirect_uri,
        payload={**asked.arrival.carried(), "authorization": flow.payload["authorization"] if flow else new_id().hex},
        started_at=flow.started_at if flow else clock.now(),
    )


def _in_between(asked: AuthorizationRequest, response: AnyResponse) -> AnyResponse:
    """To a page of ours, in the language asked for. Nothing is kept here of somebody who has not signed in, so the request travels in
    the address; one that is too long for that belongs into a pushed one. Raises RequestRefused."""
    if len(response.headers["Location"]) > LONGEST_ADDRESS:
        raise RequestRefused(asked.to, "invalid_request", "the request is too long for the address of a page: push it (RFC 9126)")
    language = next((tag.partition("-")[0] for tag in asked.ui_locales if tag.partition("-")[0] in LANGUAGES), None)
    if language and COOKIE not in request.cookies and isinstance(response, Response):
        set_language_cookie(response, language)
    return response
