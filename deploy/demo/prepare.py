"""Prepares the database for the demo, each part only where it is missing: schema, first sync, sample accounts, clients."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from deploy.demo import sample_accounts, sample_clients, sample_systems
from deploy.demo.directory import directory_of
from deploy.demo.plan import Plan
from deploy.demo.settings_file import write_private
from directory_sync.run import run_sync
from idp import schema
from idp.database import in_transaction
from idp.oidc import signing_keys
from wsgi import build


@contextmanager
def step(sentence: str) -> Iterator[None]:
    """Tell what is being done while it is done, and how long it took."""
    begin = time.monotonic()
    if sys.stdout.isatty():
        click.echo(f"  … {sentence}", nl=False)
    yield
    click.echo(f"{chr(13) if sys.stdout.isatty() else ''}  ✓ {sentence} ({time.monotonic() - begin:.1f} s)")


def prepare(plan: Plan) -> None:
    """Prepare, and tell scripts about it in demo.json."""
    with build().app_context():
        if not schema.is_current():
            with step("the database gets its tables"):
                schema.upgrade()
        if not sample_accounts.are_in_directory_mirror():
            with step(f"{plan.staff} people and their units come in from the directory"):
                run_sync(started_by="demo")
        told = _told_before(plan)
        with step("keys, sample accounts and applications are as they should be"):
            signing_keys.published_jwks()
            accounts = sample_accounts.prepare(told.get("accounts", []))
            clients = in_transaction(lambda connection: sample_clients.prepare(connection, plan, told.get("clients", [])))
            in_transaction(lambda connection: sample_systems.prepare(connection, plan))
    _tell(plan, accounts, clients)


def _told_before(plan: Plan) -> dict[str, Any]:
    try:
        told: dict[str, Any] = json.loads(plan.told_file.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return told


def _tell(plan: Plan, accounts: list[dict[str, Any]], clients: list[dict[str, Any]]) -> None:
    directory = directory_of(plan)
    told = {
        "issuer": plan.issuer,
        "accounts": accounts,
        "clients": clients,
        "ldap": {
            "url": directory.url,
            "base_dn": directory.base_dn,
            "bind_dn": directory.bind_dn,
            "bind_password": directory.bind_password,
            "admin_dn": directory.admin_dn,
            "admin_password": directory.admin_password,
        },
    }
    write_private(plan.told_file, json.dumps(told, ensure_ascii=False, indent=2) + "\n")
