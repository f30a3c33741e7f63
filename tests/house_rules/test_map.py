"""The README's map names what exists, and what exists is on the map."""

import ast
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def _tracked(pattern: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", pattern], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [ROOT / name for name in listed.stdout.split("\n") if name and (ROOT / name).exists()]


def test_every_package_and_top_level_folder_is_on_the_map() -> None:
    readme = (ROOT / "README.md").read_text()
    packages = {path.parent.relative_to(ROOT).as_posix() for path in _tracked("*/__init__.py") if path.parts[len(ROOT.parts)] != "tests"}
    missing = [package for package in sorted(packages) if f"`{package}/`" not in readme]
    assert not missing, missing


def test_every_path_on_the_map_exists() -> None:
    readme = (ROOT / "README.md").read_text()
    named = set(re.findall(r"`((?:idp|clients|directory_sync|migrations|tests|docs|deploy|bench)/[\w/.-]*)`", readme))
    missing = [name for name in sorted(named) if not (ROOT / name).exists()]
    assert not missing, missing


def test_every_module_begins_with_its_sentence() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in _tracked("*.py")
        if "versions" not in path.parts and path.read_text().strip() and not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert not silent, silent


def test_no_import_hides_inside_a_function() -> None:
    hidden = []
    for path in _tracked("*.py"):
        for function in ast.walk(ast.parse(path.read_text())):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                hidden += [
                    f"{path.relative_to(ROOT)}:{node.lineno}"
                    for node in ast.walk(function)
                    if isinstance(node, ast.Import | ast.ImportFrom)
                ]
    assert not hidden, hidden


def test_no_test_is_skipped_or_expected_to_fail() -> None:
    words = re.compile(r"pytest\.(?:skip|importorskip)|mark\.(?:skip|skipif|xfail)")
    found = [
        str(path.relative_to(ROOT))
        for path in _tracked("tests/*.py")
        if path != Path(__file__).resolve() and words.search(path.read_text())
    ]
    assert not found, found
