"""The official forms of a day, Biểu 01, 02 and 04, as tables: the same rows become a page, a workbook and a CSV file."""

import enum
import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Connection

from idp.enrollment import figures_of_day as days
from idp.enrollment.dashboard import Compared, added, dashboard_of
from idp.enrollment.figures_of_day import Figures
from idp.enrollment.quality_words import QUALITY
from idp.enrollment.reports.system_words import own_password_words, standing_words, system_level
from idp.enrollment.rungs import Rung
from idp.enrollment.tracker_words import STATES, line_words
from idp.errors import NotFound
from idp.people.models import Level
from idp.people.names import fold
from idp.people.words import level_words
from idp.web.formats import format_date, format_number

LEVEL_RANK = {level.value: rank for rank, level in enumerate(Level)}


class Kind(enum.StrEnum):
    """What a column holds. A share is kept in ten thousandths, cut off: 3398 for 33,98%."""

    ORDER = "order"
    TEXT = "text"
    NUMBER = "number"
    SHARE = "share"
    DAY = "day"


@dataclass(frozen=True)
class Row:
    """`kind`: line, group (the heading of some lines) or total."""

    cells: tuple[Any, ...]
    kind: str = "line"


@dataclass(frozen=True)
class Form:
    """One form. `notes`: what stands under the table."""

    number: int
    title: str
    about: str
    columns: Sequence[tuple[str, Kind]]
    rows: Sequence[Row]
    notes: Sequence[str]
    day: date

    @property
    def name_column(self) -> int:
        """Which column names a row: the one after the order, or after the code in Biểu 01 and 02."""
        return 2 if self.number in (1, 2) else 1


def share_cell(part: int, whole: int) -> int | None:
    """The share in ten thousandths, cut off; None when there is nobody."""
    return 10_000 * part // whole if whole else None


def form_of(
    connection: Connection, number: int, day: date, unit_id: uuid.UUID | None = None, tops: Collection[uuid.UUID] | None = None
) -> Form:
    """Biểu 01, 02 or 04 of a day. Raises NotFound."""
    if number == 1:
        return _by_unit(connection, day, unit_id, tops)
    if number == 2:
        return _by_system(connection, day)
    if number == 4:
        return _data_quality(connection, day)
    raise NotFound(_("Không có biểu này."))


def _by_unit(connection: Connection, day: date, unit_id: uuid.UUID | None, tops: Collection[uuid.UUID] | None) -> Form:
    found = dashboard_of(connection, day, unit_id, tops)
    columns = [
        (_("STT"), Kind.ORDER), (_("Mã định danh"), Kind.TEXT), (_("Tên cơ quan, đơn vị"), Kind.TEXT), (_("Tổng số"), Kind.NUMBER),
        (_("Tham gia"), Kind.NUMBER), (_("Kích hoạt"), Kind.NUMBER), (_("Xác minh"), Kind.NUMBER), (_("Đa yếu tố"), Kind.NUMBER),
        (_("Xác thực %(days)s ngày", days=found.day.parameters["recent_days"]), Kind.NUMBER), (_("Thông suốt, hợp nhất"), Kind.NUMBER),
        (_("Tỷ lệ (%)"), Kind.SHARE), (_("Tăng, giảm"), Kind.NUMBER), (_("Ghi chú"), Kind.TEXT),
    ]  # fmt: skip
    rows: list[Row] = []
    opened = list(_districts_opened(connection, day, found.below))
    for level in sorted({one.line.level for one in opened}, key=lambda one: LEVEL_RANK.get(one, len(LEVEL_RANK))):
        group = sorted((one for one in opened if one.line.level == level), key=lambda one: (fold(one.line.name), one.line.kind))
        rows.append(Row((None, "", level_words(level), *[None] * 10), "group"))
        rows += [_unit_row(order, one) for order, one in enumerate(group, 1)]
        gain = _sum_of(one.gain for one in group)
        rows.append(_total_row(_("Cộng %(level)s", level=level_words(level).lower()), added([one.line for one in group]).figures, gain))
    rows.append(_total_row(_("Tổng cộng"), found.line.figures, found.gain))
    compared = _("Tăng, giảm: số người thông suốt, hợp nhất so với ngày %(day)s.", day=format_date(found.before)) if found.before else ""
    notes = [
        _("Tổng số: cán bộ, công chức, viên chức đang làm việc. Tham gia: người được vào ít nhất một hệ thống thuộc chỉ tiêu."),
        _("Tỷ lệ: thông suốt, hợp nhất trên tham gia, cắt đến hai chữ số thập phân, không làm tròn lên."),
        _contract_words(found.day.parameters, found.line.figures), compared,
    ]  # fmt: skip
    title = _("KẾT QUẢ XÁC THỰC ĐỊNH DANH ĐIỆN TỬ CỦA CÁN BỘ, CÔNG CHỨC, VIÊN CHỨC THEO CƠ QUAN, ĐƠN VỊ")
    return Form(1, title, _about(line_words(found.line), day), columns, rows, [note for note in notes if note], day)


def _sum_of(gains: Iterable[int | None]) -> int | None:
    """All gains added up; None when one of them is not known."""
    found = list(gains)
    return None if None in found else sum(one for one in found if one is not None)


def _districts_opened(connection: Connection, day: date, lines: Iterable[Compared]) -> Iterable[Compared]:
    # A district is a group of communes: its own people and each commune stand on lines of their own, and add up to it.
    for one in lines:
        if one.line.kind == days.UNIT and one.line.level == Level.DISTRICT.value and one.line.has_more and one.line.unit_id:
            yield from dashboard_of(connection, day, one.line.unit_id).below
        else:
            yield one


def _numbers(figures: Figures) -> tuple[Any, ...]:
    reached = (figures.at_least(rung) for rung in (Rung.ACTIVATED, Rung.PROOFED, Rung.FACTOR_ENROLLED, Rung.AUTHENTICATED))
    share = share_cell(figures.seamless_entitled, figures.entitled)
    return (figures.people, figures.entitled, *reached, figures.seamless_entitled, share)


def _unit_row(order: int, one: Compared) -> Row:
    own = one.line.kind == days.OWN and one.line.unit_id
    name = f"{one.line.name} ({_('trực thuộc')})" if own else line_words(one.line)
    return Row((order, one.line.code, name, *_numbers(one.line.figures), one.gain, str(STATES[one.state][1])))


def _total_row(words: str, figures: Figures, gain: int | None) -> Row:
    return Row((None, "", words, *_numbers(figures), gain, ""), "total")


def _contract_words(parameters: Any, figures: Figures) -> str:
    if parameters["counts_contract_staff"]:
        return _("Người lao động hợp đồng được tính trong tổng số.")
    return _("Không tính %(number)s người lao động hợp đồng.", number=format_number(figures.left_out))


def _about(scope: str, day: date) -> str:
    return _("Phạm vi: %(scope)s. Số liệu chốt ngày %(day)s", scope=scope, day=format_date(day))


def _by_system(connection: Connection, day: date) -> Form:
    found = days.day_of(connection, day)
    columns = [
        (_("STT"), Kind.ORDER), (_("Mã"), Kind.TEXT), (_("Tên hệ thống"), Kind.TEXT), (_("Cấp"), Kind.TEXT), (_("Tình trạng"), Kind.TEXT),
        (_("Được vào"), Kind.NUMBER), (_("Đã vào"), Kind.NUMBER), (_("Tỷ lệ (%)"), Kind.SHARE), (_("Mật khẩu riêng"), Kind.TEXT),
        (_("Số tài khoản"), Kind.NUMBER), (_("Dự kiến kết nối"), Kind.DAY),
    ]  # fmt: skip
    rows = [
        Row((
            order, one.code, one.name, system_level(one.level), standing_words(one.standing), one.entitled, one.entered,
            share_cell(one.entered, one.entitled), own_password_words(one.own_passwords_left), one.accounts, one.planned_on,
        ))
        for order, one in enumerate(found.systems, 1)
    ]  # fmt: skip
    entitled, entered = sum(one.entitled for one in found.systems), sum(one.entered for one in found.systems)
    counted = _("%(part)s/%(whole)s hệ thống đã kết nối", part=found.coverage.integrated, whole=found.coverage.in_scope)
    rows.append(Row((None, "", _("Tổng cộng"), "", counted, entitled, entered, share_cell(entered, entitled), "", None, None), "total"))
    note = _("Được vào, đã vào: lượt người; một người được vào nhiều hệ thống tính ở mỗi hệ thống. Đã vào: qua hệ thống xác thực tập trung trong %(days)s ngày.",
             days=found.parameters.get("entry_days", "—"))  # fmt: skip
    return Form(2, _("KẾT QUẢ KẾT NỐI VÀ SỬ DỤNG THEO HỆ THỐNG"), _about(_("Toàn tỉnh"), day), columns, rows, [note], day)


def _data_quality(connection: Connection, day: date) -> Form:
    found = days.day_of(connection, day)
    columns = [(_("STT"), Kind.ORDER), (_("Nội dung"), Kind.TEXT), (_("Số người"), Kind.NUMBER), (_("Việc cần làm"), Kind.TEXT)]
    counted = found.lines.get("quality", {})
    rows = [
        Row((order, str(words), counted.get(key, 0), str(step) if counted.get(key) else ""))
        for order, (key, (words, step)) in enumerate(QUALITY.items(), 1)
    ]
    note = _("Một người có thể được tính ở nhiều dòng.")
    return Form(4, _("CHẤT LƯỢNG DỮ LIỆU CÁN BỘ, CÔNG CHỨC, VIÊN CHỨC"), _about(_("Toàn tỉnh"), day), columns, rows, [note], day)
