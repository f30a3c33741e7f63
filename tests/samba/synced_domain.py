"""Rules of syncing with a real Active Directory (Samba). Run by `make test-samba`, as root, in a network of its own."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import ldap3
import pytest
from flask import Flask
from ldap3.core.exceptions import LDAPBindError

from directory_sync.demo import province
from directory_sync.models import RunState
from directory_sync.source import ldap
from directory_sync.source.delta import directory_delta
from directory_sync.source.domain_changes import UPDATE_NUMBERS
from directory_sync.source.ldap_full import dialect_of
from directory_sync.source.way import DELETIONS_UNTOLD, CookieRefused
from idp.database import reader
from idp.people.models import PersonState
from idp.people.sign_in_name import find_for_sign_in
from idp.settings import current_settings
from tests.support.province_in_samba import DISABLED, NORMAL_ACCOUNT
from tests.support.samba import BASE, PEOPLE, Samba
from tests.support.staff_directory import everybody, person, sync, unit

INTRODUCED = {account.username for account in province.DEMO_ACCOUNTS}


@pytest.fixture
def newcomer(domain: Samba) -> Iterator[str]:
    """Somebody who came for this test only: the DN."""
    with domain.as_admin() as admin:
        dn = f"CN=Lý Thị Mới,{PEOPLE}"
        facts = {
            "sAMAccountName": "lmoi",
            "userPrincipalName": "moi.ly@hagiang.gov.vn",
            "displayName": "Lý Thị Mới",
            "employeeNumber": "HG-moi",
        }
        password = '"Mật khẩu mới 1"'.encode("utf-16-le")
        admin.add(dn, ["user"], {**facts, "userAccountControl": str(NORMAL_ACCOUNT), "unicodePwd": password})
    yield dn
    with domain.as_admin() as admin, suppress(Exception):
        admin.delete(dn)


def change(domain: Samba, dn: str, **attributes: str) -> None:
    with domain.as_admin() as admin:
        admin.modify(dn, {name: [(ldap3.MODIFY_REPLACE, [value])] for name, value in attributes.items()})


def delta() -> tuple[Any, set[str]]:
    wishes: set[str] = set()
    return sync(source=directory_delta(wishes)), wishes


def test_people_are_read_and_what_windows_needs_itself_is_not(app: Flask, domain: Samba) -> None:
    assert sync().state == RunState.APPLIED
    names = {row.username for row in everybody().values()}
    assert names >= INTRODUCED
    assert not names & {"Administrator", "krbtgt", "Guest", "DC1$", "idp-sync"}
    assert unit("UBND xã Lũng Cú").code == "00715"
    assert person("paoga").unit_id == unit("UBND xã Lũng Cú").id
    assert {person(name).state for name in ("disabled", "over")} == {PersonState.SUSPENDED}
    assert sync().state == RunState.UNCHANGED
    assert delta()[0].found["people_read"] == 0


def test_both_names_of_an_account_are_taken_at_sign_in(app: Flask, newcomer: str) -> None:
    sync()
    for typed in ("lmoi", "LMOI", "moi.ly@hagiang.gov.vn"):
        found = find_for_sign_in(reader(), typed)
        assert found is not None
        assert found.username == "lmoi"


def test_what_changes_is_read_alone_and_who_is_deleted_with_the_whole_read(app: Flask, domain: Samba, newcomer: str) -> None:
    sync()
    change(domain, newcomer, title="Trưởng phòng")
    report, wishes = delta()
    assert (report.found["people_read"], report.found["changed"], wishes) == (1, 1, {DELETIONS_UNTOLD})
    change(domain, newcomer, userAccountControl=str(DISABLED))
    assert delta()[0].found["suspended"] == 1
    assert person("lmoi").state_reason == "locked_in_directory"
    change(domain, newcomer, userAccountControl=str(NORMAL_ACCOUNT))
    assert delta()[0].found["returned"] == 1
    with domain.as_admin() as admin:
        admin.modify_dn(newcomer, "CN=Lý Thị Mới", new_superior=f"OU=Cấp tỉnh,{BASE}")
    assert delta()[0].found["moved"] == 1
    with domain.as_admin() as admin:
        admin.delete(f"CN=Lý Thị Mới,OU=Cấp tỉnh,{BASE}")
    assert delta()[0].found["suspended"] == 0
    assert sync().found["suspended"] == 1


def test_who_is_locked_out_by_wrong_passwords_is_out_and_comes_back_unlocked(app: Flask, domain: Samba, newcomer: str) -> None:
    sync()
    for _ in range(5):
        with pytest.raises(LDAPBindError):
            ldap3.Connection(ldap3.Server("ldaps://127.0.0.1"), "moi.ly@hagiang.gov.vn", "wrong", auto_bind=True)
    assert delta()[0].found["suspended"] == 1
    change(domain, newcomer, lockoutTime="0")
    assert delta()[0].found["returned"] == 1


def test_where_dirsync_is_refused_the_numbers_of_updates_tell_the_same(app: Flask, domain: Samba, newcomer: str) -> None:
    with ldap.connected(ldap.access_from(current_settings())) as directory:
        dialect = dialect_of(directory)
        cookie = UPDATE_NUMBERS.now(directory, dialect)
        assert cookie
        assert UPDATE_NUMBERS.since(directory, dialect, cookie).entries == []
        change(domain, newcomer, title="Trưởng phòng")
        [entry] = UPDATE_NUMBERS.since(directory, dialect, cookie).entries
        assert ldap.read_entry(entry)[1]["title"] == ["Trưởng phòng".encode()]
        for elsewhere in (b"00" + cookie[2:], cookie + b"9", b"nonsense"):
            with pytest.raises(CookieRefused):
                UPDATE_NUMBERS.since(directory, dialect, elsewhere)
