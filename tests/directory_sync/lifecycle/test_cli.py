"""Rules of the commands of the desk, of posts and planned changes, and of reviews: what the pages can do, they can."""

import json
import uuid
from datetime import date
from typing import Any

from click.testing import Result
from flask import Flask

from directory_sync import desk_cli
from directory_sync.desk_models import CaseKind
from directory_sync.lifecycle import review_cli
from directory_sync.lifecycle.service_cli import COMMANDS
from idp.clock import ManualClock
from idp.people.cli import people
from tests.directory_sync.test_desk_pages import add_case, add_gone, state_of
from tests.support.people import add_person, add_unit


def _run(app: Flask, command: Any, *words: str) -> Result:
    return app.test_cli_runner().invoke(command, list(words))


def _json(app: Flask, command: Any, *words: str) -> Any:
    return json.loads(_run(app, command, *words, "--json").output)


def test_a_case_is_listed_shown_put_off_decided_and_taken_back(app: Flask, time: ManualClock) -> None:
    gone = add_gone(None)
    case_id = str(add_case(None, gone))
    assert [line["id"] for line in _json(app, desk_cli.group, "list")] == [case_id]
    shown = _json(app, desk_cli.group, "show", case_id)
    assert (shown["choices"], shown["candidates"][0]["username"]) == (["same", "new", "keep_out"], "cu")
    assert _run(app, desk_cli.group, "later", case_id, "2026-12-01").exit_code == 0
    assert _run(app, desk_cli.group, "decide", case_id, "same", "--reason", "đúng").exit_code == 2
    assert _run(app, desk_cli.group, "decide", case_id, "fine", "--reason", "đúng").exit_code == 1
    assert _run(app, desk_cli.group, "decide", case_id, "new", "--reason", "người khác", "--remember", "value").exit_code == 0
    (rule,) = _json(app, desk_cli.group, "rules")
    assert _run(app, desk_cli.group, "revoke", rule["id"]).exit_code == 0
    assert _json(app, desk_cli.group, "rules") == []
    assert state_of(add_case(None, kind=CaseKind.NUMBER_IN_USE)) == "open"
    assert _run(app, desk_cli.group, "reopen", case_id).exit_code == 0
    assert _run(app, desk_cli.group, "decide", case_id, "same", "--person", str(gone), "--reason", "đúng người cũ").exit_code == 0
    assert state_of(uuid.UUID(case_id)) == "decided"


def test_what_waits_too_long_ends_the_command_with_1(app: Flask, time: ManualClock) -> None:
    assert _run(app, desk_cli.group, "waiting").exit_code == 0
    add_case(None)
    assert [line["due_on"] for line in _json(app, desk_cli.group, "waiting")] == ["2026-11-27"]
    time.advance(days=5)
    assert _run(app, desk_cli.group, "waiting").exit_code == 1


def test_posts_and_changes_are_entered_and_ended_by_name(app: Flask, time: ManualClock) -> None:
    add_person("vmsinh")
    add_unit("UBND xã Đồng Văn", code="00721")
    assert {command.name for command in COMMANDS} <= set(people.commands)
    assert _run(app, people, "appoint", "vmsinh", "00721", "--title", "Ủy viên", "--kind", "secondment").exit_code == 0
    planned = _run(app, people, "plan", "vmsinh", "leaving", "2026-12-31", "--decision", "8/QĐ").output.strip()
    shown = _json(app, people, "service", "vmsinh")
    assert (shown["posts"][0]["unit_name"], shown["posts"][0]["from_day"]) == ("UBND xã Đồng Văn", "2026-11-24")
    assert (shown["planned"][0]["id"], shown["planned"][0]["from_day"]) == (planned, "2026-12-31")
    assert _run(app, people, "end-post", "vmsinh", shown["posts"][0]["id"]).exit_code == 0
    assert _run(app, people, "call-off", "vmsinh", planned).exit_code == 0
    assert _run(app, people, "call-off", "vmsinh", planned).exit_code == 1
    assert _json(app, people, "idle") == []


def test_a_review_is_opened_decided_and_signed(app: Flask, time: ManualClock) -> None:
    add_person("vmsinh", unit_id=add_unit())
    assert _run(app, review_cli.group, "open", "2026-2", "--due", "2026-12-24").exit_code == 0
    assert [line["due_on"] for line in _json(app, review_cli.group, "list")] == [date(2026, 12, 24).isoformat()]
    (sheet,) = _json(app, review_cli.group, "show", "2026-2")
    assert _run(app, review_cli.group, "sign", sheet["id"]).exit_code == 1
    (line,) = _json(app, review_cli.group, "show", "2026-2", "--unit", sheet["id"])
    assert "1 decided" in _run(app, review_cli.group, "decide", sheet["id"], line["id"], "--withdraw").output
    assert "withdrawn from 1" in _run(app, review_cli.group, "sign", sheet["id"]).output
    time.advance(days=31)
    assert _run(app, review_cli.group, "list").exit_code == 0
