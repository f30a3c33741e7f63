"""The demo's clients: its two applications, and `external` for programs of people outside."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection

from clients import registration, registry
from clients.demo.relying_party import ONE_DOOR, RelyingParty
from clients.metadata import ACR, ClientMetadata
from deploy.demo.applications import applications
from deploy.demo.plan import EXTERNAL_PORT, HOST, Plan

ACTOR = "system:demo"
EXTERNAL = ClientMetadata(
    client_id="external",
    client_name="Ứng dụng bên ngoài",
    redirect_uris=(f"http://{HOST}:{EXTERNAL_PORT}/callback",),
    post_logout_redirect_uris=(f"http://{HOST}:{EXTERNAL_PORT}/",),
    scope="openid profile email phone staff offline_access",
)


def prepare(connection: Connection, plan: Plan, told_before: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Register what is missing, correct addresses that have moved; return the clients as demo.json tells them."""
    secrets = {client["client_id"]: client["client_secret"] for client in told_before}
    wanted = [*(_metadata(party) for party in applications(plan)), EXTERNAL]
    return [_prepare_one(connection, metadata, secrets.get(metadata.client_id)) for metadata in wanted]


def _metadata(party: RelyingParty) -> ClientMetadata:
    return ClientMetadata(
        client_id=party.client_id,
        client_name=party.look.name,
        redirect_uris=(party.redirect_uri,),
        post_logout_redirect_uris=(party.post_logout_redirect_uri,),
        backchannel_logout_uri=party.backchannel_logout_uri,
        client_uri=party.base_url,
        scope=party.scope,
        minimum_acr=party.look.minimum_acr or ACR["aal1"],
        id_token_signed_response_alg="ES256" if party.look is ONE_DOOR else "RS256",
    )


def _prepare_one(connection: Connection, wanted: ClientMetadata, secret: str | None) -> dict[str, Any]:
    assert wanted.client_id is not None
    if registry.find_even_disabled(wanted.client_id) is None:
        secret = registration.register(connection, wanted, actor=ACTOR).client_secret
    else:
        registration.change(connection, actor=ACTOR, **asdict(wanted))
        secret = secret or registration.rotate_secret(connection, wanted.client_id, actor=ACTOR, transition_days=0)
    return {
        "client_id": wanted.client_id,
        "client_secret": str(secret),
        "redirect_uris": list(wanted.redirect_uris),
        "post_logout_redirect_uris": list(wanted.post_logout_redirect_uris),
    }
