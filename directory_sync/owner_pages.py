"""/console/sources: who owns what: each source's last success, its people, and whose word counts first for an attribute."""

import uuid
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from werkzeug.wrappers import Response

from directory_sync.attribute_owners import LONGEST_REASON, decisions, give, list_sources
from directory_sync.words import FIELDS
from idp.console.reach import within
from idp.database import in_transaction, reader, table_of
from idp.errors import Forbidden, Refusal
from idp.people.models import Person
from idp.people.precedence import ATTRIBUTES, EMPLOYMENT, in_order
from idp.web.viewer import Permission, require_viewer, requires

blueprint = Blueprint("sources", __name__)
WORDS = {**FIELDS, EMPLOYMENT: _l("Còn công tác hay đã nghỉ")}
_p = table_of(Person)


@blueprint.get("/console/sources")
@requires(Permission.SEE_SYNC)
def show() -> str:
    """All sources, and the order in which their words count for each attribute."""
    return _page({})


def _page(errors: dict[str, str]) -> str:
    if within(Permission.SEE_SYNC) is not None:
        raise Forbidden(_("Chỉ người có quyền toàn tỉnh mới xem được các nguồn dữ liệu."), "whole_province_only")
    sources, decided = list_sources(reader()), decisions(reader())
    names = [one.name for one in sources]
    order = [
        (name, WORDS[name], in_order(names, decided[name].source if name in decided else None), decided.get(name)) for name in ATTRIBUTES
    ]
    return render_template(
        "sheets/sources.html",
        sources=sources, order=order, errors=errors, words=WORDS, employment=EMPLOYMENT, actors=_actors(decided.values()),
        attributes=[(name, str(WORDS[name])) for name in ATTRIBUTES], given=request.form, longest=LONGEST_REASON,
        choices=[("", _("Theo thứ tự chung")), *((name, name) for name in names)],
    )  # fmt: skip


def _actors(decided: Any) -> dict[str, str]:
    ids = [uuid.UUID(row.set_by.removeprefix("person:")) for row in decided if row.set_by.startswith("person:")]
    rows = reader().execute(select(_p.c.id, _p.c.name).where(_p.c.id.in_(ids)))
    return {f"person:{row.id}": row.name for row in rows}


@blueprint.post("/console/sources")
@requires(Permission.RUN_SYNC, freshly=True)
def give_attribute() -> Response | tuple[str, int]:
    """Let a source own an attribute, or take that back."""
    attribute, source = request.form.get("attribute", ""), request.form.get("source", "") or None
    reason = " ".join(part for part in request.form.get("reason", "").split() if part.isprintable())
    try:
        in_transaction(lambda c: give(c, attribute, source, reason=reason, actor=require_viewer().actor))
    except Refusal as refusal:
        field = {"no_reason": "reason", "no_such_source": "source"}.get(refusal.reason, "attribute")
        return _page({field: refusal.message}), 422
    return redirect(url_for("sources.show"), 303)
