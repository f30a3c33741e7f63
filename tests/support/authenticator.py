"""An authenticator in software, for what no real one would do: every field of its answers can be wrong."""

import hashlib
import json
import os
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

UP, UV, BE, BS, AT = 0x01, 0x04, 0x08, 0x10, 0x40


@dataclass
class Authenticator:
    """One key pair for one address. It counts its signatures unless `count` is None, and makes sure of its person unless told not to."""

    origin: str = "http://localhost:8000"
    rp_id: str = "localhost"
    verified: bool = True
    synced: bool = False
    count: int | None = 0
    handle: bytes | None = None
    credential_id: bytes = field(default_factory=lambda: os.urandom(32))
    _key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def makes(self, options: str, **wrong: Any) -> str:
        """The answer to `navigator.credentials.create()`."""
        told = json.loads(options)
        self.handle = None if told["authenticatorSelection"]["residentKey"] == "discouraged" else base64url_to_bytes(told["user"]["id"])
        cose = wrong.get("cose", self._cose())
        attested = bytes(16) + len(self.credential_id).to_bytes(2, "big") + self.credential_id + cose
        data = self._data(AT, wrong) + attested
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        response = {
            "clientDataJSON": self._client_data("webauthn.create", told, wrong),
            "attestationObject": bytes_to_base64url(attestation),
        }
        return self._answer({**response, "transports": ["usb", "internal"]})

    def signs(self, options: str, **wrong: Any) -> str:
        """The answer to `navigator.credentials.get()`."""
        told = json.loads(options)
        client_data = self._client_data("webauthn.get", told, wrong)
        if self.count is not None:
            self.count += 1
        data = self._data(0, wrong)
        signature = self._key.sign(data + hashlib.sha256(base64url_to_bytes(client_data)).digest(), ec.ECDSA(hashes.SHA256()))
        if wrong.get("broken"):
            signature = signature[:-1] + bytes([signature[-1] ^ 1])
        handle = wrong.get("handle", self.handle)
        return self._answer(
            {
                "clientDataJSON": client_data,
                "authenticatorData": bytes_to_base64url(data),
                "signature": bytes_to_base64url(signature),
                "userHandle": bytes_to_base64url(handle) if handle else None,
            }
        )

    def _answer(self, response: dict[str, Any]) -> str:
        written = bytes_to_base64url(self.credential_id)
        return json.dumps({"id": written, "rawId": written, "type": "public-key", "response": response})

    def _client_data(self, kind: str, told: dict[str, Any], wrong: dict[str, Any]) -> str:
        says = {"type": kind, "challenge": told["challenge"], "origin": self.origin, "crossOrigin": False, **wrong.get("client_data", {})}
        return bytes_to_base64url(json.dumps(says).encode())

    def _data(self, flags: int, wrong: dict[str, Any]) -> bytes:
        flags |= UP | (UV if self.verified else 0) | (BE | BS if self.synced else 0)
        rp_id = wrong.get("rp_id", self.rp_id)
        count = wrong.get("count", self.count or 0)
        return hashlib.sha256(rp_id.encode()).digest() + bytes([wrong.get("flags", flags)]) + int(count).to_bytes(4, "big")

    def _cose(self) -> bytes:
        numbers = self._key.public_key().public_numbers()
        return cbor2.dumps({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")})
