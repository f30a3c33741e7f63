"""Rules of id_token_hint: an ID token of ours and nothing else that we sign (OpenID Connect Core §3.1.2.1, RFC 8725 §3.11)."""

import time as wall
from typing import Any

import pytest
from flask import Flask

from idp.oidc import signing_keys
from idp.oidc.id_token import LONGEST_HINT, HintUnusable, read_hint
from tests.support.installation import ISSUER

CLAIMS: dict[str, Any] = {"iss": ISSUER, "sub": "s", "aud": "rp", "exp": 1, "iat": 1, "auth_time": 1, "sid": "x"}


def hint(typ: str = "JWT", /, **changes: Any) -> str:
    told = {name: value for name, value in {**CLAIMS, **changes}.items() if value is not None}
    return signing_keys.sign("ES256", typ, told)


def test_an_id_token_is_one_even_when_it_has_expired(app: Flask) -> None:
    read = read_hint(hint(exp=int(wall.time()) - 10**6))
    assert (read.subject, read.client_id) == ("s", "rp")
    assert read_hint(hint(sid=None)).client_id == "rp"


@pytest.mark.parametrize(
    "typ", ["logout+jwt", "at+jwt", "token-introspection+jwt", "oauth-authz-req+jwt", "hopnhat-identity+jwt", "jwt", ""]
)
def test_nothing_of_another_type_passes_for_one_whatever_it_says(app: Flask, typ: str) -> None:
    with pytest.raises(HintUnusable):
        read_hint(hint(typ))


@pytest.mark.parametrize("lacking", ["exp", "auth_time", "iss", "sub", "aud"])
def test_nothing_passes_for_one_that_lacks_what_every_id_token_has(app: Flask, lacking: str) -> None:
    """Signed userinfo and signed responses (JARM) are of type JWT as well."""
    with pytest.raises(HintUnusable):
        read_hint(hint("JWT", **{lacking: None}))


@pytest.mark.parametrize("changes", [{"iss": "https://other.test"}, {"sub": 7}, {"aud": ["rp"]}, {"sid": 7}, {"nonce": "n" * LONGEST_HINT}])
def test_what_is_of_another_kind_is_none(app: Flask, changes: dict[str, Any]) -> None:
    with pytest.raises(HintUnusable):
        read_hint(hint(**changes))
