"""Rules of the way through the first step: where it began, where it leads, and what is no part of it."""

from urllib.parse import quote

import pytest
from flask import Flask
from sqlalchemy import update

from idp import clock
from idp.database import in_transaction, table_of
from idp.people.models import Person
from idp.sessions import assurance
from tests.idp.login.test_password_step import events
from tests.support.bind_directory import PASSWORD, BindDirectory
from tests.support.sign_in import Visitor, official


def test_a_hint_is_filled_in_cut_and_escaped(visitor: Visitor) -> None:
    visitor.asks(login_hint='"><script>alert(1)</script>' + "x" * 500)
    assert "<script>alert" not in (visitor.page.text if visitor.page else "")
    assert "x" * 300 not in visitor.text
    visitor.asks(login_hint="vmsinh")
    assert 'value="vmsinh"' in visitor.text


def test_cancel_leads_back_to_whoever_asked(visitor: Visitor) -> None:
    visitor.asks(cancel_to="/authorize/cancel")
    assert 'id="cancel"' in visitor.text
    visitor.sends(cancel="1")
    assert visitor.left_to == f"/authorize/cancel?flow={visitor.flow}"
    visitor.asks()
    assert 'id="cancel"' not in visitor.text
    visitor.sends(cancel="1")
    assert visitor.page is not None
    assert visitor.page.status_code == 400


def test_a_sign_in_that_waited_too_long_begins_again_for_the_same_application(visitor: Visitor, time: clock.ManualClock) -> None:
    visitor.asks(client_name="Một cửa")
    time.advance(minutes=31)
    visitor.types_password()
    assert visitor.path == "/sign-in"
    assert "Một cửa" in visitor.text
    assert "bắt đầu lại" in visitor.text


@pytest.mark.parametrize("fields", [{}, {"csrf_token": ""}, {"csrf_token": "forged"}])
def test_a_forged_form_does_nothing_and_shows_the_way_back(visitor: Visitor, directory: BindDirectory, fields: dict[str, str]) -> None:
    official(directory)
    visitor.asks(client_name="Một cửa")
    data = {"username": "vmsinh", "password": PASSWORD, **fields}
    response = visitor.browser.post(f"/sign-in?flow={visitor.flow}", data=data)
    assert response.status_code == 400
    assert "Một cửa" in response.text
    assert f"/sign-in?flow={visitor.flow}" in response.text
    assert visitor.session() is None
    assert events() == []


def test_a_form_from_another_site_does_nothing(visitor: Visitor, directory: BindDirectory) -> None:
    official(directory)
    visitor.asks()
    data = {**visitor.form(), "username": "vmsinh", "password": PASSWORD}
    response = visitor.browser.post(f"/sign-in?flow={visitor.flow}", data=data, headers={"Sec-Fetch-Site": "cross-site"})
    assert response.status_code == 400
    assert visitor.session() is None


def test_a_flow_sent_to_somebody_else_leads_nowhere(app: Flask, visitor: Visitor, directory: BindDirectory) -> None:
    official(directory)
    visitor.asks()
    victim = Visitor(app)
    victim.asks()
    victim.types_password()
    response = victim.browser.get(f"/sign-in?flow={visitor.flow}")
    assert response.status_code == 400
    assert visitor.session() is None


@pytest.mark.parametrize(
    "path",
    ["", "/factor", "/recovery", "/recovery/used", "/enroll", "/recovery-codes", "/recovery-codes/file", "/notice", "/account", "/refused"],
)
def test_no_page_of_sign_in_is_kept_or_framed_and_none_is_reached_before_its_turn(visitor: Visitor, path: str) -> None:
    visitor.asks()
    response = visitor.browser.get(f"/sign-in{path}?flow={visitor.flow}")
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
    if path:
        assert response.status_code == 303
        assert response.location == f"/sign-in?flow={visitor.flow}"


def test_somebody_without_a_flow_lands_on_their_account(visitor: Visitor, directory: BindDirectory) -> None:
    official(directory)
    visitor.opens("/sign-in")
    assert visitor.path == "/sign-in"
    visitor.types_password()
    assert visitor.left_to == "/account"


def test_a_person_suspended_in_mid_sign_in_goes_no_further(visitor: Visitor, directory: BindDirectory) -> None:
    person_id = official(directory)
    visitor.asks(minimum_acr=assurance.AAL2)
    visitor.types_password()
    assert visitor.path == "/sign-in/enroll"
    person = table_of(Person)
    in_transaction(lambda c: c.execute(update(person).where(person.c.id == person_id).values(directory_locked=True)))
    visitor.opens(f"/sign-in/enroll?flow={visitor.flow}")
    assert visitor.path == "/sign-in"


def test_what_is_too_large_is_refused_without_asking_the_directory(visitor: Visitor, directory: BindDirectory) -> None:
    visitor.asks()
    for fields in ({"password": "x" * 2**20}, {"username": "x" * 2**20}, {f"f{n}": "x" for n in range(30_000)}):
        response = visitor.browser.post(f"/sign-in?flow={visitor.flow}", data={**visitor.form(), **fields})
        assert response.status_code == 413
    assert "hopnhat.directory" not in visitor.app.extensions


def test_odd_bytes_are_no_error_of_ours(visitor: Visitor) -> None:
    visitor.asks()
    token = quote(visitor.form()["csrf_token"])
    for body in (b"username=%ff&password=%c0%af", b"username=\xff\xfe&password=\x00", b"username=%00&password=%ed%a0%80"):
        response = visitor.browser.post(
            f"/sign-in?flow={visitor.flow}",
            data=b"csrf_token=" + token.encode() + b"&" + body,
            content_type="application/x-www-form-urlencoded",
        )
        assert response.status_code == 400
    assert visitor.browser.get("/sign-in?flow=%ff%00").status_code == 400
