"""The processes of the demo: started with a log each, watched, and ended with the demo, however it ends."""

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from deploy.demo.plan import ROOT

PR_SET_PDEATHSIG = 1  # prctl(2)
STOP_SECONDS = 10.0
NAP_SECONDS = 0.05
LAST_LINES = 15
_libc = ctypes.CDLL(None)


class ChildDied(Exception):
    """A process of the demo ended by itself; the text says which, how, and the last lines of its log."""


class Stopped(Exception):
    """Somebody asked the demo to stop while it was starting."""


@dataclass(frozen=True)
class Child:
    """A running process and where it writes."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path


def start(name: str, command: Sequence[str], folder: Path, environment: Mapping[str, str], *, shown: bool = False) -> Child:
    """Start a process in a group of its own; what it writes goes to its log, its standard output to ours when `shown`.

    The kernel ends it when this process is gone, even by SIGKILL.
    """
    logs = folder / "logs"
    logs.mkdir(mode=0o700, exist_ok=True)
    log = logs / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own commands
            command,
            stdin=subprocess.DEVNULL,
            stdout=None if shown else output,
            stderr=output,
            cwd=ROOT,
            env={**os.environ, **environment},
            start_new_session=True,
            preexec_fn=_end_with_parent(os.getpid()),  # noqa: PLW1509 - this process has one thread
        )
    return Child(name, process, log)


def _end_with_parent(parent: int) -> Callable[[], None]:
    def arrange() -> None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it was gone before we asked
            os._exit(1)

    return arrange


def check_alive(children: Sequence[Child]) -> None:
    """Raises ChildDied for the first that has ended."""
    for child in children:
        code = child.process.poll()
        if code is not None:
            how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
            raise ChildDied(f"{child.name} {how}. {_last_lines(child.log)}")


def _last_lines(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()[-LAST_LINES:]
    return f"The last lines of {log}:\n" + ("\n".join(f"    {line}" for line in lines) or "    (nothing)")


def wait_for(true: Callable[[], bool], children: Sequence[Child], asked_to_stop: Event, seconds: float = 60) -> None:
    """Return as soon as the newest of the children does what it is for. Raises Stopped, or ChildDied when one of them ends first
    or `seconds` have passed."""
    deadline = time.monotonic() + seconds
    while not true():
        check_alive(children)
        if time.monotonic() > deadline:
            raise ChildDied(f"{children[-1].name} did not answer within {seconds:.0f} s. {_last_lines(children[-1].log)}")
        if asked_to_stop.wait(NAP_SECONDS):
            raise Stopped


def finish(child: Child, others: Sequence[Child], asked_to_stop: Event) -> None:
    """Return when a process that ends by itself has done its work. Raises Stopped, or ChildDied when it or another failed."""
    while child.process.poll() is None:
        check_alive(others)
        if asked_to_stop.wait(NAP_SECONDS):
            stop([child])
            raise Stopped
    if child.process.returncode != 0:
        check_alive([child])


def stop(children: Sequence[Child]) -> None:
    """Ask all to end, newest first, and after ten seconds make them."""
    for child in reversed(children):
        if child.process.poll() is None:
            child.process.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for child in reversed(children):
        try:
            child.process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            os.killpg(child.process.pid, signal.SIGKILL)
            child.process.wait()
