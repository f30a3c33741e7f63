"""The one reader of an access token shown to a resource of this provider: Bearer (RFC 6750), DPoP (RFC 9449 §7), or bound to a
client certificate (RFC 8705 §3); and how it is refused, step-up included (RFC 9470)."""

from dataclasses import dataclass

from flask import Response, request

from clients.registry import find_by_key
from idp import clock
from idp.at_hand import this_request
from idp.database import in_transaction, reader
from idp.oidc import client_certificate, dpop, live_tokens
from idp.oidc.access_token import AccessToken, AccessTokenUnreadable, open_access_token
from idp.oidc.confirmation import JKT, X5T, is_same_key
from idp.oidc.parameters import MalformedRequest, form_parameters
from idp.settings import current_settings

BEARER, DPOP = "Bearer", "DPoP"
WELL_KNOWN = "/.well-known/oauth-protected-resource"
CORS = {"Access-Control-Allow-Origin": "*"}  # the token is the only credential; no cookie is looked at


class BearerRefused(Exception):
    """No usable access token (RFC 6750 §3.1). Without `error` the request carried none at all. `challenge`: what else is said in
    WWW-Authenticate."""

    def __init__(self, error: str | None, description: str = "", status: int = 401, challenge: dict[str, str] | None = None) -> None:
        super().__init__(error)
        self.error, self.description, self.status, self.challenge = error, description, status, challenge or {}


@dataclass(frozen=True)
class Shown:
    """A token as it came: by which scheme, in which words."""

    scheme: str
    written: str


def require_access_token(scope: str | None = None, *, resource: str | None = None) -> AccessToken:
    """The access token of this request: readable, of this hour, for this provider, shown by who holds its key, and for `scope`.
    `resource`: the part of this provider that tokens must name as their audience (RFC 8707), and show in the header.
    Whether its authorization is still alive is for the caller to ask, in the statement that it needs anyway. Raises BearerRefused."""
    shown = _shown(header_only=resource is not None)
    token = _require_readable(shown, resource)
    if token.confirmation is not None or shown.scheme == DPOP:
        _check_possession(token, shown)
    if scope is not None and scope not in token.scope.split():
        raise BearerRefused("insufficient_scope", f"the scope {scope} is needed", 403, {"scope": scope})
    if token.under and not live_tokens.all_live(reader(), token.under):
        raise invalid()
    return token


def stronger_authentication_needed(acr_values: str | None = None, max_age: int | None = None) -> BearerRefused:
    """The refusal that sends the person to prove more, or anew: a step-up challenge (RFC 9470 §3). `max_age` in seconds."""
    challenge = ({"acr_values": acr_values} if acr_values else {}) | ({"max_age": str(max_age)} if max_age is not None else {})
    return BearerRefused("insufficient_user_authentication", "a different authentication is needed", 401, challenge)


def invalid() -> BearerRefused:
    """The refusal of a token that is worth nothing."""
    return BearerRefused("invalid_token", "the access token is unknown, expired or revoked")


def answer_refused(refused: BearerRefused, resource: str) -> Response:
    """The answer, without a word about whose token it was. The scheme of the challenge is that of the request; a request without a
    token is told of both. `resource`: the path of the whole resource that tokens are for; nothing of what was asked for is said again."""
    said = {"realm": resource.strip("/")} | ({"error": refused.error, "error_description": refused.description} if refused.error else {})
    said |= {**refused.challenge, "resource_metadata": current_settings().issuer + WELL_KNOWN + resource}
    used = (request.headers.get("Authorization") or "").partition(" ")[0].lower()
    bearer, proof = _challenge(BEARER, said), _challenge(DPOP, {**said, "algs": " ".join(dpop.ALGORITHMS)})
    challenges = [bearer, proof] if refused.error is None else [proof] if used == "dpop" else [bearer]
    headers = {"Cache-Control": "no-store", "Access-Control-Expose-Headers": "WWW-Authenticate", **CORS, **dpop.nonce_headers()}
    response = Response(status=refused.status, headers=headers)
    for challenge in challenges:
        response.headers.add("WWW-Authenticate", challenge)
    return response


def _challenge(scheme: str, said: dict[str, str]) -> str:
    return f"{scheme} " + ", ".join(f'{name}="{value}"' for name, value in said.items())


def _shown(*, header_only: bool) -> Shown:
    """The token: in the header (RFC 6750 §2.1, RFC 9449 §7.1) or in a form (RFC 6750 §2.2); never in the URL, which is logged
    everywhere."""
    asked = this_request()
    header = asked.headers.get("Authorization")
    may_be_in_form = asked.method == "POST" and asked.content_length and not header_only
    in_form = _form().get("access_token") if may_be_in_form else None
    if header is None:
        if in_form is None:
            raise BearerRefused(None)
        return Shown(BEARER, in_form)
    if in_form is not None:
        raise BearerRefused("invalid_request", "the token is sent twice", 400)
    scheme, _, written = header.partition(" ")
    known = {"bearer": BEARER, "dpop": DPOP}.get(scheme.lower())
    if known is None or not written.strip():
        raise BearerRefused(None)
    return Shown(known, written.strip())


def _form() -> dict[str, str]:
    try:
        return form_parameters()
    except MalformedRequest as malformed:
        raise BearerRefused("invalid_request", str(malformed), 400) from None


def _require_readable(shown: Shown, resource: str | None) -> AccessToken:
    try:
        token = open_access_token(shown.written)
    except AccessTokenUnreadable:
        raise invalid() from None
    is_for_us = resource in token.audience if resource is not None else not token.audience or _is_for_us(token.audience)
    if token.expires_at <= clock.now() or not is_for_us:
        raise invalid()
    return token


def _is_for_us(audience: tuple[str, ...]) -> bool:
    issuer = current_settings().issuer
    return issuer in audience or issuer + request.path in audience


def _check_possession(token: AccessToken, shown: Shown) -> None:
    bound = token.confirmation or {}
    if (JKT in bound) != (shown.scheme == DPOP):
        # A bound token shown as a plain one was taken from its owner (RFC 9449 §7.2).
        raise BearerRefused("invalid_token", "the token and the scheme do not fit")
    if JKT in bound:
        _check_proof(token, shown, bound[JKT])
    if X5T in bound:
        certificate = client_certificate.presented()
        held = {X5T: client_certificate.thumbprint(certificate)} if certificate is not None else None
        if not is_same_key({X5T: bound[X5T]}, held):
            raise BearerRefused("invalid_token", "the token is bound to another client certificate")


def _check_proof(token: AccessToken, shown: Shown, jkt: str) -> None:
    try:
        proof = dpop.read_proof(request.method, request.path, access_token=shown.written)
        if proof is None:
            raise dpop.InvalidProof(description="a DPoP proof is required")
        if not is_same_key({JKT: jkt}, {JKT: proof.jkt}):
            raise BearerRefused("invalid_token", "the token is bound to another key")
        _check_algorithm(token, proof)
        in_transaction(lambda connection: dpop.spend(connection, proof))
    except (dpop.InvalidProof, dpop.NonceWanted) as wrong:
        raise BearerRefused(wrong.error, wrong.description) from None


def _check_algorithm(token: AccessToken, proof: dpop.Proof) -> None:
    """What the profile of the client leaves of the algorithms; asked only of the one that no profile leaves."""
    if proof.alg not in dpop.ALWAYS_ALLOWED:
        holder = live_tokens.find_holder(reader(), token.authorization_id)
        client = find_by_key(holder.client_id) if holder is not None else None
        if client is None or proof.alg not in dpop.algorithms_for(client):
            raise dpop.InvalidProof(description="the profile of the client does not allow this alg")
