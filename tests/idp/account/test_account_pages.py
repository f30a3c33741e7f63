"""Rules of a person's own pages."""

import re

import pytest
from flask import Flask
from sqlalchemy import select, update

from idp import audit, clock
from idp.account.own_facts import masked
from idp.audit import AuditEvent
from idp.credentials import recovery_codes, totp
from idp.credentials.models import TotpCredential
from idp.credentials.printed_codes import NewCode
from idp.database import in_transaction, reader, table_of
from idp.outbox import OutboxMessage
from idp.people.models import Person
from idp.sessions.assurance import AAL1, AAL2
from idp.sessions.devices import device_words
from tests.support.bind_directory import BindDirectory
from tests.support.people import add_unit
from tests.support.relying_party import register_party
from tests.support.sign_in import Visitor, code_on, enrolled_phone, official

CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"


@pytest.fixture(scope="module")
def sheet() -> list[NewCode]:
    return recovery_codes.new_sheet()


def signed_in(app: Flask, secret: str = "") -> Visitor:
    """Somebody on their account page, as strongly as they can."""
    visitor = Visitor(app)
    visitor.asks(return_to="/account", payload={}, minimum_acr=AAL2 if secret else AAL1)
    visitor.types_password()
    if secret:
        visitor.sends(code=code_on(secret))
    assert visitor.left_to == "/account"
    visitor.opens("/account")
    return visitor


def key_on(visitor: Visitor) -> str:
    found = re.search(r'class="key"><code>([A-Z2-7 ]+)<', visitor.text)
    assert found
    return found[1].replace(" ", "")


def test_the_overview_says_who_the_person_is_here(app: Flask, directory: BindDirectory) -> None:
    official(directory, unit_id=add_unit("UBND xã Lũng Cú"), staff_code="002099000012", title="Văn thư <b>")
    visitor = signed_in(app)
    for said in ("Vàng Mí Sính", "UBND xã Lũng Cú", "0020••••••12", "Chưa có phương tiện xác thực thứ hai"):
        assert said in visitor.text
    assert visitor.page is not None
    assert "Văn thư &lt;b&gt;" in visitor.page.text
    assert "002099000012" not in visitor.text
    assert visitor.page.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(("code", "shown"), [(None, "—"), ("", "—"), ("002099000012", "0020••••••12"), ("12345", "•••45"), ("1", "1")])
def test_a_staff_code_is_masked_in_its_middle(code: str | None, shown: str) -> None:
    assert masked(code) == shown


@pytest.mark.parametrize("path", ["", "/factors", "/sessions", "/history", "/factors/add", "/recovery-codes", "/recovery-codes/file"])
def test_nobody_and_whoever_showed_a_password_only_where_there_is_a_factor_see_nothing(
    app: Flask, directory: BindDirectory, path: str
) -> None:
    enrolled_phone(official(directory))
    visitor = Visitor(app)
    assert visitor.browser.get(f"/account{path}").location.startswith("/sign-in?flow=")
    visitor.asks()
    visitor.types_password()
    assert visitor.session() is not None
    visitor.opens(f"/account{path}")
    assert visitor.path == "/sign-in/factor"


def test_the_way_back_from_signing_in_is_the_page_asked_for(app: Flask, directory: BindDirectory, time: clock.ManualClock) -> None:
    secret = enrolled_phone(official(directory))
    visitor = Visitor(app)
    visitor.opens("/account/history")
    visitor.types_password()
    visitor.opens("/account/history")
    visitor.sends(code=code_on(secret))
    assert visitor.left_to == "/account/history"


def test_a_first_phone_is_enrolled_among_the_steps_of_sign_in_and_brings_recovery_codes(
    app: Flask, directory: BindDirectory, time: clock.ManualClock
) -> None:
    person_id = official(directory)
    visitor = signed_in(app)
    before = visitor.cookie()
    visitor.opens("/account/factors/add")
    assert visitor.path == "/sign-in/enroll"
    visitor.sends(code=code_on(key_on(visitor)))
    assert visitor.path == "/sign-in/recovery-codes"
    assert visitor.cookie() != before
    session = visitor.session()
    assert session is not None
    assert session.acr == AAL2
    visitor.sends()
    assert visitor.left_to == "/account/factors"
    visitor.opens("/account/factors")
    assert "Còn 10 mã dự phòng" in visitor.text
    assert visitor.browser.get("/account/recovery-codes").status_code == 303
    assert recovery_codes.left(reader(), person_id) == 10


def test_a_further_phone_is_added_and_an_old_one_removed_but_never_the_last(
    app: Flask, directory: BindDirectory, time: clock.ManualClock, sheet: list[NewCode]
) -> None:
    person_id = official(directory)
    secret = enrolled_phone(person_id, codes=sheet)
    visitor = signed_in(app, secret)
    visitor.opens("/account/factors/add")
    assert visitor.sends(code="000000").status_code == 400
    visitor.sends(code=code_on(key_on(visitor)))
    assert visitor.left_to == "/account/factors"
    first, second = (row.id for row in totp.find_active(reader(), person_id))
    visitor.opens(f"/account/factors/{first}/remove")
    visitor.sends()
    assert visitor.left_to == "/account/factors"
    assert visitor.browser.get(f"/account/factors/{first}/remove").status_code == 404
    visitor.opens(f"/account/factors/{second}/remove")
    assert "duy nhất" in visitor.text
    visitor.opens("/account/factors")
    assert visitor.sends(f"/account/factors/{second}/remove").status_code == 400
    assert totp.find_active(reader(), person_id)


def test_factors_are_changed_only_just_after_a_strong_sign_in(
    app: Flask, directory: BindDirectory, time: clock.ManualClock, sheet: list[NewCode]
) -> None:
    person_id = official(directory)
    secret = enrolled_phone(person_id, codes=sheet)
    visitor = signed_in(app, secret)
    visitor.opens("/account/factors")
    time.advance(minutes=5, seconds=1)
    phone = totp.find_active(reader(), person_id)[0].id
    form = visitor.form()
    for answer in (
        visitor.browser.get("/account/factors/add"),
        visitor.browser.post("/account/factors/add", data={**form, "code": "123456"}),
        visitor.browser.get(f"/account/factors/{phone}/remove"),
        visitor.browser.post(f"/account/factors/{phone}/remove", data=form),
        visitor.browser.post("/account/recovery-codes/new", data=form),
    ):
        assert answer.status_code == 303
        assert answer.location.startswith("/sign-in?flow=")
    assert len(reader().execute(select(table_of(TotpCredential).c.id)).all()) == 1
    visitor.opens("/account/factors/add")
    assert visitor.path == "/sign-in"
    visitor.types_password()
    visitor.sends(code=code_on(secret))
    assert visitor.left_to == "/account/factors/add"


def test_a_new_sheet_replaces_the_old_one_only_when_put_away(
    app: Flask, directory: BindDirectory, time: clock.ManualClock, sheet: list[NewCode]
) -> None:
    person_id = official(directory)
    visitor = signed_in(app, enrolled_phone(person_id, codes=sheet))
    visitor.opens("/account/factors")
    visitor.sends("/account/recovery-codes/new")
    assert visitor.left_to == "/account/recovery-codes"
    visitor.opens("/account/recovery-codes")
    assert len(re.findall(r"<li><code>[\w-]{9}</code></li>", visitor.text)) == 10
    assert visitor.browser.get("/account/recovery-codes/file").headers["Content-Disposition"].startswith("attachment")
    recovery_codes.match(reader(), person_id, sheet[0].code)
    visitor.sends()
    with pytest.raises(totp.WrongCode):
        recovery_codes.match(reader(), person_id, sheet[0].code)
    assert recovery_codes.left(reader(), person_id) == 10


def test_every_form_here_carries_a_token(app: Flask, directory: BindDirectory) -> None:
    official(directory)
    visitor = signed_in(app)
    session = visitor.session()
    assert session is not None
    paths = ("sessions/end-others", f"sessions/{session.session_id}/end", "recovery-codes", "recovery-codes/new", "factors/add")
    for path in paths:
        assert visitor.browser.post(f"/account/{path}").status_code == 400
    assert visitor.session() is not None


def test_ten_browsers_are_listed_and_ended_and_their_applications_told(app: Flask, directory: BindDirectory) -> None:
    official(directory)
    others = [signed_in(app) for _ in range(9)]
    visitor = Visitor(app)
    visitor.browser.environ_base["HTTP_USER_AGENT"] = CHROME
    visitor.asks()
    visitor.types_password()
    visitor.opens("/account/sessions")
    assert visitor.text.count('action="/account/sessions/') == 11
    assert visitor.text.count("Phiên này") == 1
    assert "Chrome, Windows" in visitor.text
    assert "127.0.0.1" in visitor.text
    ended = others[0].session()
    assert ended is not None
    visitor.sends(f"/account/sessions/{ended.session_id}/end")
    assert others[0].session() is None
    assert others[1].session() is not None
    visitor.opens("/account/sessions")
    visitor.sends("/account/sessions/end-others")
    assert [other.session() for other in others] == [None] * 9
    assert visitor.session() is not None
    assert len(reader().execute(select(table_of(OutboxMessage).c.id)).all()) == 9


def test_ending_this_session_signs_out(app: Flask, directory: BindDirectory) -> None:
    official(directory)
    visitor = signed_in(app)
    visitor.opens("/account/sessions")
    session = visitor.session()
    assert session is not None
    visitor.sends(f"/account/sessions/{session.session_id}/end")
    assert visitor.session() is None
    assert visitor.browser.get("/account").location.startswith("/sign-in")


def test_nobody_ends_anothers_session(app: Flask, directory: BindDirectory) -> None:
    official(directory, "vmsinh")
    official(directory, "lvan")
    visitor, other = signed_in(app), Visitor(app)
    other.asks()
    other.types_password("lvan")
    theirs = other.session()
    assert theirs is not None
    visitor.opens("/account/sessions")
    assert visitor.sends(f"/account/sessions/{theirs.session_id}/end").status_code == 404
    assert other.session() is not None


def test_the_history_names_the_application_that_was_entered(app: Flask, directory: BindDirectory) -> None:
    official(directory)
    visitor = signed_in(app)
    session = visitor.session()
    assert session is not None
    entered, who = register_party(client_name="Một cửa điện tử").key, session.person_id
    in_transaction(lambda c: audit.record(c, audit.Event.AUTHORIZATION_GRANTED, actor=f"person:{who}", person_id=who, client_id=entered))
    visitor.opens("/account/history")
    assert "Vào một ứng dụng: Một cửa điện tử" in visitor.text


def test_the_history_tells_what_happened_in_the_last_ninety_days_and_to_nobody_else(
    app: Flask, directory: BindDirectory, time: clock.ManualClock
) -> None:
    official(directory)
    other = Visitor(app)
    other.asks()
    other.types_password(password="sai")
    in_transaction(lambda c: c.execute(update(table_of(Person)).values(title="x")))
    visitor = signed_in(app)
    visitor.opens("/account/history")
    assert visitor.text.count("Mật khẩu không được chấp nhận") == 1
    assert "badge warn" in visitor.text
    assert "Nhập đúng mật khẩu" in visitor.text
    assert "24/11/2026 08:00:00" in visitor.text
    time.advance(days=91)
    later = signed_in(app)
    later.opens("/account/history")
    assert "Mật khẩu không được chấp nhận" not in later.text
    assert len(reader().execute(select(table_of(AuditEvent).c.id)).all()) > 3


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (CHROME, "Chrome, Windows"),
        (CHROME + " Edg/131.0", "Edge, Windows"),
        ("Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/131 Mobile Safari/537.36", "Chrome, Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Version/17.0 Safari/604.1", "Safari, iPhone"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0", "Firefox, Linux"),
        ("<script>alert(1)</script>", "Thiết bị không rõ"),
        (None, "Thiết bị không rõ"),
    ],
)
def test_a_device_is_told_in_words(app: Flask, agent: str | None, words: str) -> None:
    assert device_words(agent) == words
