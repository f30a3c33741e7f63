"""Rules of what a client may be registered with: RFC 7591 §2, RFC 6749 §3.1.2, RFC 9700 §2.1 and §4.1.3."""

import pytest
from flask import Flask
from sqlalchemy import select

from clients import registration
from clients.metadata import ACR, ClientMetadata
from clients.metadata_rules import clean_name
from clients.models import ClientSecret
from clients.redirect_uris import check_uri
from clients.refusals import InvalidMetadata
from clients.registry import find_client
from idp.database import in_transaction, reader, table_of
from idp.errors import NotFound, Refusal
from idp.opaque_tokens import digest
from idp.sessions import assurance
from tests.support import trail
from tests.support.relying_party import register_party

GOOD = [
    "https://rp.test/cb", "https://rp.test", "https://rp.test:8443/cb?a=1&b=%20", "https://van-ban.hagiang.gov.vn/oidc/callback",
    "http://127.0.0.1:8101/callback", "http://localhost/cb", "http://[::1]:9000/cb", "https://xn--hgiang-o0a.vn/cb",
]  # fmt: skip
BAD = [
    "", "x", "/cb", "//rp.test/cb", "rp.test/cb", "http://rp.test/cb", "http://127.0.0.2/cb", "http://localhost.evil.test/cb", "ftp://rp.test/",
    "javascript:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd", "com.example.app:/cb", "https:rp.test", "https:///cb",
    "https://", "https://*.rp.test/cb", "https://rp.test/*", "https://rp.test/cb#", "https://rp.test/cb#x", "https://a@rp.test/cb",
    "https://a:b@rp.test/cb", "https://rp.test@evil.test/cb", "https://evil.test\\@rp.test/cb", "https://rp.test\\cb", "https://rp.test/a/../b",
    "https://rp.test/./b", "https://rp.test/c b", "https://rp.test/\n", "https://rp.test/\x00", "https://rp.test/é", "https://hà.test/",
    "https://rp.test:0/", "https://rp.test:99999/", "https://rp.test:x/", "https://[::1/cb", "https://[x]/cb", "https://-rp.test/",
    "https://rp..test/", "https://rp.test/<script>", 'https://rp.test/"', "https://rp.test/{x}", "https://rp.test/" + "a" * 2000,
    " https://rp.test/cb", "https://rp.test/cb ", "http://user@127.0.0.1/", "https://%72p.test/",
]  # fmt: skip


def test_an_exact_https_or_loopback_address_is_accepted(app: Flask) -> None:
    for uri in GOOD:
        assert check_uri(uri) == uri


def test_any_other_address_is_refused_with_the_reason(app: Flask) -> None:
    """RED-013."""
    for uri in BAD:
        with pytest.raises(InvalidMetadata) as refused:
            assert check_uri(uri) is None, f"accepted {uri!r}"
        assert len(refused.value.message) < 400


@pytest.mark.parametrize("field", ["redirect_uris", "post_logout_redirect_uris", "backchannel_logout_uri", "client_uri"])
def test_every_address_of_a_client_is_checked(app: Flask, field: str) -> None:
    given = ("https://rp.test/#x",) if field.endswith("s") else "https://rp.test/#x"
    with pytest.raises(InvalidMetadata):
        register_party(**{field: given})


def test_a_name_loses_what_cannot_be_seen(app: Flask) -> None:
    assert clean_name("  Quản\u202e lý\u200b\tvăn\nbản\x00 ") == "Quản lý văn bản"
    assert clean_name("Quản lý") == "Quản lý"  # NFD becomes NFC
    for bad in ("", " \u200b\u202e ", "x" * 101, "x" * 10_000):
        with pytest.raises(Refusal):
            clean_name(bad)


def test_a_name_may_hold_markup_which_is_escaped_where_it_is_shown(app: Flask) -> None:
    assert clean_name("<img src=x onerror=alert(1)>") == "<img src=x onerror=alert(1)>"


REFUSED: list[dict[str, object]] = [
    {"redirect_uris": ()},
    {"redirect_uris": tuple(f"https://rp.test/{n}" for n in range(51))},
    {"scope": "openid admin"},
    {"minimum_acr": "aal9"},
    {"minimum_acr": "urn:mace:silver"},
    {"id_token_signed_response_alg": "none"},
    {"id_token_signed_response_alg": "HS256"},
    {"token_endpoint_auth_method": "client_secret_magic"},
    {"token_endpoint_auth_method": "none", "require_pkce": False},
    {"client_id": "a b"},
    {"client_id": "a/b"},
    {"client_id": "x" * 65},
    {"client_id": "é"},
]


def test_what_we_cannot_do_is_refused(app: Flask) -> None:
    for given in REFUSED:
        with pytest.raises(Refusal):
            assert register_party(**given) is None, f"accepted {given!r}"


def test_a_secret_is_shown_once_and_kept_as_a_digest(app: Flask) -> None:
    party = register_party()
    assert party.secret is not None
    assert len(party.secret) >= 43  # 256 bits
    row = reader().execute(select(table_of(ClientSecret))).one()
    assert row.digest == digest(party.secret)
    assert party.secret.endswith(row.hint)
    assert repr(party.secret) == "Secret(…)"


def test_a_public_client_has_no_secret_and_cannot_get_one(app: Flask) -> None:
    party = register_party(token_endpoint_auth_method="none")
    assert party.secret is None
    with pytest.raises(Refusal):
        in_transaction(lambda c: registration.rotate_secret(c, party.client_id, actor="cli:test"))
    with pytest.raises(Refusal):
        in_transaction(
            lambda c: registration.change(c, party.client_id, actor="cli:test", token_endpoint_auth_method="client_secret_basic")
        )


def test_a_client_id_is_unique(app: Flask) -> None:
    register_party(client_id="external")
    with pytest.raises(Refusal):
        register_party(client_id="external")


def test_a_change_is_seen_at_once_here_and_recorded_with_before_and_after(app: Flask) -> None:
    party = register_party(scope="openid")
    found = find_client(party.client_id)
    assert found is not None
    assert found.scopes == {"openid"}
    in_transaction(lambda c: registration.change(c, party.client_id, actor="cli:test", scope="email", minimum_acr="aal2"))
    found = find_client(party.client_id)
    assert found is not None
    assert found.scopes == {"openid", "email"}
    assert (found.minimum_acr, found.version) == (assurance.AAL2, 2)
    changed = trail.events("client.changed")[0].detail
    assert changed["before"] == {"scope": "openid", "minimum_acr": assurance.AAL1}
    assert changed["after"] == {"scope": "openid email", "minimum_acr": assurance.AAL2}


def test_a_change_that_changes_nothing_is_no_event(app: Flask) -> None:
    party = register_party()
    in_transaction(lambda c: registration.change(c, party.client_id, actor="cli:test", client_name="Quản lý văn bản"))
    assert trail.kinds("client.changed") == []


def test_a_refused_change_leaves_the_client_as_it_was(app: Flask) -> None:
    party = register_party()
    with pytest.raises(InvalidMetadata):
        in_transaction(lambda c: registration.change(c, party.client_id, actor="cli:test", redirect_uris=("http://evil.test/",)))
    found = find_client(party.client_id)
    assert found is not None
    assert found.redirect_uris == {"https://rp.test/cb"}


def test_disabling_and_enabling_happen_once(app: Flask) -> None:
    party = register_party()
    for deed, other in ((registration.disable, None), (registration.enable, party.key)):
        assert in_transaction(lambda c, deed=deed: deed(c, party.client_id, actor="cli:test"))  # type: ignore[misc]
        assert not in_transaction(lambda c, deed=deed: deed(c, party.client_id, actor="cli:test"))  # type: ignore[misc]
        found = find_client(party.client_id)
        assert (found.key if found else None) == other
    assert trail.kinds("client.disabled", "client.enabled") == ["client.disabled", "client.enabled"]


def test_nothing_can_be_done_to_a_client_that_is_not_there(app: Flask) -> None:
    for deed in (registration.disable, registration.enable, registration.rotate_secret, registration.change):
        with pytest.raises(NotFound):
            in_transaction(lambda c, deed=deed: deed(c, "nobody", actor="cli:test"))  # type: ignore[misc]


def test_the_levels_of_assurance_are_those_of_sessions() -> None:
    assert tuple(ACR.values()) == assurance.ALL


def test_defaults_are_the_safe_ones() -> None:
    plain = ClientMetadata("x", ("https://rp.test/cb",))
    assert plain.require_pkce
    assert plain.token_endpoint_auth_method == "client_secret_basic"
    assert "offline_access" not in plain.scope
