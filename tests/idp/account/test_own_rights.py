"""Rules of what a person can find out and do about their own account: applications to enter, data, an alarm, history by pages."""

import json

import pytest
from flask import Flask

from idp import audit, clock, outbox
from idp.account.own_data import READ_TABLES, WITHHELD_TABLES
from idp.account.pages import LAST_READ
from idp.database import Record, in_transaction, reader
from idp.oidc import backchannel_logout
from idp.oidc.models import Authorization
from idp.sessions.assurance import AAL2, AAL3
from tests.support import trail
from tests.support.bind_directory import BindDirectory
from tests.support.people import add_unit
from tests.support.relying_party import register_party
from tests.support.sign_in import Visitor, code_on, enrolled_phone, official


def at_home(app: Flask, secret: str = "") -> Visitor:
    visitor = Visitor(app)
    visitor.asks(return_to="/account", payload={}, minimum_acr=AAL2 if secret else "urn:hopnhat:aal1")
    visitor.types_password()
    if secret:
        visitor.sends(code=code_on(secret))
    visitor.opens("/account")
    return visitor


def test_the_launcher_says_what_is_missing_for_each_application(app: Flask, directory: BindDirectory) -> None:
    official(directory)
    register_party(client_name="Lịch họp", client_uri="https://lich.test/")
    register_party(client_name="Kho hồ sơ", client_uri="https://kho.test/", minimum_acr=AAL2)
    register_party(client_name="Chữ ký số", client_uri="https://ky.test/", minimum_acr=AAL3)
    register_party(client_name="Khảo sát", initiate_login_uri="https://khao-sat.test/login", require_consent=True)
    register_party(client_name="Không có trang")
    page = at_home(app).text
    for name, state in (
        ("Lịch họp", "vào được ngay"),
        ("Kho hồ sơ", "cần phương tiện xác thực thứ hai"),
        ("Chữ ký số", "cần khóa truy cập"),
        ("Khảo sát", "sẽ hỏi ý kiến về thông tin"),
    ):
        tile = page[page.index(f">{name}</a>") :].partition("</li>")[0]
        assert state in tile, name
    assert "https://khao-sat.test/login?iss=" in page
    assert "Không có trang" not in page


def test_applications_are_searched_when_there_are_many(app: Flask, directory: BindDirectory) -> None:
    official(directory)
    visitor = at_home(app)
    assert "Chưa có ứng dụng nào vào được từ đây" in visitor.text
    assert 'name="q"' not in visitor.text
    for number in range(13):
        register_party(client_name=f"Ứng dụng số {number}", client_uri=f"https://a{number}.test/")
    visitor.opens("/account")
    assert 'name="q"' in visitor.text
    visitor.opens("/account?q=ung+dung+so+12")
    assert "Ứng dụng số 12" in visitor.text
    assert "Ứng dụng số 11" not in visitor.text
    visitor.opens("/account?q=%3Cscript%3E")
    assert "Không có ứng dụng nào khớp" in visitor.text


def test_an_application_whose_address_is_no_page_is_no_link(app: Flask, directory: BindDirectory) -> None:
    official(directory)
    register_party(client_name="Ứng dụng máy tính", client_uri=None)
    assert "Ứng dụng máy tính" not in at_home(app).text


def test_this_was_not_me_ends_everything_and_tells_the_help_desk(app: Flask, directory: BindDirectory) -> None:
    """TOK-029: this session, the others, and offline access."""
    official(directory)
    party, stolen = register_party(), at_home(app)
    tokens = party.tokens(stolen.browser, scope="openid offline_access")
    visitor = at_home(app)
    visitor.opens("/account/history")
    assert 'href="/account/not-me"' in visitor.text
    visitor.opens("/account/not-me")
    visitor.sends()
    assert visitor.page is not None
    assert visitor.page.status_code == 200
    assert "Đổi mật khẩu ngay" in visitor.text
    assert (stolen.session(), visitor.session()) == (None, None)
    assert party.refresh(stolen.browser, tokens["refresh_token"]).status_code == 400
    assert party.userinfo(stolen.browser, tokens["access_token"]).status_code == 401
    assert trail.kinds("misuse.reported") == ["misuse.reported"]


def test_an_alarm_is_not_raised_by_another_site(app: Flask, directory: BindDirectory) -> None:
    official(directory)
    visitor = at_home(app)
    assert visitor.browser.post("/account/not-me").status_code == 400
    assert visitor.session() is not None


def test_own_data_is_complete_and_holds_no_secret(app: Flask, directory: BindDirectory, time: clock.ManualClock) -> None:
    person_id = official(directory, unit_id=add_unit("UBND xã Lũng Cú"))
    secret = enrolled_phone(person_id)
    visitor = at_home(app, secret)
    party = register_party(client_name="Một cửa điện tử")
    party.tokens(visitor.browser, scope="openid offline_access")
    answer = visitor.browser.get("/account/data")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["Cache-Control"] == "no-store"
    told = json.loads(answer.data)
    assert told["person"]["unit_path"] == ["UBND xã Lũng Cú"]
    assert told["authorizations"][0]["application"] == "Một cửa điện tử"
    assert {"Đăng nhập", "Vào một ứng dụng: Một cửa điện tử"} <= {line["told"] for line in told["history"]}
    assert told["sessions"][0]["acr"] == AAL2
    assert secret not in answer.text
    assert (visitor.cookie() or "?") not in answer.text
    for word in ("digest", "sealed", "hash", "secret"):
        assert f'{word}":' not in answer.text
    assert trail.kinds("own_data.downloaded") == ["own_data.downloaded"]


def test_own_data_is_given_only_just_after_a_strong_sign_in(app: Flask, directory: BindDirectory, time: clock.ManualClock) -> None:
    secret = enrolled_phone(official(directory))
    visitor = at_home(app, secret)
    time.advance(minutes=5, seconds=1)
    assert visitor.browser.get("/account/data").location.startswith("/sign-in?flow=")


def test_every_table_about_people_is_told_or_withheld_on_purpose(app: Flask) -> None:
    about_people = {name for name, table in Record.metadata.tables.items() if "person_id" in table.columns or name == "person"}
    assert about_people <= READ_TABLES | WITHHELD_TABLES.keys()
    assert about_people >= READ_TABLES
    assert Authorization.__tablename__ in READ_TABLES


def test_the_history_goes_on_page_by_page(app: Flask, directory: BindDirectory) -> None:
    person_id = official(directory)
    visitor = at_home(app)
    who = f"person:{person_id}"
    in_transaction(lambda c: audit.record_for_each(c, audit.Event.DEVICE_DENIED, [(person_id, {})] * 60, actor=who))
    visitor.opens("/account/history")
    assert visitor.text.count("Từ chối một thiết bị") == 50
    older = visitor.text.partition('id="older" href="')[2].partition('"')[0]
    visitor.opens(older)
    assert visitor.text.count("Từ chối một thiết bị") == 10
    assert "Mới nhất" in visitor.text
    for nonsense in ("x", "%27", "0" * 500):
        assert visitor.browser.get(f"/account/history?before={nonsense}").status_code == 200


@pytest.mark.parametrize("path", ["/account/not-me", "/account/data"])
def test_nobody_gets_there_without_the_factor_they_have(app: Flask, directory: BindDirectory, path: str) -> None:
    """BYP-001"""
    enrolled_phone(official(directory))
    visitor = Visitor(app)
    visitor.asks(return_to="/account", payload={})
    visitor.types_password()
    visitor.opens(path)
    assert visitor.path == "/sign-in/factor"


def test_a_session_names_the_applications_entered_in_it(app: Flask, directory: BindDirectory) -> None:
    """LOG-035"""
    official(directory)
    visitor = at_home(app)
    register_party(client_name="Một cửa điện tử").tokens(visitor.browser)
    visitor.opens("/account/sessions")
    assert "Một cửa điện tử" in visitor.text
    assert reader() is not None


def test_an_application_says_what_it_was_told_at_sign_out(app: Flask, directory: BindDirectory) -> None:
    """SES-007"""
    official(directory)
    visitor = at_home(app)
    party = register_party(client_name="Một cửa điện tử", backchannel_logout_uri="https://rp.test/logout")
    party.tokens(visitor.browser)
    session = visitor.session()
    assert session is not None
    in_transaction(lambda c: backchannel_logout.tell_clients_of_person(c, [party.key], session.person_id))
    visitor.opens("/account/applications")
    assert "Báo đăng xuất" in visitor.text
    assert "đang báo" in visitor.text
    outbox.deliver_due({"logout_token": lambda _message: None})
    visitor.opens("/account/applications")
    assert "đã xác nhận" in visitor.text


def test_the_page_says_when_the_directory_was_last_read(app: Flask, directory: BindDirectory) -> None:
    official(directory)
    visitor = at_home(app)
    assert "đọc lần cuối" not in visitor.text
    app.extensions[LAST_READ] = clock.now
    visitor.opens("/account")
    assert "Danh bạ, đọc lần cuối" in visitor.text
