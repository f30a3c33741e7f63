"""/console/leavings: how fast access was withdrawn of late, and which application has not confirmed it."""

from datetime import timedelta

from flask import Blueprint, render_template
from sqlalchemy import select

from idp import clock
from idp.console.reach import within
from idp.console.words import reason_words
from idp.database import reader, table_of
from idp.oidc.leavings import figures, leavings_since
from idp.people import units
from idp.people.models import Person
from idp.web.viewer import Permission, requires

blueprint = Blueprint("console_leavings", __name__)
LOOK_BACK_DAYS, SHOWN = 30, 100
_p = table_of(Person)


@blueprint.get("/console/leavings")
@requires(Permission.SEE_PEOPLE)
def list_leavings() -> str:
    """Median, worst and unconfirmed of the last 30 days, and the newest hundred; of the viewer's own units."""
    reach = within(Permission.SEE_PEOPLE)
    where = None if reach is None else _p.c.unit_id.in_(select(units.below(reach).c.id))
    found = leavings_since(reader(), clock.now() - timedelta(days=LOOK_BACK_DAYS), where)
    shown = [one for one in found if one.is_unconfirmed][:SHOWN]
    shown += [one for one in found if not one.is_unconfirmed][: SHOWN - len(shown)]
    return render_template(
        "console/leavings.html", figures=figures(found), leavings=shown, total=len(found), days=LOOK_BACK_DAYS, reason_words=reason_words,
        is_whole=reach is None,
    )  # fmt: skip
