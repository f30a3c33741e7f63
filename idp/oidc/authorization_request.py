"""The authorization request: checked against what the client has registered, and understood."""

import re
from dataclasses import dataclass

from clients.lifetimes import longest_age
from clients.metadata import SCOPES
from clients.profiles import profile_of
from clients.registry import RegisteredClient, find_even_disabled
from idp.oidc import id_token
from idp.oidc.arrival import Arrival
from idp.oidc.claims import ClaimsRequest, MalformedClaims, read_claims_request
from idp.oidc.destination import FORM_POST_JWT, QUERY, QUERY_JWT, RESPONSE_MODES, Destination, RequestRefused, destination_of
from idp.oidc.resource_indicators import InvalidTarget, read_resources
from idp.oidc.subjects import may_share_hints

PROMPTS = frozenset({"none", "login", "consent", "select_account"})
LONGEST_STATE, LONGEST_LOGIN_HINT = 2000, 255
_THUMBPRINT = _CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_MAX_AGE = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True)
class AuthorizationRequest:
    """What a client asks for. `max_age` in seconds; `hinted_subjects`: the person must be one of these,
    as `hinted_to` knows them; `resources`: what the
    tokens are for (RFC 8707); `dpop_jkt`: the key that must redeem the code (RFC 9449 §10)."""

    to: Destination
    arrival: Arrival
    scope: str
    nonce: str | None
    code_challenge: str | None
    prompt: frozenset[str]
    max_age: int | None
    acr_values: tuple[str, ...]
    acr_is_essential: bool
    login_hint: str | None
    hinted_subjects: tuple[str, ...]
    hinted_to: RegisteredClient
    claims: ClaimsRequest
    ui_locales: tuple[str, ...]
    resources: tuple[str, ...]
    dpop_jkt: str | None

    @property
    def client(self) -> RegisteredClient:
        """Who asks."""
        return self.to.client


def read_request(arrival: Arrival) -> AuthorizationRequest:
    """The request that has arrived. Raises Refusal when it is not certain where an answer may go (then a page is shown and nothing
    is sent: RFC 9700 §4.11), RequestRefused when the client is to be told."""
    parameters, metadata = arrival.parameters, arrival.client.metadata
    to = destination_of(arrival.client, parameters, arrival.pushed)
    _check_way(to, arrival)
    _check_form(to, parameters)
    claims = _claims(to, parameters)
    hinted_subjects, hinted_to = _hinted_subjects(to, parameters, claims)
    return AuthorizationRequest(
        to=to,
        arrival=arrival,
        scope=_scope(to, parameters),
        nonce=parameters.get("nonce"),
        code_challenge=_code_challenge(to, parameters),
        prompt=_prompt(to, parameters),
        max_age=_max_age(to, parameters),
        acr_values=claims.acr_values or tuple(parameters.get("acr_values", "").split()) or metadata.default_acr_values,
        acr_is_essential=claims.acr_is_essential,
        login_hint=parameters.get("login_hint", "")[:LONGEST_LOGIN_HINT] or None,
        hinted_subjects=hinted_subjects,
        hinted_to=hinted_to,
        claims=claims,
        ui_locales=tuple(parameters.get("ui_locales", "").split()),
        resources=_resources(to, parameters),
        dpop_jkt=_dpop_jkt(to, parameters),
    )


def _check_way(to: Destination, arrival: Arrival) -> None:
    """Whether it came as the client has promised to send its requests (RFC 9126 §6, RFC 9101 §10.5)."""
    metadata = to.client.metadata
    profile = profile_of(metadata)
    must_be_pushed = metadata.require_pushed_authorization_requests or profile.pushed_requests_only
    if must_be_pushed and arrival.pushed is None and not arrival.is_being_pushed:
        raise RequestRefused(to, "invalid_request", "requests of this client must be pushed (RFC 9126)")
    if not arrival.is_signed and (metadata.require_signed_request_object or profile.signed_requests_only):
        raise RequestRefused(to, "invalid_request", "requests of this client must be in a signed request object (RFC 9101)")


def _check_form(to: Destination, parameters: dict[str, str]) -> None:
    if "authorization_code" not in to.client.metadata.grant_types:
        raise RequestRefused(to, "unauthorized_client", "the client is not registered for the grant authorization_code")
    if "registration" in parameters:
        raise RequestRefused(to, "registration_not_supported", "the parameter registration is not supported")
    if "response_type" not in parameters:
        raise RequestRefused(to, "invalid_request", "response_type is missing")
    if parameters["response_type"] != "code":
        raise RequestRefused(to, "unsupported_response_type", "only response_type=code is supported")
    mode = RESPONSE_MODES.get(parameters.get("response_mode", QUERY))
    if mode is None:
        raise RequestRefused(to, "invalid_request", f"response_mode is one of: {' '.join(RESPONSE_MODES)}")
    if mode not in (QUERY_JWT, FORM_POST_JWT) and profile_of(to.client.metadata).signed_responses_only:
        raise RequestRefused(to, "invalid_request", "response_mode must be jwt, query.jwt or form_post.jwt")
    if len(parameters.get("state", "")) > LONGEST_STATE or len(parameters.get("nonce", "")) > LONGEST_STATE:
        raise RequestRefused(to, "invalid_request", "state or nonce is too long")


def _scope(to: Destination, parameters: dict[str, str]) -> str:
    """What may be granted of what is asked. Without `openid` it is a request of OAuth alone, which makes sense only for the scopes of
    some resource: there will be no ID token, and nothing at /userinfo."""
    asked = parameters.get("scope", "").split()
    granted = [name for name in dict.fromkeys(asked) if name in to.client.scopes]
    if "openid" not in asked and set(granted) <= {*SCOPES}:
        raise RequestRefused(to, "invalid_scope", "the scope openid is missing")
    return " ".join(granted)


def _code_challenge(to: Destination, parameters: dict[str, str]) -> str | None:
    challenge = parameters.get("code_challenge")
    if challenge is None:
        is_needed = to.client.require_pkce or to.client.is_public or profile_of(to.client.metadata).pkce
        if is_needed or "code_challenge_method" in parameters:
            raise RequestRefused(to, "invalid_request", "code_challenge is required (RFC 7636)")
        return None
    # "plain" is the default of RFC 7636 §4.3 and protects nothing once the request is seen (RFC 9700 §2.1.1).
    if parameters.get("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(challenge):
        raise RequestRefused(to, "invalid_request", "code_challenge_method is S256 and code_challenge has 43 characters")
    return challenge


def _prompt(to: Destination, parameters: dict[str, str]) -> frozenset[str]:
    prompt = frozenset(parameters.get("prompt", "").split())
    # "create" (Initiating User Registration) is refused with the rest: officials come from the directory, nobody registers.
    if not prompt <= PROMPTS or ("none" in prompt and len(prompt) > 1):
        raise RequestRefused(to, "invalid_request", "prompt is none alone, or some of login, consent, select_account")
    return prompt


def _max_age(to: Destination, parameters: dict[str, str]) -> int | None:
    written = parameters.get("max_age")
    if written is None:
        return longest_age(to.client.metadata, to.client.metadata.default_max_age)
    if not _MAX_AGE.fullmatch(written):
        raise RequestRefused(to, "invalid_request", "max_age is a number of seconds")
    return longest_age(to.client.metadata, int(written))


def _claims(to: Destination, parameters: dict[str, str]) -> ClaimsRequest:
    if "claims" not in parameters:
        return ClaimsRequest()
    try:
        return read_claims_request(parameters["claims"], to.client.scopes)
    except MalformedClaims:
        raise RequestRefused(to, "invalid_request", "claims is not what OpenID Connect Core 5.5 describes") from None


def _resources(to: Destination, parameters: dict[str, str]) -> tuple[str, ...]:
    if "resource" not in parameters:
        return ()
    try:
        return read_resources(to.client, parameters["resource"])
    except InvalidTarget as refused:
        raise RequestRefused(to, refused.error, str(refused.description)) from None


def _dpop_jkt(to: Destination, parameters: dict[str, str]) -> str | None:
    jkt = parameters.get("dpop_jkt")
    if jkt is not None and not _THUMBPRINT.fullmatch(jkt):
        raise RequestRefused(to, "invalid_request", "dpop_jkt is a SHA-256 thumbprint (RFC 9449)")
    return jkt


def _hinted_subjects(to: Destination, parameters: dict[str, str], claims: ClaimsRequest) -> tuple[tuple[str, ...], RegisteredClient]:
    """Who the person must be one of, and the client that knows them by these names: the ID token may be one of a sister's."""
    if "id_token_hint" not in parameters:
        return claims.subjects, to.client
    try:
        hint = id_token.read_hint(parameters["id_token_hint"])
    except id_token.HintUnusable:
        raise RequestRefused(to, "invalid_request", "id_token_hint is not an ID token of this provider") from None
    if claims.subjects and hint.subject not in claims.subjects:
        raise RequestRefused(to, "invalid_request", "id_token_hint and claims name different people")
    holder = find_even_disabled(hint.client_id) or to.client
    if not may_share_hints(holder, to.client):
        # Else one client could ask whether its visitor is who another one knows by another name.
        raise RequestRefused(to, "invalid_request", "id_token_hint was issued to a client of another sector")
    return (hint.subject,), holder
