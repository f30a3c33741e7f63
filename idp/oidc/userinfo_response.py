"""How userinfo is told: as JSON, or for the client that wants it signed, encrypted, or both (OpenID Connect Core §5.3.2)."""

import json
from typing import Any

from flask import Response

from clients.registry import RegisteredClient
from idp.oidc import signing_keys
from idp.oidc.encryption import encrypt
from idp.settings import current_settings

JSON, JWT = "application/json", "application/jwt"
_as_json = json.JSONEncoder(ensure_ascii=False).encode


def written(client: RegisteredClient, told: dict[str, Any]) -> tuple[str, str]:
    """The body and its media type. Raises NoEncryptionKey."""
    wanted = client.metadata
    if wanted.userinfo_signed_response_alg is None and wanted.userinfo_encrypted_response_alg is None:
        return _as_json(told), JSON
    body, inside = _as_json(told), None
    if wanted.userinfo_signed_response_alg is not None:
        claims = {**told, "iss": current_settings().issuer, "aud": client.client_id}
        body, inside = signing_keys.sign(wanted.userinfo_signed_response_alg, "JWT", claims), "JWT"
    if wanted.userinfo_encrypted_response_alg is not None:
        body = encrypt(client, body, wanted.userinfo_encrypted_response_alg, wanted.userinfo_encrypted_response_enc, inside)
    return body, JWT


def told_to(client: RegisteredClient, told: dict[str, Any], headers: dict[str, str]) -> Response:
    """The answer to this client. Raises NoEncryptionKey."""
    text, media_type = written(client, told)
    body = text.encode()
    # As in `client_answers.told`: a list, and all its headers.
    return Response([body], headers=[("Content-Type", media_type), ("Content-Length", str(len(body))), *headers.items()])
