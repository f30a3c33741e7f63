"""The processes of the demo: forked from this one, which has loaded everything already, watched, and ended with it."""

import ctypes
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.context import ForkProcess
from pathlib import Path

PR_SET_PDEATHSIG = 1  # prctl(2)
UNDER_NOHUP = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
ASKING = (signal.SIGINT, signal.SIGTERM) if UNDER_NOHUP else (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
STOP_SECONDS = 10.0
NAP_SECONDS = 0.02
LAST_LINES = 15
_libc = ctypes.CDLL(None)


class ChildDied(Exception):
    """A process of the demo ended by itself; the text says which, how, and the last lines of its log."""


class Stopped(Exception):
    """Somebody asked the demo to stop."""


@dataclass(frozen=True)
class Child:
    """A running process and where it writes."""

    name: str
    process: ForkProcess
    log: Path


def hold_back_signals() -> None:
    """Keep the signals that ask to stop until somebody looks: a handler would run in the middle of whatever is being done."""
    signal.pthread_sigmask(signal.SIG_BLOCK, ASKING)


def nap(seconds: float) -> None:
    """Wait. Raises Stopped as soon as somebody has asked the demo to stop."""
    if signal.sigtimedwait(ASKING, seconds) is not None:
        raise Stopped


def start(name: str, work: Callable[[], object], folder: Path, *, shown: bool = False) -> Child:
    """Do `work` in a process of its own; what it writes goes to its log, its standard output to ours when `shown`.

    The kernel ends it when this process is gone, even by SIGKILL. Only for a process with a single thread, as this one is.
    """
    log = folder / "logs" / f"{name}.log"
    log.parent.mkdir(exist_ok=True)
    process = multiprocessing.get_context("fork").Process(target=_become, args=(work, log, os.getpid(), shown), name=name)
    sys.stdout.flush()
    process.start()
    return Child(name, process, log)


def _become(work: Callable[[], object], log: Path, parent: int, shown: bool) -> None:
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it was gone before we asked
        return
    os.setsid()  # Ctrl-C in the terminal is the supervisor's to handle
    for number in ASKING:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ASKING)
    written = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (2,) if shown else (1, 2):
        os.dup2(written, stream)
    work()


def check_alive(children: Sequence[Child]) -> None:
    """Raises ChildDied for the first that has ended."""
    for child in children:
        code = child.process.exitcode
        if code is not None:
            how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
            raise ChildDied(f"{child.name} {how}. {_last_lines(child.log)}")


def _last_lines(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()[-LAST_LINES:]
    return f"The last lines of {log}:\n" + ("\n".join(f"    {line}" for line in lines) or "    (nothing)")


def wait_for(true: Callable[[], bool], children: Sequence[Child], seconds: float = 60) -> None:
    """Return as soon as the newest of the children does what it is for. Raises Stopped, or ChildDied when one of them ends first
    or `seconds` have passed."""
    deadline = time.monotonic() + seconds
    while not true():
        check_alive(children)
        if time.monotonic() > deadline:
            raise ChildDied(f"{children[-1].name} did not answer within {seconds:.0f} s. {_last_lines(children[-1].log)}")
        nap(NAP_SECONDS)


def finish(child: Child, others: Sequence[Child]) -> None:
    """Return when a process that ends by itself has done its work. Raises ChildDied when it or another failed."""
    while child.process.exitcode is None:
        check_alive(others)
        nap(NAP_SECONDS)
    if child.process.exitcode != 0:
        check_alive([child])


def stop(children: Sequence[Child]) -> None:
    """Ask all to end, newest first, and after ten seconds make them, with what they have started."""
    for child in reversed(children):
        child.process.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for child in reversed(children):
        child.process.join(max(0.1, deadline - time.monotonic()))
        if child.process.is_alive() and child.process.pid:
            os.killpg(child.process.pid, signal.SIGKILL)
            child.process.join()
