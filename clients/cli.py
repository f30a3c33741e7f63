"""`hopnhat client …`: register, show and change client applications."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

import click
from sqlalchemy import bindparam, select

from clients import registration
from clients.metadata import AUTH_METHODS, CLIENT_SECRET_BASIC, DEFAULT_SCOPE, PUBLIC, SIGNING_ALGORITHMS, ClientMetadata, from_columns
from clients.models import Client, ClientSecret
from idp import clock
from idp.command_line import json_option, operator, show_json, show_table
from idp.database import in_transaction, reader, table_of

DEFAULTS = asdict(ClientMetadata("", ()))
ALWAYS_SHOWN = frozenset({
    "client_id", "client_name", "token_endpoint_auth_method", "redirect_uris", "post_logout_redirect_uris", "backchannel_logout_uri",
    "client_uri", "scope", "id_token_signed_response_alg", "minimum_acr", "require_pkce",
})  # fmt: skip
_c, _s = table_of(Client), table_of(ClientSecret)
_all = select(_c).order_by(_c.c.client_name, _c.c.client_id)
_one = select(_c).where(_c.c.client_id == bindparam("wanted"))
_secrets = select(_s).where(_s.c.client_id == bindparam("client")).order_by(_s.c.created_at)


@click.group("client")
def group() -> None:
    """Client applications."""


@group.command()
@click.option("--name", "client_name", required=True, help="Name that people see.")
@click.option("--redirect-uri", "redirect_uris", multiple=True, required=True, help="Where codes may be sent; exact; may be repeated.")
@click.option("--post-logout-redirect-uri", "post_logout_redirect_uris", multiple=True, help="Where people may land after signing out.")
@click.option("--backchannel-logout-uri", help="Where the provider tells the application of a sign-out.")
@click.option("--client-uri", help="The application's start page.")
@click.option("--public", is_flag=True, help="It can keep no secret (a browser or mobile application).")
@click.option("--auth-method", type=click.Choice(AUTH_METHODS[:2]), default=CLIENT_SECRET_BASIC, show_default=True)
@click.option("--scope", "scopes", multiple=True, help=f"Scopes it may ask for; may be repeated.  [default: {DEFAULT_SCOPE}]")
@click.option("--acr", default="aal1", show_default=True, help="Least assurance: aal1, aal2, aal3 or the full urn.")
@click.option("--alg", type=click.Choice(SIGNING_ALGORITHMS), default="RS256", show_default=True, help="Signature of its ID tokens.")
@click.option("--without-pkce", is_flag=True, help="Let a confidential client leave PKCE out.")
@click.option("--client-id", help="A client_id of your choice; a random one is made otherwise.")
@json_option
def add(
    public: bool, auth_method: str, scopes: tuple[str, ...], acr: str, alg: str, without_pkce: bool, as_json: bool, **rest: Any
) -> None:
    """Register a client; its secret is printed this once."""
    wanted = ClientMetadata(
        scope=" ".join(scopes) or DEFAULT_SCOPE, minimum_acr=acr, id_token_signed_response_alg=alg, require_pkce=not without_pkce,
        token_endpoint_auth_method=PUBLIC if public else auth_method, **rest,
    )  # fmt: skip
    made = in_transaction(lambda connection: registration.register(connection, wanted, actor=operator()))
    _show_credentials(made.client_id, made.client_secret, as_json)


@group.command("list")
@json_option
def list_all(as_json: bool) -> None:
    """List the clients."""
    rows = reader().execute(_all).all()
    if as_json:
        show_json([_described(row) for row in rows])
        return
    headings = ["Client ID", "Name", "Least assurance", "Scopes", "State"]
    show_table(headings, [(r.client_id, r.client_name, r.minimum_acr, r.scope, _state(r)) for r in rows], "No client is registered.")


@group.command()
@click.argument("client_id")
@json_option
def show(client_id: str, as_json: bool) -> None:
    """Show one client, with hints of its secrets."""
    row = reader().execute(_one, {"wanted": client_id}).first()
    if row is None:
        raise click.ClickException("There is no such client.")
    described = _described(row)
    described["secrets"] = [
        {"hint": "…" + s.hint, "created_at": s.created_at, "expires_at": s.expires_at, "last_used_at": s.last_used_at}
        for s in reader().execute(_secrets, {"client": row.id})
        if s.expires_at is None or s.expires_at > clock.now()
    ]
    if as_json:
        show_json(described)
        return
    show_table(["What", "Value"], list(described.items()), "")


@group.command("change")
@click.argument("client_id")
@click.option("--name", "client_name", help="Name that people see.")
@click.option("--redirect-uri", "redirect_uris", multiple=True, help="Replaces all of them.")
@click.option("--post-logout-redirect-uri", "post_logout_redirect_uris", multiple=True, help="Replaces all of them; '' for none.")
@click.option("--backchannel-logout-uri", help="'' for none.")
@click.option("--client-uri", help="'' for none.")
@click.option("--scope", "scopes", multiple=True, help="Replaces all of them.")
@click.option("--acr", "minimum_acr", help="Least assurance.")
@click.option("--alg", "id_token_signed_response_alg", type=click.Choice(SIGNING_ALGORITHMS))
@click.option("--auth-method", "token_endpoint_auth_method", type=click.Choice(AUTH_METHODS[:2]))
@click.option("--require-pkce/--without-pkce", default=None)
@json_option
def change_one(client_id: str, scopes: tuple[str, ...], as_json: bool, **given: Any) -> None:
    """Change what is given, leave the rest."""
    changes = {name: _emptied(value) for name, value in given.items() if value not in (None, ())}
    if scopes:
        changes["scope"] = " ".join(scopes)
    if not changes:
        raise click.UsageError("nothing to change was given")
    in_transaction(lambda connection: registration.change(connection, client_id, actor=operator(), **changes))
    row = reader().execute(_one, {"wanted": client_id}).one()
    show_json(_described(row)) if as_json else click.echo(f"{row.client_id}: changed.")


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
    _show_credentials(client_id, secret, as_json)


def _emptied(value: Any) -> Any:
    if value == "":
        return None
    return tuple(part for part in value if part) if isinstance(value, tuple) else value


def _show_credentials(client_id: str, secret: str | None, as_json: bool) -> None:
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


def _described(row: Any) -> dict[str, Any]:
    metadata = asdict(from_columns(row))
    told = {name: value for name, value in metadata.items() if name in ALWAYS_SHOWN or value != DEFAULTS.get(name)}
    created: datetime = row.created_at
    return {**told, "state": _state(row), "created_at": created}
