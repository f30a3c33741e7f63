"""What narrows the roster on the page of people: read from the address, and offered as choices."""

import uuid
from collections.abc import Collection
from datetime import timedelta
from typing import Any

from flask import request
from flask_babel import gettext as _
from sqlalchemy import ColumnElement

from idp import clock
from idp.console.reach import within
from idp.database import reader, table_of
from idp.enrollment.rungs import IN_POST, LABELS, Rung, standing
from idp.errors import Refusal
from idp.people import units
from idp.people.models import Level, Person, PersonState, StaffCategory
from idp.people.roster import Filters
from idp.people.unit_names import unit_named
from idp.people.words import CATEGORIES, LEVELS, STATES
from idp.settings import current_settings
from idp.web.viewer import Permission

NEVER, QUIET = "never", "quiet"
NOBODY = uuid.UUID(int=0)
USUAL_DAYS = 45  # where nobody is suspended for being idle, quiet is still a word
_p = table_of(Person)


def read_filters() -> tuple[Filters, dict[str, str]]:
    """What the address asks, and what of it cannot be understood: then nobody is shown."""
    given = request.args
    level, state, category = given.get("level", ""), given.get("state", ""), given.get("category", "")
    reach = within(Permission.SEE_PEOPLE)
    unit_id, errors = _unit(given.get("unit", "").strip()[:200].replace("\0", ""), reach)
    filters = Filters(
        text=given.get("q", "")[:200].replace("\0", ""),
        level=level if level in set(Level) else "",
        state=state if state in set(PersonState) else "",
        unit_id=unit_id,
        within=reach,
        conditions=_conditions(category, given.get("rung", ""), given.get("seen", "")),
    )
    return filters, errors


def choices() -> dict[str, list[tuple[Any, Any]]]:
    """What is offered, with the empty choice first."""
    days = quiet_days()
    return {
        "levels": [("", _("Mọi cấp")), *((level.value, words) for level, words in LEVELS.items())],
        "states": [("", _("Mọi trạng thái")), *((state.value, words) for state, words in STATES.items())],
        "rungs": [("", _("Mọi bậc")), *((rung.value, f"{rung.value} · {LABELS[rung]}") for rung in Rung)],
        "categories": [("", _("Mọi loại")), *((category.value, words) for category, words in CATEGORIES.items())],
        "seen": [("", _("Bất kỳ lúc nào")), (QUIET, _("Quá %(days)s ngày", days=days)), (NEVER, _("Chưa bao giờ"))],
    }


def quiet_days() -> int:
    """After how many days without a sign-in somebody is called quiet: those after which an idle account is warned."""
    return current_settings().idle_days or USUAL_DAYS


def _conditions(category: str, rung: str, seen: str) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if category in set(StaffCategory):
        found.append(_p.c.staff_category == category)
    if rung in set(Rung):
        found += [IN_POST, standing() == rung]
    if seen == NEVER:
        found.append(_p.c.last_signed_in_at.is_(None))
    if seen == QUIET:
        found.append(_p.c.last_signed_in_at < clock.now() - timedelta(days=quiet_days()))
    return found


def _unit(typed: str, reach: Collection[uuid.UUID] | None) -> tuple[uuid.UUID | None, dict[str, str]]:
    """Whoever reaches a part of the tree only is told of a unit elsewhere what they are told of one that is not there."""
    if not typed:
        return None, {}
    try:
        unit_id = _unit_typed(typed)
    except Refusal as refusal:
        return NOBODY, {"unit": refusal.message if reach is None else _out_of_reach()}
    if reach is not None and not units.is_below(reader(), unit_id, reach):
        return NOBODY, {"unit": _out_of_reach()}
    return unit_id, {}


def _unit_typed(typed: str) -> uuid.UUID:
    try:
        return uuid.UUID(typed)
    except ValueError:
        return unit_named(reader(), typed)


def _out_of_reach() -> str:
    return _("Không có đơn vị này, hoặc đơn vị ngoài phạm vi được giao.")
