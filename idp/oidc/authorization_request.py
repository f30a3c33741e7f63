"""The authorization request: read, checked against what the client has registered, and understood."""

import re
from dataclasses import dataclass, field

import structlog
from flask_babel import gettext as _

from clients.registry import RegisteredClient, find_client
from idp.errors import Refusal
from idp.oidc import id_token
from idp.oidc.authorization_response import FORM_POST, QUERY
from idp.oidc.claims import ClaimsRequest, MalformedClaims, read_claims_request

PROMPTS = frozenset({"none", "login", "consent", "select_account"})
LONGEST_STATE, LONGEST_LOGIN_HINT, LOGGED = 2000, 255, 255
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_MAX_AGE = re.compile(r"[0-9]{1,9}")
_log = structlog.get_logger()
# What a later step needs to see the same request again; the rest is not carried along.
CARRIED = (
    "client_id", "redirect_uri", "response_type", "response_mode", "scope", "state", "nonce", "code_challenge", "code_challenge_method",
    "prompt", "max_age", "acr_values", "claims", "login_hint", "id_token_hint", "ui_locales",
)  # fmt: skip


@dataclass(frozen=True)
class Destination:
    """Where the answer goes: an address found among the client's own, by exact comparison."""

    client: RegisteredClient
    redirect_uri: str
    response_mode: str
    state: str | None


class RequestRefused(Exception):
    """The answer is an error, sent to the client (RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.6). `description` is ASCII for
    its developer and holds nothing of the request."""

    def __init__(self, destination: Destination, error: str, description: str) -> None:
        super().__init__(error)
        self.destination, self.error, self.description = destination, error, description


@dataclass(frozen=True)
class AuthorizationRequest:
    """What a client asks for. `max_age` in seconds; `hinted_subject`: the person must be this one; `parameters`: as they came."""

    to: Destination
    scope: str
    nonce: str | None
    code_challenge: str | None
    prompt: frozenset[str]
    max_age: int | None
    acr_values: tuple[str, ...]
    acr_is_essential: bool
    login_hint: str | None
    hinted_subject: str | None
    claims: ClaimsRequest
    ui_locales: tuple[str, ...]
    parameters: dict[str, str] = field(repr=False)

    @property
    def client(self) -> RegisteredClient:
        """Who asks."""
        return self.to.client


def read_request(parameters: dict[str, str]) -> AuthorizationRequest:
    """The request that these parameters make. Raises Refusal when it is not certain where an answer may go (then a page is shown
    and nothing is sent: RFC 9700 §4.11), RequestRefused when the client is to be told."""
    to = _destination(parameters)
    _check_form(to, parameters)
    prompt = _prompt(to, parameters)
    claims = _claims(to, parameters)
    return AuthorizationRequest(
        to=to,
        scope=_scope(to, parameters),
        nonce=parameters.get("nonce"),
        code_challenge=_code_challenge(to, parameters),
        prompt=prompt,
        max_age=_max_age(to, parameters),
        acr_values=claims.acr_values or tuple(parameters.get("acr_values", "").split()),
        acr_is_essential=claims.acr_is_essential,
        login_hint=parameters.get("login_hint", "")[:LONGEST_LOGIN_HINT] or None,
        hinted_subject=_hinted_subject(to, parameters, claims),
        claims=claims,
        ui_locales=tuple(parameters.get("ui_locales", "").split()),
        parameters={name: parameters[name] for name in CARRIED if name in parameters},
    )


def _destination(parameters: dict[str, str]) -> Destination:
    client = find_client(parameters.get("client_id", ""))
    if client is None:
        _tell_operators(parameters)
        raise Refusal(
            _("Ứng dụng gửi yêu cầu đăng nhập chưa được đăng ký hoặc đã ngừng kết nối. Báo cho bộ phận quản lý ứng dụng đó."),
            reason="client_unknown",
        )
    redirect_uri = parameters.get("redirect_uri", "")
    if redirect_uri not in client.redirect_uris:
        _tell_operators(parameters)
        raise Refusal(
            _(
                "Ứng dụng “%(name)s” yêu cầu trả kết quả về một địa chỉ (redirect_uri) chưa đăng ký. Báo cho bộ phận quản lý ứng dụng đó.",
                name=client.client_name,
            ),
            reason="redirect_uri_unknown",
        )
    mode = FORM_POST if parameters.get("response_mode") == FORM_POST else QUERY
    return Destination(client, redirect_uri, mode, parameters.get("state"))


def _tell_operators(parameters: dict[str, str]) -> None:
    """What was sent, for whoever has to find the difference to what is registered; without the query, which may hold a secret."""
    address = parameters.get("redirect_uri", "").partition("?")[0]
    _log.info("authorization.unanswerable", client_id=parameters.get("client_id", "")[:LOGGED], redirect_uri=address[:LOGGED])


def _check_form(to: Destination, parameters: dict[str, str]) -> None:
    for name, error in (
        ("request", "request_not_supported"),
        ("request_uri", "request_uri_not_supported"),
        ("registration", "registration_not_supported"),
    ):
        if name in parameters:
            raise RequestRefused(to, error, f"the parameter {name} is not supported")
    if "response_type" not in parameters:
        raise RequestRefused(to, "invalid_request", "response_type is missing")
    if parameters["response_type"] != "code":
        raise RequestRefused(to, "unsupported_response_type", "only response_type=code is supported")
    if parameters.get("response_mode", QUERY) not in (QUERY, FORM_POST):
        raise RequestRefused(to, "invalid_request", "response_mode is query or form_post")
    if len(parameters.get("state", "")) > LONGEST_STATE or len(parameters.get("nonce", "")) > LONGEST_STATE:
        raise RequestRefused(to, "invalid_request", "state or nonce is too long")


def _scope(to: Destination, parameters: dict[str, str]) -> str:
    asked = parameters.get("scope", "").split()
    if "openid" not in asked:
        raise RequestRefused(to, "invalid_scope", "the scope openid is missing")
    return " ".join(name for name in dict.fromkeys(asked) if name in to.client.scopes)


def _code_challenge(to: Destination, parameters: dict[str, str]) -> str | None:
    challenge = parameters.get("code_challenge")
    if challenge is None:
        if to.client.require_pkce or to.client.is_public or "code_challenge_method" in parameters:
            raise RequestRefused(to, "invalid_request", "code_challenge is required (RFC 7636)")
        return None
    # "plain" is the default of RFC 7636 §4.3 and protects nothing once the request is seen (RFC 9700 §2.1.1).
    if parameters.get("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(challenge):
        raise RequestRefused(to, "invalid_request", "code_challenge_method is S256 and code_challenge has 43 characters")
    return challenge


def _prompt(to: Destination, parameters: dict[str, str]) -> frozenset[str]:
    prompt = frozenset(parameters.get("prompt", "").split())
    if not prompt <= PROMPTS or ("none" in prompt and len(prompt) > 1):
        raise RequestRefused(to, "invalid_request", "prompt is none alone, or some of login, consent, select_account")
    return prompt


def _max_age(to: Destination, parameters: dict[str, str]) -> int | None:
    written = parameters.get("max_age")
    if written is None:
        return None
    if not _MAX_AGE.fullmatch(written):
        raise RequestRefused(to, "invalid_request", "max_age is a number of seconds")
    return int(written)


def _claims(to: Destination, parameters: dict[str, str]) -> ClaimsRequest:
    if "claims" not in parameters:
        return ClaimsRequest()
    try:
        return read_claims_request(parameters["claims"], to.client.scopes)
    except MalformedClaims:
        raise RequestRefused(to, "invalid_request", "claims is not what OpenID Connect Core 5.5 describes") from None


def _hinted_subject(to: Destination, parameters: dict[str, str], claims: ClaimsRequest) -> str | None:
    if "id_token_hint" not in parameters:
        return claims.subject
    try:
        hint = id_token.read_hint(parameters["id_token_hint"])
    except id_token.HintUnusable:
        raise RequestRefused(to, "invalid_request", "id_token_hint is not an ID token of this provider") from None
    if claims.subject not in (None, hint.subject):
        raise RequestRefused(to, "invalid_request", "id_token_hint and claims name different people")
    return hint.subject
