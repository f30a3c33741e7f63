"""The public keys of a client: as registered, or as it publishes them at its `jwks_uri` (OpenID Connect Registration §2)."""

from typing import cast

from flask import current_app
from joserfc.jwk import KeySet

from clients.published_keys import published_at
from clients.registry import RegisteredClient
from idp.public_keys import import_key_set


def keys_of(client: RegisteredClient, *, anew: bool = False) -> KeySet:
    """The client's public keys; none when it has registered none or they cannot be reached. `anew`: something of the client's is
    signed by a key not among them; then published ones are read again, within limits."""
    if client.metadata.jwks is not None:
        return _registered(client)
    if client.metadata.jwks_uri is None:
        return KeySet([])
    return KeySet(published_at(client.metadata.jwks_uri, anew=anew, public_only=client.metadata.public_addresses_only))


def _registered(client: RegisteredClient) -> KeySet:
    memory = cast("dict[str, tuple[int, KeySet]]", current_app.extensions.setdefault("hopnhat.registered_keys", {}))
    kept = memory.get(client.client_id)
    if kept is None or kept[0] != client.version:
        kept = memory[client.client_id] = (client.version, KeySet(import_key_set(client.metadata.jwks, strict=False)))
    return kept[1]
