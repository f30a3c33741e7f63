"""Rules of signing in by a passkey, and of a key after the password."""

import re
import uuid
from collections.abc import Iterator
from html import unescape

import pytest
from flask import Flask
from sqlalchemy import select, update

from idp import audit, clock
from idp.app import create_app
from idp.credentials import passkey_ceremony, passkeys
from idp.database import in_transaction, reader, table_of
from idp.people import mirror
from idp.people.models import Person, PersonState
from idp.roles import grants
from idp.roles.models import Role
from idp.sessions import browser_sessions
from idp.sessions.assurance import AAL3
from tests.protocol.test_authorize_sign_in import claims
from tests.support.authenticator import Authenticator
from tests.support.bind_directory import PASSWORD, BindDirectory
from tests.support.installation import FreshContextClient, close, settings_for
from tests.support.relying_party import register_party
from tests.support.sign_in import Visitor, official

_e = table_of(audit.AuditEvent)


@pytest.fixture
def app(database_url: str, directory: BindDirectory) -> Iterator[Flask]:
    """An installation with a name, which keys need."""
    application = create_app(settings_for(database_url, issuer="http://localhost:8000", **directory.settings()))
    application.test_client_class = FreshContextClient
    with application.app_context():
        yield application
    close(application)


def enrolled_key(person_id: uuid.UUID, *, alone: bool = True, **given: object) -> Authenticator:
    """A key enrolled some time ago."""
    key = Authenticator(**given)  # type: ignore[arg-type]
    options = passkey_ceremony.creation_options("s", person_id, "x", "X", [], alone=alone, roaming=False)
    new = passkeys.match_new(key.makes(options), "s", alone=alone)
    in_transaction(lambda c: passkeys.add(c, person_id, new, "Khóa"))
    return key


def asked(visitor: Visitor) -> str:
    """What the page asks the browser for."""
    assert visitor.page is not None
    found = re.search(r'data-(?:ask|make)="([^"]+)"', visitor.page.text)
    assert found, "no key is asked for"
    return unescape(found[1])


def signs_in(visitor: Visitor, key: Authenticator, **fields: str) -> None:
    visitor.sends("/sign-in/passkey", answer=key.signs(asked(visitor)), **fields)


def reasons(event: audit.Event) -> list[str]:
    rows = reader().execute(select(_e.c.detail).where(_e.c.event == event).order_by(_e.c.id)).scalars()
    return [str(detail.get("reason")) for detail in rows]


def test_a_passkey_alone_signs_in_at_the_highest_level(app: Flask, directory: BindDirectory, visitor: Visitor) -> None:
    person_id = official(directory)
    key = enrolled_key(person_id)
    visitor.asks(minimum_acr=AAL3)
    signs_in(visitor, key)
    assert visitor.left_to is not None
    assert visitor.left_to.startswith("/authorize/resume")
    session = visitor.session()
    assert session is not None
    assert (session.person_id, session.acr, session.amr) == (person_id, AAL3, "hwk user mfa")
    assert reasons(audit.Event.PASSKEY_VERIFIED) == ["None"]


def test_a_passkey_makes_the_browser_known(app: Flask, directory: BindDirectory, visitor: Visitor, time: clock.ManualClock) -> None:
    """LOG-011: with wrong passwords from elsewhere without end, the password still works where the passkey did."""
    person_id = official(directory)
    key, stranger = enrolled_key(person_id), Visitor(app)
    visitor.asks()
    signs_in(visitor, key)
    stranger.asks()
    while stranger.types_password(password="guess").status_code == 400:
        pass
    time.advance(minutes=1)
    visitor.asks(not_before=time.instant)
    visitor.types_password()
    assert visitor.left_to is not None


def test_a_passkey_alone_opens_nothing_and_keeps_nothing_open_once_the_mirror_is_older_than_eight_hours(
    app: Flask, directory: BindDirectory, visitor: Visitor, time: clock.ManualClock
) -> None:
    """Whoever left meanwhile is still active in it; the password is checked by the directory itself."""
    key = enrolled_key(official(directory))
    in_transaction(lambda c: mirror.note_reading(c, "test"))
    time.advance(hours=8)
    visitor.asks()
    signs_in(visitor, key)
    assert visitor.session() is not None
    time.advance(seconds=1)
    assert visitor.session() is None
    in_transaction(lambda c: mirror.note_reading(c, "another source"))
    other = Visitor(app)
    other.asks()
    signs_in(other, key)
    assert other.page is not None
    assert other.page.status_code == 503
    assert "nhiều giờ không đọc được" in other.text
    assert other.session() is None
    other.sends("/sign-in", username="vmsinh", password=PASSWORD)
    assert other.session() is not None
    in_transaction(lambda c: mirror.note_reading(c, "test"))
    again = Visitor(app)
    again.asks()
    signs_in(again, key)
    assert again.session() is not None


def test_a_synced_passkey_claims_no_hardware(app: Flask, directory: BindDirectory, visitor: Visitor) -> None:
    key = enrolled_key(official(directory), synced=True, count=None)
    visitor.asks()
    signs_in(visitor, key, shared_pc="1")
    session = visitor.session()
    assert session is not None
    assert (session.amr, session.shared_pc) == ("swk user mfa", True)


def test_a_passkey_that_is_not_accepted_says_no_more_than_that(app: Flask, directory: BindDirectory, visitor: Visitor) -> None:
    """PKY-001, PKY-003"""
    key = enrolled_key(official(directory))
    visitor.asks()
    for wrong in (Authenticator(), key):
        visitor.sends("/sign-in/passkey", answer=wrong.signs(asked(visitor), broken=True))
        assert visitor.page is not None
        assert visitor.page.status_code == 400
        assert "Khóa không được chấp nhận" in visitor.text
        assert 'action="/sign-in?flow=' in visitor.text  # the password typed next goes to its own door
        assert visitor.session() is None
    assert [reason.split(":")[0] for reason in reasons(audit.Event.PASSKEY_REFUSED)] == ["unknown_key", "refused"]
    signs_in(visitor, key)
    assert visitor.session() is not None


def test_an_answer_is_of_no_use_in_another_browser(app: Flask, directory: BindDirectory, visitor: Visitor) -> None:
    key, thief = enrolled_key(official(directory)), Visitor(app)
    visitor.asks()
    thief.asks()
    thief.sends("/sign-in/passkey", answer=key.signs(asked(visitor)))
    assert thief.session() is None
    assert reasons(audit.Event.PASSKEY_REFUSED) == ["challenge_of_another_browser"]


@pytest.mark.parametrize("closed", [{"state": PersonState.SUSPENDED.value}, {"directory_locked": True}])
def test_a_passkey_of_somebody_suspended_or_locked_opens_nothing(
    app: Flask, directory: BindDirectory, visitor: Visitor, closed: dict[str, object]
) -> None:
    person_id = official(directory)
    key = enrolled_key(person_id)
    table = table_of(Person)
    in_transaction(lambda c: c.execute(update(table).where(table.c.id == person_id).values(**closed)))
    visitor.asks()
    signs_in(visitor, key)
    assert visitor.page is not None
    assert visitor.page.status_code == 403
    assert visitor.cookie() is None


def test_a_key_that_went_back_in_its_count_is_refused_and_put_down(app: Flask, directory: BindDirectory, visitor: Visitor) -> None:
    """PKY-001"""
    key = enrolled_key(official(directory))
    visitor.asks()
    signs_in(visitor, key)
    key.count = 0
    visitor.asks(not_before=clock.now())
    signs_in(visitor, key)
    assert reasons(audit.Event.PASSKEY_REFUSED) == ["sign_count_went_back"]


def test_signing_in_anew_may_be_done_by_passkey_and_renews_the_session(
    app: Flask, directory: BindDirectory, visitor: Visitor, time: clock.ManualClock
) -> None:
    key = enrolled_key(official(directory))
    visitor.asks()
    visitor.types_password()
    before, cookie = visitor.session(), visitor.cookie()
    time.advance(minutes=10)
    visitor.asks(not_before=clock.now())
    assert visitor.path == "/sign-in"
    signs_in(visitor, key)
    after = visitor.session()
    assert before is not None
    assert after is not None
    assert (after.session_id, after.acr) == (before.session_id, AAL3)
    assert visitor.cookie() != cookie


def test_somebody_elses_passkey_ends_the_session_of_before(app: Flask, directory: BindDirectory, visitor: Visitor) -> None:
    official(directory)
    key = enrolled_key(official(directory, "lvan"))
    visitor.asks()
    visitor.types_password()
    cookie = visitor.cookie()
    visitor.asks(not_before=clock.now())
    signs_in(visitor, key)
    assert cookie
    assert browser_sessions.find(cookie) is None


def test_an_administrator_signs_in_by_passkey_alone(app: Flask, directory: BindDirectory, visitor: Visitor) -> None:
    person_id = official(directory)
    in_transaction(lambda c: grants.grant(c, person_id, Role.IT_ADMIN, actor="cli:test"))
    key = enrolled_key(person_id)
    visitor.asks(return_to="/console", payload={})
    signs_in(visitor, key)
    assert visitor.left_to == "/console"
    assert visitor.browser.get("/console").status_code == 200


def test_without_javascript_the_page_is_as_it_was_and_the_key_hides_itself(app: Flask, directory: BindDirectory, visitor: Visitor) -> None:
    official(directory)
    visitor.asks()
    assert visitor.page is not None
    assert re.search(r'<div id="key" hidden ', visitor.page.text)
    policy = visitor.page.headers["Content-Security-Policy"]
    assert re.search(r"script-src 'sha256-[^' ]+'(;|$)", policy)
    visitor.types_password()
    assert visitor.session() is not None


def test_a_form_for_a_key_carries_a_token(app: Flask, directory: BindDirectory, visitor: Visitor) -> None:
    key = enrolled_key(official(directory))
    visitor.asks()
    answer = key.signs(asked(visitor))
    for path in ("/sign-in/passkey", "/sign-in/factor/key", "/sign-in/enroll/passkey", "/account/factors/add/passkey"):
        assert visitor.browser.post(f"{path}?flow={visitor.flow}", data={"answer": answer}).status_code == 400
    assert visitor.session() is None


def test_an_application_learns_that_a_passkey_was_used(app: Flask, directory: BindDirectory, visitor: Visitor) -> None:
    key, party = enrolled_key(official(directory)), register_party(minimum_acr=AAL3)
    visitor.opens(party.authorize(visitor.browser).location)
    visitor.types_password()
    assert visitor.path == "/sign-in/factor"
    visitor.sends("/sign-in/factor/key", answer=key.signs(asked(visitor)))
    assert visitor.left_to
    code = party.answer(visitor.browser.get(visitor.left_to))["code"]
    told = claims(party.redeem(visitor.browser, code).get_json()["id_token"])
    assert (told["acr"], told["amr"]) == (AAL3, ["pwd", "hwk", "user", "mfa"])
