"""/console/proposals: what one has proposed and a second one must agree to."""

import uuid
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from idp.console.alarms import Notice
from idp.console.names_of import actors_in_words
from idp.console.proposal_kinds import carry_out, kind_of, sees
from idp.console.reasons import read_reason
from idp.database import in_transaction, reader
from idp.errors import NotFound, Refusal
from idp.roles import proposals
from idp.web.formats import format_number
from idp.web.viewer import Permission, require_viewer, requires, viewer

blueprint = Blueprint("console_proposals", __name__)
PATH = "/console/proposals/<uuid:proposal_id>"


@blueprint.get("/console/proposals")
@requires(Permission.OPEN_CONSOLE)
def list_proposals() -> str:
    """What waits, and what was decided lately, as far as it is the viewer's business."""
    waiting = [row for row in proposals.waiting(reader()) if sees(require_viewer(), row)]
    decided = [row for row in proposals.decided_lately(reader(), 100) if sees(require_viewer(), row)][:20]
    return render_template(
        "console/proposals.html", waiting=waiting, decided=decided, kind_of=kind_of, actors=actors_in_words(reader(), [*waiting, *decided])
    )


@blueprint.get(PATH)
@requires(Permission.OPEN_CONSOLE)
def show(proposal_id: uuid.UUID) -> str:
    """One proposal: all that will be done."""
    return _page(_require(proposal_id), {})


@blueprint.post(f"{PATH}/<any(approve, reject, withdraw):deed>")
@requires(Permission.OPEN_CONSOLE, freshly=True)
def decide(proposal_id: uuid.UUID, deed: str) -> Response | tuple[str, int]:
    """Agree and carry it out, refuse it, or take one's own back."""
    row, me = _require(proposal_id), require_viewer()
    reason, errors = read_reason() if deed == "reject" else ("", {})
    if errors:
        return _page(row, errors), 400
    try:
        in_transaction(lambda connection: _decide(connection, row, deed, reason))
    except NotFound:
        raise
    except Refusal as refusal:
        return _page(proposals.require(reader(), proposal_id), {"": refusal.message or _("Không có quyền làm việc này.")}), refusal.status
    assert me is viewer()
    return redirect(url_for("console_proposals.list_proposals"), 303)


def _decide(connection: Connection, row: Any, deed: str, reason: str) -> None:
    me, kind = require_viewer(), kind_of(row)
    if deed == "withdraw":
        proposals.withdraw(connection, row.id, actor=me.actor)
    elif deed == "reject":
        if kind is None or not kind.may_decide(me, row):
            raise NotFound(_("Không có đề xuất này."))
        proposals.reject(connection, row.id, actor=me.actor, word=reason)
    else:
        content = proposals.approve(connection, row.id, request.form.get("shown", ""), actor=me.actor)
        carry_out(connection, row, content, me)


def attention(connection: Connection) -> list[Notice]:
    """For the console's home: how much waits for the viewer's word."""
    me = require_viewer()
    mine = [row for row in proposals.waiting(connection) if row.proposed_by != me.actor and _is_asked(row)]
    if not mine:
        return []
    words = _("%(number)s đề xuất chờ người thứ hai phê duyệt.", number=format_number(len(mine)))
    return [Notice("warn", words, url_for("console_proposals.list_proposals"))]


def _is_asked(row: Any) -> bool:
    kind = kind_of(row)
    return kind is not None and kind.may_decide(require_viewer(), row)


def _require(proposal_id: uuid.UUID) -> Any:
    row = proposals.require(reader(), proposal_id)
    if not sees(require_viewer(), row):
        raise NotFound(_("Không có đề xuất này."))
    return row


def _page(row: Any, errors: dict[str, str]) -> str:
    kind, me = kind_of(row), require_viewer()
    assert kind is not None
    is_waiting = proposals.is_waiting(row)
    return render_template(
        "console/proposal.html", row=row, kind=kind, facts=kind.facts(row), errors=errors, is_waiting=is_waiting,
        is_own=row.proposed_by == me.actor, may_decide=is_waiting and row.proposed_by != me.actor and kind.may_decide(me, row),
        where=kind.where(row) if kind.where else None, differences=kind.differences(row), actors=actors_in_words(reader(), [row]),
    )  # fmt: skip
