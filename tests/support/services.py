"""Real servers for the tests, started in a folder of the test run on loopback, ended by their own pid."""

import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

WAIT_SECONDS = 30
ROOM_BYTES = 1 << 29
_random, _given = random.SystemRandom(), set[int]()  # not the generator that tests seed alike


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on at this moment; below those that the system hands out to connections, one of
    which could take it before a service does."""
    while True:
        port = _random.randint(10_000, 32_000)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0 and port not in _given:
                _given.add(port)
                return port


def wait_for_port(port: int, process: subprocess.Popen[bytes]) -> None:
    """Return as soon as something listens on the port; fail when the process ends first or nothing comes."""
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with {process.returncode}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise RuntimeError(f"nothing listens on {port}")


def wait_until(true: Callable[[], bool], seconds: float = WAIT_SECONDS) -> None:
    """Return as soon as the condition holds; fail when it does not within `seconds`."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise RuntimeError(f"still not so after {seconds} s")
        time.sleep(0.02)


def _accepts(postgresql_url: str) -> bool:
    try:
        psycopg.connect(postgresql_url + "/postgres").close()
    except psycopg.OperationalError:
        return False
    return True


def folder_in_memory() -> str | None:
    """The folder that Linux keeps in memory, when it has room for the databases of a test run; None where it does not."""
    place = Path("/dev/shm")
    return str(place) if place.is_dir() and shutil.disk_usage(place).free > ROOM_BYTES else None


@contextmanager
def running(
    command: list[str], port: int, log: Path, *, user: str | None = None, env: dict[str, str] | None = None, stop: int = signal.SIGTERM
) -> Iterator[subprocess.Popen[bytes]]:
    """A server process that answers on `port`; terminated at the end of the block."""
    with log.open("ab") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, stdin=subprocess.DEVNULL, user=user, env=env, cwd=log.parent)
    try:
        wait_for_port(port, process)
        yield process
    finally:
        process.send_signal(stop)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def find_program(name: str, *places: str) -> str:
    """Where a program is: on the PATH or in one of the globs. Its absence fails the run: nothing is skipped."""
    found = shutil.which(name)
    if found:
        return found
    for place in places:
        for path in sorted(Path("/").glob(place.lstrip("/")), reverse=True):
            return str(path)
    raise RuntimeError(f"{name} is not installed; `make test` installs what the tests need")


def unprivileged_user() -> str | None:
    """The account for servers that refuse to run as root; None when we are not root."""
    return pwd.getpwnam("nobody").pw_name if os.geteuid() == 0 else None


@contextmanager
def postgresql(folder: Path, *, durable: bool = False) -> Iterator[str]:
    """A throw-away PostgreSQL cluster; yields its URL without a database name. Only a `durable` one waits for the disk."""
    user = unprivileged_user()
    data = folder / "data"
    data.mkdir(parents=True)
    if user:
        for place in (folder, data):
            shutil.chown(place, user)
        for parent in folder.parents:
            if parent == Path("/tmp") or parent == parent.parent:
                break
            parent.chmod(parent.stat().st_mode | 0o011)
    port = free_port()
    initdb = find_program("initdb", "/usr/lib/postgresql/*/bin/initdb")
    server = find_program("postgres", "/usr/lib/postgresql/*/bin/postgres")
    subprocess.run(
        [initdb, "-D", str(data), "-U", "hopnhat", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C"],
        check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, user=user, cwd=folder,
    )  # fmt: skip
    options = {"listen_addresses": "127.0.0.1", "port": str(port), "unix_socket_directories": "", "max_connections": "200"}
    options["fsync"] = "on" if durable else "off"
    command = [server, "-D", str(data)] + [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    log = folder / "server.log"
    log.touch()
    with running(command, port, log, user=user, stop=signal.SIGINT):  # a fast shutdown: it waits for no client
        url = f"postgresql://hopnhat@127.0.0.1:{port}"
        wait_until(lambda: _accepts(url))
        yield url.replace("postgresql:", "postgresql+psycopg:")


@contextmanager
def redis(folder: Path) -> Iterator[str]:
    """A throw-away Redis; yields its URL."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    command = [
        find_program("redis-server"),
        "--port",
        str(port),
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--appendonly",
        "no",
        "--dir",
        str(folder),
    ]
    with running(command, port, folder / "redis.log"):
        yield f"redis://127.0.0.1:{port}/0"
