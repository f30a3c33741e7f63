"""Rules of browser sessions."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from idp import clock
from idp.app import create_app
from idp.audit import AuditEvent
from idp.database import in_transaction, reader, table_of
from idp.opaque_tokens import Secret
from idp.outbox import OutboxMessage
from idp.people.models import Person, PersonState
from idp.sessions import assurance, browser_sessions
from idp.sessions.models import BrowserSession
from tests.support.installation import close, settings_for
from tests.support.people import add_person, add_unit

_s, _p = table_of(BrowserSession), table_of(Person)


def start(person_id: uuid.UUID, **given: Any) -> tuple[Secret, uuid.UUID]:
    facts = {"acr": assurance.AAL1, "amr": (assurance.PASSWORD,), "shared_pc": False, "administrator": False, **given}
    return in_transaction(lambda c: browser_sessions.start(c, person_id=person_id, **facts))


def change_person(person_id: uuid.UUID, **values: Any) -> None:
    in_transaction(lambda c: c.execute(update(_p).where(_p.c.id == person_id).values(**values)))


def test_a_started_session_is_found_with_person_and_unit(app: Flask, time: clock.ManualClock) -> None:
    unit_id = add_unit("UBND xã Lũng Cú")
    person_id = add_person("vmsinh", "Vàng Mí Sính", unit_id=unit_id)
    value, session_id = start(person_id)
    live = browser_sessions.find(value)
    assert live is not None
    assert (live.session_id, live.person_id, live.name, live.username) == (session_id, person_id, "Vàng Mí Sính", "vmsinh")
    assert (live.unit_name, live.acr, live.amr, live.auth_time) == ("UBND xã Lũng Cú", assurance.AAL1, "pwd", time.instant)


def test_the_cookie_value_is_not_stored(app: Flask) -> None:
    value, _ = start(add_person())
    assert value.encode() not in reader().execute(select(_s.c.digest)).scalar_one()


@pytest.mark.parametrize("value", ["", "x", "\udcff", "a" * 10_000])
def test_an_invented_cookie_finds_nobody(app: Flask, value: str) -> None:
    start(add_person())
    assert browser_sessions.find(value) is None


@pytest.mark.parametrize("change", [{"state": PersonState.SUSPENDED.value}, {"directory_locked": True}])
def test_a_suspended_or_locked_person_is_signed_in_nowhere(app: Flask, change: dict[str, Any]) -> None:
    person_id = add_person()
    value, _ = start(person_id)
    change_person(person_id, **change)
    assert browser_sessions.find(value) is None


@pytest.mark.parametrize(
    ("given", "idle", "absolute"),
    [({}, 3600, 12 * 3600), ({"shared_pc": True}, 900, 3600), ({"administrator": True, "acr": assurance.AAL2}, 900, 12 * 3600)],
)
def test_a_session_lives_as_long_as_its_kind_allows(
    app: Flask, time: clock.ManualClock, given: dict[str, Any], idle: int, absolute: int
) -> None:
    """SES-001: also with activity the absolute limit holds."""
    value, _ = start(add_person(), **given)
    idle_value, _ = start(add_person("lvan"), **given)
    for _step in range(absolute // (idle - 60)):
        time.advance(seconds=idle - 60)
        assert browser_sessions.find(value) is not None
        assert _step or browser_sessions.find(idle_value) is not None
    time.advance(seconds=absolute % (idle - 60))
    assert browser_sessions.find(value) is None
    assert browser_sessions.find(idle_value) is None


def test_a_session_is_idle_after_its_time_to_the_second(app: Flask, time: clock.ManualClock) -> None:
    """SES-001: the server decides; bringing the cookie again changes nothing."""
    value, _ = start(add_person())
    time.advance(seconds=3600)
    assert browser_sessions.find(value) is None


def test_use_is_noted_at_most_once_a_minute(app: Flask, time: clock.ManualClock) -> None:
    value, _ = start(add_person())
    began = time.instant
    time.advance(seconds=59)
    browser_sessions.find(value)
    assert reader().execute(select(_s.c.last_seen_at)).scalar_one() == began
    time.advance(seconds=1)
    browser_sessions.find(value)
    assert reader().execute(select(_s.c.last_seen_at)).scalar_one() == time.instant


def test_raising_gives_a_new_cookie_and_the_old_one_is_dead(app: Flask, time: clock.ManualClock) -> None:
    old, session_id = start(add_person())
    time.advance(minutes=10)
    new = in_transaction(lambda c: browser_sessions.raise_assurance(c, session_id, acr=assurance.AAL2, amr=("pwd", "otp", "mfa")))
    assert browser_sessions.find(old) is None
    live = browser_sessions.find(new)
    assert live is not None
    assert (live.session_id, live.acr, live.amr, live.auth_time) == (session_id, assurance.AAL2, "pwd otp mfa", time.instant)
    assert reader().execute(select(_p.c.last_two_factor_at)).scalar_one() == time.instant


def test_an_ended_session_cannot_be_raised_or_renewed(app: Flask) -> None:
    _, session_id = start(add_person())
    in_transaction(lambda c: browser_sessions.end(c, session_id, reason="signed_out", actor="test"))
    with pytest.raises(browser_sessions.SessionEnded):
        in_transaction(lambda c: browser_sessions.raise_assurance(c, session_id, acr=assurance.AAL2, amr=("pwd", "otp")))
    with pytest.raises(browser_sessions.SessionEnded):
        in_transaction(
            lambda c: browser_sessions.renew(c, session_id, acr=assurance.AAL1, amr=("pwd",), shared_pc=False, administrator=False)
        )


def test_a_session_renewed_by_a_password_alone_claims_no_second_factor(app: Flask, time: clock.ManualClock) -> None:
    _, session_id = start(add_person(), acr=assurance.AAL2, amr=("pwd", "otp", "mfa"))
    time.advance(hours=13)
    value = in_transaction(
        lambda c: browser_sessions.renew(c, session_id, acr=assurance.AAL1, amr=("pwd",), shared_pc=False, administrator=False)
    )
    live = browser_sessions.find(value)
    assert live is not None
    assert (live.session_id, live.acr, live.amr) == (session_id, assurance.AAL1, "pwd")


def test_an_administrator_with_a_password_only_is_signed_in_for_the_steps_alone(app: Flask) -> None:
    value, session_id = start(add_person(), administrator=True)
    assert browser_sessions.find(value) is None
    unfinished = browser_sessions.find_unfinished(value)
    assert unfinished is not None
    raised = in_transaction(lambda c: browser_sessions.raise_assurance(c, session_id, acr=assurance.AAL2, amr=("pwd", "otp", "mfa")))
    assert browser_sessions.find(raised) is not None


def test_the_first_sign_in_is_remembered_for_good(app: Flask, time: clock.ManualClock) -> None:
    person_id, first = add_person(), time.instant
    start(person_id)
    time.advance(days=1)
    start(person_id)
    row = reader().execute(select(_p.c.first_signed_in_at, _p.c.last_signed_in_at, _p.c.last_two_factor_at)).one()
    assert tuple(row) == (first, time.instant, None)


def test_a_session_ends_once_and_its_clients_are_told_once(app: Flask) -> None:
    value, session_id = start(add_person())
    ends = [in_transaction(lambda c: browser_sessions.end(c, session_id, reason="signed_out", actor="test")) for _ in range(3)]
    assert ends == [True, False, False]
    assert browser_sessions.find(value) is None
    message = reader().execute(select(table_of(OutboxMessage))).one()
    assert (message.kind, message.payload) == ("session_ended", {"session_id": str(session_id)})
    events = reader().execute(select(table_of(AuditEvent).c.event)).scalars().all()
    assert sorted(events) == ["session.ended", "session.started"]


def test_all_sessions_of_a_person_end_but_the_one_to_keep(app: Flask) -> None:
    person_id = add_person()
    kept, kept_id = start(person_id)
    others = [start(person_id)[0] for _ in range(3)]
    stranger, _ = start(add_person("lvan"))
    ended = in_transaction(lambda c: browser_sessions.end_all(c, person_id, reason="by_person", actor="test", keep=kept_id))
    assert ended == 3
    assert [browser_sessions.find(value) for value in others] == [None, None, None]
    assert browser_sessions.find(kept) is not None
    assert browser_sessions.find(stranger) is not None


def test_clients_are_told_of_sessions_that_expired_but_not_of_idle_ones(app: Flask, time: clock.ManualClock) -> None:
    start(add_person(), shared_pc=True)
    start(add_person("lvan"))
    time.advance(hours=2)
    assert in_transaction(browser_sessions.end_expired) == 1
    assert in_transaction(browser_sessions.end_expired) == 0


def test_parallel_ends_have_one_winner(postgresql_url: str) -> None:
    app = create_app(settings_for(postgresql_url))
    with app.app_context():
        _, session_id = start(add_person())

    def end_once(_: int) -> bool:
        with app.app_context():
            return in_transaction(lambda c: browser_sessions.end(c, session_id, reason="race", actor="test"))

    with ThreadPoolExecutor(20) as pool:
        assert sum(pool.map(end_once, range(20))) == 1
    close(app)


@pytest.mark.parametrize(
    ("issuer", "name", "secure"), [("https://sso.test", "__Host-hopnhat", True), ("http://127.0.0.1:8000", "hopnhat_session", False)]
)
def test_the_cookie_is_kept_from_scripts_and_other_sites(database_url: str, issuer: str, name: str, secure: bool) -> None:
    app = create_app(settings_for(database_url, issuer=issuer))
    with app.test_request_context("/"):
        response = app.response_class()
        browser_sessions.set_cookie(response, "value")
        cookie = response.headers["Set-Cookie"]
    assert cookie.startswith(f"{name}=value; ")
    flags = set(cookie.split("; ")[1:])
    assert flags == {"HttpOnly", "Path=/", "SameSite=Lax"} | ({"Secure"} if secure else set())
    close(app)


def test_the_current_session_is_that_of_the_requests_cookie(app: Flask) -> None:
    value, session_id = start(add_person())
    with app.app_context(), app.test_request_context("/", headers={"Cookie": f"hopnhat_session={value}"}):
        live = browser_sessions.current()
        assert live is not None
        assert live.session_id == session_id
    with app.app_context(), app.test_request_context("/"):
        assert browser_sessions.current() is None
