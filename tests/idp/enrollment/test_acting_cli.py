"""Rules of the tracker's further commands: what the pages do, scripts do as well."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from python_calamine import CalamineWorkbook

from idp.clock import ManualClock
from idp.enrollment.acting_cli import COMMANDS
from idp.errors import NotFound
from tests.support.tracked_province import build_province, freeze

BY_NAME = {command.name: command for command in COMMANDS}


def _run(*words: str) -> str:
    done = CliRunner().invoke(BY_NAME[words[0]], list(words[1:]), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_reports_evidence_and_campaigns_by_command(app: Flask, time: ManualClock, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        _run("report", "1", "--output", str(tmp_path / "a.xlsx"))
    build_province()
    freeze()
    _run("report", "1", "--unit", "H27.20", "--output", str(tmp_path / "a.xlsx"))
    rows = CalamineWorkbook.from_path(tmp_path / "a.xlsx").get_sheet_by_index(0).to_python()
    assert next(row for row in rows if row[2] == "Tổng cộng")[3:5] == [12, 12]
    assert "2/24 người thông suốt" in _run("prose")
    assert "check.py" in _run("evidence", "--output", str(tmp_path / "pack.zip"))
    _run("campaign", "make", "Tháng cao điểm", "--segment", "B2", "--wave", "2026-12-01:2", "--wave", "2026-12-10")
    assert json.loads(_run("campaign", "list", "--json"))[0]["name"] == "Tháng cao điểm"
    _run("enrolment-day", "2026-12-01", "--unit", "H27.20.1", "--place", "Nhà văn hóa", "--officer", "Lù Văn Sửu")
    told = json.loads(_run("escalate", "--json"))
    nobody: dict[str, Any] = {"told": {}, "next_step": None, "due_on": None, "leaders": []}
    assert told["units"][0] == {"unit": "Sở Nội vụ", "missing": 10, "state": "slow", **nobody}
    assert told["letters"] == 0


def test_what_is_shown_by_command_can_be_read_by_programs(app: Flask, time: ManualClock) -> None:
    build_province()
    freeze()
    form = json.loads(_run("report", "1", "--json"))
    assert form["columns"][:2] == ["STT", "Mã định danh"]
    assert form["rows"][-1] == {"kind": "total", "cells": [None, "", "Tổng cộng", 24, 24, 16, 13, 11, 7, 2, 833, None, ""]}
    names = json.loads(_run("report", "3", "--unit", "H27.20.1", "--segment", "B0", "--reason", "Đối chiếu", "--json"))
    assert [row["cells"][1] for row in names["rows"]] == ["Vàng Mí Sính B0 0", "Vàng Mí Sính B0 1"]
    assert CliRunner().invoke(BY_NAME["report"], ["3", "--json"]).exit_code == 2  # names want a reason
    assert json.loads(_run("prose", "--json"))["day"] == "2026-11-24"
    assert json.loads(_run("public", "--json"))["whole"] == {"key": "", "people": None, "reached": None}
    _run("enrolment-day", "2026-12-01", "--unit", "H27.20.1", "--place", "Nhà văn hóa", "--officer", "Lù Văn Sửu")
    (planned,) = json.loads(_run("enrolment-days", "--json"))
    _run("cancel-enrolment-day", planned["id"])
    assert json.loads(_run("enrolment-days", "--json")) == []
    made = _run("campaign", "make", "Tháng cao điểm", "--wave", "2026-12-01").strip()
    assert json.loads(_run("campaign", "show", made, "--json"))["waves"][0]["from_day"] == "2026-12-01"
