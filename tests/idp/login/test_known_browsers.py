"""Rules of browsers that a person has signed in with: what a stranger does elsewhere is no hindrance there, until the person ends it."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection

from idp import access, clock
from idp.database import in_transaction, reader
from idp.login import unlocking
from idp.people.sign_in_name import require_named
from idp.sessions import assurance, known_browsers
from tests.support.bind_directory import BindDirectory
from tests.support.sign_in import Visitor, code_on, enrolled_phone, official


def signs_in(visitor: Visitor, secret: str, time: clock.ManualClock) -> None:
    visitor.asks(minimum_acr=assurance.AAL2, not_before=time.instant)
    visitor.types_password()
    visitor.sends(code=code_on(secret))


def known(visitor: Visitor, person_id: uuid.UUID) -> tuple[bool, bool]:
    named = require_named(reader(), person_id)
    with visitor.app.test_request_context("/sign-in", headers={"Cookie": "; ".join(f"{c.key}={c.value}" for c in cookies(visitor))}):
        return known_browsers.is_known(person_id, named.browser_round), known_browsers.has_proved(person_id, named.browser_round)


def cookies(visitor: Visitor) -> list[Any]:
    return list(visitor.browser._cookies.values())  # type: ignore[union-attr]


@pytest.fixture
def enrolled(directory: BindDirectory, app: Flask) -> tuple[uuid.UUID, str]:
    """Somebody with a phone."""
    person_id = official(directory)
    return person_id, enrolled_phone(person_id)


def test_wrong_codes_of_a_stranger_who_knows_the_password_keep_nobody_from_their_own_browser(
    app: Flask, enrolled: tuple[uuid.UUID, str], time: clock.ManualClock
) -> None:
    person_id, secret = enrolled
    own, stranger = Visitor(app), Visitor(app)
    signs_in(own, secret, time)
    stranger.asks(minimum_acr=assurance.AAL2)
    stranger.types_password()
    answers = [stranger.sends(code="000000").status_code for _ in range(6)]
    assert answers == [400] * 5 + [429]
    time.advance(minutes=1)
    signs_in(own, secret, time)
    assert own.left_to is not None
    assert stranger.sends(code=code_on(secret)).status_code == 429
    assert unlocking.rests_until(reader(), person_id) is not None


def test_the_password_alone_makes_a_browser_known_but_not_as_one_of_the_second_factor(
    app: Flask, enrolled: tuple[uuid.UUID, str], time: clock.ManualClock
) -> None:
    person_id, secret = enrolled
    visitor = Visitor(app)
    visitor.asks(minimum_acr=assurance.AAL2)
    visitor.types_password()
    assert known(visitor, person_id) == (True, False)
    visitor.sends(code=code_on(secret))
    assert known(visitor, person_id) == (True, True)
    visitor.asks(not_before=time.instant)
    visitor.types_password()
    assert known(visitor, person_id) == (True, True)


def test_in_an_own_browser_codes_are_not_guessed_without_end_either(
    app: Flask, enrolled: tuple[uuid.UUID, str], time: clock.ManualClock
) -> None:
    _, secret = enrolled
    own = Visitor(app)
    signs_in(own, secret, time)
    time.advance(minutes=1)
    own.asks(minimum_acr=assurance.AAL2, not_before=time.instant)
    own.types_password()
    assert [own.sends(code="000000").status_code for _ in range(6)] == [400] * 5 + [429]


Deed = Callable[[Connection, uuid.UUID], object]
ENDING: dict[str, Deed] = {
    "password changed": lambda c, p: access.password_changed(c, p, actor="t"),
    "this was not me": lambda c, p: access.report_misuse(c, p, actor="t"),
    "factors reset": lambda c, p: access.reset_factors(c, p, reason="r", actor="t"),
    "signed out everywhere": lambda c, p: access.sign_out(c, p, reason="r", actor="t"),
    "password changed on the own page": lambda c, p: access.own_password_changed(c, p, keep=uuid.uuid4(), end_others=False, actor="t"),
}


@pytest.mark.parametrize("deed", ENDING.values(), ids=ENDING.keys())
def test_what_ends_everything_ends_known_browsers_too_and_signing_in_begins_anew(
    app: Flask, enrolled: tuple[uuid.UUID, str], time: clock.ManualClock, deed: Deed
) -> None:
    person_id, secret = enrolled
    visitor = Visitor(app)
    signs_in(visitor, secret, time)
    assert known(visitor, person_id) == (True, True)
    in_transaction(lambda c: deed(c, person_id))
    assert known(visitor, person_id) == (False, False)
    time.advance(minutes=1)
    visitor.asks(not_before=time.instant)
    visitor.types_password()
    assert known(visitor, person_id) == (True, False)


def test_on_a_shared_computer_nobody_is_remembered(app: Flask, enrolled: tuple[uuid.UUID, str], time: clock.ManualClock) -> None:
    person_id, secret = enrolled
    visitor = Visitor(app)
    visitor.asks(minimum_acr=assurance.AAL2)
    visitor.types_password(shared_pc="1")
    visitor.sends(code=code_on(secret))
    assert visitor.session() is not None
    assert known(visitor, person_id) == (False, False)
