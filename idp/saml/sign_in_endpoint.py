"""/saml/sso: a SAML application asks who somebody is. It becomes an ordinary authorization of an ordinary client, whose code is redeemed
here, at /saml/answer, and turned into an assertion: steps, levels, entry rules, sessions and the audit trail are those of everybody."""

import json
import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import structlog
from flask import Blueprint, redirect, request
from flask_babel import gettext as _
from lxml import etree
from sqlalchemy import bindparam, select
from werkzeug.wrappers import Response

from clients.registry import find_client
from idp import clock
from idp.database import in_transaction, reader, table_of
from idp.errors import NotFound, Refusal
from idp.oidc.authorization_code import CodeUnreadable, GrantedCode, open_code
from idp.oidc.models import Authorization
from idp.oidc.own_codes import challenge_of, redeemed
from idp.oidc.parameters import MalformedRequest, form_parameters, query_parameters
from idp.oidc.token_response import PERSON_COLUMNS
from idp.opaque_tokens import new_token
from idp.people.models import Person, Unit
from idp.saml import naming, own_metadata
from idp.saml.answers import post_to
from idp.saml.bindings import LONGEST_QUERY, Received, read_form, read_query
from idp.saml.contexts import NoSuchContext, WantedContext
from idp.saml.keys import signing_key
from idp.saml.messages import Facts, response_with, response_without
from idp.saml.names import POST, REQUESTER, RESPONDER, STATUS
from idp.saml.parties import Party, answer_uri, find_by_client, find_by_entity
from idp.saml.party_metadata import Consumer
from idp.saml.requests import AuthnRequest, check_frame, issuer_of, read_authn_request
from idp.saml.sign_in_state import SignInState, StateUnusable, open_state, seal_state
from idp.saml.signatures import BadSignature
from idp.saml.xml_reading import Unreadable
from idp.sessions import assurance
from idp.sessions.assurance import AAL1
from idp.sessions.browser_sessions import LiveSession, current
from idp.settings import current_settings
from idp.web.csrf import csrf_exempt
from idp.web.viewer import anyone

# What our own refusals of an authorization are in SAML (Core §3.2.2.2).
STATUSES = {
    "access_denied": (RESPONDER, STATUS + "AuthnFailed"),
    "login_required": (RESPONDER, STATUS + "NoPassive"),
    "interaction_required": (RESPONDER, STATUS + "NoPassive"),
    "consent_required": (RESPONDER, STATUS + "NoPassive"),
    "unmet_authentication_requirements": (RESPONDER, STATUS + "NoAuthnContext"),
}
ROUNDED = timedelta(milliseconds=1)  # what an instant loses on its way through JSON
blueprint = Blueprint("saml", __name__)
csrf_exempt(blueprint, answers_pages=True)  # applications send people here from their own pages
_log = structlog.get_logger()
_a, _p, _u = table_of(Authorization), table_of(Person), table_of(Unit)
_authorized = (
    select(*PERSON_COLUMNS, _a.c.scope, _a.c.acr, _a.c.auth_time)
    .select_from(_a.join(_p, _p.c.id == _a.c.person_id).outerjoin(_u, _u.c.id == _p.c.unit_id))
    .where(_a.c.id == bindparam("authorization"))
)


class NotAnswerable(Exception):
    """A request that is answered with a status (from the outer code to the inner) rather than with the way to the sign-in."""

    def __init__(self, status: Sequence[str]) -> None:
        super().__init__(status[-1])
        self.status = tuple(status)


@blueprint.get("/saml/metadata")
@anyone
def metadata() -> Response:
    """Our own metadata, for applications to read."""
    told = etree.tostring(own_metadata.metadata(reader()), xml_declaration=True, encoding="UTF-8")
    return Response(told, content_type="application/samlmetadata+xml", headers={"Cache-Control": "public, max-age=3600"})


@blueprint.get("/saml/sso")
@anyone
def sign_in() -> Response:
    """A request in the query of a redirect."""
    try:
        return _answer(read_query(request.query_string))
    except Unreadable as unreadable:
        raise _unreadable(unreadable) from None


@blueprint.post("/saml/sso")
@anyone
def sign_in_posted() -> Response:
    """A request in a form."""
    try:
        return _answer(read_form(form_parameters(LONGEST_QUERY * 6)))
    except (Unreadable, MalformedRequest) as unreadable:
        raise _unreadable(unreadable) from None


@blueprint.get("/saml/start/<client_id>")
@anyone
def start(client_id: str) -> Response:
    """A sign-in that begins here, without a request: only for a party that takes it, since it can be made to come from anybody."""
    client = find_client(client_id)
    party = find_by_client(client.key) if client else None
    if party is None or not party.options.takes_unsolicited:
        raise NotFound(_("Không có ứng dụng này, hoặc phải bắt đầu đăng nhập từ chính ứng dụng."))
    state = SignInState(
        party.client.key.hex,
        None,
        party.facts.default_consumer.url,
        None,
        party.options.name_id,
        (),
        "",
        new_token(),
        clock.now().timestamp(),
    )
    return _ask(party, state, prompt=None, max_age=None, acr=None)


@blueprint.get("/saml/answer")
@anyone
def answer() -> Response:
    """Back from the authorization endpoint: the code becomes an assertion, or the refusal a status, posted to the application."""
    try:
        parameters = query_parameters()
        state = open_state(parameters.get("state", ""))
    except (MalformedRequest, StateUnusable) as unusable:
        _log.info("saml.state_unusable", why=str(unusable))
        raise Refusal(_("Lượt đăng nhập này đã hết hạn. Mở lại ứng dụng cần vào để bắt đầu lại."), reason="saml_state_unusable") from None
    party = _party_of(state)
    if "code" not in parameters:
        return _refuse(party, state, STATUSES.get(parameters.get("error", ""), (RESPONDER,)))
    granted, live = _redeem(party, state, parameters["code"])
    person = reader().execute(_authorized, {"authorization": granted.authorization_id}).one()
    if not _is_as_asked(state, person):
        return _refuse(party, state, (RESPONDER, STATUS + "NoAuthnContext"))
    try:
        name = naming.name_of(party, state.name_kind, person, granted.session_id)
    except naming.NoSuchName:
        return _refuse(party, state, (RESPONDER, STATUS + "InvalidNameIDPolicy"))
    in_transaction(lambda connection: naming.remember(connection, party, granted.session_id, state.name_kind))
    ends = min(live.expires_at, clock.now() + timedelta(seconds=current_settings().saml_session_seconds))
    facts = Facts(
        own_metadata.entity_id(), party.facts.entity_id, state.consumer_url, state.request_id, name, naming.index_of(party.client, granted.session_id),
        state.context.told(person.acr), person.auth_time, ends, naming.attributes_of(party, person, person.scope),
    )  # fmt: skip
    return post_to(state.consumer_url, response_with(facts, signing_key(reader())), state.relay_state)


def _is_as_asked(state: SignInState, person: Any) -> bool:
    """Whether the person proved what the request asked for: on its way the browser could have left it out of our own address."""
    least = state.context.least_acr()
    began = datetime.fromtimestamp(state.started, UTC) - ROUNDED
    return (least is None or assurance.is_enough(person.acr, least)) and (not state.force or person.auth_time >= began)


def _answer(received: Received) -> Response:
    """Believe the request as far as it is proved; then on to the sign-in, or back with why not. Raises Unreadable or Refusal, for a
    page of ours, while it is not certain where an answer goes."""
    if received.kind != "SAMLRequest":
        raise Unreadable("not a request")
    party = find_by_entity(issuer_of(received.root))
    if party is None:
        raise Refusal(
            _("Ứng dụng gửi yêu cầu đăng nhập chưa được đăng ký hoặc đã ngừng kết nối. Báo cho bộ phận quản lý ứng dụng đó."),
            reason="saml_party_unknown",
        )
    root = _proved(party, received)
    check_frame(root, "samlp:AuthnRequest", own_metadata.sign_in_url(), is_signed=received.is_signed)
    asked = read_authn_request(root)
    consumer_url = _consumer_of(party, asked)
    state = SignInState(
        party.client.key.hex, asked.id, consumer_url, received.relay_state, party.options.name_id, asked.context.classes, asked.context.comparison,
        new_token(), clock.now().timestamp(), asked.force,
    )  # fmt: skip
    try:
        return _on_to_sign_in(party, asked, state)
    except NotAnswerable as refused:
        return _refuse(party, state, refused.status)


def _proved(party: Party, received: Received) -> etree._Element:
    """What may be read of the request: what is signed, or all of it where nothing is and nothing need be. Raises Refusal."""
    if not received.is_signed and not party.must_sign:
        return received.root
    try:
        return received.proved(party.facts.certificates)
    except BadSignature as bad:
        _log.warning("saml.bad_signature", client_id=party.client.client_id, why=str(bad))
        raise Refusal(
            _("Yêu cầu đăng nhập của ứng dụng không được ký đúng. Báo cho bộ phận quản lý ứng dụng đó."), reason="saml_bad_signature"
        ) from None


def _consumer_of(party: Party, asked: AuthnRequest) -> str:
    """Where the answer goes: only ever an address of the metadata. Raises Refusal."""
    found: Consumer | None = party.facts.default_consumer
    if asked.consumer_url is not None:
        found = party.facts.consumer_at(asked.consumer_url)
    elif asked.consumer_index is not None:
        found = party.facts.consumer_of(asked.consumer_index)
    if found is None:
        _log.info("saml.consumer_unknown", client_id=party.client.client_id)
        raise Refusal(
            _("Ứng dụng “%(name)s” yêu cầu trả kết quả về một địa chỉ chưa đăng ký. Báo cho bộ phận quản lý ứng dụng đó.",
              name=party.client.client_name),
            reason="saml_consumer_unknown",
        )  # fmt: skip
    return found.url


def _on_to_sign_in(party: Party, asked: AuthnRequest, state: SignInState) -> Response:
    if asked.binding not in (None, POST) or asked.names_subject:
        raise NotAnswerable((REQUESTER, STATUS + ("RequestUnsupported" if asked.names_subject else "UnsupportedBinding")))
    try:
        kind = naming.name_format(party, asked.name_format)
    except naming.NoSuchName:
        raise NotAnswerable((REQUESTER, STATUS + "InvalidNameIDPolicy")) from None
    prompt = "none" if asked.passive else "login" if asked.force else None
    max_age = 0 if asked.passive and asked.force else None
    named = replace(state, name_kind=kind)
    return _ask(party, named, prompt=prompt, max_age=max_age, acr=_least_acr(asked.context))


def _least_acr(context: WantedContext) -> str | None:
    try:
        return context.least_acr()
    except NoSuchContext:
        raise NotAnswerable((RESPONDER, STATUS + "NoAuthnContext")) from None


def _ask(party: Party, state: SignInState, *, prompt: str | None, max_age: int | None, acr: str | None) -> Response:
    essential = {"id_token": {"acr": {"essential": True, "value": acr}}} if acr and acr != AAL1 else None
    asked: dict[str, Any] = {
        "client_id": party.client.client_id,
        "redirect_uri": answer_uri(),
        "response_type": "code",
        "scope": " ".join(sorted(party.client.scopes - {"offline_access"})),
        "state": seal_state(state),
        "code_challenge": challenge_of(state.code_verifier),
        "code_challenge_method": "S256",
        "prompt": prompt,
        "max_age": max_age,
        "claims": json.dumps(essential, separators=(",", ":")) if essential else None,
    }
    return redirect("/authorize?" + urlencode({name: value for name, value in asked.items() if value is not None}), 303)


def _party_of(state: SignInState) -> Party:
    party = find_by_client(uuid.UUID(state.client))
    if party is None or party.facts.consumer_at(state.consumer_url) is None:
        raise Refusal(_("Ứng dụng đã ngừng kết nối trong khi đăng nhập. Mở lại ứng dụng để bắt đầu lại."), reason="saml_party_gone")
    return party


def _redeem(party: Party, state: SignInState, code: str) -> tuple[GrantedCode, LiveSession]:
    """What the code stands for, redeemed; only in the browser whose session it came from: whoever sends their own answer to somebody
    else must not have them work under the sender's name. Raises Refusal."""
    live, granted = current(), None
    if live is not None and _is_of(code, live):
        granted = redeemed(party.client, code, answer_uri(), state.code_verifier)
    if live is None or granted is None:
        raise Refusal(_("Lượt đăng nhập này không dùng được. Mở lại ứng dụng cần vào để bắt đầu lại."), reason="saml_code_unusable")
    return granted, live


def _is_of(code: str, live: LiveSession) -> bool:
    try:
        return open_code(code).session_id == live.session_id
    except CodeUnreadable:
        return False


def _refuse(party: Party, state: SignInState, status: Sequence[str]) -> Response:
    _log.info("saml.refused", client_id=party.client.client_id, status=status[-1].rpartition(":")[2])
    told = response_without(own_metadata.entity_id(), state.consumer_url, state.request_id, status, signing_key(reader()))
    return post_to(state.consumer_url, told, state.relay_state)


def _unreadable(why: Exception) -> Refusal:
    _log.info("saml.unreadable", why=str(why))
    return Refusal(
        _("Yêu cầu đăng nhập mà ứng dụng gửi đến không đọc được. Mở lại ứng dụng; nếu vẫn lỗi, báo cho bộ phận quản lý ứng dụng."),
        reason="saml_unreadable",
    )
