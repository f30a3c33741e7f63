"""Codes that this provider redeems itself, for applications that speak something else: their sign-in is an ordinary authorization."""

from authlib.oauth2.rfc6749 import OAuth2Error
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from clients.registry import RegisteredClient
from idp.oidc.authorization_code import CodeUnreadable, GrantedCode, open_code
from idp.oidc.grants.authorization_code import redeem_code
from idp.oidc.token_response import Issued


def challenge_of(verifier: str) -> str:
    """The `code_challenge` of a verifier, by S256 (RFC 7636 §4.2)."""
    return str(create_s256_code_challenge(verifier))


def redeemed(client: RegisteredClient, code: str, redirect_uri: str, verifier: str) -> GrantedCode | None:
    """What a code stands for, now redeemed; None for one that is worth nothing, or not any more."""
    form = {"code": code, "redirect_uri": redirect_uri, "code_verifier": verifier}
    try:
        outcome = redeem_code(client, form, None)
        return open_code(code) if isinstance(outcome, Issued) else None
    except (OAuth2Error, CodeUnreadable):
        return None
