"""docs/proxy.md, as it stands: nginx in front of the provider keeps slow senders away from it, and hands on certificates."""

import base64
import socket
import ssl
import subprocess
import time
import tomllib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from flask import Flask
from joserfc.jwk import ECKey

from idp.app import create_app
from tests.support.bound_party import add_resource
from tests.support.certificates import certify
from tests.support.installation import Databases, close, settings_for
from tests.support.recipes import Recipe
from tests.support.relying_party import register_party
from tests.support.served import served
from tests.support.services import find_program, free_port, running, unprivileged_user

pytestmark = pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")  # nobody vouches for its certificate
SLOW_SENDERS, BODIES = 400, 40
MAIN = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log crit; worker_processes 1;
events {{ worker_connections 1024; }}
http {{
    access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    include {folder}/hopnhat.conf;
}}
"""


@dataclass(frozen=True)
class Proxy:
    """The provider behind nginx: its public address, and the one where certificates are asked for."""

    url: str
    mtls_url: str
    app: Flask


@pytest.fixture(scope="module")
def proxy(sqlite_databases: Databases, folder: Path) -> Iterator[Proxy]:
    """nginx and the provider as the document configures them, on other addresses."""
    port, mtls_port, behind = free_port(), free_port(), free_port()
    recipe = Recipe(
        "../proxy.md",
        {
            "listen 443 ssl;\n    server_name login.example.gov.vn": f"listen 127.0.0.1:{port} ssl;\n    server_name 127.0.0.1",
            "listen 443 ssl;\n    server_name mtls.example.gov.vn": f"listen 127.0.0.1:{mtls_port} ssl;\n    server_name 127.0.0.1",
            "https://login.example.gov.vn": f"https://127.0.0.1:{port}", "https://mtls.example.gov.vn": f"https://127.0.0.1:{mtls_port}",
            "server 127.0.0.1:8000": f"server 127.0.0.1:{behind}", "/etc/nginx/login.": f"{folder}/login.",
        },
    )  # fmt: skip
    (folder / "hopnhat.conf").write_text(recipe.file("/etc/nginx/conf.d/hopnhat.conf"))
    (folder / "nginx.conf").write_text(MAIN.format(folder=folder))
    make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=test"]
    files = ["-keyout", str(folder / "login.key"), "-out", str(folder / "login.pem")]
    subprocess.run([*make, *files], check=True, capture_output=True, user=unprivileged_user())
    given: dict[str, Any] = tomllib.loads(recipe.file("hopnhat.toml"))
    application = create_app(settings_for(sqlite_databases.fresh(), **given))
    command = [
        find_program("nginx", "/usr/sbin/nginx"),
        "-p",
        str(folder),
        "-c",
        str(folder / "nginx.conf"),
        "-e",
        str(folder / "error.log"),
    ]
    with application.app_context(), served(application, behind), running(command, port, folder / "out.log", user=unprivileged_user()):
        yield Proxy(f"https://127.0.0.1:{port}", f"https://127.0.0.1:{mtls_port}", application)
    close(application)


def test_the_service_goes_on_while_hundreds_send_slowly(proxy: Proxy) -> None:
    """DOS-003."""
    port = int(proxy.url.rpartition(":")[2])
    with ExitStack() as stack:
        for number in range(SLOW_SENDERS):
            slow = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            if number % 2:  # half of them say nothing at all, half begin a handshake
                slow.send(b"\x16")
        for _ in range(BODIES):  # and some keep the body of a form to themselves
            slow = stack.enter_context(trusting().wrap_socket(stack.enter_context(socket.create_connection(("127.0.0.1", port)))))
            slow.send(b"POST /token HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\ngrant")
        began = time.monotonic()
        assert requests.get(proxy.url + "/sign-in", verify=False, timeout=5).status_code < 500
        assert requests.get(proxy.url + "/.well-known/openid-configuration", verify=False, timeout=5).json()["issuer"] == proxy.url
        assert time.monotonic() - began < 3


def trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def test_a_request_that_is_too_large_never_reaches_the_provider(proxy: Proxy) -> None:
    assert requests.post(proxy.url + "/token", data=b"x" * 200_000, verify=False, timeout=5).status_code == 413


def test_a_service_proves_itself_by_its_certificate_where_it_is_asked_for_one(proxy: Proxy, folder: Path) -> None:
    """RFC 8705 §2.2, §3: through a real handshake."""
    held = certify("CN=truc")
    file = folder / "client.pem"
    file.write_bytes(held.pem + held.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    jwk = ECKey.import_key(held.key.public_key()).as_dict(private=False)
    resource = add_resource()
    party = register_party(
        token_endpoint_auth_method="self_signed_tls_client_auth", jwks={"keys": [{**jwk, "x5c": [base64.b64encode(held.certificate.public_bytes(Encoding.DER)).decode()]}]},
        grant_types=("client_credentials",), redirect_uris=(), scope="dossiers", resources=(resource.identifier,),
        tls_client_certificate_bound_access_tokens=True,
    )  # fmt: skip
    form = {"grant_type": "client_credentials", "client_id": party.client_id, "scope": "dossiers", "resource": resource.identifier}
    aliases = requests.get(proxy.url + "/.well-known/openid-configuration", verify=False, timeout=5).json()["mtls_endpoint_aliases"]
    assert aliases["token_endpoint"] == proxy.mtls_url + "/token"
    told = requests.post(aliases["token_endpoint"], data=form, cert=str(file), verify=False, timeout=5)
    assert told.status_code == 200, told.text
    assert requests.post(aliases["token_endpoint"], data=form, verify=False, timeout=5).status_code == 401
    forged = {"ClientCertificate": held.header}
    for url in (proxy.url + "/token", aliases["token_endpoint"]):
        assert requests.post(url, data=form, headers=forged, verify=False, timeout=5).status_code == 401, (
            "the proxy hands on no header of a stranger"
        )
