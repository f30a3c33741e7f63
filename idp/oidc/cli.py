"""The `keys` commands: list, rotate and retire the keys that sign tokens."""

import click
from sqlalchemy import select

from idp.command_line import json_option, operator, show_json, show_table
from idp.database import in_transaction, reader, table_of
from idp.errors import NotFound
from idp.oidc import signing_keys
from idp.oidc.models import SigningKey

_t = table_of(SigningKey)
_public = select(_t.c.id, _t.c.alg, _t.c.created_at, _t.c.active_from, _t.c.retired_at, _t.c.removed_at).order_by(_t.c.created_at)


@click.group()
def keys() -> None:
    """The keys that sign tokens."""


@keys.command("list")
@json_option
def list_keys(as_json: bool) -> None:
    """All keys, oldest first: when each signs from, when it retired."""
    rows = reader().execute(_public).all()
    if as_json:
        show_json([dict(row._mapping) for row in rows])
        return
    show_table(
        ["kid", "alg", "signs from", "retired", "removed"],
        [(r.id, r.alg, r.active_from, r.retired_at, r.removed_at) for r in rows],
        "No keys yet.",
    )


@keys.command()
@click.option("--alg", type=click.Choice(signing_keys.ALGORITHMS), default="RS256", show_default=True, help="Algorithm of the new key.")
@json_option
def rotate(alg: str, as_json: bool) -> None:
    """Publish the next key now; it signs in an hour, and its predecessor stays published until its last token has died."""
    kid = in_transaction(lambda connection: signing_keys.rotate(connection, alg, actor=operator()))
    show_json({"kid": kid, "alg": alg}) if as_json else click.echo(f"The next {alg} key is {kid}; it signs in an hour.")


@keys.command()
@click.argument("kid")
def retire(kid: str) -> None:
    """Sign no more with this key from now on: it is lost or suspected. A new one takes over at once."""
    if not in_transaction(lambda connection: signing_keys.retire(connection, kid, actor=operator())):
        raise NotFound("No key in use has this kid; see `hopnhat keys list`.")
    click.echo(f"Key {kid} signs no more.")
