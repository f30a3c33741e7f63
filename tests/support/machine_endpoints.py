"""An OpenAPI description of the endpoints that programs speak to: what they take, and every kind of answer they may give."""

from typing import Any

FORM, JSON, HTML = "application/x-www-form-urlencoded", "application/json", "text/html"
Described = dict[str, Any]
TEXT: Described = {"type": "string", "maxLength": 60}
_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {"type": "string", "pattern": "^[a-z_]+$"},
        "error_description": {"type": "string", "pattern": "^[\\x20-\\x21\\x23-\\x5b\\x5d-\\x7e]*$"},  # RFC 6749 §5.2
    },
}
REFUSED = {str(status): {"description": "refused", "content": {JSON: {"schema": _ERROR}}} for status in (400, 401, 403, 413, 415, 429)}
PAGE = {str(status): {"description": "a page for a person", "content": {HTML: {}}} for status in (200, 400, 403, 404, 413, 429)}
AWAY = {"303": {"description": "on to another address"}}
NOTHING = {"204": {"description": "done, and nothing to say"}}


def object_of(*required: str, **properties: Described) -> Described:
    """A JSON object with at least these members."""
    return {"type": "object", "required": list(required), "properties": properties}


def answer(status: int, schema: Described, content_type: str = JSON) -> Described:
    """The answer to a request that is in order."""
    return {str(status): {"description": "in order", "content": {content_type: {"schema": schema}}}}


def form(fields: str, responses: Described) -> Described:
    """A POST of a form with these fields, all of them optional: what is missing is part of what is tried."""
    schema = {"type": "object", "properties": dict.fromkeys(fields.split(), TEXT)}
    return {"post": {"requestBody": {"required": True, "content": {FORM: {"schema": schema}}}, "responses": responses}}


def query(names: str, responses: Described, headers: str = "") -> Described:
    """A GET with these parameters, all of them optional."""
    given = [(name, "query") for name in names.split()] + [(name, "header") for name in headers.split()]
    return {"get": {"parameters": [{"name": name, "in": place, "schema": TEXT} for name, place in given], "responses": responses}}


CLIENT = "client_id client_secret client_assertion client_assertion_type"
AUTHORIZATION = (
    "response_type redirect_uri scope state nonce response_mode code_challenge code_challenge_method prompt max_age acr_values claims login_hint "
    "id_token_hint ui_locales claims_locales display request request_uri registration resource dpop_jkt"
)
TOKEN = (
    "grant_type code redirect_uri code_verifier refresh_token scope resource audience device_code subject_token subject_token_type actor_token "
    "actor_token_type requested_token_type"
)
LOGOUT = "id_token_hint post_logout_redirect_uri client_id state ui_locales logout_hint"
TOKENS = object_of(
    "access_token", "token_type", "expires_in", access_token={"type": "string"}, token_type={"enum": ["Bearer", "DPoP", "N_A"]}
)
DISCOVERY = object_of("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri", issuer={"type": "string", "format": "uri"})
JWKS = object_of("keys", keys={"type": "array", "items": object_of("kty", "kid", kty={"enum": ["RSA", "EC", "OKP"]})})
REGISTERED = object_of("client_id", "redirect_uris", client_id={"type": "string"}, redirect_uris={"type": "array"})
METADATA = object_of(
    redirect_uris={"type": "array", "items": TEXT}, client_name=TEXT, scope=TEXT, token_endpoint_auth_method=TEXT, jwks={"type": "object"},
    jwks_uri=TEXT, grant_types={"type": "array", "items": TEXT}, response_types={"type": "array", "items": TEXT}, default_max_age={"type": "integer"},
    require_auth_time={"type": "boolean"}, contacts={"type": "array", "items": TEXT}, subject_type=TEXT, software_statement=TEXT,
)  # fmt: skip
_BY_CLIENT = {"name": "client_id", "in": "path", "required": True, "schema": {"type": "string", "pattern": "^[A-Za-z0-9]{1,20}$"}}
_BODY = {"required": True, "content": {JSON: {"schema": METADATA}}}
_EMPTY = {"description": "the status says it all"}
_CHALLENGED = {str(status): _EMPTY for status in (400, 401, 403)}


def _merged(*operations: Described) -> Described:
    return {method: described for operation in operations for method, described in operation.items()}


OPENAPI: Described = {
    "openapi": "3.1.0",
    "info": {"title": "The endpoints that programs speak to", "version": "1"},
    "paths": {
        "/.well-known/openid-configuration": query("", answer(200, DISCOVERY)),
        "/.well-known/oauth-authorization-server": query("", answer(200, DISCOVERY)),
        "/jwks": query("", answer(200, JWKS)),
        "/authorize": _merged(query("client_id " + AUTHORIZATION, {**PAGE, **AWAY}), form("client_id " + AUTHORIZATION, {**PAGE, **AWAY})),
        "/par": form(f"{CLIENT} {AUTHORIZATION}", answer(201, object_of("request_uri", "expires_in")) | REFUSED),
        "/token": form(f"{CLIENT} {TOKEN}", answer(200, TOKENS) | REFUSED),
        "/introspect": form(f"{CLIENT} token token_type_hint", answer(200, object_of("active", active={"type": "boolean"})) | REFUSED),
        "/revoke": form(f"{CLIENT} token token_type_hint", {"200": _EMPTY} | REFUSED),
        "/device_authorization": form(f"{CLIENT} scope resource", answer(200, object_of("device_code", "user_code")) | REFUSED),
        "/device": query("user_code", {**PAGE, **AWAY}),
        "/userinfo": _merged(query("", _CHALLENGED, "Authorization DPoP"), form("access_token", _CHALLENGED)),
        "/register": {"post": {"requestBody": _BODY, "responses": answer(201, REGISTERED) | REFUSED}},
        "/register/{client_id}": {
            "parameters": [_BY_CLIENT],
            "get": {"responses": answer(200, REGISTERED) | REFUSED},
            "put": {"requestBody": _BODY, "responses": answer(200, REGISTERED) | REFUSED},
            "delete": {"responses": NOTHING | REFUSED},
        },
        "/end_session": _merged(query(LOGOUT, {**PAGE, **AWAY}), form(LOGOUT, {**PAGE, **AWAY})),
        "/forward-auth": query(
            "client_id acr max_age units answer", {**PAGE, **AWAY, **_CHALLENGED}, "X-Forwarded-Proto X-Forwarded-Host X-Forwarded-Uri X-Forwarded-Method"
        ),
    },
}  # fmt: skip
