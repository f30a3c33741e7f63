"""Rules of who is meant by a typed name."""

import unicodedata

import pytest
from flask import Flask

from idp.database import reader
from idp.people.models import PersonState
from idp.people.sign_in_name import find_for_sign_in
from tests.support.people import add_person


@pytest.mark.parametrize(
    "typed",
    [
        "nguyễn.văn.á",
        "  Nguyễn.Văn.Á ",
        "NGUYỄN.VĂN.Á",
        unicodedata.normalize("NFD", "Nguyễn.Văn.Á"),
        "á.nguyen@hagiang.gov.vn",
        "Á.Nguyen@HaGiang.gov.vn",
        "ｎguyễn．văn．á",
    ],
)
def test_every_usual_writing_means_the_same_person(app: Flask, typed: str) -> None:
    person_id = add_person("Nguyễn.Văn.Á", mail="á.nguyen@hagiang.gov.vn", mail_key="á.nguyen@hagiang.gov.vn")
    found = find_for_sign_in(reader(), typed)
    assert found is not None
    assert found.person_id == person_id


@pytest.mark.parametrize("typed", ["", " ", "nguyen.van.a", "nguyễn.vаn.á", "nguyễn\u200d.văn.á", "*", "x" * 100_000, "\0", "\udcff"])
def test_disguises_and_slips_mean_nobody(app: Flask, typed: str) -> None:
    add_person("Nguyễn.Văn.Á")
    assert find_for_sign_in(reader(), typed) is None


def test_active_people_come_before_former_ones_and_usernames_before_mail(app: Flask) -> None:
    add_person("vmsinh", state=PersonState.SUSPENDED.value)
    by_mail = add_person("other", mail="vmsinh", mail_key="vmsinh")
    found = find_for_sign_in(reader(), "vmsinh")
    assert found is not None
    assert found.person_id == by_mail
    by_name = add_person("vmsinh")
    found = find_for_sign_in(reader(), "vmsinh")
    assert found is not None
    assert found.person_id == by_name


def test_a_name_that_two_people_have_means_nobody(app: Flask) -> None:
    add_person("vmsinh")
    add_person("vmsinh")
    assert find_for_sign_in(reader(), "vmsinh") is None


def test_a_former_person_is_found_but_may_not_sign_in(app: Flask) -> None:
    add_person("vmsinh", state=PersonState.SUSPENDED.value)
    add_person("lvan", directory_locked=True)
    for typed in ("vmsinh", "lvan"):
        found = find_for_sign_in(reader(), typed)
        assert found is not None
        assert not found.may_sign_in
