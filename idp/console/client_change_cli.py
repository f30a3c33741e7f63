"""`hopnhat client change`: what is registered of an application is changed; of one that real work is done with, some of it by two."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Connection

from clients import registration
from clients.cli import described_row, given_metadata, metadata_options, require_row, show_credentials, warn_of_method
from clients.metadata import AUTH_METHODS, SIGNING_ALGORITHMS, from_columns
from clients.sector import check_sector
from idp.command_line import json_option, operator, show_json
from idp.console.sensitive_changes import Outcome, change_or_propose
from idp.database import in_transaction
from idp.opaque_tokens import Secret


@click.command("change")
@click.argument("client_id")
@click.option("--name", "client_name", help="Name that people see.")
@click.option("--redirect-uri", "redirect_uris", multiple=True, help="Replaces all of them.")
@click.option("--post-logout-redirect-uri", "post_logout_redirect_uris", multiple=True, help="Replaces all of them; '' for none.")
@click.option("--backchannel-logout-uri", help="'' for none.")
@click.option("--client-uri", help="'' for none.")
@click.option("--scope", "scopes", multiple=True, help="Replaces all of them.")
@click.option("--acr", "minimum_acr", help="Least assurance.")
@click.option("--alg", "id_token_signed_response_alg", type=click.Choice(SIGNING_ALGORITHMS))
@click.option("--auth-method", "token_endpoint_auth_method", type=click.Choice(AUTH_METHODS))
@click.option("--require-pkce/--without-pkce", default=None)
@metadata_options
@click.option("--alone", is_flag=True, help="Do without a second person what takes two in production; give the --reason.")
@click.option("--reason", help="Why; it stands in the audit trail.")
@json_option
def change_one(
    client_id: str,
    scopes: tuple[str, ...],
    metadata: Path | None,
    pairs: tuple[str, ...],
    alone: bool,
    reason: str | None,
    as_json: bool,
    **given: Any,
) -> None:
    """Change what is given, leave the rest. Other addresses, keys or ways to prove itself of an application in production wait until a
    second person agrees to them at the console (/console/proposals)."""
    changes = given_metadata(metadata, pairs, scopes, given)
    if not changes:
        raise click.UsageError("nothing to change was given")
    check_reason(alone, reason)
    check_sector(replace(from_columns(require_row(client_id)), **changes))
    outcome, secret = in_transaction(lambda connection: _change(connection, client_id, changes, alone, reason))
    row = require_row(client_id)
    if outcome.proposal_id is not None:
        _tell_of_proposal(row, outcome, as_json)
        return
    warn_of_method(row.token_endpoint_auth_method)
    if as_json:
        show_json(described_row(row) | ({"client_secret": str(secret)} if secret else {}))
        return
    click.echo(f"{row.client_id}: changed.")
    if secret:
        show_credentials(client_id, secret, as_json)


def check_reason(alone: bool, reason: str | None) -> None:
    """Raises UsageError where somebody does alone what takes two, and does not say why."""
    if alone and not (reason or "").strip():
        raise click.UsageError("--alone needs a --reason: the audit trail keeps it")


def _change(
    connection: Connection, client_id: str, changes: dict[str, Any], alone: bool, reason: str | None
) -> tuple[Outcome, Secret | None]:
    if alone:
        outcome = Outcome(registration.change(connection, client_id, actor=operator(), reason=reason, **changes))
    else:
        outcome = change_or_propose(connection, client_id, actor=operator(), reason=reason, **changes)
    if outcome.proposal_id is not None:
        return outcome, None
    return outcome, registration.give_missing_secret(connection, client_id, actor=operator())


def _tell_of_proposal(row: Any, outcome: Outcome, as_json: bool) -> None:
    if as_json:
        show_json(described_row(row) | {"proposal": str(outcome.proposal_id)})
        return
    click.echo(f"{row.client_id}: not changed yet. A second person agrees at /console/proposals/{outcome.proposal_id}")
