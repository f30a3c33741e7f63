"""Starts everything in order, says `ready`, watches over it, and stops all of it together."""

import json
import os
import sys
import time
from typing import Any

import click
from rich.console import Console
from rich.table import Table

import wsgi
from deploy.demo import applications, directory
from deploy.demo.children import Child, ChildDied, Stopped, check_alive, finish, hold_back_signals, nap, start, stop, wait_for
from deploy.demo.plan import HOST, Plan, PlanMistaken, read_plan
from deploy.demo.ports import Taken, answers, check_ports, hold, listens
from deploy.demo.prepare import prepare
from deploy.demo.settings_file import write_settings
from idp.settings import PREFIX

WATCH_SECONDS = 0.2
DIRECTORY_SECONDS = 300.0  # a large province takes a while to invent


def main() -> None:
    """Run the demo until Ctrl-C or SIGTERM (exit 0), or until something in it fails (exit 1)."""
    hold_back_signals()
    children: list[Child] = []
    os.umask(0o077)
    try:
        plan = read_plan()
        check_ports(plan)
        with hold(plan.folder):
            run(plan, children)
    except Stopped:
        click.echo("Stopping …")
    except (PlanMistaken, Taken, ChildDied) as mistake:
        click.echo(f"The demo does not run: {mistake}", err=True)
        sys.exit(1)
    finally:
        stop(children)


def run(plan: Plan, children: list[Child]) -> None:
    """Start, say `ready`, watch. Raises Stopped when asked to stop, ChildDied for a process that ended by itself."""
    began = time.monotonic()
    click.echo(f"Hợp Nhất: a demo, kept in {plan.folder}")
    write_settings(plan, directory.directory_of(plan))
    _forget_other_settings(plan)
    if plan.directory is None:
        children.append(start("directory", lambda: directory.run(plan), plan.folder))
        wait_for(lambda: listens(plan.directory_port), children, DIRECTORY_SECONDS)
    preparation = start("preparation", lambda: prepare(plan), plan.folder, shown=True)
    try:
        finish(preparation, children)
    finally:
        stop([preparation])
    told = json.loads(plan.told_file.read_text(encoding="utf-8"))
    start_all(plan, told, children)
    for url in (f"{plan.issuer}/readyz", *(party.base_url for party in applications.applications(plan))):
        wait_for(lambda url=url: answers(url), children)  # type: ignore[misc]
    show(plan, told)
    click.echo(f"Everything runs after {time.monotonic() - began:.1f} s. Ctrl-C stops it.\nready")
    while True:
        nap(WATCH_SECONDS)
        check_alive(children)


def _forget_other_settings(plan: Plan) -> None:
    """The demo's settings come from its own file; a real installation's variables must not lead it to a real database."""
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        del os.environ[name]
    os.environ[f"{PREFIX}CONFIG"] = str(plan.settings_file)


def start_all(plan: Plan, told: dict[str, Any], children: list[Child]) -> None:
    """Start the provider, its worker and the two applications."""
    children.append(start("provider", lambda: wsgi.main(["serve", "--bind", f"{HOST}:{plan.port}"]), plan.folder))
    children.append(start("worker", lambda: wsgi.main(["worker"]), plan.folder))
    secrets = {client["client_id"]: client["client_secret"] for client in told["clients"]}
    for party in applications.applications(plan):
        secret = secrets[party.client_id]
        children.append(start(party.look.key, lambda p=party, s=secret: applications.run(p, s), plan.folder))  # type: ignore[misc]


def show(plan: Plan, told: dict[str, Any]) -> None:
    """Print where everything is and who can sign in."""
    console = Console(width=None if sys.stdout.isatty() else 110, highlight=False)
    places = Table("What", "Where", box=None, padding=(0, 2), pad_edge=False)
    for party in applications.applications(plan):
        places.add_row(party.look.name, party.base_url)
    places.add_row("Console (it_admin; it_admin_2 approves)", f"{plan.issuer}/console")
    places.add_row("A person's own page", f"{plan.issuer}/account")
    places.add_row("The staff directory", told["ldap"]["url"])
    accounts = Table("Role", "Username", "Password", "TOTP secret", box=None, padding=(0, 2), pad_edge=False)
    for account in told["accounts"]:
        accounts.add_row(account["role"], account["username"], account["password"], account["totp_secret"] or "(nothing enrolled)")
    console.print()
    console.print(places)
    console.print()
    console.print(accounts)
    console.print(f"\nFor scripts: {plan.told_file}. Logs: {plan.folder / 'logs'}.")


if __name__ == "__main__":
    main()
