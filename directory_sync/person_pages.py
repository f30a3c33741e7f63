"""/console/people/<person>/sync: this person brought to where the directory has them, now."""

import uuid
from typing import Any

from flask import Blueprint, Flask, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from directory_sync import ledger
from directory_sync.one_person import may_be_synced, sync_person
from directory_sync.words import CHANGES, differences, field_words, value_words
from idp.console.person_deeds import PersonDeed, add_person_deed
from idp.console.reach import within
from idp.database import reader
from idp.errors import NotFound
from idp.people.roster import require_person
from idp.web.viewer import Permission, may, require_viewer, requires

blueprint = Blueprint("sync_person", __name__)


@blueprint.post("/console/people/<uuid:person_id>/sync")
@requires(Permission.DECIDE_ON_PEOPLE)
def sync_now(person_id: uuid.UUID) -> Response:
    """Read this person's entry and apply what differs; then say what came of it."""
    person = require_person(reader(), person_id, within(Permission.DECIDE_ON_PEOPLE))
    report = sync_person(person, actor=require_viewer().actor)
    try:
        require_person(reader(), person_id, within(Permission.DECIDE_ON_PEOPLE))
    except NotFound:  # moved to where this officer may not look
        return redirect(url_for("console_people.list_people"), 303)
    return redirect(url_for("sync_person.tell", person_id=person_id, run=report.number), 303)


@blueprint.get("/console/people/<uuid:person_id>/sync/<int(max=2147483647):run>")
@requires(Permission.DECIDE_ON_PEOPLE)
def tell(person_id: uuid.UUID, run: int) -> str:
    """What came of it: each fact before and after, or that nothing differed."""
    person = require_person(reader(), person_id, within(Permission.DECIDE_ON_PEOPLE))
    found = ledger.require_run(reader(), run)
    changes = [change for change in ledger.list_changes(reader(), found.id) if change.person_id == person_id]
    return render_template(
        "sync/person.html",
        person=person, run=found, changes=changes, kinds=CHANGES, field_words=field_words, value_words=value_words, differences=differences,
    )  # fmt: skip


def _deed(person: Any) -> PersonDeed | None:
    """The button on the person's page, for whoever may press it."""
    if not may(Permission.DECIDE_ON_PEOPLE) or not may_be_synced(person):
        return None
    return PersonDeed(url_for("sync_person.sync_now", person_id=person.id), _("Đồng bộ từ danh bạ"))


def set_up_person_pages(app: Flask) -> None:
    """Register the page, and its button on the person's page."""
    app.register_blueprint(blueprint)
    add_person_deed(app, _deed)
