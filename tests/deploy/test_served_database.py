"""What the processes of a server hold of its database."""

import os
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

from idp.sealing import new_key
from tests.support import services

ROOT = Path(__file__).resolve().parents[2]
HOPNHAT = str(Path(sys.executable).parent / "hopnhat")


def _held_locks(database: Path) -> dict[str, bool]:
    """The processes that have this file open, and whether each holds a lock on it (proc(5), fdinfo)."""
    found: dict[str, bool] = {}
    for descriptor in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if descriptor.readlink() == database:
                process, info = descriptor.parents[1], descriptor.parents[1] / "fdinfo" / descriptor.name
                found[process.name] = found.get(process.name, False) or "lock:" in info.read_text()
        except OSError:  # ended meanwhile, or another account's
            continue
    return found


def test_every_process_that_has_the_database_open_holds_its_own_lock_on_it(run_folder: Path) -> None:
    """Else a command that closes it last takes the log away from under a server whose parent was killed."""
    number, folder = services.free_port(), run_folder / "served_database"
    folder.mkdir()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("HOPNHAT_")},
        "HOPNHAT_CONFIG": "",
        "HOPNHAT_ISSUER": f"http://127.0.0.1:{number}",
        "HOPNHAT_SEALING_KEYS": new_key(),
        "HOPNHAT_DATABASE_URL": f"sqlite:///{folder}/hopnhat.sqlite",
    }
    subprocess.run([HOPNHAT, "db", "upgrade"], cwd=ROOT, env=environment, check=True, capture_output=True)
    command = [HOPNHAT, "serve", "--bind", f"127.0.0.1:{number}", "--workers", "1"]
    with services.running(command, number, folder / "hopnhat.log", env=environment):
        assert urlopen(f"http://127.0.0.1:{number}/readyz", timeout=20).status == 200
        held = _held_locks((folder / "hopnhat.sqlite").resolve())
    assert held
    assert all(held.values()), held
