"""/account/applications: what one has let applications know, and the way to take it back."""

import uuid

from flask import Blueprint, redirect, render_template, request
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from clients.registry import find_by_key
from idp.account.guards import Answer, as_strong_as_possible, own_session
from idp.account.own_applications import applications_of
from idp.database import in_transaction, reader
from idp.errors import NotFound
from idp.oidc import consents
from idp.oidc.third_party_login import offered_besides
from idp.web.viewer import signed_in

blueprint = Blueprint("account_applications", __name__)


@blueprint.get("/account/applications")
@signed_in
@as_strong_as_possible
def applications() -> Answer:
    """The applications of this person, and those that can be entered from here."""
    person_id = own_session().person_id
    own = applications_of(reader(), person_id)
    others = offered_besides(reader(), {one.key for one in own}, person_id)
    return render_template(
        "account/applications.html", applications=own, others=others, withdrawn=_just_withdrawn({one.key for one in own})
    )


@blueprint.post("/account/applications/<uuid:key>/withdraw")
@signed_in
@as_strong_as_possible
def withdraw(key: uuid.UUID) -> Answer:
    """Let an application know nothing more; it is told."""
    person_id = own_session().person_id

    def take_back(connection: Connection) -> bool:
        return consents.withdraw(connection, person_id, key, actor=f"person:{person_id}")

    if not in_transaction(take_back):
        raise NotFound("")
    response: Response = redirect(f"/account/applications?withdrawn={key}", 303)
    return response


def _just_withdrawn(held: set[uuid.UUID]) -> str | None:
    """The name of the application that the address says was taken back, if it is true that it holds nothing."""
    try:
        key = uuid.UUID(request.args.get("withdrawn", ""))
    except ValueError:
        return None
    client = find_by_key(key) if key not in held else None
    return client.client_name if client else None
