"""Parameters of the tracker: N, W, contract staff, targets. Versioned; a change is proposed by one person, approved by another, and in
force from a day to come."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy import Connection, bindparam, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from idp import audit, clock
from idp.database import table_of
from idp.enrollment.models import TrackerParameters
from idp.errors import NotFound, Refusal
from idp.second_word import Word, holds, require_second
from idp.settings import current_settings
from idp.web.viewer import Permission

LONGEST_DAYS = 3660
_t = table_of(TrackerParameters)
_approved = (
    select(_t)
    .where(_t.c.approved_at.is_not(None), _t.c.withdrawn_at.is_(None), _t.c.effective_from <= bindparam("day"))
    .order_by(_t.c.effective_from.desc(), _t.c.version.desc())
    .limit(1)
)


@dataclass(frozen=True)
class Parameters:
    """What the figures of a day are counted by. `recent_days` N, `entry_days` W; `version` 0: those of the settings. A milestone is
    {"by": ISO date, "percent": 1…100} and, for one level alone, "level"."""

    version: int
    recent_days: int
    entry_days: int
    counts_contract_staff: bool
    milestones: tuple[dict[str, Any], ...]

    def told(self) -> dict[str, Any]:
        """As they are frozen with the figures."""
        return {
            "parameters_version": self.version,
            "recent_days": self.recent_days,
            "entry_days": self.entry_days,
            "counts_contract_staff": self.counts_contract_staff,
            "milestones": [dict(one) for one in self.milestones],
        }


def local_now() -> datetime:
    """The present instant in the province's zone."""
    return clock.now().astimezone(ZoneInfo(current_settings().timezone))


def of_settings() -> Parameters:
    """Those that hold before any were approved."""
    settings = current_settings()
    milestones = tuple(one.model_dump(mode="json", exclude_none=True) for one in settings.tracker_milestones)
    return Parameters(0, settings.tracker_recent_days, settings.tracker_entry_days, settings.tracker_counts_contract_staff, milestones)


def in_force_on(connection: Connection, day: date) -> Parameters:
    """The parameters of a day."""
    row = connection.execute(_approved, {"day": day}).first()
    if row is None:
        return of_settings()
    return Parameters(row.version, row.recent_days, row.entry_days, row.counts_contract_staff, tuple(row.milestones))


def in_force(connection: Connection) -> Parameters:
    """The parameters of today."""
    return in_force_on(connection, local_now().date())


def list_versions(connection: Connection) -> Sequence[Any]:
    """All that were ever proposed, newest first."""
    return connection.execute(select(_t).order_by(_t.c.version.desc())).all()


def propose(connection: Connection, wanted: Parameters, effective_from: date, *, reason: str, actor: str) -> int:
    """Propose parameters from a day to come (their `version` is given here and returned). Raises Refusal."""
    _check(wanted, effective_from, reason)
    version: int = connection.execute(select(func.coalesce(func.max(_t.c.version), 0) + 1)).scalar_one()
    row = {
        "version": version, "effective_from": effective_from, "recent_days": wanted.recent_days, "entry_days": wanted.entry_days,
        "counts_contract_staff": wanted.counts_contract_staff, "milestones": [dict(one) for one in wanted.milestones],
        "reason": reason, "proposed_by": actor, "proposed_at": clock.now(),
    }  # fmt: skip
    try:
        connection.execute(insert(_t), row)
    except IntegrityError:
        raise Refusal(_("Vừa có đề xuất khác; tải lại trang rồi thử lại."), "proposed_meanwhile") from None
    told = wanted.told() | {"parameters_version": version, "effective_from": effective_from.isoformat()}
    audit.record(connection, audit.Event.TRACKER_PARAMETERS_PROPOSED, actor=actor, reason=reason, **told)
    return version


def approve(connection: Connection, version: int, *, actor: str) -> None:
    """Approve what another person proposed; the day must still be to come, and both may change the tracker. Raises NotFound, Refusal."""
    row = connection.execute(select(_t).where(_t.c.version == version)).first()
    if row is None:
        raise NotFound(_("Không có đề xuất này."))
    if row.proposed_by == actor:
        raise Refusal(_("Người đề xuất không tự duyệt được; cần một người khác."), "same_person")
    may = holds(Permission.CHANGE_TRACKER)
    require_second(connection, Word(row.proposed_by, row.proposed_at), actor, first_may=may, second_may=may)
    if row.effective_from <= local_now().date():
        raise Refusal(_("Ngày hiệu lực đã đến mà chưa được duyệt; hãy đề xuất lại với ngày sau hôm nay."), "day_is_past")
    waiting = (_t.c.version == version, _t.c.approved_at.is_(None), _t.c.withdrawn_at.is_(None))
    if connection.execute(update(_t).where(*waiting), {"approved_by": actor, "approved_at": clock.now()}).rowcount != 1:
        raise Refusal(_("Đề xuất này đã được duyệt hoặc đã rút."), "not_waiting")
    audit.record(connection, audit.Event.TRACKER_PARAMETERS_APPROVED, actor=actor, parameters_version=version)


def withdraw(connection: Connection, version: int, *, actor: str) -> None:
    """Take back a proposal, or approved parameters whose day has not come. Raises Refusal."""
    ahead = (_t.c.version == version, _t.c.withdrawn_at.is_(None), _t.c.effective_from > local_now().date())
    if connection.execute(update(_t).where(*ahead), {"withdrawn_by": actor, "withdrawn_at": clock.now()}).rowcount != 1:
        raise Refusal(_("Không rút được: không có đề xuất này, đã rút, hoặc đã có hiệu lực."), "not_waiting")
    audit.record(connection, audit.Event.TRACKER_PARAMETERS_WITHDRAWN, actor=actor, parameters_version=version)


def digest_of(told: Any) -> str:
    """SHA-256 of a JSON value, hexadecimal: to see whether something changed."""
    return hashlib.sha256(json.dumps(told, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def _check(wanted: Parameters, effective_from: date, reason: str) -> None:
    if effective_from <= local_now().date():
        raise Refusal(_("Ngày hiệu lực phải sau hôm nay: số liệu đã chốt không đổi."), "day_is_past")
    if not (1 <= wanted.recent_days <= LONGEST_DAYS and 1 <= wanted.entry_days <= LONGEST_DAYS):
        raise Refusal(_("Số ngày từ 1 đến %(most)s.", most=LONGEST_DAYS), "days_out_of_range")
    for one in wanted.milestones:
        date.fromisoformat(one["by"])
        if not 1 <= one["percent"] <= 100:
            raise Refusal(_("Chỉ tiêu từ 1% đến 100%."), "percent_out_of_range")
    if not reason.strip():
        raise Refusal(_("Cần ghi lý do."), "reason_missing")
