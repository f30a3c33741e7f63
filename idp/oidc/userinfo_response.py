"""How userinfo is told: as JSON, or for the client that wants it signed, encrypted, or both (OpenID Connect Core §5.3.2)."""

import json
from typing import Any

from flask import Response

from clients.registry import RegisteredClient
from idp.oidc import signing_keys
from idp.oidc.encryption import encrypt
from idp.settings import current_settings

JSON, JWT = "application/json", "application/jwt"


def written(client: RegisteredClient, told: dict[str, Any]) -> tuple[str, str]:
    """The body and its media type. Raises NoEncryptionKey."""
    wanted = client.metadata
    if wanted.userinfo_signed_response_alg is None and wanted.userinfo_encrypted_response_alg is None:
        return json.dumps(told, ensure_ascii=False), JSON
    body, inside = json.dumps(told, ensure_ascii=False), None
    if wanted.userinfo_signed_response_alg is not None:
        claims = {**told, "iss": current_settings().issuer, "aud": client.client_id}
        body, inside = signing_keys.sign(wanted.userinfo_signed_response_alg, "JWT", claims), "JWT"
    if wanted.userinfo_encrypted_response_alg is not None:
        body = encrypt(client, body, wanted.userinfo_encrypted_response_alg, wanted.userinfo_encrypted_response_enc, inside)
    return body, JWT


def told_to(client: RegisteredClient, told: dict[str, Any], headers: dict[str, str]) -> Response:
    """The answer to this client. Raises NoEncryptionKey."""
    body, media_type = written(client, told)
    return Response(body, content_type=media_type, headers=headers)
