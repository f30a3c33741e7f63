"""What the tests of the protocol begin with: a client, an official, and a browser in which that official is signed in."""

import shutil
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.support.people import add_person
from tests.support.relying_party import RelyingParty, register_party, sign_in

NODE_PROGRAMS = Path(__file__).resolve().parents[1] / "support" / "relying_parties"
NPM = Path(sys.executable).parent / "npm"


@pytest.fixture
def party(app: Flask) -> RelyingParty:
    """A confidential client that may ask for everything."""
    return register_party()


@pytest.fixture
def person_id(app: Flask) -> uuid.UUID:
    """An active official."""
    return add_person()


@pytest.fixture
def session_id(browser: FlaskClient, person_id: uuid.UUID) -> uuid.UUID:
    """The official's live session in the browser, signed in with a password."""
    return sign_in(browser, person_id)


@pytest.fixture(scope="session")
def node_programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The relying parties with what they need, installed as the lock file says."""
    folder = tmp_path_factory.mktemp("relying_parties")
    shutil.copytree(NODE_PROGRAMS, folder, ignore=shutil.ignore_patterns("node_modules"), dirs_exist_ok=True)
    command: list[str | Path] = [NPM, "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder
