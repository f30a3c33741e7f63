"""A relying party whose tokens are bound to its key by DPoP; and the protected resources of the tests."""

import base64
import hashlib
from typing import Any

from flask.testing import FlaskClient
from joserfc.jwk import Key
from werkzeug.test import TestResponse

from clients.resources import Resource, add
from idp.database import in_transaction
from tests.support.keyed_party import KeyedParty, register_keyed

API, OTHER_API = "https://api.hagiang.test/dossiers", "https://lgsp.hagiang.test/people"
Headers = dict[str, str]


class BoundParty(KeyedParty):
    """As KeyedParty; every token request carries a fresh proof, unless headers are given."""

    def post(self, browser: FlaskClient, form: dict[str, str | None], headers: Headers | None = None) -> TestResponse:
        """A request to the token endpoint, authenticated and proved; None leaves a field out."""
        sent = {name: value for name, value in form.items() if value is not None}
        proved = self.proof("POST", "/token") if headers is None else headers
        return browser.post("/token", data={**self.assertion(), **sent}, headers=proved)

    def code(self, browser: FlaskClient, **more: str | None) -> str:
        """A code for the person signed in to the browser, asked for through /par."""
        return self.answer(self.open(browser, self.pushed(browser, **more)))["code"]

    def code_form(self, code: str) -> dict[str, str | None]:
        """The form that redeems a code."""
        return {
            "grant_type": "authorization_code", "code": code, "redirect_uri": self.redirect_uri, "code_verifier": self.verifier,
        }  # fmt: skip

    def shown(self, token: str, *, method: str = "GET", scheme: str = "DPoP", key: Key | None = None, **claims: Any) -> Headers:
        """The headers of a request to /userinfo with a token and its proof."""
        claims.setdefault("ath", ath(token))
        return {"Authorization": f"{scheme} {token}", **self.proof(method, "/userinfo", key=key, **claims)}

    def userinfo(self, browser: FlaskClient, access_token: str) -> TestResponse:
        """Ask who the access token is of."""
        return browser.get("/userinfo", headers=self.shown(access_token))


def ath(token: str) -> str:
    """The hash of an access token as a proof names it (RFC 9449 §4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()


def register_bound(**given: Any) -> BoundParty:
    """Register a client whose tokens are bound by DPoP, on the profile fapi2 unless another is given, and be it."""
    party = register_keyed(**{"profile": "fapi2", "dpop_bound_access_tokens": True, **given})
    return BoundParty(**vars(party))


def add_resource(
    identifier: str = API, scopes: tuple[str, ...] = ("dossiers",), *, form: str = "", client_id: str | None = None
) -> Resource:
    """Register a protected resource."""
    wanted = Resource(identifier, "Hồ sơ", scopes, form, client_id)
    return in_transaction(lambda connection: add(connection, wanted, actor="cli:test"))
