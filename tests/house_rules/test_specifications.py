"""The page of specifications names tests that exist, and every file of tests of the protocol is on it."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "specifications.md").read_text()


def test_every_test_that_the_page_names_exists() -> None:
    files = set(re.findall(r"`(test_\w+\.py)`", PAGE))
    assert files
    assert sorted(name for name in files if not (ROOT / "tests" / "protocol" / name).exists()) == []
    assert sorted(name for name in re.findall(r"`(tests/[\w/.]+)`", PAGE) if not (ROOT / name).exists()) == []


def test_every_file_of_tests_of_the_protocol_is_on_the_page() -> None:
    about_the_tests = {"test_upkeep.py"}
    written = {path.name for path in (ROOT / "tests" / "protocol").glob("test_*.py")} - about_the_tests
    assert sorted(name for name in written if f"`{name}`" not in PAGE) == []


def test_what_is_passed_names_its_tests() -> None:
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("| ")]
    judged = [row for row in rows if row[0] != "specification"]
    assert {row[1] for row in judged} == {"passed", "partial", "not done"}
    assert [row[0] for row in judged if row[1] != "not done" and "test" not in row[2]] == []
    assert [row[0] for row in judged if row[1] == "partial" and not row[3]] == []
