"""What the server does with requests that two servers could read in two ways, as bytes on its socket."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from idp.sealing import new_key
from tests.support import services

ROOT = Path(__file__).resolve().parents[2]
HOPNHAT = str(Path(sys.executable).parent / "hopnhat")
HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


@pytest.fixture(scope="module")
def port(run_folder: Path) -> Iterator[int]:
    """`hopnhat serve` as it ships."""
    number, folder = services.free_port(), run_folder / "raw_requests"
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
        yield number


def said(port: int, request: bytes) -> bytes:
    """Everything that comes back until the server hangs up or says no more."""
    answer = b""
    with socket.create_connection(("127.0.0.1", port), 5) as connection:
        connection.sendall(request)
        connection.settimeout(1.5)
        try:
            while chunk := connection.recv(65536):
                answer += chunk
        except (TimeoutError, ConnectionResetError):
            pass
    return answer


@pytest.mark.parametrize(
    "headers",
    [
        b"Content-Length: 5\r\nContent-Length: 6\r\n",
        b"Content-Length: +5\r\n",
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: xchunked\r\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        b"X-One: a\r\n folded: b\r\n",
        b"X-One : a\r\n",
        b"X\x00One: a\r\n",
    ],
)
def test_a_request_that_can_be_read_in_two_ways_hides_no_second_one(port: int, headers: bytes) -> None:
    """LOG-031: whatever is answered, it is one answer, or a refusal and the end of the connection."""
    body = b"0\r\n\r\n" + HIDDEN
    answer = said(port, b"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\n" + headers + b"\r\n" + body)
    statuses = [line for line in answer.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]
    assert all(b" 400" in status or b" 404" in status for status in statuses), statuses
    assert len(statuses) <= 2


def test_a_whole_request_is_answered(port: int) -> None:
    assert said(port, b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n").startswith(b"HTTP/1.1 ")
