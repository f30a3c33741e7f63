"""/scim/v2: sources push their people (RFC 7644). The door: who calls, in which transaction, and what the answer looks like on the wire."""

import base64
import hashlib
import hmac
import importlib
import json
from functools import cache
from typing import Any

from flask import Blueprint, Response, request
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from directory_sync.scim import messages
from directory_sync.scim.callers import PATH, READ, WRITE, Caller, find_caller, resource_identifier
from directory_sync.scim.messages import Answered, BadKey
from directory_sync.scim.runs import note_held
from idp import compact_jws
from idp.database import in_transaction, reader
from idp.oidc import bearer, dpop, live_tokens
from idp.oidc.bearer import BearerRefused
from idp.settings import current_settings
from idp.web.csrf import csrf_exempt
from idp.web.viewer import anyone

blueprint = Blueprint("scim", __name__)
csrf_exempt(blueprint)
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
SEARCH = "/.search"
CLAIM = "scim_body_sha256"
RETRY_SECONDS = 3600
_HEADERS = ("If-Match", "If-None-Match", "Content-Type")


@blueprint.route(PATH, defaults={"path": ""}, methods=METHODS, provide_automatic_options=False)
@blueprint.route(f"{PATH}/", defaults={"path": ""}, methods=METHODS, provide_automatic_options=False)
@blueprint.route(f"{PATH}/<path:path>", methods=METHODS, provide_automatic_options=False)
@anyone
def scim(path: str) -> Response:
    """Any request of the protocol; the token says for whom."""
    protocol = _protocol()
    request.max_content_length = protocol.LARGEST_BULK
    try:
        body = request.get_data(cache=False)
        if request.method in ("GET", "HEAD") and f"/{path}".startswith(protocol.PUBLIC):
            return _read(_asked(path, b"", None), None)
        caller = _require_caller(body)
    except BearerRefused as refused:
        return _refused(refused)
    asked = _asked(path, body, caller)
    if request.method in ("GET", "HEAD") or f"/{path}".endswith(SEARCH):
        return _read(asked, reader())
    try:
        return _write(asked, caller)
    except BadKey as bad:
        return _told(bad.status, protocol.refusal(bad.status, bad.detail))


@cache
def _protocol() -> Any:
    return importlib.import_module("directory_sync.scim.protocol")


def _asked(path: str, body: bytes, caller: Caller | None) -> Any:
    headers = {name: request.headers[name] for name in _HEADERS if name in request.headers}
    method = "GET" if request.method == "HEAD" else request.method
    return _protocol().ScimRequest(method, resource_identifier(), f"/{path}", request.args.to_dict(), headers, body, caller)


def _require_caller(body: bytes) -> Caller:
    """The source that the token of this request speaks for. Raises BearerRefused."""
    token = bearer.require_access_token(resource=resource_identifier())
    scopes = {READ, WRITE} & set(token.scope.split())
    row = live_tokens.find_live(reader(), token)
    if row is None or row.person_id is not None:
        raise bearer.invalid()
    caller = find_caller(reader(), row.client_id, scopes)
    if caller is None or not scopes:
        raise BearerRefused("insufficient_scope", "the client speaks for no source", 403, {"scope": f"{READ} {WRITE}"})
    if caller.signed and request.method != "GET":
        _require_signed(body, bound=token.confirmation is not None)
    return caller


def _require_signed(body: bytes, *, bound: bool) -> None:
    """A source whose writes are signed: the proof of its key (RFC 9449), which is of this moment and counts once, also holds the digest
    of the body. Raises BearerRefused. The proof itself was verified with the token."""
    written = request.headers.get("DPoP", "")
    said = str(compact_jws.read(written).claims.get(CLAIM)) if bound and written else ""
    expected = base64.urlsafe_b64encode(hashlib.sha256(body).digest()).rstrip(b"=")
    if not hmac.compare_digest(said.encode("utf-8", "replace"), expected):
        raise BearerRefused("invalid_token", f"the DPoP proof must hold the digest of the body as {CLAIM}")


def _read(asked: Any, connection: Connection | None) -> Response:
    try:
        return _written(_protocol().answer(connection, asked)[0])
    except _protocol().SCIMException as error:
        return _written(_protocol().error_answer(error))


def _write(asked: Any, caller: Caller) -> Response:
    """A write in one transaction with the memory of its answer. A failed one leaves nothing; suspensions that were held back are
    written down after it. Raises BadKey."""
    key = request.headers.get("Idempotency-Key")
    if key is not None:
        messages.check_key(key)
    digest = messages.digest_of(asked.method, asked.path, asked.body)

    def carry_out(connection: Connection) -> tuple[Answered, list[Any], bool]:
        before = messages.find_answer(connection, caller.source, key, digest) if key is not None else None
        if before is not None:
            return before, [], True
        given, held = _protocol().answer(connection, asked)
        answered = Answered(int(given.status), dict(given.headers), given.body)
        if key is not None:
            messages.keep_answer(connection, caller.source, key, digest, answered)
        return answered, held, False

    try:
        answered, held, is_repeated = in_transaction(carry_out)
    except IntegrityError:
        return _told(409, _protocol().refusal(409, "another request claimed the same at this moment; send it again"))
    except _protocol().SCIMException as error:
        return _after_error(error, caller)
    _note(held, caller)
    headers = {"Idempotency-Replayed": "true"} if is_repeated else {}
    return _told(answered.status, answered.body, {**answered.headers, **headers})


def _after_error(error: Any, caller: Caller) -> Response:
    response = _written(_protocol().error_answer(error))
    if isinstance(error, _protocol().Held):
        _note([error], caller)
        response.headers["Retry-After"] = str(RETRY_SECONDS)
    return response


def _note(held: list[Any], caller: Caller) -> None:
    if held:
        most = max(held, key=lambda one: one.people)
        in_transaction(lambda connection: note_held(connection, caller, most.people, most.active))


def _refused(refused: BearerRefused) -> Response:
    response = bearer.answer_refused(refused, PATH)
    response.set_data(json.dumps(_protocol().refusal(response.status_code, refused.description or "an access token is needed")))
    response.content_type = "application/scim+json"
    return response


def _written(given: Any) -> Response:
    return _told(int(given.status), given.body, given.headers)


def _told(status: int, body: dict[str, Any] | None, headers: dict[str, str] | None = None) -> Response:
    written = json.dumps(body, ensure_ascii=False) if body is not None else b""
    response = Response(written, status, content_type="application/scim+json", headers={**(headers or {}), **dpop.nonce_headers()})
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get(bearer.WELL_KNOWN + PATH)
@anyone
def protected_resource() -> Response:
    """The metadata of this service as a protected resource (RFC 9728 §2)."""
    issuer = current_settings().issuer
    told = {
        "resource": resource_identifier(), "authorization_servers": [issuer], "scopes_supported": [READ, WRITE],
        "bearer_methods_supported": ["header"], "dpop_signing_alg_values_supported": list(dpop.ALGORITHMS),
    }  # fmt: skip
    return Response(json.dumps(told), content_type="application/json", headers={"Cache-Control": "public, max-age=600", **bearer.CORS})
