"""A source of the tests that pushes its people by SCIM, as its own program would."""

import json
import uuid
from dataclasses import dataclass, field
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from directory_sync.scim import sources
from directory_sync.scim.callers import PATH, resource_identifier
from directory_sync.scim.sources import Wanted
from idp.database import in_transaction
from tests.support.installation import ISSUER

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
OFFICIAL = "urn:hopnhat:scim:schemas:1.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
Body = dict[str, Any]


@dataclass
class Pusher:
    """One source with its client. `token`: asked for at the first use."""

    browser: FlaskClient
    client_id: str
    secret: str
    headers: dict[str, str] = field(default_factory=dict)

    def ask_for_token(self, **more: str) -> TestResponse:
        """A request to the token endpoint."""
        form = {"grant_type": "client_credentials", **more}
        return self.browser.post("/token", data=form, auth=(self.client_id, self.secret))

    def send(self, method: str, path: str, body: Body | bytes | None = None, **headers: str) -> TestResponse:
        """A request to the service; words of headers are joined by `_`."""
        if not self.headers:
            self.headers["Authorization"] = f"Bearer {self.ask_for_token().get_json()['access_token']}"
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        return self.browser.open(
            PATH + path, method=method, data=data, content_type="application/scim+json", headers={**self.headers, **named}
        )

    def get(self, path: str, **query: str) -> Body:
        """What a GET answers, which must be 200."""
        response = self.browser.get(PATH + path, query_string=query, headers=self._authorized())
        assert response.status_code == 200, response.text
        found: Body = response.get_json()
        return found

    def _authorized(self) -> dict[str, str]:
        self.send("GET", "/Users?count=0") if not self.headers else None
        return self.headers

    def add(self, user_name: str, name: Any = "Nguyễn Văn An", **more: Any) -> Body:
        """Create a person; return the resource."""
        response = self.send("POST", "/Users", person(user_name, name, **more))
        assert response.status_code == 201, response.text
        made: Body = response.get_json()
        return made

    def patch(self, resource_id: str, *operations: Body, kind: str = "Users", **headers: str) -> TestResponse:
        """A PATCH of one resource."""
        return self.send("PATCH", f"/{kind}/{resource_id}", {"schemas": [PATCH], "Operations": list(operations)}, **headers)

    def found(self, wanted: str, kind: str = "Users") -> list[str]:
        """The names of what a filter finds."""
        told = self.get(f"/{kind}", filter=wanted)
        return [one.get("userName") or one["displayName"] for one in told.get("Resources", [])]


def person(user_name: str, name: Any = "Nguyễn Văn An", **more: Any) -> Body:
    """A person as a source writes one."""
    return {"schemas": [USER], "userName": user_name, "name": {"formatted": name}, **more}


def add_source(browser: FlaskClient, name: str = "so-y-te", unit_id: uuid.UUID | None = None, **given: Any) -> Pusher:
    """Add a source, and be its program."""
    wanted = Wanted(name, "Sở Y tế", unit_id, **given)
    client = in_transaction(lambda connection: sources.add(connection, wanted, actor="cli:test"))
    assert client.client_secret is not None
    return Pusher(browser, client.client_id, str(client.client_secret))


def address() -> str:
    """Where the service is."""
    assert resource_identifier() == ISSUER + PATH
    return resource_identifier()
