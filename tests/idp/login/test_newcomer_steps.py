"""Rules of what a newcomer does once: enrol a phone, put the recovery codes away, read the notice."""

import re
from concurrent.futures import ThreadPoolExecutor

from flask import Flask
from sqlalchemy import select

from idp import clock
from idp.app import create_app
from idp.audit import AuditEvent
from idp.credentials import recovery_codes, totp
from idp.credentials.models import TotpCredential
from idp.database import reader, table_of
from idp.people.models import Person
from idp.sessions.assurance import AAL2
from tests.conftest import START
from tests.support.bind_directory import BindDirectory
from tests.support.installation import FreshContextClient, close, settings_for
from tests.support.sign_in import Visitor, code_on, enrolled_phone, official

_t = table_of(TotpCredential)


def key_on(visitor: Visitor) -> str:
    found = re.search(r'class="key"><code>([A-Z2-7 ]+)<', visitor.text)
    assert found
    return found[1].replace(" ", "")


def codes_on(visitor: Visitor) -> list[str]:
    return re.findall(r"<li><code>([\w-]{9})</code></li>", visitor.text)


def events() -> list[str]:
    table = table_of(AuditEvent)
    return list(reader().execute(select(table.c.event).order_by(table.c.id)).scalars())


def test_a_newcomer_enrols_a_phone_puts_the_codes_away_reads_the_notice_and_is_in(
    app: Flask, directory: BindDirectory, time: clock.ManualClock
) -> None:
    person_id, visitor = official(directory, newcomer=True), Visitor(app)
    visitor.asks(minimum_acr=AAL2, client_name="Một cửa")
    visitor.types_password()
    assert visitor.path == "/sign-in/enroll"
    assert re.search(r"<svg[^>]+class=\"qr\"", visitor.text)
    assert "style=" not in visitor.text
    secret, picture = key_on(visitor), visitor.text.split("<svg")[1].split("</svg>")[0]
    visitor.opens(f"/sign-in/enroll?flow={visitor.flow}")
    assert key_on(visitor) == secret
    assert visitor.text.split("<svg")[1].split("</svg>")[0] == picture
    visitor.sends(code=code_on(secret))
    assert visitor.path == "/sign-in/recovery-codes"
    codes = codes_on(visitor)
    assert len(codes) == 10
    visitor.opens(f"/sign-in/recovery-codes?flow={visitor.flow}")
    assert codes_on(visitor) == codes
    visitor.sends()
    assert visitor.path == "/sign-in/notice"
    assert "Bên kiểm soát dữ liệu" in visitor.text
    visitor.sends()
    assert visitor.left_to == f"/authorize/resume?flow={visitor.flow}"
    session = visitor.session()
    assert session is not None
    assert (session.acr, session.amr) == (AAL2, "pwd otp mfa")
    row = reader().execute(select(table_of(Person).c.notice_acknowledged_at, table_of(Person).c.last_two_factor_at)).one()
    assert tuple(row) == (time.instant, time.instant)
    assert recovery_codes.left(reader(), person_id) == 10
    assert {"totp.enrolled", "recovery_codes.issued", "recovery_codes.confirmed", "notice.acknowledged"} <= set(events())


def test_a_newcomer_for_whom_a_password_is_enough_reads_the_notice_only(visitor: Visitor, directory: BindDirectory) -> None:
    official(directory, newcomer=True)
    visitor.asks()
    visitor.types_password()
    assert visitor.path == "/sign-in/notice"
    visitor.sends()
    assert visitor.left_to is not None
    visitor.asks()
    assert visitor.left_to is not None


def test_a_wrong_first_code_enrols_nothing_and_shows_the_same_secret(
    visitor: Visitor, directory: BindDirectory, time: clock.ManualClock
) -> None:
    person_id = official(directory)
    visitor.asks(minimum_acr=AAL2)
    visitor.types_password()
    secret = key_on(visitor)
    assert visitor.sends(code="000000").status_code == 400
    assert key_on(visitor) == secret
    assert not totp.find_active(reader(), person_id)
    old = code_on(secret)
    time.advance(minutes=4)
    visitor.sends(code=old)
    assert "tự động chỉnh giờ" in visitor.text


def test_going_back_after_enrolling_shows_no_secret_again(visitor: Visitor, directory: BindDirectory, time: clock.ManualClock) -> None:
    official(directory)
    visitor.asks(minimum_acr=AAL2)
    visitor.types_password()
    visitor.sends(code=code_on(key_on(visitor)))
    visitor.opens(f"/sign-in/enroll?flow={visitor.flow}")
    assert visitor.path == "/sign-in/recovery-codes"
    visitor.sends()
    for path in ("enroll", "recovery-codes", "recovery-codes/file", "notice", "factor"):
        visitor.opens(f"/sign-in/{path}?flow={visitor.flow}")
        assert visitor.left_to == f"/authorize/resume?flow={visitor.flow}"


def test_an_attacker_with_the_password_does_not_know_the_secret_that_the_newcomer_enrols(
    app: Flask, directory: BindDirectory, time: clock.ManualClock
) -> None:
    official(directory)
    attacker, newcomer = Visitor(app), Visitor(app)
    for visitor in (attacker, newcomer):
        visitor.asks(minimum_acr=AAL2)
        visitor.types_password()
    assert key_on(attacker) != key_on(newcomer)
    seen = key_on(attacker)
    newcomer.sends(code=code_on(key_on(newcomer)))
    assert newcomer.path == "/sign-in/recovery-codes"
    attacker.sends(code=code_on(seen))
    assert attacker.path == "/sign-in/factor"
    assert len(reader().execute(select(_t.c.id)).all()) == 1


def test_of_many_sessions_enrolling_at_once_one_does(postgresql_url: str, directory: BindDirectory) -> None:
    app = create_app(settings_for(postgresql_url, **directory.settings()))
    app.test_client_class = FreshContextClient
    visitors = [Visitor(app) for _ in range(8)]
    with clock.using(clock.ManualClock(START)):
        with app.app_context():
            official(directory)
            for visitor in visitors:
                visitor.asks(minimum_acr=AAL2)
                visitor.types_password()

        def enrol(visitor: Visitor) -> str:
            visitor.sends(code=code_on(key_on(visitor)))
            return visitor.path

        with ThreadPoolExecutor(8) as pool:
            ends = sorted(pool.map(enrol, visitors))
        assert ends == ["/sign-in/factor"] * 7 + ["/sign-in/recovery-codes"]
        with app.app_context():
            assert len(reader().execute(select(_t.c.id)).all()) == 1
    close(app)


def test_whoever_has_a_factor_is_never_offered_to_enrol_instead(app: Flask, directory: BindDirectory, time: clock.ManualClock) -> None:
    enrolled_phone(official(directory))
    attacker = Visitor(app)
    attacker.asks(minimum_acr=AAL2)
    attacker.types_password()
    attacker.opens(f"/sign-in/enroll?flow={attacker.flow}")
    assert attacker.path == "/sign-in/factor"


def test_a_first_factor_is_not_enrolled_on_a_password_typed_long_ago(
    visitor: Visitor, directory: BindDirectory, time: clock.ManualClock
) -> None:
    official(directory)
    visitor.asks()
    visitor.types_password()
    time.advance(minutes=15)
    visitor.asks(minimum_acr=AAL2)
    assert visitor.path == "/sign-in"
    visitor.types_password()
    secret = key_on(visitor)
    time.advance(minutes=16)
    visitor.sends(code=code_on(secret))
    assert visitor.path == "/sign-in"
    visitor.types_password()
    assert key_on(visitor) == secret
    visitor.sends(code=code_on(secret))
    assert visitor.path == "/sign-in/recovery-codes"


def test_an_enrolment_form_sent_twice_ends_in_the_same_place(visitor: Visitor, directory: BindDirectory, time: clock.ManualClock) -> None:
    official(directory)
    visitor.asks(minimum_acr=AAL2)
    visitor.types_password()
    form, before, code = visitor.form(), visitor.cookie(), code_on(key_on(visitor))
    for _ in range(2):
        visitor.browser.set_cookie("hopnhat_session", before or "")
        visitor._follow(visitor.browser.post(f"/sign-in/enroll?flow={visitor.flow}", data={**form, "code": code}))
        assert visitor.path == "/sign-in/recovery-codes"
    assert len(reader().execute(select(_t.c.id)).all()) == 1


def test_codes_can_be_downloaded_until_they_are_put_away(visitor: Visitor, directory: BindDirectory, time: clock.ManualClock) -> None:
    official(directory)
    visitor.asks(minimum_acr=AAL2)
    visitor.types_password()
    visitor.sends(code=code_on(key_on(visitor)))
    codes = codes_on(visitor)
    file = visitor.browser.get(f"/sign-in/recovery-codes/file?flow={visitor.flow}")
    assert file.headers["Content-Disposition"] == 'attachment; filename="ma-du-phong.txt"'
    assert file.headers["Cache-Control"] == "no-store"
    assert all(code in file.text for code in codes)
    assert file.data.startswith(b"\xef\xbb\xbf")
    visitor.sends()
    assert visitor.browser.get(f"/sign-in/recovery-codes/file?flow={visitor.flow}").status_code == 303


def test_codes_never_put_away_are_replaced_in_the_next_session(app: Flask, directory: BindDirectory, time: clock.ManualClock) -> None:
    person_id, first, second = official(directory), Visitor(app), Visitor(app)
    first.asks(minimum_acr=AAL2)
    first.types_password()
    secret = key_on(first)
    first.sends(code=code_on(secret))
    shown = codes_on(first)
    time.advance(minutes=1)
    second.asks(minimum_acr=AAL2)
    second.types_password()
    second.sends(code=code_on(secret))
    assert second.path == "/sign-in/recovery-codes"
    assert not set(codes_on(second)) & set(shown)
    second.sends()
    assert recovery_codes.left(reader(), person_id) == 10
