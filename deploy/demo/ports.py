"""Whether what the demo needs is free: its ports, and the folder it writes to."""

import fcntl
import socket
import urllib.request
from pathlib import Path
from typing import IO

from deploy.demo.plan import HOST, Plan


class Taken(Exception):
    """Something that the demo needs is in use; the text says what, and how to choose another."""


def check_ports(plan: Plan) -> None:
    """Raises Taken, naming the first port that somebody else listens on and the variable that moves it."""
    needed = [("PORT", plan.port), ("APP1_PORT", plan.documents_port), ("APP2_PORT", plan.one_door_port)]
    if plan.directory is None:
        needed.append(("LDAP_PORT", plan.directory_port))
    seen: dict[int, str] = {}
    for name, port in needed:
        if port in seen:
            raise Taken(f"{name} and {seen[port]} are both {port}: choose another, for example {name}={port + 1}")
        seen[port] = name
        if not _is_free(port):
            raise Taken(f"port {port} is taken, perhaps by another demo: stop that, or choose another port with {name}=…")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # what has just been stopped is not in the way
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def listens(port: int) -> bool:
    """Whether something answers on the port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0


def answers(url: str) -> bool:
    """Whether a GET of the URL is answered with 200."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own address
            return bool(answer.status == 200)
    except OSError:
        return False


def hold(folder: Path) -> IO[str]:
    """Hold the folder while the returned file is open, so that no second demo writes to it. Raises Taken."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    holder = (folder / "demo.lock").open("w")
    try:
        fcntl.flock(holder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        holder.close()
        raise Taken(f"another demo runs in {folder}: stop that first") from None
    return holder
