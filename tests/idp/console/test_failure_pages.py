"""Rules of the page that explains a refused request to an administrator, and of its command."""

import json
import re
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient

from clients import failed_requests
from clients.failure_models import FailureKind
from clients.registration import change
from idp.console import failure_words
from idp.database import in_transaction, reader
from idp.roles.models import Role
from tests.support.people import add_unit
from tests.support.relying_party import RelyingParty, register_party
from tests.support.signed_in import browser_of, words_of
from wsgi import main

BAD = '"><script>alert(1)</script>'


@pytest.fixture
def party(app: Flask) -> RelyingParty:
    return register_party(client_name="Một cửa", client_id="mot-cua")


def fail(app: Flask, party: RelyingParty, **asked: str | None) -> str:
    """A request of this client that is refused; its code."""
    party.authorize(app.test_client(), **asked)
    return str(failed_requests.latest_of_all(reader(), 1)[0].code)


def page_of(app: Flask, code: str) -> str:
    return words_of(browser_of(app, Role.IT_ADMIN).get(f"/console/failures/{code}"))


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ("https://rp.test/cb/", "dấu gạch chéo"), ("http://rp.test/cb", "Một bên là http, một bên là https"),
        ("https://rp.test/CB", "viết hoa, thường khác nhau"), ("https://rp.test:8443/cb", "Cổng khác: nhận 8443, đăng ký 443"),
    ],
)  # fmt: skip
def test_the_page_marks_where_two_addresses_differ_and_says_what_to_change(app: Flask, party: RelyingParty, sent: str, words: str) -> None:
    page = page_of(app, fail(app, party, redirect_uri=sent))
    assert words in page
    assert "<mark>" in page
    assert "/console/clients/mot-cua/change" in page
    received = re.search(r'id="received">(.*?)</code>', page)
    assert received
    assert re.sub(r"</?mark>", "", received.group(1)) == sent


def test_what_was_registered_meanwhile_is_said(app: Flask, party: RelyingParty) -> None:
    code = fail(app, party, redirect_uri="https://rp.test/moi")
    assert "nay đã được đăng ký" not in page_of(app, code)
    in_transaction(lambda c: change(c, "mot-cua", actor="cli:test", redirect_uris=("https://rp.test/cb", "https://rp.test/moi")))
    assert "nay đã được đăng ký" in page_of(app, code)


def test_a_code_is_found_however_it_is_typed_and_an_unknown_one_is_explained(app: Flask, party: RelyingParty) -> None:
    code, browser = fail(app, party, redirect_uri="https://rp.test/x"), browser_of(app, Role.IT_ADMIN)
    found = browser.get("/console/failures", query_string={"code": f" {code.lower().replace('-', '')} "})
    assert found.headers["Location"].endswith(f"/console/failures/{code}")
    missing = browser.get("/console/failures", query_string={"code": "2222-2222"})
    assert missing.status_code == 404
    assert "30 ngày" in words_of(missing)
    assert 'value="2222-2222"' in words_of(missing)
    assert browser.get("/console/failures/2222-2222").status_code == 404
    assert code in words_of(browser.get("/console/failures", query_string={"client_id": "mot-cua"}))


def test_a_client_id_with_a_slip_leads_to_the_one_that_was_meant(app: Flask, party: RelyingParty) -> None:
    app.test_client().get("/authorize", query_string={"client_id": "Mot_cua"})
    page = page_of(app, failed_requests.latest_of_all(reader(), 1)[0].code)
    assert "Có thể là" in page
    assert 'href="/console/clients/mot-cua"' in page


def test_whatever_a_request_holds_is_shown_as_text(app: Flask, party: RelyingParty) -> None:
    fail(app, party, redirect_uri=f"https://rp.test/{BAD}", scope=BAD, prompt=BAD, acr_values=BAD, response_type=BAD, ui_locales=BAD)
    app.test_client().get("/authorize", query_string={"client_id": BAD[:20]})
    app.test_client().get("/forward-auth", query_string={"client_id": "mot-cua"}, headers={"X-Forwarded-Host": BAD})
    browser = browser_of(app, Role.IT_ADMIN)
    rows = failed_requests.latest_of_all(reader(), 10)
    assert len(rows) == 3
    for page in ("/console/failures", *(f"/console/failures/{row.code}" for row in rows)):
        assert "<script>alert" not in words_of(browser.get(page)), page


def test_each_part_of_the_tree_sees_the_failures_of_its_own_clients(app: Flask, party: RelyingParty) -> None:
    code = fail(app, party, redirect_uri="https://rp.test/x")
    app.test_client().get("/authorize", query_string={"client_id": "khong-co"})
    unknown = failed_requests.latest_of_all(reader(), 1)[0].code
    unit = add_unit("Sở Y tế", code="H27.5")
    browser = browser_of(app, Role.CLIENT_OWNER, unit_of_role=unit)
    for address in (f"/console/failures/{code}", f"/console/failures/{unknown}", "/console/failures?client_id=mot-cua"):
        assert browser.get(address).status_code in (403, 404), address
    told = [browser.get(f"/console/failures?client_id={one}").text for one in ("mot-cua", "khong-co")]
    assert all("hoặc ứng dụng ngoài phạm vi được giao" in page for page in told), "whether it is there is not told"
    assert code not in words_of(browser.get("/console/failures"))
    assert browser_of(app, None).get(f"/console/failures/{code}").status_code == 403


def test_the_command_says_the_same(app: Flask, party: RelyingParty) -> None:
    code = fail(app, party, redirect_uri="https://rp.test/cb/")
    told: dict[str, Any] = json.loads(CliRunner().invoke(main.commands["client"], ["failure", code, "--json"]).output)
    assert (told["client_id"], told["kind"], told["asked"]["redirect_uri"]) == ("mot-cua", "redirect_uri", "https://rp.test/cb/")
    assert told["differences"]
    text = CliRunner().invoke(main.commands["client"], ["failure", code.lower()]).output
    assert "Received:   https://rp.test/cb/" in text
    assert CliRunner().invoke(main.commands["client"], ["failure", "2222-2222"]).exit_code == 1


def test_every_kind_and_place_has_its_words(app: Flask, browser: FlaskClient) -> None:
    from_models = [kind for kind in FailureKind if kind != "other"]
    with app.test_request_context("/"):
        from_words = [kind for kind in from_models if failed_requests_words(kind)]
    assert from_words == from_models


def failed_requests_words(kind: str) -> bool:
    other = (failure_words.name_of("other"), failure_words.happened("other"), failure_words.advice("other"))
    told = (failure_words.name_of(kind), failure_words.happened(kind), failure_words.advice(kind))
    return all(one != usual for one, usual in zip(told, other, strict=True))
