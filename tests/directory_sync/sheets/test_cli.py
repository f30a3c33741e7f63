"""Rules of `hopnhat sync import` and `hopnhat source`: what the pages can is there for scripts too."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from directory_sync.sheets.cli import import_file
from directory_sync.source_cli import group
from idp.errors import Refusal
from tests.support import trail
from tests.support.sheets import sheet
from tests.support.staff_directory import StaffDirectory, person, sync

REASON = ("--reason", "Sở Nội vụ quản lý dữ liệu này")


@pytest.fixture(autouse=True)
def synced(app: Flask, directory: StaffDirectory) -> None:
    """The directory's three people are known."""
    sync()


def _import(path: Path, *arguments: str) -> Result:
    return CliRunner().invoke(import_file, [str(path), "--source", "noi-vu", *arguments], catch_exceptions=False)


def _source(*arguments: str) -> Any:
    return json.loads(CliRunner().invoke(group, [*arguments, "--json"], catch_exceptions=False).stdout)


def test_a_file_is_taken_in_and_its_columns_are_matched_by_hand_once(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_bytes(sheet(("HG-an.nv", "0912345678"), headings=("Mã", "Liên hệ")))
    told = json.loads(_import(file, "--map", "mã=staff_code", "--map", "lien he=phone", "--json").stdout)
    assert (told["state"], told["changed"], told["rows"]) == ("applied", 1, 1)
    assert person("an.nv").phone == "0912345678"
    file.write_bytes(sheet(("HG-an.nv", "0987654321"), headings=("Mã", "Liên hệ")))
    assert json.loads(_import(file, "--json").stdout)["changed"] == 1, "the columns are remembered"


def test_wrong_rows_are_told_and_nothing_is_taken_in_unless_they_may_be_skipped(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_bytes(sheet(("HG-an.nv", "", "Z99"), ("HG-mai.vt", "", "", "", "", "", "", "0912345678")))
    refused = _import(file, "--json")
    assert refused.exit_code == 1
    assert json.loads(refused.stdout)["mistakes"][0]["line"] == 2
    assert person("mai.vt").phone is None
    told = json.loads(_import(file, "--skip-mistakes", "--json").stdout)
    assert (told["state"], len(told["mistakes"])) == ("applied", 1)
    assert person("mai.vt").phone == "0912345678"


def test_a_plan_can_be_kept_instead(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_bytes(sheet(("HG-an.nv", "", "", "", "", "", "", "0912345678")))
    told = json.loads(_import(file, "--plan", "--json").stdout)
    assert (told["state"], told["plan_number"]) == ("planned", told["number"])
    assert person("an.nv").phone is None


def test_sources_are_listed_shown_and_given_an_attribute(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_bytes(sheet(("HG-an.nv", "", "", "Trưởng phòng")))
    _import(file)
    assert _source("own", "title", "spreadsheet:noi-vu", *REASON)["order"] == ["spreadsheet:noi-vu", "ldap"]
    assert trail.events("attribute.given")[0].detail["attribute"] == "title"
    listed = {one["name"]: one for one in _source("list")}
    assert (listed["ldap"]["people"], listed["spreadsheet:noi-vu"]["shared"], listed["spreadsheet:noi-vu"]["owns"]) == (3, 1, ["title"])
    sync()
    assert person("an.nv").title == "Trưởng phòng", "what is decided counts with the next run"
    assert _source("show", "spreadsheet:noi-vu")["decisions"]["title"]["reason"] == REASON[1]
    assert _source("own", "title", "-", *REASON)["order"] == ["ldap", "spreadsheet:noi-vu"]
    sync()
    assert person("an.nv").title == "Chuyên viên"
    for refused in (("own", "title", "nowhere", *REASON), ("own", "title", "ldap", "--reason", "vì")):
        with pytest.raises(Refusal):
            _source(*refused)
