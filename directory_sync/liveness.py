"""Whether the process that carries out a run still lives: so that one that was killed holds up nobody until its lease is out."""

import os
import socket
from functools import lru_cache
from pathlib import Path

from sqlalchemy import Connection, text

_backend = text("SELECT pid, backend_start::text FROM pg_stat_activity WHERE pid = pg_backend_pid()")
_is_there = text("SELECT 1 FROM pg_stat_activity WHERE pid = :pid AND backend_start = CAST(:began AS timestamptz)")


def holder_of(connection: Connection) -> str:
    """This process, so that it is not mistaken for another one with the same number; on PostgreSQL its connection as well."""
    pid = os.getpid()
    backend = connection.execute(_backend).first() if connection.dialect.name == "postgresql" else None
    parts = [_place(), str(pid), _began(pid) or "", *((str(backend[0]), backend[1]) if backend else ())]
    return "\t".join(parts)


def has_died(connection: Connection, holder: str | None) -> bool:
    """Whether that process is surely gone; False when that cannot be told."""
    place, pid, began, *backend = (holder or "").split("\t") + [""] * 2
    if place == _place() and pid.isdigit() and began:
        return _began(int(pid)) != began
    if connection.dialect.name == "postgresql" and len(backend) > 1 and backend[0].isdigit():
        return connection.execute(_is_there, {"pid": int(backend[0]), "began": backend[1]}).first() is None
    return False


@lru_cache(maxsize=1)
def _place() -> str:
    """The machine and the space of process numbers: two containers may share a name."""
    try:
        space = os.readlink("/proc/self/ns/pid") + Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        space = ""
    return f"{socket.gethostname()} {space}"


def _began(pid: int) -> str | None:
    """When a process was started, in ticks since the machine was (proc(5), field 22); None: there is none, or it is a dead one."""
    try:
        state, *rest = Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()
    except OSError:
        return None
    return None if state in "ZX" else rest[18]
