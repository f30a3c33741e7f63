"""Software statements (RFC 7591 §2.3): metadata that somebody we trust has signed; it counts before what the client says itself."""

from typing import Any

from clients.published_keys import published_at
from idp import clock
from idp.compact_jws import KEY_TYPES, SignatureWrong, UnreadableJwt, read, seconds_of, verify
from idp.settings import current_settings

LARGEST, SKEW_SECONDS = 16 * 1024, 30


class StatementInvalid(Exception):
    """The statement cannot be believed (RFC 7591 §3.2.2 `invalid_software_statement`). The text is ASCII, for a developer."""


class StatementNotApproved(Exception):
    """Its issuer is nobody whom the operator has named (`unapproved_software_statement`)."""


def read_statement(text: str) -> dict[str, Any]:
    """The claims of a statement whose issuer stands in HOPNHAT_SOFTWARE_STATEMENT_ISSUERS. Raises StatementInvalid or
    StatementNotApproved."""
    try:
        statement = read(text, LARGEST)
        issuer = statement.claims.get("iss")
        published = current_settings().software_statement_issuers.get(issuer) if isinstance(issuer, str) else None
        if published is None:
            raise StatementNotApproved
        try:
            claims = verify(statement, published_at(published), KEY_TYPES)
        except SignatureWrong:
            claims = verify(statement, published_at(published, anew=True), KEY_TYPES)
        _check_times(claims)
    except (UnreadableJwt, SignatureWrong) as wrong:
        raise StatementInvalid(str(wrong)) from None
    return claims


def _check_times(claims: dict[str, Any]) -> None:
    now = clock.now().timestamp()
    expires, starts, issued = (seconds_of(claims, name) for name in ("exp", "nbf", "iat"))
    if expires is not None and expires <= now - SKEW_SECONDS:
        raise StatementInvalid("exp is past")
    if any(instant is not None and instant > now + SKEW_SECONDS for instant in (starts, issued)):
        raise StatementInvalid("nbf or iat is in the future")
