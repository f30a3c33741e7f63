"""Rules of what goes together in a registration, whoever makes it: profiles, grants, sectors, addresses."""

from typing import Any

import pytest
from flask import Flask

from clients import registration
from clients.metadata import ClientMetadata
from clients.metadata_rules import checked
from clients.redirect_uris import check_published_uri
from clients.refusals import InvalidMetadata, InvalidRedirectUri
from idp.app import create_app
from idp.database import in_transaction
from tests.support.assertions import JWKS
from tests.support.installation import settings_for
from tests.support.relying_party import register_party

FAPI: dict[str, Any] = {"profile": "fapi2", "token_endpoint_auth_method": "private_key_jwt", "jwks": JWKS}


def made(**given: Any) -> ClientMetadata:
    return checked(ClientMetadata(**{"client_name": "x", "redirect_uris": ("https://rp.test/cb",), **given}))


def test_a_profile_puts_in_what_it_demands(app: Flask) -> None:
    told = made(**FAPI, require_pkce=False)
    assert (told.require_pkce, told.require_pushed_authorization_requests, told.dpop_bound_access_tokens) == (True, True, True)
    assert (told.id_token_signed_response_alg, told.require_signed_request_object) == ("PS256", False)
    signed = made(**{**FAPI, "profile": "fapi2_message_signing"})
    assert (signed.require_signed_request_object, signed.authorization_signed_response_alg) == (True, "PS256")
    assert made(**FAPI, id_token_signed_response_alg="ES256").id_token_signed_response_alg == "ES256"
    assert not made(**FAPI, tls_client_certificate_bound_access_tokens=True).dpop_bound_access_tokens


def test_a_client_of_a_profile_that_shows_a_certificate_is_bound_to_it(app: Flask) -> None:
    told = made(profile="fapi2", token_endpoint_auth_method="self_signed_tls_client_auth", jwks=JWKS)
    assert (told.tls_client_certificate_bound_access_tokens, told.dpop_bound_access_tokens) == (True, False)


@pytest.mark.parametrize(
    "given",
    [
        {"token_endpoint_auth_method": "client_secret_basic"}, {"token_endpoint_auth_method": "client_secret_jwt"}, {"token_endpoint_auth_method": "none"},
        {"redirect_uris": ("http://127.0.0.1/cb",)}, {"userinfo_signed_response_alg": "RS256"}, {"request_object_signing_alg": "RS256"},
        {"request_object_signing_alg": "none"}, {"authorization_signed_response_alg": "RS256"}, {"token_endpoint_auth_signing_alg": "RS256"},
        {"introspection_signed_response_alg": "RS256"}, {"profile": "fapi3"}, {"jwks": None},
    ],
)  # fmt: skip
def test_what_contradicts_a_profile_is_refused(app: Flask, given: dict[str, Any]) -> None:
    with pytest.raises(InvalidMetadata):
        made(**{**FAPI, **given})


def test_a_program_without_people_has_neither_addresses_nor_scopes_of_people(app: Flask) -> None:
    told = made(redirect_uris=(), grant_types=("client_credentials",))
    assert (told.response_types, told.scope, told.redirect_uris) == ((), "", ())
    device = made(redirect_uris=(), grant_types=("urn:ietf:params:oauth:grant-type:device_code",), token_endpoint_auth_method="none")
    assert device.scope == "openid profile email"
    with pytest.raises(InvalidMetadata):
        made(grant_types=("client_credentials",), token_endpoint_auth_method="none")


def test_a_pairwise_client_does_not_move_to_another_sector(app: Flask) -> None:
    party = register_party(subject_type="pairwise")
    for changes in ({"redirect_uris": ("https://other.test/cb",)}, {"sector_identifier_uri": "https://other.test/list"}):
        with pytest.raises(InvalidMetadata):
            in_transaction(lambda c, changes=changes: registration.change(c, party.client_id, actor="cli:test", **changes))  # type: ignore[misc]
    moved: dict[str, Any] = {"redirect_uris": ("https://rp.test/other",)}
    assert (
        in_transaction(lambda c: registration.change(c, party.client_id, actor="cli:test", **moved)).redirect_uris == moved["redirect_uris"]
    )


def test_what_the_operator_allows_may_be_private(database_url: str) -> None:
    application = create_app(settings_for(database_url, outbound_allow="127.0.0.1:8101,hop.local"))
    with application.app_context():
        for uri in ("http://127.0.0.1:8101/logo", "https://hop.local/x", "https://rp.test/x"):
            assert check_published_uri(uri) == uri
        for uri in ("http://127.0.0.1:8102/logo", "https://127.0.0.1/", "https://other.local/", "http://rp.test/x"):
            with pytest.raises(InvalidMetadata):
                check_published_uri(uri)


def test_a_redirect_uri_that_is_refused_says_so_by_its_own_error(app: Flask) -> None:
    with pytest.raises(InvalidRedirectUri):
        made(redirect_uris=("http://evil.test/",))
    with pytest.raises(InvalidMetadata) as refused:
        made(logo_uri="http://evil.test/")
    assert refused.value.reason == "invalid_client_metadata"
    with pytest.raises(InvalidMetadata) as missing:
        made(redirect_uris=())
    assert missing.value.reason == "invalid_redirect_uri"
