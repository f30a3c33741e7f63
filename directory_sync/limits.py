"""The guard's limits beside what a plan would do, as a table: value, limit, and whether it is over."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from directory_sync.models import ChangeKind
from directory_sync.reasons import parse
from idp.settings import Settings

ATTRIBUTE_PERCENT = 10


@dataclass(frozen=True)
class Limit:
    """One row: in words, the value, the share of how many, the share and the count up to which nothing stops."""

    words: str
    value: int
    of: int
    percent: int
    people: int
    is_over: bool


def limits_of(reason: str | None, kinds: Mapping[str, int], known: tuple[int, int], open_units: int, settings: Settings) -> list[Limit]:
    """The rows. `reason`: what the guard objected to; `kinds`: the plan's lines by kind; `known`: people known, and active ones."""
    objected = dict(parse(reason or ""))
    people, active = known

    def row(words: str, code: str, kind: ChangeKind, of: int, percent: int, most: int) -> Limit:
        value = int(objected.get(code, {}).get("people", kinds.get(kind.value, 0)))
        return Limit(words, value, of, percent, most, code in objected)

    found = [
        row(_("Vô hiệu hóa"), "too_many_suspensions", ChangeKind.SUSPENDED, active, settings.sync_suspend_limit_percent, settings.sync_suspend_limit_people),
        row(_("Thêm mới"), "too_many_joins", ChangeKind.JOINED, people, settings.sync_join_limit_percent, settings.sync_join_limit_people),
        row(_("Chuyển đơn vị"), "too_many_moves", ChangeKind.MOVED, people, settings.sync_move_limit_percent, settings.sync_move_limit_people),
        row(_("Mở lại"), "too_many_returns", ChangeKind.RETURNED, people, settings.sync_return_limit_percent, settings.sync_return_limit_people),
        row(_("Đơn vị kết thúc"), "too_many_units_closed", ChangeKind.UNIT_CLOSED, open_units, settings.sync_unit_limit_percent, settings.sync_unit_limit_units),
    ]  # fmt: skip
    return found + _only_when_over(reason, people, active, settings)


def _only_when_over(reason: str | None, people: int, active: int, settings: Settings) -> list[Limit]:
    found = []
    for code, details in parse(reason or ""):
        value = int(details.get("people", 0))
        if code == "too_many_in_a_unit":
            words = _("Vô hiệu hóa trong cùng đơn vị (%(units)s đơn vị)", units=details.get("units", "?"))
            limit = (settings.sync_unit_suspend_limit_percent, settings.sync_unit_suspend_limit_people)
            found.append(Limit(words, value, active, *limit, is_over=True))
        elif code == "attribute_vanished":
            words = _("Thuộc tính %(attribute)s biến mất", attribute=details.get("attribute", "?"))
            found.append(Limit(words, value, people, ATTRIBUTE_PERCENT, 20, is_over=True))
        elif code == "too_many_found_again":
            limit = (settings.sync_move_limit_percent, settings.sync_move_limit_people)
            found.append(Limit(_("Gắn với bản ghi khác"), value, people, *limit, is_over=True))
        elif code == "staff_codes_not_unique":
            found.append(Limit(_("Trùng mã CBCCVC"), value, people, ATTRIBUTE_PERCENT, 20, is_over=True))
    return found


def likely_cause(run: Any, before: Any | None, kinds: Mapping[str, int]) -> str | None:
    """A hint where to look, when the source itself became smaller. `before`: the last run that was applied or found nothing."""
    if before is None or run.kind != "full":
        return None
    people, units = before.people_read - run.people_read, before.units_read - run.units_read
    if people > 0 and people * 2 > kinds.get(ChangeKind.SUSPENDED.value, 0):
        return _(
            "Nguồn có ít hơn %(people)s người và %(units)s đơn vị so với lượt số %(number)s. Kiểm tra gốc tìm kiếm, bộ lọc và quyền đọc.",
            people=people, units=max(0, units), number=before.number,
        )  # fmt: skip
    if units > 0:
        return _("Nguồn có ít hơn %(units)s đơn vị so với lượt số %(number)s.", units=units, number=before.number)
    return None
