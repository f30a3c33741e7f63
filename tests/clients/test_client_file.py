"""Rules of who may enter an application, and what people are there, in a file of `hopnhat client export` and `apply`."""

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from clients.entry_rules import kept_rules
from clients.registry import find_client
from clients.role_rules import kept_roles
from idp.database import reader
from tests.support.people import add_person, add_unit
from wsgi import main

CLIENT = {"client_id": "mot-cua", "client_name": "Một cửa", "redirect_uris": ["https://rp.test/cb"]}
ENTRY = [{"unit": "H27.5", "to": "2027-12-31"}, {"category": "cong_chuc"}, {"role": "leader"}, {"person": "binh"}]
ROLES = [{"role": "reader", "unit": "H27.5", "title": "Chuyên viên"}, {"role": "chief", "person": "binh", "from": "2026-01-01"}]


def run(*arguments: str, given: str | None = None) -> Result:
    return CliRunner().invoke(main.commands["client"], list(arguments), input=given)


def apply(*clients: dict[str, Any], yes: bool = True) -> dict[str, Any]:
    done = run("apply", "-", "--json", *(["--yes"] if yes else []), given=json.dumps(clients))
    assert done.exit_code == 0, done.output
    told: dict[str, Any] = json.loads(done.stdout)["clients"][0]
    return told


def number_of_rules() -> tuple[int, int]:
    client = find_client("mot-cua")
    assert client is not None
    return len(kept_rules(reader(), client.key)), len(kept_roles(reader(), client.key))


@pytest.fixture
def applied(app: Flask) -> dict[str, Any]:
    add_unit("Sở Y tế", code="H27.5")
    add_person("binh", "Lý Thị Bình")
    return apply({**CLIENT, "entry": ENTRY, "app_roles": ROLES})


def test_what_was_exported_is_what_was_applied_and_changes_nothing(applied: dict[str, Any]) -> None:
    assert applied["entry"] == {"added": ENTRY, "removed": []}
    exported = json.loads(run("export").output)
    assert sorted(exported[0]["entry"], key=str) == sorted(ENTRY, key=str)
    assert sorted(exported[0]["app_roles"], key=str) == sorted(ROLES, key=str)
    assert apply(*exported)["deed"] == "keep"


def test_the_difference_is_shown_before_it_is_applied(applied: dict[str, Any]) -> None:
    shown = run("apply", "-", given=json.dumps([{**CLIENT, "entry": ENTRY[1:], "app_roles": []}])).output
    assert '    entry - {"unit": "H27.5", "to": "2027-12-31"}' in shown
    assert '    app_roles - {"role": "chief", "person": "binh", "from": "2026-01-01"}' in shown
    assert number_of_rules() == (4, 2)
    told = apply({**CLIENT, "entry": [*ENTRY[1:], {"everybody": True}], "app_roles": []})
    assert told["entry"] == {"added": [{"everybody": True}], "removed": ENTRY[:1]}
    assert number_of_rules() == (4, 0)


def test_a_file_that_says_nothing_of_rules_leaves_them_alone_and_an_empty_list_takes_them_back(applied: dict[str, Any]) -> None:
    assert apply(CLIENT)["deed"] == "keep"
    assert number_of_rules() == (4, 2)
    assert apply({**CLIENT, "entry": []})["deed"] == "change"
    assert number_of_rules() == (0, 2)


@pytest.mark.parametrize(
    "wrong",
    [
        {"entry": "everybody"}, {"entry": [{"unit": "H27.5", "person": "binh"}]}, {"entry": [{"everybody": True, "unit": "H27.5"}]},
        {"entry": [{"unit": "khong-co"}]}, {"entry": [{"unit": "H27.5", "to": "31/12/2026"}]}, {"entry": [{"group": "x"}]}, {"entry": [{}]},
        {"entry": [{"person": 7}]}, {"entry": [{"category": "khac"}]}, {"app_roles": [{"unit": "H27.5"}]}, {"app_roles": [{"role": "a b"}]},
        {"app_roles": [{"role": "a", "category": "khac"}]}, {"app_roles": [{"role": "a", "to": 7}]}, {"app_roles": {}},
    ],
)  # fmt: skip
def test_a_rule_that_is_none_is_refused_and_nothing_is_done(applied: dict[str, Any], wrong: dict[str, Any]) -> None:
    done = run("apply", "-", "--yes", given=json.dumps([{**CLIENT, "client_name": "Khác", **wrong}]))
    assert done.exit_code != 0
    assert not isinstance(done.exception, (TypeError, KeyError, AttributeError))
    assert number_of_rules() == (4, 2)
    client = find_client("mot-cua")
    assert client is not None
    assert client.client_name == "Một cửa"
