"""Rules of the list of those who signed in on this device."""

import pytest
from flask import Flask

from idp.login import known_accounts
from tests.support.bind_directory import BindDirectory
from tests.support.sign_in import Visitor, official


@pytest.fixture
def two(app: Flask, directory: BindDirectory) -> None:
    official(directory, "vmsinh", name="Vàng Mí Sính")
    official(directory, "lvan", name="Lý Văn An")


def signs_in(visitor: Visitor, username: str, **fields: str) -> None:
    visitor.asks(return_to="/account", payload={}, select_account=False)
    visitor.types_password(username, **fields)
    assert visitor.left_to == "/account"


def leaves(visitor: Visitor) -> None:
    visitor.browser.delete_cookie("hopnhat_session")


@pytest.mark.usefixtures("two")
def test_who_signed_in_here_is_offered_by_name_and_only_here(app: Flask, visitor: Visitor) -> None:
    signs_in(visitor, "vmsinh")
    leaves(visitor)
    visitor.asks()
    assert "Đã đăng nhập trên máy này" in visitor.text
    assert "Vàng Mí Sính" in visitor.text
    visitor.opens(f"/sign-in?flow={visitor.flow}&account=0")
    assert 'value="vmsinh"' in visitor.text
    other = Visitor(app)
    other.asks()
    assert "Đã đăng nhập trên máy này" not in other.text


@pytest.mark.usefixtures("two")
def test_a_shared_computer_remembers_nobody_and_forgets_who_says_so(visitor: Visitor) -> None:
    visitor.asks()
    assert "phiên tự kết thúc sau 15 phút không dùng, và máy không nhớ tên" in visitor.text
    signs_in(visitor, "vmsinh", shared_pc="1")
    leaves(visitor)
    visitor.asks()
    assert "Vàng Mí Sính" not in visitor.text
    signs_in(visitor, "vmsinh")
    leaves(visitor)
    signs_in(visitor, "vmsinh", shared_pc="1")
    leaves(visitor)
    visitor.asks()
    assert "Vàng Mí Sính" not in visitor.text


@pytest.mark.usefixtures("two")
def test_somebody_signed_in_chooses_another_person_of_this_device(visitor: Visitor) -> None:
    """prompt=select_account"""
    signs_in(visitor, "lvan")
    leaves(visitor)
    signs_in(visitor, "vmsinh")
    visitor.asks(select_account=True)
    assert visitor.path == "/sign-in/account"
    assert "Lý Văn An" in visitor.text
    visitor.sends(another="1")
    assert visitor.path == "/sign-in"
    assert 'value="lvan"' in visitor.text
    visitor.types_password("lvan")
    session = visitor.session()
    assert session is not None
    assert session.username == "lvan"


@pytest.mark.usefixtures("two")
def test_a_name_is_taken_off_the_list(visitor: Visitor) -> None:
    signs_in(visitor, "lvan")
    leaves(visitor)
    signs_in(visitor, "vmsinh")
    leaves(visitor)
    visitor.asks()
    visitor.sends(f"/sign-in/forget?flow={visitor.flow}", account="0")
    assert "Vàng Mí Sính" not in visitor.text
    assert "Lý Văn An" in visitor.text
    assert visitor.browser.post(f"/sign-in/forget?flow={visitor.flow}", data={"account": "0"}).status_code == 400
    visitor.opens(f"/sign-in?flow={visitor.flow}")
    assert "Lý Văn An" in visitor.text


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize("cookie", ["x", "", "a" * 5000])
def test_a_cookie_that_we_did_not_seal_names_nobody(visitor: Visitor, cookie: str) -> None:
    visitor.browser.set_cookie("hopnhat_known", cookie)
    visitor.asks()
    assert visitor.page is not None
    assert visitor.page.status_code == 200
    assert "Đã đăng nhập trên máy này" not in visitor.text


@pytest.mark.parametrize("number", [None, "", "0", "-1", "9", "x", "٠"])
def test_nonsense_chooses_nobody(app: Flask, number: str | None) -> None:
    with app.test_request_context("/sign-in"):
        assert known_accounts.chosen(number) is None
