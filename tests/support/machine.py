"""A program that calls the API: a machine client with roles, its token, its requests."""

import uuid
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from clients import registration
from clients.metadata import ClientMetadata
from idp.api import access
from idp.api.scopes import Scope
from idp.database import in_transaction
from idp.roles.models import Role

API = "/api/v1"


class Machine:
    """A machine client. Without a role it was never let in at the API."""

    def __init__(self, app: Flask, role: Role | None = None, *, unit: uuid.UUID | None = None, scopes: tuple[Scope, ...] = ()) -> None:
        wanted = ClientMetadata("Phần mềm nhân sự", (), scope="", grant_types=("client_credentials",), response_types=())
        made = in_transaction(lambda connection: registration.register(connection, wanted, actor="cli:test", entry=()))
        assert made.client_secret
        self.key, self.client_id, self.secret = made.key, made.client_id, str(made.client_secret)
        self._browser, self._token = app.test_client(), ""
        if role is not None:
            self.give(role, unit=unit, scopes=scopes)

    def give(self, role: Role, *, unit: uuid.UUID | None = None, scopes: tuple[Scope, ...] = ()) -> None:
        """One more role."""
        said: dict[str, Any] = {"unit_id": unit, "scopes": scopes, "asked_by": "cli:test", "approved_by": "cli:test", "reason": "thử"}
        in_transaction(lambda connection: access.grant(connection, self.client_id, role, **said))

    def token(self, scope: str | None = None) -> str:
        """A new token: for all that the client may ask for, unless it says less."""
        form = {"grant_type": "client_credentials", **({"scope": scope} if scope else {})}
        answer = self._browser.post("/token", data=form, auth=(self.client_id, self.secret))
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return str(answer.get_json()["access_token"])

    def call(self, method: str, path: str, body: Any = None, *, token: str | None = None, **headers: str) -> TestResponse:
        """One request; header names with underscores."""
        self._token = self._token or (token or self.token())
        sent = {"Authorization": f"Bearer {token or self._token}"} | {name.replace("_", "-"): value for name, value in headers.items()}
        return self._browser.open(API + path, method=method, json=body, headers=sent)

    def permissions(self) -> frozenset[str]:
        """What its roles allow, as it is told."""
        return frozenset(self.call("GET", "/me").get_json()["permissions"])
