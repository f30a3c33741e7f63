"""grant_type=authorization_code: one code, one redemption (RFC 6749 §4.1.3, RFC 7636 §4.6)."""

import hmac
import re
from typing import Any

from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidRequestError, OAuth2Error
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from sqlalchemy import Connection

from clients.failure_models import FailureKind
from clients.registry import RegisteredClient
from idp import audit, clock
from idp.database import at_once, in_transaction, reader
from idp.entry import may_enter
from idp.oidc import authorizations, consents
from idp.oidc.authorization_code import CodeUnreadable, GrantedCode, open_code
from idp.oidc.confirmation import is_same_key
from idp.oidc.failure_notes import because
from idp.oidc.id_token import Authentication
from idp.oidc.refresh_chains import first_token, new_chain
from idp.oidc.resource_indicators import narrowed
from idp.oidc.token_response import Issued, new_access_token

FAULTS = {"code_verifier": FailureKind.PKCE, "dpop_key": FailureKind.PROOF, "may_not_enter": FailureKind.ENTRY}
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


def redeem_code(client: RegisteredClient, form: dict[str, str], confirmation: dict[str, str] | None) -> Issued | OAuth2Error:
    """Redeem a code. A code that was shown wrongly is worth nothing from then on; any other refusal is raised and wrote nothing."""
    if "code" not in form or "redirect_uri" not in form:
        raise InvalidRequestError(description="code and redirect_uri are required")
    try:
        granted = open_code(form["code"])
    except CodeUnreadable:
        raise _refusal() from None
    outcome: Issued | str | None = _fault(granted, client, form, confirmation)
    if outcome is None:
        audience = narrowed(granted.resource, client, form.get("resource"))
        # Consent that is asked for is held until the end of a transaction; all else is one statement.
        write = in_transaction if client.metadata.require_consent else at_once
        outcome = write(lambda connection: _redeem(connection, granted, client, audience, confirmation))
    if isinstance(outcome, Issued):
        return outcome
    fault = outcome
    _tell_operators(fault, granted)
    return in_transaction(lambda connection: _refuse_and_burn(connection, granted, client, fault))


def _fault(granted: GrantedCode, client: RegisteredClient, form: dict[str, str], confirmation: dict[str, str] | None) -> str | None:
    if granted.expires_at <= clock.now():
        return "expired"
    if granted.client != client.key:
        return "other_client"
    if granted.redirect_uri != form["redirect_uri"]:
        return "redirect_uri"
    if not is_same_key(granted.confirmation, confirmation):
        return "dpop_key"
    if not _proves_possession(granted, form.get("code_verifier")):
        return "code_verifier"
    return None if may_enter(reader(), granted.person_id, client) else "may_not_enter"


def _tell_operators(fault: str, granted: GrantedCode) -> None:
    """What the answer keeps to itself. The address must be the one that the code was sent to, whatever else is registered."""
    if fault == "redirect_uri":
        because(
            FailureKind.ADDRESS,
            "redirect_uri differs from the one of the authorization request",
            None,
            {"redirect_uris": [granted.redirect_uri]},
        )
        return
    because(FAULTS.get(fault, FailureKind.GRANT), f"the code is refused: {fault}")


def _proves_possession(granted: GrantedCode, verifier: str | None) -> bool:
    if granted.code_challenge is None or verifier is None:
        # A verifier for a code without a challenge means that somebody took the challenge away (RFC 9700 §4.8.2).
        return granted.code_challenge is None and verifier is None
    if not _VERIFIER.fullmatch(verifier):
        return False
    return hmac.compare_digest(str(create_s256_code_challenge(verifier)), granted.code_challenge)


def _refuse_and_burn(connection: Connection, granted: GrantedCode, client: RegisteredClient, fault: str) -> OAuth2Error:
    about: dict[str, Any] = {"person_id": granted.person_id, "client_id": granted.client, "authorization_id": str(granted.authorization_id)}
    actor = f"client:{client.client_id}"
    if fault == "expired":
        redeemed = authorizations.exists(connection, granted.authorization_id)
    else:
        redeemed = not authorizations.burn(connection, granted, fault)
    if redeemed:
        # Somebody has the code who should not: what it gave is worth nothing from here on (RFC 6749 §4.1.2, RFC 9700 §4.5).
        audit.record(connection, audit.Event.CODE_REPLAYED, actor=actor, **about)
        authorizations.revoke(connection, granted.authorization_id, reason="code_replayed", actor=actor)
    else:
        audit.record(connection, audit.Event.AUTHORIZATION_REFUSED, actor=actor, reason=fault, **about)
    return _refusal()


def _redeem(
    connection: Connection,
    granted: GrantedCode,
    client: RegisteredClient,
    audience: tuple[str, ...],
    confirmation: dict[str, str] | None,
) -> Issued | str:
    """The tokens, with their authorization, its event and a refresh token written at once; or why there are none."""
    if client.metadata.require_consent and not consents.still_stands(connection, granted):
        return consents.WITHDRAWN
    names = granted.scope.split()
    offline = "offline_access" in names and "refresh_token" in client.metadata.grant_types
    offline = offline and authorizations.may_outlive_session(connection, granted.person_id)
    scope = granted.scope if offline else " ".join(name for name in names if name != "offline_access")
    event = audit.row_of(
        audit.Event.AUTHORIZATION_GRANTED, actor=f"person:{granted.person_id}", person_id=granted.person_id,
        client_id=client.key, authorization_id=str(granted.authorization_id), scope=scope, acr=granted.acr,
    )  # fmt: skip
    # The refresh tokens of a client that can prove nothing else are bound to the key of its access tokens (RFC 9449 §5).
    bound = confirmation if client.is_public else None
    if not authorizations.redeem(connection, granted, event, new_chain(client) if offline else None, bound):
        return "session_over"
    return Issued(
        access_token=new_access_token(client, granted.authorization_id, scope, audience=audience, confirmation=confirmation),
        refresh_token=first_token(granted, scope, bound) if offline else None,
        person_id=granted.person_id,
        authentication=Authentication(granted.subject, granted.session_id, granted.acr, granted.amr, granted.auth_time),
        has_id_token="openid" in names,
        nonce=granted.nonce,
        requested_claims=granted.requested_claims,
    )


def _refusal() -> OAuth2Error:
    return InvalidGrantError(description="the code is not valid here")
