"""A program that nobody here wrote, on Authlib's client, signs somebody in, refreshes and signs out."""

import requests
from playwright.sync_api import Page

from tests.support.demo import Demo
from tests.support.external_client import ExternalClient
from tests.support.official import at_step


def test_an_external_program_signs_somebody_in(demo: Demo, page: Page) -> None:
    external, account = ExternalClient.of(demo), demo.account("staff")
    tokens = external.sign_in(page, account)
    assert tokens["claims"]["acr"] == "urn:hopnhat:aal1"

    told = external.userinfo(tokens["access_token"]).json()
    assert told["sub"] == tokens["claims"]["sub"]
    assert told["name"] == "Vàng Thị Mai"
    assert (told["family_name"], told["middle_name"], told["given_name"]) == ("Vàng", "Thị", "Mai")
    assert told["email"] == f"{account.username}@hagiang.gov.vn"
    assert told["title"] == "Chuyên viên"
    assert set(told["unit"]) == {"code", "name", "level"}
    assert told["staff_category"] == "cong_chuc"

    renewed = external.refresh(tokens["refresh_token"])
    assert renewed["refresh_token"] != tokens["refresh_token"]
    assert external.verified(renewed["id_token"])["auth_time"] == tokens["claims"]["auth_time"]
    assert external.refusal(tokens["refresh_token"]) == "invalid_grant", "a refresh token is good once"
    assert external.refusal(renewed["refresh_token"]) == "invalid_grant", "and its second use ends the chain"
    assert external.userinfo(renewed["access_token"]).status_code == requests.codes.unauthorized


def test_signing_out_at_the_program_ends_the_session(demo: Demo, page: Page) -> None:
    external = ExternalClient.of(demo)
    tokens = external.sign_in(page, demo.account("staff"))
    external.sign_out(page, tokens["id_token"], demo.client("external")["post_logout_redirect_uris"][0])
    page.goto(f"{demo.issuer}/account")
    assert at_step(page) == "/sign-in"
