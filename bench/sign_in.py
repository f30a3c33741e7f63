"""`python -m bench.sign_in`: processor time of one password sign-in end to end, beside what the directory's own bind costs."""

import http.client
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from urllib.parse import urlencode

import click

from bench import processor_time
from bench.contestants import HOPNHAT, ROOT, _database
from idp.credentials.directory_line import open_line, tls_context
from idp.opaque_tokens import Secret
from idp.sealing import new_key
from idp.wire import messages
from tests.support import services
from tests.support.bind_directory import BASE, PASSWORD, READER, READER_PASSWORD, BindDirectory, bind_directory

PEOPLE = 64
STORES = ("sqlite", "postgresql")


class Browser:
    """Somebody at the sign-in page: cookies and redirects as a browser has them. Each comes from an address of its own."""

    def __init__(self, port: int, number: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port)
        self._headers = {"X-Forwarded-For": f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}", "X-Forwarded-Proto": "http"}
        self._cookies: dict[str, str] = {}

    def ask(self, method: str, path: str, body: str = "") -> tuple[int, str, str]:
        """Status, location and text of one request."""
        headers = {**self._headers, "Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}
        if body:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self._connection.request(method, path, body or None, headers)
        answer = self._connection.getresponse()
        text = answer.read().decode()
        for cookie in answer.headers.get_all("Set-Cookie") or ():
            name, _, value = cookie.partition(";")[0].partition("=")
            self._cookies[name] = value
        return answer.status, answer.headers.get("Location", ""), text

    def opens(self) -> tuple[str, str]:
        """The sign-in page: its URL and the token of its form."""
        _, location, _ = self.ask("GET", "/sign-in")
        status, _, text = self.ask("GET", location)
        assert status == 200, text
        found = re.search(r'name="csrf_token" value="([^"]+)"', text)
        assert found
        return location, unescape(found[1])

    def sends(self, url: str, token: str, username: str, password: str) -> tuple[int, float]:
        """Send the form; status and seconds."""
        form = urlencode({"csrf_token": token, "username": username, "password": password})
        began = time.perf_counter()
        status, location, _ = self.ask("POST", url, form)
        took = time.perf_counter() - began
        if status == 303:
            status, location, _ = self.ask("GET", location)
            assert location.endswith("/account"), location
        return status, took

    def close(self) -> None:
        """Leave."""
        self._connection.close()


@contextmanager
def serving(
    folder: Path, store: str, *, stored_password: str = PASSWORD, locks_after: int = 5
) -> Iterator[tuple[int, list[int], BindDirectory, int]]:
    """Our server's port and processes, the directory and its process."""
    names = tuple(f"vmsinh{number}" for number in range(PEOPLE))
    with bind_directory(folder / "slapd", names, stored_password) as directory, _database(folder, store) as (postgresql, pids):
        port = services.free_port()
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("HOPNHAT_")},
            "HOPNHAT_CONFIG": "",
            "HOPNHAT_ISSUER": f"http://127.0.0.1:{port}",
            "HOPNHAT_SEALING_KEYS": new_key(),
            "HOPNHAT_DATABASE_URL": postgresql.replace("postgresql:", "postgresql+psycopg:") or f"sqlite:///{folder}/hopnhat.sqlite",
            "HOPNHAT_LOG_LEVEL": "WARNING",
            "HOPNHAT_TRUSTED_PROXIES": "1",
            "HOPNHAT_LDAP_LOCKOUT_FAILURES": str(locks_after),
            **{f"HOPNHAT_{name.upper()}": str(value) for name, value in directory.settings().items()},
        }
        seed = [sys.executable, "-m", "bench.seed", "--redirect-uri", "http://127.0.0.1:9/cb", "--sessions", str(PEOPLE)]
        seed += ["--entries", json.dumps(directory.entry_uuids)]
        subprocess.run(seed, cwd=ROOT, env=environment, check=True, capture_output=True)
        command = [HOPNHAT, "serve", "--bind", f"127.0.0.1:{port}", "--workers", "1", "--threads", "1"]
        with services.running(command, port, folder / "hopnhat.log", env=environment) as process:
            yield port, [process.pid, *pids], directory, int((folder / "slapd/slapd.pid").read_text())


def _sign_ins(port: int, seconds: float, first: int) -> int:
    done, until = 0, time.monotonic() + seconds
    while time.monotonic() < until:
        browser = Browser(port, first + done)
        url, token = browser.opens()
        status, _ = browser.sends(url, token, f"vmsinh{done % PEOPLE}", PASSWORD)
        assert status == 303, status
        browser.close()
        done += 1
    return done


def _binds(directory: BindDirectory, seconds: float) -> int:
    """What a sign-in asks of a directory, on kept connections, and nothing else."""
    context, end = tls_context(None, "127.0.0.1"), time.monotonic() + seconds
    search, bind = (open_line(directory.url, context, end + 5) for _ in range(2))
    search.bind(READER, Secret(READER_PASSWORD), end + 5)
    done, entries = 0, list(directory.entry_uuids.values())
    while time.monotonic() < end:
        wanted = messages.equals("entryUUID", entries[done % PEOPLE])
        reply = search.search(BASE, messages.SUBTREE, wanted, ("1.1",), end + 5)
        bind.bind(reply.entries[0][0], Secret(PASSWORD), end + 5)
        done += 1
    return done


def _measure(store: str, seconds: float) -> tuple[float, ...]:
    with tempfile.TemporaryDirectory(prefix="hopnhat-bench-") as folder:
        Path(folder).chmod(0o755)
        with serving(Path(folder), store) as (port, pids, directory, slapd):
            warm = _sign_ins(port, 2, 0)
            before, database_before = processor_time.used_seconds(pids[:1]), processor_time.used_seconds(pids[1:])
            slapd_before, began = processor_time.used_seconds([slapd]), time.monotonic()
            done = _sign_ins(port, seconds, warm)
            wall = (time.monotonic() - began) / done
            ours = (processor_time.used_seconds(pids[:1]) - before) / done
            database = (processor_time.used_seconds(pids[1:]) - database_before) / done
            theirs = (processor_time.used_seconds([slapd]) - slapd_before) / done
            slapd_before = processor_time.used_seconds([slapd])
            binds = _binds(directory, seconds / 2)
            alone = (processor_time.used_seconds([slapd]) - slapd_before) / binds
            return ours * 1000, database * 1000, theirs * 1000, alone * 1000, wall * 1000


@click.command()
@click.option("--rounds", default=3, show_default=True, help="How often each database is measured.")
@click.option("--seconds", default=6.0, show_default=True, help="How long one measurement takes, in seconds.")
@click.option("--store", "stores", multiple=True, type=click.Choice(STORES), default=STORES, help="Only on this database.")
def main(rounds: int, seconds: float, stores: tuple[str, ...]) -> None:
    """Opening the page, sending the form, going on: our process, PostgreSQL's, and slapd's."""
    click.echo(
        "| database | ours, ms | sign-ins/s and core | PostgreSQL, ms | slapd, ms | search and bind alone, ms | ours / bind | wall, ms |"
    )
    click.echo("|---|---|---|---|---|---|---|---|")
    for store in stores:
        measured = [_measure(store, seconds) for _ in range(rounds)]
        ours, postgresql, theirs, alone, wall = (statistics.median(one[part] for one in measured) for part in range(5))
        figures = f"{ours:.2f} | {1000 / ours:.0f} | {postgresql:.2f} | {theirs:.2f} | {alone:.2f} | {ours / alone:.0f} | {wall:.1f}"
        click.echo(f"| {store} | {figures} |")


if __name__ == "__main__":
    main()
