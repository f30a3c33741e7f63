"""docs/api.md: its commands are run as they stand, by a shell with curl and jq; docs/api-reference.md is of this version."""

import json
import os
import re
import socket
import subprocess
from pathlib import Path

import pytest

from docs.write_api import page
from idp.database import forget_connections
from idp.roles.models import Role
from tests.support.installation import Databases, close, settings_for
from tests.support.machine import Machine
from tests.support.people import add_person, add_unit
from tests.support.served import served
from wsgi import build, main

DOCS = Path(__file__).resolve().parents[3] / "docs"
BLOCKS = re.findall(r"```sh\n(.*?)```", (DOCS / "api.md").read_text(), re.DOTALL)


def test_the_table_of_operations_is_of_this_version() -> None:
    assert (DOCS / "api-reference.md").read_text() == page(build(settings_for("sqlite://"))), "python docs/write_api.py"


def test_the_commands_of_the_guide_work_as_they_stand(sqlite_databases: Databases, tmp_path: Path) -> None:
    with sqlite_databases.lent() as url, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        app = build(settings_for(url, issuer=f"http://127.0.0.1:{port}"))
        with app.app_context(), served(app, port) as issuer:
            machine, person_id = Machine(app, Role.IT_ADMIN), add_person("an", "Nguyễn Văn An", unit_id=add_unit(code="H27.1"))
            told = {"ISSUER": issuer, "CLIENT_ID": machine.client_id, "CLIENT_SECRET": machine.secret, "PERSON": str(person_id)}
            shell = [block.replace("curl -sS", "curl -sSf") for block in BLOCKS if not block.startswith("hopnhat")]
            script = "set -euo pipefail\n" + "\n".join(shell)
            done = subprocess.run(["bash", "-c", script], env={**os.environ, **told}, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr + done.stdout
            answers = [json.loads(line) for line in done.stdout.replace("}{", "}\n{").splitlines()]
            assert [one["items"][0]["name"] for one in answers if one.get("items") and "username" in one["items"][0]] == ["Nguyễn Văn An"]
            assert answers[-1]["client_secret"]
            forget_connections()
        close(app)


@pytest.mark.parametrize("line", [line for block in BLOCKS if block.startswith("hopnhat") for line in block.splitlines()])
def test_the_commands_of_the_command_line_are_commands(line: str) -> None:
    words = [word for word in re.findall(r'"[^"]*"|\S+', line)[1:] if not word.startswith(('"', "-")) and "=" not in word]
    command: object = main
    for word in words:
        found = getattr(command, "commands", {}).get(word)
        if found is None:
            break
        command = found
    assert command is not main
    options = {name for one in command.params for name in one.opts}  # type: ignore[attr-defined]
    assert {word for word in line.split() if word.startswith("--")} <= options
