"""A directory to ask for passwords."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.bind_directory import BindDirectory, bind_directory

PEOPLE = (
    "newcomer",
    "grace",
    "expiring",
    "victim",
    "vmsinh",
    "lvan",
    "moved",
    "gone",
    "quiet",
    "calm",
    "slow",
    "reset",
    "expired",
    "locked",
    "counted",
    "takeover",
)


@pytest.fixture(scope="session")
def directory(run_folder: Path) -> Iterator[BindDirectory]:
    """A real slapd for the whole run."""
    with bind_directory(run_folder / "bind_directory", PEOPLE) as started:
        yield started
