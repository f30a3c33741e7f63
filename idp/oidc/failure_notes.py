"""What is noted of a request that is refused: on the failing path only, once a request, and never so often that it fills the disk."""

from collections.abc import Mapping
from typing import Any

import structlog
from flask import request
from limits import RateLimitItemPerDay, RateLimitItemPerMinute
from sqlalchemy.exc import SQLAlchemyError

from clients import failed_requests
from clients.failed_requests import Failure
from clients.failure_models import FailureKind
from clients.registry import RegisteredClient, find_even_disabled
from idp.database import in_transaction
from idp.oidc.parameters import READ
from idp.request_ids import request_id
from idp.web.address_limits import is_within, is_within_for

# Of one address first: whoever floods us from there uses up neither its client's share nor everybody's.
OF_ADDRESS = (RateLimitItemPerMinute(20), RateLimitItemPerDay(1_000))
OF_CLIENT = (RateLimitItemPerMinute(60), RateLimitItemPerDay(3_000))
OF_ALL = (RateLimitItemPerMinute(300), RateLimitItemPerDay(30_000))
WHAT = "failed-request"
WHY, NOTED = "hopnhat.why_refused", "hopnhat.failure_noted"
# What programs meet on the ordinary way: nothing has failed.
NO_FAILURES = frozenset({
    "login_required", "consent_required", "interaction_required", "account_selection_required", "authorization_pending", "slow_down",
    "use_dpop_nonce",
})  # fmt: skip
OF_PROGRAMS = frozenset({"token", "par", "device_authorization", "introspect", "revoke"})  # the address is a server's, not a person's
_KINDS = {
    "invalid_scope": FailureKind.SCOPE, "unauthorized_client": FailureKind.GRANT_TYPE, "unsupported_grant_type": FailureKind.GRANT_TYPE,
    "unsupported_response_type": FailureKind.GRANT_TYPE, "invalid_dpop_proof": FailureKind.PROOF, "invalid_request_uri": FailureKind.LINK_OVER,
    "unmet_authentication_requirements": FailureKind.ASSURANCE, "access_denied": FailureKind.CANCELLED, "invalid_client": FailureKind.SECRET,
    "invalid_grant": FailureKind.GRANT, "expired_token": FailureKind.GRANT, "malformed_request": FailureKind.MALFORMED,
    "client_unknown": FailureKind.CLIENT_UNKNOWN, "redirect_uri_unknown": FailureKind.ADDRESS,
    "redirect_uri_missing": FailureKind.ADDRESS_MISSING, "flow_expired": FailureKind.LINK_OVER,
}  # fmt: skip
# Of refusals that are a page, what the developer should know.
_DETAILS = {
    "client_unknown": "no such client, or disabled", "redirect_uri_unknown": "redirect_uri is none of the client's, byte for byte",
    "redirect_uri_missing": "redirect_uri is missing", "malformed_request": "a parameter is repeated, undecodable, or the request is too long",
    "flow_expired": "the sign-in was begun too long ago", "invalid_request_uri": "the request was answered already, or has expired",
}  # fmt: skip
_log = structlog.get_logger()


def remember(parameters: Mapping[str, str]) -> None:
    """These are the parameters that count from here on: should the request fail, they are what it asked."""
    request.environ[READ] = parameters


def because(
    kind: FailureKind, detail: str, client: RegisteredClient | None = None, expected: dict[str, Any] | None = None, named: str = ""
) -> None:
    """Why this request will be refused, where the answer keeps it to itself; `client`: whose, though it proved nothing; `expected`:
    what should have come; `named`: the client_id that came in a header."""
    request.environ[WHY] = (kind, detail, client, expected)
    if named:
        remember({**request.environ.get(READ, {}), "client_id": named})


def note(place: str, error: str, detail: str = "", client: RegisteredClient | None = None, kind: FailureKind | None = None) -> bool:
    """Keep what failed, under the code of this request. Return whether it is kept now; it never fails itself."""
    environ = request.environ
    if error in NO_FAILURES or environ.get(NOTED):
        return bool(environ.get(NOTED))
    parameters: Mapping[str, str] = environ.get(READ, {})
    why_kind, why, whose, expected = environ.get(WHY, (None, "", None, None))
    client = client or whose or find_even_disabled(parameters.get("client_id", ""))
    found = kind or why_kind or kind_of(error, detail)
    if found == FailureKind.CLIENT_UNKNOWN and client is not None:
        found = FailureKind.CLIENT_DISABLED
    address = request.remote_addr if place in OF_PROGRAMS else None
    failed = Failure(request_id(), place, found, error, why or detail or _DETAILS.get(error, ""), parameters, client, address, expected)
    environ[NOTED] = _is_within_limits(client) and _keep(failed)
    return bool(environ[NOTED])


def kind_of(error: str, detail: str) -> FailureKind:
    """What an error of OAuth is about, as far as its words tell."""
    if error == "invalid_request" and "code_challenge" in detail:
        return FailureKind.PKCE
    if error == "invalid_request" and "too many" in detail:
        return FailureKind.TOO_MANY
    if error == "access_denied" and "may not enter this" in detail:
        return FailureKind.ENTRY
    if error.startswith("invalid_request_object"):
        return FailureKind.KEY
    return _KINDS.get(error, FailureKind.REQUEST if error in ("invalid_request", "invalid_target") else FailureKind.OTHER)


def _is_within_limits(client: RegisteredClient | None) -> bool:
    whose = client.client_id if client else "-"
    return is_within(WHAT, OF_ADDRESS) and is_within_for(whose, WHAT + "-client", OF_CLIENT) and is_within_for("all", WHAT + "-all", OF_ALL)


def _keep(failed: Failure) -> bool:
    try:
        in_transaction(lambda connection: failed_requests.keep(connection, failed))
    except SQLAlchemyError as trouble:
        _log.warning("failed_request.not_kept", trouble=type(trouble).__name__)
        return False
    return True
