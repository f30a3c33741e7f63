"""The clients of the suite, read from clients.json: a second one of each FAPI client, their keys, and where the suite waits for them."""

import json
from pathlib import Path
from typing import Any

from deploy.conformance.keys import ClientKeys, make_client_keys
from deploy.conformance.resource_server import SCOPE as API_SCOPE
from deploy.conformance.site import Site

CLIENTS_FILE = Path(__file__).with_name("clients.json")
SCOPE = "openid profile email phone address offline_access"
# The suite's second client comes back to an address with a query, to see that it stays.
CALLBACKS = ("callback", "callback?dummy1=lorem&dummy2=ipsum")
SECOND = "2"
BASIC, KEY, CERTIFICATE = "client_secret_basic", "private_key_jwt", "tls_client_auth"
SIGNED_MESSAGES = "fapi2_message_signing"


def wanted_clients(site: Site) -> list[dict[str, Any]]:
    """The metadata of every client that the suite uses here, as `hopnhat client apply` reads them."""
    found: list[dict[str, Any]] = []
    for entry in _entries():
        client = _at(site, entry)
        if "profile" not in client:
            found.append(client)
        elif site.is_mutual or "mtls" not in client["client_id"]:
            found.append(_with_keys(site, client, client["client_id"]))
            found.append(_with_keys(site, client, client["client_id"] + SECOND))
    return found


def keys_of_client(site: Site, client_id: str) -> ClientKeys:
    """What a FAPI client holds."""
    algorithms = {entry["client_id"]: entry["id_token_signed_response_alg"] for entry in _entries() if "profile" in entry}
    return make_client_keys(site.folder, client_id, algorithms[client_id.removesuffix(SECOND)])


def _entries() -> list[dict[str, Any]]:
    read: list[dict[str, Any]] = json.loads(CLIENTS_FILE.read_text(encoding="utf-8"))
    return read


def _at(site: Site, entry: dict[str, Any]) -> dict[str, Any]:
    plans: list[str] = entry["plans"]
    placed = json.loads(json.dumps(entry).replace("{suite}", site.at_suite(plans[0], "").rstrip("/")))
    del placed["plans"]
    redirect_uris = [site.at_suite(plan, path) for plan in plans for path in CALLBACKS]
    return {"token_endpoint_auth_method": BASIC, "scope": SCOPE, "redirect_uris": redirect_uris, **placed}


def _with_keys(site: Site, client: dict[str, Any], client_id: str) -> dict[str, Any]:
    keys, algorithm = keys_of_client(site, client_id), client["id_token_signed_response_alg"]
    made = {**client, "client_id": client_id, "jwks": keys.public_jwks}
    made["scope"] += f" {API_SCOPE}"
    made["grant_types"] = ["authorization_code", "refresh_token", "client_credentials"]
    if client["token_endpoint_auth_method"] == KEY:
        made["token_endpoint_auth_signing_alg"] = algorithm
    if client["token_endpoint_auth_method"] == CERTIFICATE:
        made["tls_client_auth_subject_dn"] = keys.subject_dn
    if client["profile"] == SIGNED_MESSAGES:
        made["authorization_signed_response_alg"] = algorithm
    if client["profile"] == SIGNED_MESSAGES or client.get("require_signed_request_object"):
        made["request_object_signing_alg"] = algorithm
    return made
