"""Rules of signing in against a real Active Directory (Samba). Run by `make test-samba`, as root, in a network of its own."""

import uuid

import pytest
from flask import Flask

from idp import clock
from idp.app import create_app
from idp.credentials.bind_answers import Answer, Change
from idp.credentials.directory_server import ACTIVE_DIRECTORY, DirectoryEntry
from idp.credentials.password import ChangeRefused, PasswordRightButRefused, WrongPassword, change, verify
from tests.support.installation import Databases, settings_for
from tests.support.people import add_person
from tests.support.samba import PASSWORD, PEOPLE, Samba
from tests.support.sign_in import Visitor


def entry(domain: Samba, name: str) -> DirectoryEntry:
    facts = domain.entry(name)
    return DirectoryEntry(facts["source_key"], facts["directory_dn"])


def test_it_is_recognised_by_what_it_says_of_itself(app: Flask, domain: Samba) -> None:
    verify(entry(domain, "vmsinh"), PASSWORD)
    assert app.extensions["hopnhat.directory"].kind == ACTIVE_DIRECTORY


def test_a_person_is_found_by_object_guid_after_a_move_and_a_rename(app: Flask, domain: Samba) -> None:
    known = entry(domain, "moved")
    with domain.as_admin() as admin:
        admin.modify_dn(f"CN=moved,{PEOPLE}", "CN=Đã Chuyển", new_superior="CN=Computers,DC=hagiang,DC=test")
    verify(known, PASSWORD)


@pytest.mark.parametrize(("name", "answer"), [("disabled", Answer.DISABLED), ("over", Answer.DISABLED), ("mustchange", Answer.MUST_CHANGE)])
def test_what_stands_against_a_right_password_is_told_after_it_only(app: Flask, domain: Samba, name: str, answer: Answer) -> None:
    """LOG-007; sub-codes 533, 701, 773 and 52e."""
    with pytest.raises(PasswordRightButRefused) as refused:
        verify(entry(domain, name), PASSWORD)
    assert refused.value.answer is answer
    with pytest.raises(WrongPassword):
        verify(entry(domain, name), "wrong")


def test_nobody_and_empty_passwords_do_not_get_in(app: Flask, domain: Samba) -> None:
    """LOG-001."""
    for typed in ("", " ", "\0"):
        with pytest.raises(WrongPassword):
            verify(entry(domain, "vmsinh"), typed)
    with pytest.raises(WrongPassword):
        verify(None, PASSWORD)
    with pytest.raises(WrongPassword):
        verify(DirectoryEntry(str(uuid.uuid4()), ""), PASSWORD)


def test_one_attempt_is_one_failure_and_the_fifth_would_lock(app: Flask, domain: Samba) -> None:
    """LOG-011; sub-code 775."""
    for expected in range(1, 6):
        with pytest.raises(WrongPassword):
            verify(entry(domain, "locked"), "wrong")
        assert domain.wrong_passwords("locked") == expected
    with pytest.raises(WrongPassword) as refused:
        verify(entry(domain, "locked"), PASSWORD)
    assert refused.value.reason == Answer.LOCKED


def test_a_password_is_changed_by_whoever_knows_the_old_one_and_by_the_directorys_rules(app: Flask, domain: Samba) -> None:
    known = entry(domain, "changing")
    for refused in ("ngan", "chỉ toàn chữ thường", PASSWORD):
        with pytest.raises(ChangeRefused) as refusal:
            change(known, PASSWORD, refused)
        assert refusal.value.change is Change.AGAINST_RULES
    with pytest.raises(ChangeRefused):
        change(known, "wrong", "Mật khẩu mới 1")
    change(known, PASSWORD, 'Mật "khẩu" mới 1')
    verify(known, 'Mật "khẩu" mới 1')


def test_who_must_change_the_password_does_so_on_the_way_in(app: Flask, domain: Samba) -> None:
    domain.change("old", pwdLastSet="0")
    add_person("old", notice_acknowledged_at=clock.now(), **domain.entry("old"))
    visitor = Visitor(app)
    visitor.asks()
    visitor.types_password("old", PASSWORD)
    assert visitor.path == "/sign-in/password"
    visitor.sends(username="old", password=PASSWORD, new_password="Mùa xuân 2027 trên đá", again="Mùa xuân 2027 trên đá")
    assert visitor.left_to is not None
    verify(entry(domain, "old"), "Mùa xuân 2027 trên đá")


def test_without_encryption_no_password_is_changed(sqlite_databases: Databases, domain: Samba) -> None:
    application = create_app(settings_for("sqlite://", **domain.settings(ldap_url="ldap://127.0.0.1")))
    with application.test_request_context("/"):
        verify(entry(domain, "vmsinh"), PASSWORD)
        with pytest.raises(ChangeRefused) as refusal:
            change(entry(domain, "vmsinh"), PASSWORD, "Mật khẩu mới 1")
        assert refusal.value.change is Change.NOT_ALLOWED
