"""What nobody does alone: proposed by one, carried out when a second one agrees to exactly that. One mechanism for every such deed."""

import hashlib
import json
import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Connection, bindparam, insert, select, update

from idp import audit, clock
from idp.database import new_id, table_of
from idp.errors import NotFound, Refusal
from idp.roles.models import Proposal, ProposalState

LASTS = timedelta(days=7)
MOST_WAITING = 500
_t = table_of(Proposal)
_is_waiting = (_t.c.state == ProposalState.WAITING.value) & (_t.c.expires_at > bindparam("now"))
_one = select(_t).where(_t.c.id == bindparam("proposal"))
_waiting = select(_t).where(_is_waiting).order_by(_t.c.proposed_at, _t.c.id)
_decided = select(_t).where(_t.c.state != ProposalState.WAITING.value).order_by(_t.c.decided_at.desc(), _t.c.id).limit(bindparam("most"))
_settle = update(_t).where(_t.c.id == bindparam("proposal"), _is_waiting).returning(_t.c.id)


def canonical(content: dict[str, Any]) -> str:
    """The one way of writing down what will be done."""
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest_of(written: str) -> str:
    """SHA-256 in hexadecimal of what was written down."""
    return hashlib.sha256(written.encode("utf-8", "surrogatepass")).hexdigest()


def propose(
    connection: Connection, kind: str, subject: object, content: dict[str, Any], *, reason: str, actor: str, lasts: timedelta = LASTS
) -> uuid.UUID:
    """Ask for a second person; return the proposal's key. The same asked twice by the same person waits once. Raises Refusal."""
    written, now = canonical(content), clock.now()
    digest = digest_of(f"{kind}\n{subject}\n{written}")
    waiting = connection.execute(_waiting, {"now": now}).all()
    for row in waiting:
        if row.digest == digest and row.proposed_by == actor:
            found: uuid.UUID = row.id
            return found
    if len(waiting) >= MOST_WAITING:
        raise Refusal(_("Có quá nhiều đề xuất đang chờ. Xử lý bớt rồi đề xuất tiếp."), "too_many_proposals", 409)
    row_id = new_id()
    made = {
        "id": row_id, "kind": kind, "subject": str(subject), "content": written, "digest": digest, "reason": reason, "proposed_by": actor,
        "proposed_at": now, "expires_at": now + lasts, "state": ProposalState.WAITING.value,
    }  # fmt: skip
    connection.execute(insert(_t), made)
    _record(connection, audit.Event.PROPOSAL_MADE, row_id, kind, actor, reason=reason, content=written)
    return row_id


def waiting(connection: Connection, kind: str | None = None, subject: object | None = None) -> Sequence[Any]:
    """What waits for a second person, oldest first: all, or of one kind about one thing."""
    query = _waiting if kind is None else _waiting.where(_t.c.kind == kind)
    return connection.execute(query if subject is None else query.where(_t.c.subject == str(subject)), {"now": clock.now()}).all()


def decided_lately(connection: Connection, most: int = 20) -> Sequence[Any]:
    """What was decided, newest first."""
    return connection.execute(_decided, {"most": most}).all()


def require(connection: Connection, proposal_id: uuid.UUID) -> Any:
    """One proposal, whatever became of it. Raises NotFound."""
    row = connection.execute(_one, {"proposal": proposal_id}).first()
    if row is None:
        raise NotFound(_("Không có đề xuất này."))
    return row


def is_waiting(row: Any) -> bool:
    """Whether it can still be decided."""
    return bool(row.state == ProposalState.WAITING.value and row.expires_at > clock.now())


def approve(connection: Connection, proposal_id: uuid.UUID, shown: str, *, actor: str) -> dict[str, Any]:
    """Agree to what somebody else proposed, which must be what was `shown` (its digest); of any number at once, one does. Return what
    is to be done now, in the same transaction. Raises Refusal, NotFound."""
    row = require(connection, proposal_id)
    if row.proposed_by == actor:
        raise Refusal(_("Người đề xuất không tự phê duyệt. Nhờ một người khác có quyền."), "own_proposal", 403)
    if shown != row.digest or digest_of(f"{row.kind}\n{row.subject}\n{row.content}") != row.digest:
        raise Refusal(_("Đề xuất không còn như đã xem. Mở lại trang rồi xem lại."), "proposal_changed", 409)
    _decide(connection, row, ProposalState.APPROVED, actor, None)
    _record(connection, audit.Event.PROPOSAL_APPROVED, row.id, row.kind, actor, digest=row.digest, proposed_by=row.proposed_by)
    content: dict[str, Any] = json.loads(row.content)
    return content


def reject(connection: Connection, proposal_id: uuid.UUID, *, actor: str, word: str) -> None:
    """Refuse what somebody else proposed. Raises Refusal, NotFound."""
    row = require(connection, proposal_id)
    _decide(connection, row, ProposalState.REJECTED, actor, word)
    _record(connection, audit.Event.PROPOSAL_REJECTED, row.id, row.kind, actor, reason=word)


def reject_all_of(connection: Connection, proposed_by: str, *, actor: str, word: str) -> int:
    """Refuse all that one asker is waiting for; return how many."""
    rows = [row for row in waiting(connection) if row.proposed_by == proposed_by]
    for row in rows:
        reject(connection, row.id, actor=actor, word=word)
    return len(rows)


def withdraw(connection: Connection, proposal_id: uuid.UUID, *, actor: str) -> None:
    """Take one's own proposal back. Raises Refusal, NotFound."""
    row = require(connection, proposal_id)
    if row.proposed_by != actor:
        raise Refusal(_("Chỉ người đề xuất rút lại được đề xuất của mình."), "not_own_proposal", 403)
    _decide(connection, row, ProposalState.WITHDRAWN, actor, None)
    _record(connection, audit.Event.PROPOSAL_WITHDRAWN, row.id, row.kind, actor)


def _decide(connection: Connection, row: Any, state: ProposalState, actor: str, word: str | None) -> None:
    now = clock.now()
    change = _settle.values(state=state.value, decided_by=actor, decided_at=now, word=word)
    if connection.execute(change, {"proposal": row.id, "now": now}).first() is None:
        raise Refusal(_("Đề xuất này đã được quyết định, đã rút hoặc đã quá hạn."), "proposal_not_waiting", 409)


def _record(connection: Connection, event: audit.Event, proposal_id: uuid.UUID, kind: str, actor: str, **told: Any) -> None:
    audit.record(connection, event, actor=actor, proposal=str(proposal_id), kind=kind, **told)
