"""Rules of the names by which people know their factors."""

import json

import pytest
from flask import Flask

from idp import clock
from idp.credentials import factors
from idp.database import reader
from idp.login.factors_cli import list_factors
from idp.sessions.assurance import AAL2
from tests.support.bind_directory import BindDirectory
from tests.support.people import add_person
from tests.support.sign_in import Visitor, code_on, enrolled_phone, official


def signed_in(app: Flask, secret: str) -> Visitor:
    visitor = Visitor(app)
    visitor.asks(return_to="/account/factors", payload={}, minimum_acr=AAL2)
    visitor.types_password()
    visitor.sends(code=code_on(secret))
    return visitor


def test_a_phone_gets_the_name_that_its_person_gives_it(app: Flask, directory: BindDirectory, time: clock.ManualClock) -> None:
    person_id = official(directory)
    visitor = signed_in(app, enrolled_phone(person_id))
    [factor] = factors.list_of(reader(), person_id)
    visitor.opens(f"/account/factors/{factor.id}/rename")
    assert visitor.sends(name=" \u200b ").status_code == 400
    visitor.sends(name=" Điện thoại\tcơ quan <b> ")
    assert visitor.left_to == "/account/factors"
    assert [factor.name for factor in factors.list_of(reader(), person_id)] == ["Điện thoại cơ quan <b>"]
    visitor.opens("/account/history")
    assert "Đổi tên một phương tiện xác thực" in visitor.text


def test_nobody_renames_what_is_somebody_elses(app: Flask, directory: BindDirectory, time: clock.ManualClock) -> None:
    mine, theirs = official(directory), official(directory, "lvan")
    enrolled_phone(theirs)
    visitor = signed_in(app, enrolled_phone(mine))
    [own], [other] = (factors.list_of(reader(), person_id) for person_id in (mine, theirs))
    visitor.opens(f"/account/factors/{own.id}/rename")
    assert visitor.sends(f"/account/factors/{other.id}/rename", name="x").status_code == 404
    assert factors.list_of(reader(), theirs)[0].name == other.name


def test_the_help_desk_sees_what_somebody_has_and_no_secret(app: Flask) -> None:
    person_id = add_person("vmsinh")
    secret = enrolled_phone(person_id)
    told = app.test_cli_runner().invoke(list_factors, ["vmsinh", "--json"]).output
    found = json.loads(told)
    assert [factor["kind"] for factor in found["factors"]] == ["phone"]
    assert (found["recovery_codes_left"], found["officer_codes"]) == (0, [])
    assert secret not in told


@pytest.mark.parametrize("typed", ["", " ", "\0", "\u202e"])
def test_what_cannot_be_seen_is_no_name(typed: str) -> None:
    assert factors.readable_name(typed) == ""
