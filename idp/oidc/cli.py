"""The `keys` commands: list, rotate, retire and withdraw the keys that sign tokens."""

import click
from sqlalchemy import select

from idp.command_line import json_option, operator, show_json, show_table
from idp.database import in_transaction, reader, table_of
from idp.errors import NotFound
from idp.oidc import key_rotation
from idp.oidc.key_material import KINDS
from idp.oidc.models import SigningKey

_t = table_of(SigningKey)
_public = select(_t.c.id, _t.c.alg, _t.c.created_at, _t.c.active_from, _t.c.retired_at, _t.c.removed_at).order_by(_t.c.created_at)


@click.group()
def keys() -> None:
    """The keys that sign tokens, and those that open what is encrypted to us."""


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
@click.option("--alg", type=click.Choice(KINDS), default="RS256", show_default=True, help="Algorithm of the new key.")
@json_option
def rotate(alg: str, as_json: bool) -> None:
    """Publish the next key now; it signs in an hour, and its predecessor stays published until its last token has died.

    A key that clients encrypt to (RSA-OAEP-256, ECDH-ES) leaves the JWKS in that hour; what is encrypted to it is read for 30 days.
    """
    kid = in_transaction(lambda connection: key_rotation.rotate(connection, alg, actor=operator()))
    show_json({"kid": kid, "alg": alg}) if as_json else click.echo(f"The next {alg} key is {kid}; it takes over in an hour.")


@keys.command()
@click.argument("kid")
@click.option("--compromised", is_flag=True, help="Somebody else may hold it: take it out of the JWKS at once.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def retire(kid: str, compromised: bool, yes: bool) -> None:
    """Sign no more with this key from now on; its successor takes over at once.

    It stays in the JWKS until the last token it signed has expired. With --compromised it leaves at once: its tokens stop being
    accepted here within a second and by applications as soon as they read the JWKS again (10 minutes at most), and people who
    signed in with them are sent to sign in again.
    """
    if compromised and not yes:
        click.confirm(f"Every token signed by {kid} becomes worthless. Withdraw it", abort=True)
    deed = key_rotation.withdraw if compromised else key_rotation.retire
    if not in_transaction(lambda connection: deed(connection, kid, actor=operator())):
        raise NotFound("No key in use has this kid; see `hopnhat keys list`.")
    click.echo(f"Key {kid} signs no more.")
    if compromised:
        click.echo(
            "It is out of the JWKS, and its private half is deleted. Applications keep a copy of the JWKS for up to 10 minutes: until then "
            "they may still accept what it signed. An application that keeps it longer must be told to read it again."
        )
