"""Several secrets of one client: side by side, with an end, ended at once, and those told of whose end is near."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from clients import secret_care
from clients.models import ClientSecret
from clients.secret_care import add_beside, revoke_secret
from idp import clock, outbox
from idp.app import create_app
from idp.database import in_transaction, reader, table_of
from idp.errors import Refusal
from idp.roles.models import Role
from tests.support.installation import close, settings_for
from tests.support.mail_server import MailServer, mail_server
from tests.support.people import add_person
from tests.support.relying_party import RelyingParty, register_party
from tests.support.signed_in import browser_of, send_form, words_of

_s = table_of(ClientSecret)
WHO: dict[str, Any] = {"actor": "cli:test", "reason": "thử"}


@pytest.fixture
def party(app: Flask) -> RelyingParty:
    return register_party(contacts=("an@hagiang.gov.vn", "binh@hagiang.gov.vn"))


def works(browser: FlaskClient, party: RelyingParty) -> bool:
    """A wrong secret is 401, whatever the code."""
    return party.redeem(browser, "x").status_code != 401


def secret_ids(party: RelyingParty) -> list[uuid.UUID]:
    return list(reader().execute(select(_s.c.id).where(_s.c.client_id == party.key).order_by(_s.c.created_at, _s.c.id)).scalars())


def test_two_secrets_work_side_by_side_until_one_is_ended(browser: FlaskClient, party: RelyingParty) -> None:
    first = party.secret
    party.secret = in_transaction(lambda c: add_beside(c, party.client_id, **WHO))
    assert works(browser, party)
    second, party.secret = party.secret, first
    assert works(browser, party)
    assert in_transaction(lambda c: revoke_secret(c, party.client_id, secret_ids(party)[0], **WHO))
    assert not in_transaction(lambda c: revoke_secret(c, party.client_id, secret_ids(party)[0], **WHO))
    assert not works(browser, party)
    party.secret = second
    assert works(browser, party)


def test_a_secret_ends_on_its_day(browser: FlaskClient, party: RelyingParty, time: clock.ManualClock) -> None:
    party.secret = in_transaction(lambda c: add_beside(c, party.client_id, **WHO, expires_at=clock.now() + timedelta(days=2)))
    assert works(browser, party)
    time.advance(days=2)
    assert not works(browser, party)


def test_a_secret_of_another_client_is_not_ended_through_this_one(party: RelyingParty) -> None:
    other = register_party(client_name="Khác")
    assert not in_transaction(lambda c: revoke_secret(c, party.client_id, secret_ids(other)[0], **WHO))


def test_an_end_in_the_past_is_refused(party: RelyingParty) -> None:
    with pytest.raises(Refusal):
        in_transaction(lambda c: add_beside(c, party.client_id, **WHO, expires_at=clock.now()))


def test_use_is_noted_with_its_place_once_a_minute(browser: FlaskClient, party: RelyingParty) -> None:
    works(browser, party)
    row = reader().execute(select(_s.c.last_used_at, _s.c.last_used_from).where(_s.c.client_id == party.key)).one()
    assert row.last_used_at is not None
    assert row.last_used_from == "127.0.0.1"


def test_contacts_are_told_thirty_seven_and_one_days_before_once_each(database_url: str, time: clock.ManualClock) -> None:
    with mail_server() as server:
        app = create_app(settings_for(database_url, smtp_url=server.url, mail_from="dinhdanh@hagiang.gov.vn"))
        with app.app_context():
            _let_forty_days_pass(server, time)
        close(app)


def _let_forty_days_pass(server: MailServer, time: clock.ManualClock) -> None:
    party = register_party(contacts=("an@hagiang.gov.vn", "binh@hagiang.gov.vn"))
    in_transaction(lambda c: add_beside(c, party.client_id, **WHO, expires_at=clock.now() + timedelta(days=40)))
    told = []
    for _day in range(41):
        told.append(secret_care.warn() + secret_care.warn())
        time.advance(days=1)
    assert [day for day, number in enumerate(told) if number] == [10, 33, 39]
    while outbox.deliver_due(secret_care.DELIVERERS):
        pass
    assert sorted(str(letter["To"]) for letter in server.taken) == ["an@hagiang.gov.vn"] * 3 + ["binh@hagiang.gov.vn"] * 3
    assert "sắp hết hạn" in str(server.taken[0]["Subject"])


def test_the_page_adds_a_secret_shows_its_last_use_and_ends_it(app: Flask, party: RelyingParty) -> None:
    add_person()
    browser = browser_of(app, Role.IT_ADMIN)
    assert (
        send_form(
            browser, f"/console/clients/{party.client_id}/add-secret", {"expires_on": "32/1/2027", "reason": "Máy chủ mới"}
        ).status_code
        == 400
    )
    made = send_form(browser, f"/console/clients/{party.client_id}/add-secret", {"expires_on": "", "reason": "Máy chủ mới"})
    assert "client-secret" in words_of(made)
    oldest = secret_ids(party)[0]
    path = f"/console/clients/{party.client_id}/secrets/{oldest}/revoke"
    assert send_form(browser, path, {"reason": ""}).status_code == 400
    assert send_form(browser, path, {"reason": "Đã bị lộ"}).status_code == 303
    assert "Thu hồi ngay" in words_of(browser.get(f"/console/clients/{party.client_id}"))
