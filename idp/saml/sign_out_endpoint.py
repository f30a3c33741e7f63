"""/saml/slo and the round behind it: single logout through the browser, in both directions (SAML Profiles §4.4)."""

import json
import uuid
from dataclasses import replace
from datetime import timedelta

import structlog
from flask import Blueprint, make_response, redirect, render_template, request
from flask_babel import gettext as _
from lxml import etree
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from idp import clock, spent_identifiers
from idp.database import in_transaction, reader
from idp.errors import Refusal
from idp.oidc import frontchannel_logout
from idp.saml import naming, own_metadata
from idp.saml.bindings import Received, read_query, redirect_to
from idp.saml.keys import signing_key
from idp.saml.messages import NameId, logout_request, logout_response, new_id
from idp.saml.names import REQUESTER, STATUS, SUCCESS
from idp.saml.parties import Party, find_by_client, find_by_entity
from idp.saml.requests import LogoutRequest, check_frame, issuer_of, read_logout_request, says_success
from idp.saml.sign_out_round import Round, carried, drop, keep, round_of
from idp.saml.signatures import BadSignature
from idp.saml.xml_reading import Unreadable
from idp.sealing import SealBroken, current_keys
from idp.sessions.browser_sessions import clear_cookie, current, end
from idp.web.csrf import csrf_exempt
from idp.web.viewer import anyone

CONTEXT = "saml leave"
REMEMBERED_SECONDS = 600
blueprint = Blueprint("saml_sign_out", __name__)
csrf_exempt(blueprint, answers_pages=True)  # what counts here is signed by the application, or sealed by us
_log = structlog.get_logger()


@blueprint.get("/saml/slo")
@anyone
def sign_out() -> Response:
    """A request to sign out, or an application's answer to ours."""
    try:
        received = read_query(request.query_string)
        party = find_by_entity(issuer_of(received.root))
        if party is None:
            raise Unreadable("of nobody who is registered")
        return _requested(party, received) if received.kind == "SAMLRequest" else _answered(party, received)
    except (Unreadable, BadSignature) as wrong:
        _log.info("saml.sign_out_unreadable", why=str(wrong))
        raise Refusal(_("Yêu cầu đăng xuất không đọc được hoặc không được ký đúng."), reason="saml_sign_out_unreadable") from None


@blueprint.get("/saml/leave")
@anyone
def leave() -> Response:
    """A session was ended on another page of ours: its SAML applications are visited from here."""
    try:
        session_id, target = json.loads(current_keys().open_text(request.args.get("way", ""), CONTEXT))
    except SealBroken:
        raise Refusal(_("Đường dẫn đăng xuất không dùng được."), reason="saml_way_unusable") from None
    onwards = _go_on(round_of(uuid.UUID(session_id), target=target))
    # A form of ours led here, and may lead no further by itself (Content-Security-Policy: form-action): the next step is a page's own.
    response = make_response(render_template("saml/leaving.html", target=onwards.headers["Location"])) if onwards.location else onwards
    for line in onwards.headers.getlist("Set-Cookie") if onwards is not response else ():
        response.headers.add("Set-Cookie", line)
    response.headers["Cache-Control"] = "no-store"
    return response


def way_after(session_id: uuid.UUID, target: str | None) -> str | None:
    """Where a browser goes on whose session has ended; None when no SAML application took part in it."""
    if not round_of(session_id).waiting:
        return None
    return "/saml/leave?way=" + current_keys().seal_text(json.dumps([session_id.hex, target]).encode(), CONTEXT)


def _requested(party: Party, received: Received) -> Response:
    """An application asks. Unsigned, anybody could have written it: then the person is asked instead."""
    if not received.is_signed or not party.facts.certificates:
        return redirect("/end_session", 303)
    root = received.proved(party.facts.certificates)
    check_frame(root, "samlp:LogoutRequest", own_metadata.sign_out_url(), is_signed=True)
    asked = read_logout_request(root)
    if not in_transaction(lambda connection: _is_first(connection, party, asked)):
        raise Unreadable("the request was here before")
    live = current()
    answers = (party.client.key.hex, asked.id, received.relay_state or "")
    if live is None:
        return _go_on(Round("", (), answers=answers, started=clock.now().timestamp()))
    if not _is_about(party, asked, live.session_id):
        return _respond(party, asked.id, received.relay_state, (REQUESTER, STATUS + "UnknownPrincipal"))
    in_transaction(lambda connection: end(connection, live.session_id, reason="signed_out", actor=f"person:{live.person_id}"))
    going = round_of(live.session_id, but=party.client.key)
    response = _go_on(replace(going, answers=answers))
    clear_cookie(response)
    return response


def _is_first(connection: Connection, party: Party, asked: LogoutRequest) -> bool:
    until = clock.now() + timedelta(seconds=REMEMBERED_SECONDS)
    return spent_identifiers.spend(connection, "saml logout", party.facts.entity_id, asked.id, until=until)


def _is_about(party: Party, asked: LogoutRequest, session_id: uuid.UUID) -> bool:
    """Whether the name and the index are those of this very session."""
    if asked.session_indexes and naming.index_of(party.client, session_id) not in asked.session_indexes:
        return False
    name = naming.name_in_session(party, session_id)
    return name is not None and name.value == asked.name_id


def _answered(party: Party, received: Received) -> Response:
    """An application has answered our request."""
    going = carried()
    root = received.proved(party.facts.certificates)
    check_frame(root, "samlp:LogoutResponse", own_metadata.sign_out_url(), is_signed=True)
    if going is None or not going.asked or root.get("InResponseTo") != going.asked or going.waiting[0] != party.client.key.hex:
        raise Unreadable("nobody asked for this answer")
    return _go_on(going.heard(success=says_success(root)))


def _go_on(going: Round) -> Response:
    """To the next application that can be asked; at the end to where the sign-out began."""
    while going.waiting:
        party = going.next_party
        name = naming.name_in_session(party, uuid.UUID(going.session)) if party is not None else None
        if party is not None and name is not None and party.facts.sign_out_url and party.facts.certificates:
            return _visit(going, party, name)
        going = going.heard(success=False)
    return _finish(going)


def _visit(going: Round, party: Party, name: NameId) -> Response:
    request_id, index = new_id(), naming.index_of(party.client, uuid.UUID(going.session))
    message = logout_request(own_metadata.entity_id(), party.facts.entity_id, party.facts.sign_out_url, name, index, request_id)
    response = redirect(redirect_to(party.facts.sign_out_url, "SAMLRequest", message, None, signing_key(reader())), 303)
    keep(response, replace(going, asked=request_id))
    return response


def _finish(going: Round) -> Response:
    if going.answers is not None:
        client, request_id, relay_state = going.answers
        party = find_by_client(uuid.UUID(client))
        if party is not None:
            partial = bool(going.silent or (going.session and frontchannel_logout.addresses(uuid.UUID(going.session))))
            return _respond(party, request_id, relay_state or None, (SUCCESS, STATUS + "PartialLogout") if partial else (SUCCESS,))
    if going.target is not None:
        response: Response = redirect(going.target, 303)
    else:
        names = [(_name(key), True) for key in going.confirmed] + [(_name(key), False) for key in going.silent]
        response = make_response(render_template("saml/signed_out.html", names=names))
    drop(response)
    return response


def _respond(party: Party, request_id: str, relay_state: str | None, status: tuple[str, ...]) -> Response:
    url = party.facts.sign_out_answer_url
    if not url:
        response: Response = redirect("/end_session", 303)
    else:
        message: etree._Element = logout_response(own_metadata.entity_id(), url, request_id, status)
        response = redirect(redirect_to(url, "SAMLResponse", message, relay_state, signing_key(reader())), 303)
    drop(response)
    return response


def _name(key: str) -> str:
    party = find_by_client(uuid.UUID(key))
    return party.client.client_name if party else "—"
