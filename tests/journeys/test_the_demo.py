"""The demo starts, says so, keeps what it has, is clear about what is in its way, and leaves nothing behind."""

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.support.demo import READY_SECONDS, STOP_SECONDS, free_ports, running_demo, said_ready, start_demo
from tests.support.services import wait_until


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "instance"


def processes_of(folder: Path) -> list[int]:
    """Every process that holds the demo's database or writes to its logs."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                held = [os.readlink(descriptor) for descriptor in (process / "fd").iterdir()]
            except OSError:
                continue
            if any(path.startswith(str(folder)) for path in held):
                found.append(int(process.name))
    return found


def test_it_goes_on_where_it_was(folder: Path) -> None:
    ports = free_ports()
    with running_demo(folder, {"STAFF": "60"}, ports=ports) as demo:
        first = demo.told
        leaver = demo.anybody(0).username
        demo.remove_from_directory(leaver)
        demo.sync()  # or the worker was quicker: it syncs every minute
        assert json.loads(demo.hopnhat("people", "show", leaver, "--json").stdout)["state"] == "suspended"
        for secret in ("demo.json", "hopnhat.toml"):
            assert (folder / secret).stat().st_mode & 0o077 == 0
    assert not processes_of(folder)
    with running_demo(folder, {"STAFF": "60"}, ports=ports) as demo:
        assert demo.told == first
        assert demo.sync()["state"] == "unchanged", "who has left the directory does not come back by a restart"
        doctor = json.loads(demo.hopnhat("doctor", "--json").stdout)
        assert [one for one in doctor if not one["ok"]] == []
        second = start_demo(folder, folder.parent / "second.out", ports)
        assert second.wait(30) == 1
        assert ports["PORT"] in (folder.parent / "second.out").read_text()


def test_moved_to_other_ports_its_clients_move_with_it(folder: Path) -> None:
    with running_demo(folder, {"STAFF": "60"}) as demo:
        before = demo.client("van-ban")
    with running_demo(folder, {"STAFF": "60"}) as demo:
        after = demo.client("van-ban")
        assert after["client_secret"] == before["client_secret"]
        assert after["redirect_uris"] == [f"{demo.documents_url}/callback"]
        shown = json.loads(demo.hopnhat("client", "show", "van-ban", "--json").stdout)
        assert shown["redirect_uris"] == after["redirect_uris"]


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_it_leaves_no_process_behind_however_it_ends(folder: Path, how: signal.Signals) -> None:
    with running_demo(folder, {"STAFF": "60"}) as demo:
        assert len(processes_of(folder)) >= 5
        for _ in range(3):  # whoever is in a hurry presses Ctrl-C again
            demo.process.send_signal(how)
        assert demo.process.wait(STOP_SECONDS) == (-how if how is signal.SIGKILL else 0)
        wait_until(lambda: not processes_of(folder), STOP_SECONDS)


def test_when_a_part_of_it_dies_it_says_which_and_stops(folder: Path) -> None:
    with running_demo(folder, {"STAFF": "60"}) as demo:
        output = folder.parent / f"{folder.name}.out"
        children = subprocess.run(["pgrep", "-P", str(demo.process.pid)], capture_output=True, text=True, check=True)
        os.kill(int(children.stdout.split()[0]), signal.SIGKILL)
        assert demo.process.wait(STOP_SECONDS) == 1
        assert "directory was ended by SIGKILL" in output.read_text()
        assert not processes_of(folder)


def test_a_number_that_is_none_is_a_clear_mistake(folder: Path) -> None:
    output = folder.parent / "mistaken.out"
    assert start_demo(folder, output, {"PORT": "eight thousand"}).wait(READY_SECONDS) == 1
    assert "PORT is a number" in output.read_text()
    assert not said_ready(output)
