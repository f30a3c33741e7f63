"""`hopnhat saml …`: applications that speak SAML, and the keys that sign for them."""

import importlib
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Connection

from clients.entry import EVERYBODY
from clients.metadata import DEFAULT_SCOPE
from clients.metadata_rules import acr_of
from clients.registry import find_even_disabled
from idp.command_line import json_option, operator, show_json, show_table
from idp.database import in_transaction, reader
from idp.outbound import OutboundFailed, OutboundRefused
from idp.saml import keys as saml_keys
from idp.settings import current_settings

NAME_IDS = ("persistent", "transient", "email", "username")
_file = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group("saml")
def group() -> None:
    """Applications that speak SAML 2.0 (HOPNHAT_SAML=on)."""


@group.command()
@click.option("--name", required=True, help="Name that people see.")
@click.option("--metadata", "path", type=_file, help="Its metadata as a file.")
@click.option("--metadata-url", "url", help="Or where it is published.")
@click.option("--client-id", help="A client_id of your choice.")
@click.option("--scope", "scopes", multiple=True, help=f"What it may know; may be repeated.  [default: {DEFAULT_SCOPE}]")
@click.option("--acr", default="aal1", show_default=True, help="Least assurance: aal1, aal2, aal3.")
@click.option("--name-id", type=click.Choice(NAME_IDS), help="By which name it is told of people.  [default: as its metadata takes]")
@click.option(
    "--attribute", "attributes", multiple=True, metavar="NAME=CLAIM", help="Its own names of attributes; instead of the usual ones."
)
@click.option("--signed-requests", is_flag=True, help="Take no request without a signature.")
@click.option("--unsolicited", is_flag=True, help="Let a sign-in begin here, at /saml/start/CLIENT_ID.")
@click.option("--entry", type=click.Choice(["everybody", "nobody"]), help="Who may enter.  [default: HOPNHAT_NEW_CLIENTS_ENTRY]")
@json_option
def add(
    name: str, path: Path | None, url: str | None, scopes: tuple[str, ...], acr: str, entry: str | None, as_json: bool, **given: Any
) -> None:
    """Register an application by its metadata."""
    facts = _read(path, url)
    parties = importlib.import_module("idp.saml.parties")
    wanted = parties.client_of(name, scope=" ".join(scopes) or DEFAULT_SCOPE, minimum_acr=acr_of(acr), client_id=given["client_id"])
    options = parties.Options(
        given["name_id"] or parties.usual_name_id(facts), _pairs(given["attributes"]), given["signed_requests"], given["unsolicited"]
    )
    rules = {"everybody": (EVERYBODY,), "nobody": ()}.get(entry or "")
    made = in_transaction(lambda c: parties.register_party(c, facts, wanted, options, actor=operator(), entry=rules, metadata_url=url))
    told = {"client_id": made.client_id, "entity_id": facts.entity_id, "idp_metadata": current_settings().issuer + "/saml/metadata"}
    if as_json:
        show_json(told)
        return
    show_table(["What", "Value"], list(told.items()), "")


@group.command()
@click.argument("client_id")
@click.option("--metadata", "path", type=_file)
@click.option("--metadata-url", "url")
@click.option("--name-id", type=click.Choice(NAME_IDS))
@click.option("--attribute", "attributes", multiple=True, metavar="NAME=CLAIM", help="Replaces all of them; '' for the usual ones.")
@click.option("--signed-requests/--unsigned-requests", "signs", default=None)
@click.option("--unsolicited/--no-unsolicited", "unsolicited", default=None)
def change(
    client_id: str,
    path: Path | None,
    url: str | None,
    name_id: str | None,
    attributes: tuple[str, ...],
    signs: bool | None,
    unsolicited: bool | None,
) -> None:
    """Take other metadata of the same application, or other options."""
    parties = importlib.import_module("idp.saml.parties")
    key = _key(client_id)
    read = _read(path, url) if path or url else None

    def write(connection: Connection) -> None:
        facts, before = parties.party_of_row(parties.require_row(connection, key))
        options = parties.Options(
            name_id or before.name_id,
            before.attributes if not attributes else _pairs(tuple(one for one in attributes if one)),
            before.signs_requests if signs is None else signs,
            before.takes_unsolicited if unsolicited is None else unsolicited,
        )
        parties.change_party(connection, key, read or facts, options, actor=operator())

    in_transaction(write)
    click.echo(f"{client_id}: changed.")


@group.command("list")
@json_option
def list_parties(as_json: bool) -> None:
    """List the applications that speak SAML."""
    rows = importlib.import_module("idp.saml.parties").all_parties(reader())
    told = [
        {"client_id": row.public_id, "name": row.client_name, "entity_id": row.entity_id, "name_id": row.name_id, "certificates": len(row.facts["certificates"]),
         "sign_out": bool(row.facts["sign_out_url"]), "disabled_at": row.disabled_at}
        for row in rows
    ]  # fmt: skip
    if as_json:
        show_json(told)
        return
    lines = [(one["client_id"], one["name"], one["entity_id"], one["name_id"], "yes" if one["sign_out"] else "no") for one in told]
    show_table(["Client ID", "Name", "Entity ID", "NameID", "Signs out"], lines, "No application speaks SAML.")


@group.group("key")
def key_group() -> None:
    """Keys that sign for SAML applications: prepare one, let the applications read it in our metadata, use it, retire the old one."""


@key_group.command("list")
@json_option
def list_keys(as_json: bool) -> None:
    """List the keys in our metadata; the first one signs."""
    rows = saml_keys.published_keys(reader())
    told = [{"id": row.id, "created_at": row.created_at, "used_from": row.used_from, "certificate": row.certificate} for row in rows]
    if as_json:
        show_json(told)
        return
    show_table(["Key", "Made", "Signs from"], [(one["id"], one["created_at"], one["used_from"] or "") for one in told], "No key yet.")


@key_group.command()
def prepare() -> None:
    """Make a key and announce it; it signs nothing before `use`."""
    click.echo(in_transaction(lambda connection: saml_keys.prepare_key(connection, actor=operator())))


@key_group.command()
@click.argument("key", type=click.UUID)
def use(key: Any) -> None:
    """Sign by this key from now on."""
    in_transaction(lambda connection: saml_keys.use_key(connection, key, actor=operator()))
    click.echo(f"{key} signs from now on.")


@key_group.command()
@click.argument("key", type=click.UUID)
def retire(key: Any) -> None:
    """Announce a key no more that has been replaced."""
    in_transaction(lambda connection: saml_keys.retire_key(connection, key, actor=operator()))
    click.echo(f"{key} is announced no more.")


def _read(path: Path | None, url: str | None) -> Any:
    if (path is None) == (url is None):
        raise click.UsageError("give either --metadata or --metadata-url")
    fetching = importlib.import_module("idp.saml.fetching")
    try:
        raw = path.read_bytes() if path else fetching.fetch_metadata(url)
    except (OutboundRefused, OutboundFailed) as failed:
        raise click.ClickException(f"the metadata cannot be fetched: {failed}") from None
    return importlib.import_module("idp.saml.party_metadata").read_metadata(raw)


def _pairs(written: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    pairs = [pair.rpartition("=") for pair in written]
    if not all(sign for _name, sign, _claim in pairs):
        raise click.UsageError("--attribute is NAME=CLAIM")
    return tuple((name, claim) for name, _sign, claim in pairs)


def _key(client_id: str) -> Any:
    client = find_even_disabled(client_id)
    if client is None:
        raise click.ClickException(f"There is no client {client_id}; `hopnhat client list` shows them all.")
    return client.key
