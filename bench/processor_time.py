"""How much processor time whole trees of processes have used, from /proc."""

import os
from collections.abc import Iterable
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGESIZE")


def _stat(pid: str) -> list[str] | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text[text.rindex(")") + 2 :].split()


def _tree(roots: Iterable[int]) -> dict[int, list[str]]:
    stats = {int(name): stat for name in os.listdir("/proc") if name.isdigit() and (stat := _stat(name))}
    children: dict[int, list[int]] = {}
    for pid, stat in stats.items():
        children.setdefault(int(stat[1]), []).append(pid)
    found, waiting = {}, [pid for pid in roots if pid in stats]
    while waiting:
        pid = waiting.pop()
        found[pid] = stats[pid]
        waiting += children.get(pid, [])
    return found


def used_seconds(roots: Iterable[int]) -> float:
    """User and system time of these processes and all below them, their ended children included, in seconds."""
    return sum(sum(int(ticks) for ticks in stat[11:15]) for stat in _tree(roots).values()) / TICKS_PER_SECOND


def resident_mebibytes(roots: Iterable[int]) -> float:
    """Resident memory of these processes and all below them, in MiB; shared pages count once for each."""
    return sum(int(stat[21]) for stat in _tree(roots).values()) * PAGE_BYTES / 2**20
