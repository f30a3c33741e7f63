"""`hopnhat client …`: register and show client applications."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import click
from sqlalchemy import bindparam, select

from clients import offers, registration
from clients.entry import EVERYBODY
from clients.given_metadata import read_file, read_set
from clients.metadata import AUTH_METHODS, DEFAULT_SCOPE, PUBLIC, SIGNING_ALGORITHMS, TLS_CLIENT_AUTH, ClientMetadata, from_columns
from clients.models import Client, ClientSecret
from clients.secret_cli import group as secrets
from clients.sector import check_sector
from clients.token_cli import registration_tokens
from idp import clock
from idp.command_line import json_option, operator, show_json, show_table
from idp.database import in_transaction, reader, table_of

F = TypeVar("F", bound=Callable[..., Any])
DEFAULTS = asdict(ClientMetadata("", ()))
ALWAYS_SHOWN = frozenset({
    "client_id", "client_name", "token_endpoint_auth_method", "redirect_uris", "post_logout_redirect_uris", "backchannel_logout_uri",
    "client_uri", "scope", "id_token_signed_response_alg", "minimum_acr", "require_pkce",
})  # fmt: skip
_c, _s = table_of(Client), table_of(ClientSecret)
_all = select(_c).order_by(_c.c.client_name, _c.c.client_id)
_one = select(_c).where(_c.c.client_id == bindparam("wanted"))
_secrets = select(_s).where(_s.c.client_id == bindparam("client")).order_by(_s.c.created_at)


def metadata_options(command: F) -> F:
    """`--metadata` and `--set`: everything that a client can say, by the names of RFC 7591 and its relatives."""
    command = click.option("--set", "pairs", multiple=True, metavar="NAME=VALUE", help="Any client metadata; may be repeated.")(command)
    kind = click.Path(exists=True, dir_okay=False, path_type=Path)
    return click.option("--metadata", type=kind, help="A JSON object of client metadata (RFC 7591); other options win.")(command)


@click.group("client")
def group() -> None:
    """Client applications."""


@group.command()
@click.option("--name", "client_name", required=True, help="Name that people see.")
@click.option("--redirect-uri", "redirect_uris", multiple=True, help="Where codes may be sent; exact; may be repeated.")
@click.option("--post-logout-redirect-uri", "post_logout_redirect_uris", multiple=True, help="Where people may land after signing out.")
@click.option("--backchannel-logout-uri", help="Where the provider tells the application of a sign-out.")
@click.option("--client-uri", help="The application's start page.")
@click.option("--public", is_flag=True, help="It can keep no secret (a browser or mobile application).")
@click.option("--auth-method", "token_endpoint_auth_method", type=click.Choice(AUTH_METHODS))
@click.option("--scope", "scopes", multiple=True, help=f"Scopes it may ask for; may be repeated.  [default: {DEFAULT_SCOPE}]")
@click.option("--acr", "minimum_acr", help="Least assurance: aal1, aal2, aal3 or the full urn.  [default: aal1]")
@click.option("--alg", "id_token_signed_response_alg", type=click.Choice(SIGNING_ALGORITHMS), help="Of its ID tokens.  [default: RS256]")
@click.option("--without-pkce", is_flag=True, help="Let a confidential client leave PKCE out.")
@click.option("--client-id", help="A client_id of your choice; a random one is made otherwise.")
@click.option(
    "--entry",
    type=click.Choice(["everybody", "nobody"]),
    help="Who may enter, until `client entry add` says more.  [default: HOPNHAT_NEW_CLIENTS_ENTRY, everybody]",
)
@metadata_options
@json_option
def add(
    public: bool,
    without_pkce: bool,
    scopes: tuple[str, ...],
    entry: str | None,
    metadata: Path | None,
    pairs: tuple[str, ...],
    as_json: bool,
    **rest: Any,
) -> None:
    """Register a client; its secret is printed this once."""
    rules = {"everybody": (EVERYBODY,), "nobody": ()}.get(entry or "")
    given: dict[str, Any] = given_metadata(metadata, pairs, scopes, rest)
    given |= ({"token_endpoint_auth_method": PUBLIC} if public else {}) | ({"require_pkce": False} if without_pkce else {})
    wanted = ClientMetadata(**{"redirect_uris": (), **given})
    if "authorization_code" in wanted.grant_types and not wanted.redirect_uris:
        raise click.UsageError("--redirect-uri is missing")
    check_sector(wanted)
    made = in_transaction(lambda connection: registration.register(connection, wanted, actor=operator(), entry=rules))
    show_credentials(made.client_id, made.client_secret, as_json)
    warn_of_method(wanted.token_endpoint_auth_method)


@group.command("list")
@json_option
def list_all(as_json: bool) -> None:
    """List the clients."""
    rows = reader().execute(_all).all()
    if as_json:
        show_json([described_row(row) for row in rows])
        return
    headings = ["Client ID", "Name", "Least assurance", "Scopes", "State"]
    show_table(headings, [(r.client_id, r.client_name, r.minimum_acr, r.scope, _state(r)) for r in rows], "No client is registered.")


@group.command()
@click.argument("client_id")
@json_option
def show(client_id: str, as_json: bool) -> None:
    """Show one client, with hints of its secrets."""
    row = require_row(client_id)
    described = described_row(row)
    described["secrets"] = [
        {"hint": "…" + s.hint, "created_at": s.created_at, "expires_at": s.expires_at, "last_used_at": s.last_used_at}
        for s in reader().execute(_secrets, {"client": row.id})
        if s.expires_at is None or s.expires_at > clock.now()
    ]
    if as_json:
        show_json(described)
        return
    show_table(["What", "Value"], list(described.items()), "")


def warn_of_method(method: str) -> None:
    """Say on the error channel what the operator must still set before this client can prove itself."""
    if method not in offers.auth_methods():
        needed = "HOPNHAT_CLIENT_CERTIFICATE_HEADER, HOPNHAT_TRUSTED_PROXIES"
        needed += ", HOPNHAT_CLIENT_CERTIFICATE_CA_FILE" if method == TLS_CLIENT_AUTH else ""
        click.echo(f"Nobody can prove itself by {method} here yet: it needs {needed} (docs/proxy.md).", err=True)


def given_metadata(metadata: Path | None, pairs: tuple[str, ...], scopes: tuple[str, ...], options: dict[str, Any]) -> dict[str, Any]:
    """The fields that the command line gives: a file, above it `--set`, above it the options of their own."""
    told = read_file(metadata) if metadata else {}
    told |= read_set(pairs) | {name: _emptied(value) for name, value in options.items() if value not in (None, ())}
    return told | ({"scope": " ".join(scopes)} if scopes else {})


@group.command()
@click.argument("client_id")
def disable(client_id: str) -> None:
    """Let nobody in through this client any more."""
    done = in_transaction(lambda connection: registration.disable(connection, client_id, actor=operator()))
    click.echo(f"{client_id}: disabled." if done else f"{client_id} was disabled already.")


@group.command()
@click.argument("client_id")
def enable(client_id: str) -> None:
    """Let a disabled client in again."""
    done = in_transaction(lambda connection: registration.enable(connection, client_id, actor=operator()))
    click.echo(f"{client_id}: enabled." if done else f"{client_id} was enabled already.")


@group.command("rotate-secret")
@click.argument("client_id")
@click.option(
    "--transition-days",
    type=click.FloatRange(0, 365),
    default=registration.TRANSITION_DAYS,
    show_default=True,
    help="How long the old secret is still accepted, in days; 0 ends it now.",
)
@json_option
def rotate_secret(client_id: str, transition_days: float, as_json: bool) -> None:
    """Make a new secret; it is printed this once."""
    secret = in_transaction(
        lambda connection: registration.rotate_secret(connection, client_id, actor=operator(), transition_days=transition_days)
    )
    show_credentials(client_id, secret, as_json)


def require_row(client_id: str) -> Any:
    """The row of a client, or the command ends."""
    row = reader().execute(_one, {"wanted": client_id}).first()
    if row is None:
        raise click.ClickException(f"There is no client {client_id}; `hopnhat client list` shows them all.")
    return row


def _emptied(value: Any) -> Any:
    if value == "":
        return None
    return tuple(part for part in value if part) if isinstance(value, tuple) else value


def show_credentials(client_id: str, secret: str | None, as_json: bool) -> None:
    """Print what an application signs in with; its secret this once."""
    shown = {"client_id": client_id} | ({"client_secret": str(secret)} if secret else {})
    if as_json:
        show_json(shown)
        return
    for name, value in shown.items():
        click.echo(f"{name}: {value}")
    if secret:
        click.echo("The secret is not shown again: store it with the application now.", err=True)


def _state(row: Any) -> str:
    return "disabled" if row.disabled_at else "enabled"


def described_row(row: Any) -> dict[str, Any]:
    """A client as the commands show it."""
    metadata = asdict(from_columns(row))
    told = {name: value for name, value in metadata.items() if name in ALWAYS_SHOWN or value != DEFAULTS.get(name)}
    created: datetime = row.created_at
    return {**told, "state": _state(row), "created_at": created}


for command in (registration_tokens, secrets):
    group.add_command(command)
