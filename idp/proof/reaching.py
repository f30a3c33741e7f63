"""What a check asks of servers: our own discovery document by its public address, and the addresses that the application registered."""

import json
import time
from typing import Any
from urllib.parse import urlsplit

from clients.registry import RegisteredClient
from idp.outbound import TOO_LARGE, Fetched, OutboundBusy, OutboundFailed, OutboundRefused, fetch
from idp.proof.steps import Finding, failed, is_guarded_site, is_machine, not_applicable, passed
from idp.public_keys import KeyNotSupported, KeyRefused, import_public_key
from idp.settings import current_settings

DISCOVERY = "/.well-known/openid-configuration"
MOST_ADDRESSES, BUDGET_SECONDS = 10, 20.0
BROKEN = frozenset({404, 410, 502, 503, 504})  # a proxy answers, and nothing stands behind it; or nothing is at this path
OK, BAD, UNSEEN = "ok", "bad", "unseen"  # of one address; unseen: nothing can be said from here
OURS_TO_REACH = ("backchannel_logout_uri", "jwks_uri")
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def look_at_discovery(client: RegisteredClient) -> Finding:
    """Our discovery document and keys, fetched as an application does: by name, over TLS."""
    issuer = current_settings().issuer
    url = issuer + DISCOVERY
    try:
        told = _json(fetch(url, is_ours=True))
        if told.get("issuer") != issuer:
            return failed("issuer_differs", url=url, issuer=issuer, told=str(told.get("issuer"))[:200])
        url = str(told.get("jwks_uri"))
        return _keys(_json(fetch(url, is_ours=True)), client, issuer)
    except (OutboundFailed, OutboundRefused) as trouble:
        return failed("provider_unreachable", url=url, why=str(trouble))
    except ValueError:
        return failed("provider_unreadable", url=url)


def _json(fetched: Fetched) -> dict[str, Any]:
    if fetched.status != 200:
        raise OutboundFailed(f"answered {fetched.status}")
    told = json.loads(fetched.body)
    return told if isinstance(told, dict) else {}


def _keys(jwks: dict[str, Any], client: RegisteredClient, issuer: str) -> Finding:
    usable = 0
    for jwk in jwks.get("keys", ()):
        try:
            import_public_key(jwk)
        except KeyNotSupported:
            continue
        except KeyRefused as refused:
            return failed("key_unreadable", url=issuer + "/jwks", why=str(refused))
        usable += jwk.get("alg") == client.id_token_signed_response_alg
    if not usable and not is_machine(client):
        return failed("no_key_of_alg", url=issuer + "/jwks", alg=client.id_token_signed_response_alg)
    return passed("provider_reached", url=issuer + DISCOVERY, keys=len(jwks["keys"]))


def look_at_addresses(client: RegisteredClient) -> Finding:
    """Whether what the application registered answers. Addresses that only a browser opens may lie where this server may not go."""
    wanted, until = _addresses(client)[:MOST_ADDRESSES], time.monotonic() + BUDGET_SECONDS
    if not wanted:
        return not_applicable("no_addresses")
    found = [_look(name, url, client, is_late=time.monotonic() > until) for name, url in wanted]
    states = {one["state"] for one in found}
    facts: dict[str, Any] = {"addresses": found}
    if BAD in states:
        return failed("addresses_unreachable", **facts)
    return passed("addresses_reached", **facts) if OK in states else not_applicable("addresses_not_seen", **facts)


def _addresses(client: RegisteredClient) -> list[tuple[str, str]]:
    """Names and addresses: first those that this server itself must reach."""
    metadata = client.metadata
    told = [("backchannel_logout_uri", client.backchannel_logout_uri), ("jwks_uri", metadata.jwks_uri)]
    told += [("initiate_login_uri", metadata.initiate_login_uri), ("client_uri", client.client_uri)]
    if is_guarded_site(client):
        told += [("forward_auth_origins", origin + "/") for origin in metadata.forward_auth_origins]
    else:
        told += [("redirect_uris", uri) for uri in sorted(client.redirect_uris)]
    return [(name, uri) for name, uri in told if uri]


def _look(name: str, url: str, client: RegisteredClient, *, is_late: bool) -> dict[str, Any]:
    told = {"name": name, "url": url[:300]}
    if urlsplit(url).scheme not in ("http", "https"):
        return {**told, "state": UNSEEN, "why": "own_scheme"}
    if is_late:
        return {**told, "state": UNSEEN, "why": "too_slow"}
    return told | _answer(name, url, public_only=client.metadata.public_addresses_only)


def _answer(name: str, url: str, *, public_only: bool) -> dict[str, Any]:
    try:
        status = fetch(url, accept="*/*", public_only=public_only).status
    except OutboundRefused:
        if name in OURS_TO_REACH:
            return {"state": BAD, "why": "not_allowed"}
        return {"state": UNSEEN, "why": "own_machine" if urlsplit(url).hostname in LOOPBACK else "not_allowed"}
    except OutboundBusy:
        return {"state": UNSEEN, "why": "too_slow"}
    except OutboundFailed as trouble:
        if str(trouble) == TOO_LARGE:
            return {"state": OK}  # somebody is there, and says more than we want to read
        return {"state": BAD, "why": "no_answer", "told": str(trouble)}
    return {"state": BAD, "status": status, "why": "broken"} if status in BROKEN else {"state": OK, "status": status}
