"""Rules of `hopnhat sync plan…` and `approve`: what the pages can is there for scripts too."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from directory_sync import plans
from directory_sync.approvals import Officer, give_word
from directory_sync.asked import ask
from directory_sync.cli import sync as command
from directory_sync.job import sync_job
from directory_sync.models import RequestKind
from idp.database import in_transaction, reader
from tests.support.installation import close, settings_for
from tests.support.staff_directory import DEPARTMENT, StaffDirectory, ldap_settings, person, sync
from wsgi import build

REASON = ["--reason", "đã đối chiếu với Phòng Nội vụ"]


@pytest.fixture
def app(database_url: str, empty_directory: StaffDirectory) -> Iterator[Flask]:
    """An installation that syncs with the test's directory."""
    application = build(settings_for(database_url, **ldap_settings(empty_directory.server)))
    with application.app_context():
        yield application
    close(application)


@pytest.fixture
def stopped(app: Flask, empty_directory: StaffDirectory) -> int:
    """A run that stopped because 21 of 30 people are gone."""
    people = [empty_directory.add_person(f"u{number:02d}", f"Lê Văn Người {number}", DEPARTMENT) for number in range(30)]
    sync()
    for dn in people[:21]:
        empty_directory.remove(dn)
    return sync().number


def _run(*arguments: Any) -> Result:
    return CliRunner().invoke(command, [str(one) for one in arguments], catch_exceptions=False)


def test_a_plan_is_shown_with_lines_and_costs(stopped: int) -> None:
    told = json.loads(_run("plan", stopped, "--json").stdout)
    assert (told["state"], told["words_wanted"], told["typed_number"], told["counts"]) == ("waiting", 1, 21, {"suspended": 21})
    assert (len(told["lines"]), told["sessions_that_end"], told["applications_lost"]) == (21, 0, [])
    assert "Lê Văn Người 3" in _run("plan", stopped).stdout
    assert [row["number"] for row in json.loads(_run("plans", "list", "--json").stdout)] == [stopped]
    assert [row["is_over"] for row in json.loads(_run("plans", "limits", stopped, "--json").stdout)] == [True, *[False] * 4]


def test_approving_carries_the_plan_out_and_says_what_came_of_it(stopped: int) -> None:
    done = _run("approve", stopped, "--number-of-people", 21, *REASON, "--json")
    assert (done.exit_code, json.loads(done.stdout)["suspended"]) == (0, 21)
    assert person("u00").state == "suspended"


def test_a_plan_that_moved_on_is_not_carried_out(stopped: int, empty_directory: StaffDirectory) -> None:
    empty_directory.add_person("moi", "Trần Thị Mới")
    held = json.loads(_run("plan", stopped, "--json").stdout)["lines"][0]
    assert _run("plans", "hold", stopped, held["id"], *REASON).exit_code == 0
    assert _run("approve", stopped, "--number-of-people", 21, *REASON).exit_code == 0
    assert [row["name"] for row in json.loads(_run("plans", "held", "--json").stdout)] == [held["name"]]
    assert len([one for one in range(21) if person(f"u{one:02d}").state == "suspended"]) == 20


def test_a_plan_is_made_without_changing_anything_and_sent_back(stopped: int, empty_directory: StaffDirectory) -> None:
    empty_directory.change(f"uid=u25,{DEPARTMENT}", title="Trưởng phòng")
    assert json.loads(_run("plans", "make", "--json").stdout)["typed_number"] == 21
    assert person("u25").title == "Chuyên viên"
    assert _run("plans", "reject", stopped, *REASON).exit_code == 0
    assert json.loads(_run("plans", "list", "--json").stdout) == []


def test_the_worker_does_what_was_approved_then_what_was_asked_for_then_what_is_due(stopped: int, empty_directory: StaffDirectory) -> None:
    plan = plans.require_plan(reader(), stopped)
    word: dict[str, Any] = {"typed": str(plan.typed_number), "reason": "đã kiểm tra với Phòng Nội vụ"}
    in_transaction(lambda c: give_word(c, stopped, Officer("cli:an"), **word))
    in_transaction(lambda c: ask(c, RequestKind.PLAN, "cli:binh"))
    empty_directory.change(f"uid=u25,{DEPARTMENT}", title="Trưởng phòng")
    sync_job()
    assert (person("u00").state, person("u25").title) == ("suspended", "Chuyên viên")
    sync_job()
    assert [(plan.number, plan.state) for plan in plans.list_waiting(reader())] == [(stopped + 2, "waiting")]
    assert person("u25").title == "Chuyên viên"
    sync_job()
    assert person("u25").title == "Trưởng phòng"
