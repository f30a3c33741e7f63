"""How an authorization request came (plainly, in a request object, pushed before), and which of its parameters count."""

from dataclasses import dataclass, field
from typing import Any

from clients.profiles import profile_of
from clients.registry import RegisteredClient
from idp import clock
from idp.database import reader
from idp.oidc import pushed_requests
from idp.oidc.destination import refusal_at, require_client, unreadable
from idp.oidc.failure_notes import remember
from idp.oidc.request_by_reference import RequestUriRefused, fetch_request_object
from idp.oidc.request_object import RequestObjectRefused, read_request_object

# What a later step needs to see the same request again; the rest is not carried along.
CARRIED = (
    "client_id", "redirect_uri", "response_type", "response_mode", "scope", "state", "nonce", "code_challenge", "code_challenge_method",
    "prompt", "max_age", "acr_values", "claims", "login_hint", "id_token_hint", "ui_locales", "resource", "dpop_jkt",
)  # fmt: skip


@dataclass(frozen=True)
class Arrival:
    """The parameters that count, and how they came. `pushed`: the digest of the pushed request that they are from;
    `is_being_pushed`: they are on their way to become one."""

    client: RegisteredClient
    parameters: dict[str, str] = field(repr=False)
    is_signed: bool = False
    pushed: bytes | None = None
    is_being_pushed: bool = False

    def carried(self) -> dict[str, Any]:
        """What goes along, sealed, through the steps in between."""
        if self.pushed is not None:
            return {"client_id": self.client.client_id, "pushed": self.pushed.hex()}
        return {"parameters": {name: self.parameters[name] for name in CARRIED if name in self.parameters}, "signed": self.is_signed}


def arrive(parameters: dict[str, str]) -> Arrival:
    """The request that these parameters at /authorize stand for. Raises Refusal or RequestRefused."""
    client = require_client(parameters)
    if "request" not in parameters and "request_uri" not in parameters:
        return Arrival(client, parameters)
    if "request" in parameters and "request_uri" in parameters:
        raise refusal_at(client, parameters, "invalid_request", "request and request_uri exclude each other")
    if pushed_requests.is_reference(parameters.get("request_uri")):
        return _arrive_pushed(client, parameters)
    return _arrive_in_object(client, parameters)


def arrive_again(carried: dict[str, Any]) -> Arrival:
    """The same after the steps in between. Raises Refusal."""
    if "pushed" not in carried:
        remember(carried["parameters"])
        return Arrival(require_client(carried["parameters"]), carried["parameters"], carried.get("signed", False))
    client, pushed = require_client(carried), bytes.fromhex(carried["pushed"])
    row = pushed_requests.find(reader(), pushed)
    if row is None or row.client_id != client.key or row.answered_at is not None:
        remember(carried)
        raise unreadable("invalid_request_uri")
    remember(row.parameters)
    return Arrival(client, row.parameters, row.is_signed, pushed)


def _arrive_pushed(client: RegisteredClient, outside: dict[str, str]) -> Arrival:
    """Nothing outside counts but the client_id, which must be that of whoever pushed (RFC 9126 §4)."""
    pushed = pushed_requests.digest_of(outside["request_uri"])
    row = pushed_requests.find(reader(), pushed)
    if row is None or row.client_id != client.key or row.answered_at is not None or row.expires_at <= clock.now():
        raise refusal_at(client, outside, "invalid_request_uri", "the request_uri is unknown, expired or answered already")
    remember(row.parameters)
    return Arrival(client, row.parameters, row.is_signed, pushed)


def _arrive_in_object(client: RegisteredClient, outside: dict[str, str]) -> Arrival:
    try:
        text = outside["request"] if "request" in outside else fetch_request_object(client, outside["request_uri"])
        found = read_request_object(text, client)
    except RequestUriRefused as refused:
        raise refusal_at(client, outside, "invalid_request_uri", str(refused)) from None
    except RequestObjectRefused as refused:
        raise refusal_at(client, refused.parameters or outside, refused.error, refused.description) from None
    remember({**outside, **found.parameters})
    if found.is_alone or not _is_openid_request(outside) or _only_signed_counts(client):
        return Arrival(client, found.parameters, found.is_signed)
    if found.parameters.get("response_type", outside["response_type"]) != outside["response_type"]:
        raise refusal_at(client, found.parameters, "invalid_request", "response_type is another one inside the request object")
    beside = {name: value for name, value in outside.items() if name not in ("request", "request_uri")}
    return Arrival(client, {**beside, **found.parameters}, found.is_signed)


def _is_openid_request(outside: dict[str, str]) -> bool:
    """Whether the request is complete without its object, as OpenID Connect Core §6.1 wants it: then what is only outside counts
    too. RFC 9101 §5 lets nothing outside count, and asks for nothing there but the client_id."""
    return "response_type" in outside and "openid" in outside.get("scope", "").split()


def _only_signed_counts(client: RegisteredClient) -> bool:
    return client.metadata.require_signed_request_object or profile_of(client.metadata).signed_requests_only
