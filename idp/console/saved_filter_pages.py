"""/console/filters: keep the filter of a list under a name, delete one."""

import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from idp.console import saved_filters
from idp.console.saved_filters import AUDIT, PEOPLE, SESSIONS
from idp.database import in_transaction, reader
from idp.errors import NotFound
from idp.web.viewer import Permission, require_person_here, require_viewer, requires

blueprint = Blueprint("console_filters", __name__)
PAGES = {PEOPLE: "console_people.list_people", SESSIONS: "console_sessions.list_sessions", AUDIT: "console_audit.trail"}
# What narrows each list, as it stands in an address.
NAMES = {
    PEOPLE: ("q", "unit", "level", "category", "state", "rung", "seen"),
    SESSIONS: ("person", "unit", "address", "client", "shared"),
    AUDIT: ("since", "until", "event", "person", "actor", "client", "address", "code"),
}


def asked_of(of_list: str) -> dict[str, str]:
    """What narrows the list that is shown, without the place in it."""
    return {name: request.args[name] for name in NAMES[of_list] if request.args.get(name)}


def address_of(of_list: str, asked: Mapping[str, str], **more: str) -> str:
    """The address of a list narrowed in this way."""
    query = urlencode({name: value for name, value in {**more, **asked}.items() if value})
    return url_for(PAGES[of_list]) + ("?" + query if query else "")


def why_address(person_id: uuid.UUID, of_list: str, asked: Mapping[str, str]) -> str:
    """The address of the page that asks why this person's history is opened, and leads back to the list narrowed in this way."""
    return f"/console/people/{person_id}/history?" + urlencode({"to": of_list, **asked})


def kept_filters(of_list: str) -> list[tuple[Any, str]]:
    """The viewer's own filters of a list, each with its address."""
    found = saved_filters.filters_of(reader(), require_viewer().person_id, of_list)
    return [(row, address_of(of_list, saved_filters.asked_by(row))) for row in found]


@blueprint.post("/console/filters/<any(people, sessions, audit):of_list>")
@requires(Permission.OPEN_CONSOLE)
def keep(of_list: str) -> Response:
    """Keep what narrows the list now."""
    viewer, asked, name = require_person_here(), asked_of(of_list), request.form.get("name", "")
    in_transaction(lambda connection: saved_filters.keep(connection, viewer.person_id, of_list, name, asked))
    return redirect(address_of(of_list, asked), 303)


@blueprint.post("/console/filters/<uuid:filter_id>/delete")
@requires(Permission.OPEN_CONSOLE)
def delete(filter_id: uuid.UUID) -> Response:
    """Delete one of one's own."""
    viewer = require_viewer()
    of_list = in_transaction(lambda connection: saved_filters.forget(connection, viewer.person_id, filter_id))
    if of_list is None:
        raise NotFound("")
    return redirect(url_for(PAGES[of_list]), 303)
