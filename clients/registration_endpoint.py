"""POST /register and /register/<client_id> (RFC 7591, RFC 7592, OpenID Connect Registration 1.0): clients register themselves."""

import json
import re
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

import structlog
from flask import Blueprint, Response, request
from flask_babel import force_locale
from flask_babel import gettext as _
from limits import parse_many

from clients import initial_access, self_registration
from clients.admission import admitted
from clients.metadata import SCOPES, ClientMetadata
from clients.metadata_wire import OURS, read_metadata, write_metadata
from clients.refusals import InvalidMetadata
from clients.self_registration import Told
from clients.software_statement import StatementInvalid, StatementNotApproved, read_statement
from idp.compact_jws import UnreadableJwt, strict_json
from idp.database import in_transaction, reader
from idp.errors import Refusal
from idp.opaque_tokens import Secret
from idp.settings import current_settings
from idp.web.address_limits import is_within
from idp.web.csrf import csrf_exempt
from idp.web.language import ENGLISH
from idp.web.viewer import anyone

LARGEST_BODY, LONGEST_DESCRIPTION = 64 * 1024, 300
DEFAULT_SCOPE = " ".join(name for name in SCOPES if name != "staff")  # people are asked in any case
OPEN_LIMITS, REFUSED_LIMITS = parse_many("30/minute;300/hour"), parse_many("30/minute;300/hour")
CHANGE_LIMITS = parse_many("30/minute;300/hour")  # each writes what was and what is into the audit trail
NOT_KEPT = {"Cache-Control": "no-store", "Pragma": "no-cache"}
NOT_SENT_BACK = ("registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at")
_BEARER = re.compile(r"[Bb][Ee][Aa][Rr][Ee][Rr] +([A-Za-z0-9._~+/-]{1,500}=*)")
blueprint = Blueprint("registration", __name__)
csrf_exempt(blueprint)
# Messages are written for people; error_description is visible ASCII without quotation marks and backslashes (RFC 6749 §5.2).
_PLAIN_QUOTES = str.maketrans("“”‘’–…", "''''-.")
_UNTELLABLE = re.compile(r"[^ !#-\[\]-~]")
_log = structlog.get_logger()


class RegistrationRefused(Exception):
    """The answer is an error (RFC 7591 §3.2.2, RFC 6750 §3.1)."""

    def __init__(self, error: str, description: str = "", status: int = 400) -> None:
        super().__init__(error)
        self.error, self.description, self.status = error, description, status


def _answers(door: Callable[..., Response]) -> Callable[..., Response]:
    """Refusals as the specifications write them, in the language that developers read."""

    @wraps(door)
    def answered(*args: Any, **kwargs: Any) -> Response:
        try:
            with force_locale(ENGLISH):
                return door(*args, **kwargs)
        except RegistrationRefused as refused:
            return _refuse(refused)
        except Refusal as refusal:
            return _refuse(RegistrationRefused(refusal.reason, str(refusal.message), refusal.status))

    return answered


@blueprint.post("/register")
@anyone
@_answers
def register() -> Response:
    """Register a client; the answer shows its secret and its token this once."""
    initial_token = _require_permission()
    body = _body()
    statement = body.pop("software_statement", None)
    wanted = admitted(_wanted(body, statement, is_unknown=initial_token is None and statement is None))
    told = in_transaction(lambda connection: self_registration.register(connection, wanted, initial_token=initial_token))
    return _told(told, 201, {"software_statement": statement} if statement else {})


@blueprint.get("/register/<client_id>")
@anyone
@_answers
def read(client_id: str) -> Response:
    """The client's entry."""
    return _told(self_registration.read(reader(), client_id, _require_token(client_id)))


@blueprint.put("/register/<client_id>")
@anyone
@_answers
def change(client_id: str) -> Response:
    """Another entry in its place, and another token."""
    token = _require_token(client_id)
    if not is_within("register-change", CHANGE_LIMITS):
        raise RegistrationRefused("temporarily_unavailable", "too many changes from this address", 429)
    body = _body()
    if body.get("client_id") != client_id or any(name in body for name in NOT_SENT_BACK):
        raise InvalidMetadata(_("client_id phải đúng, và không gửi lại: %(names)s.", names=", ".join(NOT_SENT_BACK)))
    secret = body.get("client_secret")
    if secret is not None and not isinstance(secret, str):
        raise InvalidMetadata(_("client_secret không đúng."))
    before = self_registration.read(reader(), client_id, token).metadata
    given = _completed(_given(body, body.pop("software_statement", None)))
    admitted(self_registration.wanted_of(given, before))
    return _told(in_transaction(lambda connection: self_registration.change(connection, client_id, token, given, secret)))


@blueprint.delete("/register/<client_id>")
@anyone
@_answers
def delete(client_id: str) -> Response:
    """The end of the client."""
    token = _require_token(client_id)
    in_transaction(lambda connection: self_registration.delete(connection, client_id, token))
    return Response(status=204, headers=NOT_KEPT)


def _require_permission() -> str | None:
    """The initial access token of this request; None where none is needed. Raises RegistrationRefused."""
    mode, token = current_settings().registration, _bearer()
    if mode == "off":
        raise RegistrationRefused("access_denied", "this provider registers no clients here", 403)
    if token is None and mode == "open":
        if not is_within("register", OPEN_LIMITS):
            raise RegistrationRefused("temporarily_unavailable", "too many registrations from this address", 429)
        return None
    if token is None or not initial_access.is_usable(reader(), token):
        raise _not_allowed()
    return token


def _require_token(client_id: str) -> Secret:
    """The registration access token of this client, which the request carries. Raises RegistrationRefused: an unknown client is
    answered like a wrong token (RFC 7592 §2.1)."""
    if current_settings().registration == "off":
        raise RegistrationRefused("access_denied", "this provider registers no clients here", 403)
    token = _bearer()
    if token is None or self_registration.is_managed_by(reader(), client_id[:100], token) is None:
        raise _not_allowed()
    return token


def _not_allowed() -> RegistrationRefused:
    if not is_within("register-refused", REFUSED_LIMITS):
        return RegistrationRefused("temporarily_unavailable", "too many requests without a token from this address", 429)
    return RegistrationRefused("invalid_token", "a token that is still good is needed: Authorization: Bearer ...", 401)


def _bearer() -> Secret | None:
    found = _BEARER.fullmatch(request.headers.get("Authorization", ""))
    return Secret(found.group(1)) if found else None


def _body() -> dict[str, Any]:
    if request.mimetype != "application/json" or request.query_string:
        raise RegistrationRefused("invalid_request", "send application/json, and no query")
    if (request.content_length or 0) > LARGEST_BODY:
        raise RegistrationRefused("invalid_request", "the body is too large", 413)
    try:
        return strict_json(request.get_data(cache=False))
    except UnreadableJwt as unreadable:
        raise RegistrationRefused("invalid_client_metadata", str(unreadable)) from None


def _given(body: dict[str, Any], statement: object) -> dict[str, Any]:
    """What the client says of itself, and before that what somebody trusted says of it."""
    if statement is None:
        return read_metadata(body, leaving_out=OURS)
    if not isinstance(statement, str):
        raise RegistrationRefused("invalid_software_statement", "not a JWT")
    try:
        claims = read_statement(statement)
    except StatementInvalid as invalid:
        raise RegistrationRefused("invalid_software_statement", str(invalid)) from None
    except StatementNotApproved:
        raise RegistrationRefused("unapproved_software_statement", "its issuer is not trusted here") from None
    return read_metadata(body, leaving_out=OURS) | read_metadata(claims, leaving_out=OURS)


def _wanted(body: dict[str, Any], statement: object, *, is_unknown: bool) -> ClientMetadata:
    given = _completed(_given(body, statement))
    is_public = given.get("token_endpoint_auth_method") == "none"
    requires_pkce = is_public or current_settings().registration_requires_pkce
    # Who holds a token was given it by an administrator; anybody else is a stranger to the hosts of our own networks.
    return ClientMetadata(**{**given, "require_pkce": requires_pkce, "public_addresses_only": is_unknown})


def _completed(given: dict[str, Any]) -> dict[str, Any]:
    """With what a client that says nothing of it gets. One without a name is called after its host: people then read where they go."""
    told = {"redirect_uris": (), "scope": DEFAULT_SCOPE, **given}
    return {"client_name": _host_of(told["redirect_uris"]), **told}


def _host_of(redirect_uris: tuple[str, ...]) -> str:
    try:
        return (urlsplit(redirect_uris[0]).hostname if redirect_uris else None) or "client"
    except ValueError:
        return "client"


def _told(told: Told, status: int = 200, more: dict[str, Any] | None = None) -> Response:
    """The client information response (RFC 7591 §3.2.1)."""
    metadata = told.metadata
    body = {
        "client_id": metadata.client_id,
        "client_id_issued_at": told.issued_at,
        **({"client_secret": told.secret, "client_secret_expires_at": 0} if told.secret else {}),
        **({"registration_access_token": told.token} if told.token else {}),
        "registration_client_uri": f"{current_settings().issuer}/register/{metadata.client_id}",
        **write_metadata(metadata, leaving_out=OURS),
        **(more or {}),
    }
    return Response(json.dumps(body, ensure_ascii=False), status, NOT_KEPT, content_type="application/json")


def _refuse(refused: RegistrationRefused) -> Response:
    _log.info("registration.refused", error=refused.error, why=refused.description)
    ascii_only = _UNTELLABLE.sub("?", refused.description.translate(_PLAIN_QUOTES))[:LONGEST_DESCRIPTION]
    body = {"error": refused.error} | ({"error_description": ascii_only} if ascii_only else {})
    response = Response(json.dumps(body), refused.status, NOT_KEPT, content_type="application/json")
    if refused.status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="register", error="invalid_token"'
    if refused.status == 429:
        response.headers["Retry-After"] = "60"
    return response
