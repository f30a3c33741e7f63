"""Starts the provider for the suite, says `ready`, watches over it, and stops all of it together."""

import os
import shutil
import ssl
import sys
import urllib.request
from pathlib import Path

import click

import wsgi
from deploy.conformance import resource_server
from deploy.conformance.keys import make_authority, make_server_certificate
from deploy.conformance.prepare import prepare
from deploy.conformance.settings_file import CERTIFICATE_HEADER, claim_folder, forget_other_settings, write_settings
from deploy.conformance.site import HOST, Site, SiteMistaken, read_site
from deploy.demo.children import Child, ChildDied, Stopped, check_alive, finish, hold_back_signals, nap, start, stop, wait_for
from deploy.demo.ports import Taken, hold, listens
from deploy.demo.settings_file import write_private
from directory_sync.demo import province
from directory_sync.demo.ldap_server import open_province

WATCH_SECONDS = 0.2
NGINX_CONFIGURATION = Path(__file__).with_name("nginx.conf")
LOOPBACK = "127.0.0.1"


def main() -> None:
    """Run until Ctrl-C or SIGTERM (exit 0), or until something fails (exit 1)."""
    hold_back_signals()
    children: list[Child] = []
    os.umask(0o077)
    try:
        site = read_site()
        claim_folder(site)
        with hold(site.folder):
            run(site, children)
    except Stopped:
        click.echo("Stopping …")
    except (SiteMistaken, Taken, ChildDied) as mistake:
        click.echo(f"The provider for the conformance suite does not run: {mistake}", err=True)
        sys.exit(1)
    finally:
        stop(children)


def run(site: Site, children: list[Child]) -> None:
    """Start, say `ready`, watch. Raises Stopped when asked to stop, ChildDied for a process that ended by itself."""
    click.echo(f"Hợp Nhất for the conformance suite, kept in {site.folder}")
    make_server_certificate(site)
    write_settings(site, make_authority(site.folder))
    forget_other_settings(site)
    children.append(start("directory", lambda: _serve_directory(site), site.folder))
    wait_for(lambda: listens(site.directory_port), children)
    preparation = start("preparation", lambda: prepare(site), site.folder, shown=True)
    try:
        finish(preparation, children)
    finally:
        stop([preparation])
    for name, work in (("provider", lambda: _serve(site)), ("worker", lambda: wsgi.main(["worker"]))):
        children.append(start(name, work, site.folder))
    if site.is_mutual:
        children.append(start("resource", lambda: resource_server.serve(site.resource_port), site.folder))
        children.append(start("nginx", lambda: _run_nginx(site), site.folder))
    trusted = ssl.create_default_context(cafile=str(site.certificate))
    wait_for(lambda: _answers(f"{site.issuer}/readyz", trusted), children)
    click.echo(f"Issuer: {site.issuer}\nConfigurations of the suite: {site.suite_folder} (plans.txt lists them)\nready")
    while True:
        nap(WATCH_SECONDS)
        check_alive(children)


def _answers(url: str, trusted: ssl.SSLContext) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2, context=trusted) as answer:  # noqa: S310 - our own address
            return bool(answer.status == 200)
    except OSError:
        return False


def _serve_directory(site: Site) -> None:
    with open_province(site.folder / "directory.jsonl", province.STAFF, site.directory_port) as server:
        server.serve_forever()


def _serve(site: Site) -> None:
    """By itself with TLS 1.3 alone, or behind nginx without TLS; on loopback either way."""
    if site.is_mutual:
        wsgi.main(["serve", "--bind", f"{LOOPBACK}:{site.inner_port}"])
    wsgi.main(["serve", "--bind", f"{LOOPBACK}:{site.port}", "--certificate", str(site.certificate), "--key", str(site.key)])


def _run_nginx(site: Site) -> None:
    program = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:" + os.environ.get("PATH", ""))
    if program is None:
        sys.exit("MTLS=1 needs nginx: install it, or leave MTLS out and test without client certificates")
    text = NGINX_CONFIGURATION.read_text(encoding="utf-8")
    for name, value in (
        ("folder", site.folder), ("certificate", site.certificate), ("key", site.key), ("header", CERTIFICATE_HEADER),
        ("resource_path", resource_server.PATH), ("resource_port", site.resource_port), ("port", site.port), ("inner_port", site.inner_port), ("mtls_port", site.mtls_port), ("host", HOST),
    ):  # fmt: skip
        text = text.replace(f"@{name}@", str(value))
    write_private(site.folder / "nginx.conf", text)
    os.execv(program, [program, "-c", str(site.folder / "nginx.conf")])  # noqa: S606 - this process becomes it, and ends with us


if __name__ == "__main__":
    main()
