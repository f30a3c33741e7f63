"""Lists of people by name as forms: Biểu 03, who still misses something, and who stood where on a frozen day."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from flask_babel import gettext as _

from idp.enrollment.parameters import local_now
from idp.enrollment.reports.forms import Form, Kind, Row
from idp.enrollment.rungs import LABELS, Rung
from idp.enrollment.tracker_words import NEXT_STEPS, cause_words, masked
from idp.people.words import category_words
from idp.web.formats import format_date


def form_of_missing(people: Sequence[Any], group: str, scope: str) -> Form:
    """Biểu 03, with a box to tick for each."""
    day: date = local_now().date()
    columns = [
        (_("STT"), Kind.ORDER), (_("Họ và tên"), Kind.TEXT), (_("Mã CBCCVC"), Kind.TEXT), (_("Chức vụ"), Kind.TEXT),
        (_("Đơn vị"), Kind.TEXT), (_("Bậc"), Kind.TEXT), (_("Từ ngày"), Kind.DAY), (_("Việc cần làm"), Kind.TEXT), (_("Đã xong"), Kind.TEXT),
    ]  # fmt: skip
    rows = [
        Row((
            order, one.name, masked(one.staff_code), one.title or "", one.unit_name or _("Chưa rõ đơn vị"),
            _rung_words(one.rung), one.from_at.date(), str(NEXT_STEPS[Rung(one.rung)]), "",
        ))
        for order, one in enumerate(people, 1)
    ]  # fmt: skip
    about = _("Nhóm: %(segment)s. Phạm vi: %(scope)s. Lập ngày %(day)s", segment=group, scope=scope, day=format_date(day))
    notes = [_("Danh sách có dữ liệu cá nhân: chỉ dùng cho việc đăng ký xác thực, hủy khi xong việc."),
             _("Tạm vắng dài ngày và miễn trừ có thời hạn vẫn nằm trong danh sách.")]  # fmt: skip
    title = _("DANH SÁCH CÁN BỘ, CÔNG CHỨC, VIÊN CHỨC CHƯA HOÀN THÀNH XÁC THỰC ĐỊNH DANH ĐIỆN TỬ")
    return Form(3, title, about, columns, rows, notes, day)


def form_of_past_day(people: Sequence[Any], day: date, group: str, scope: str) -> Form:
    """Who stood where when the figures of a day were frozen, and why; names and codes of people as they are now."""
    columns = [
        (_("STT"), Kind.ORDER), (_("Họ và tên"), Kind.TEXT), (_("Mã CBCCVC"), Kind.TEXT), (_("Đơn vị"), Kind.TEXT), (_("Loại"), Kind.TEXT),
        (_("Bậc"), Kind.TEXT), (_("Từ ngày"), Kind.DAY), (_("Nguyên nhân"), Kind.TEXT),
    ]  # fmt: skip
    rows = [
        Row((
            order, one.name, masked(one.staff_code), one.unit_name or _("Chưa rõ đơn vị"), category_words(one.staff_category),
            _rung_words(one.rung), one.from_at.date(), cause_words(one.cause),
        ))
        for order, one in enumerate(people, 1)
    ]  # fmt: skip
    about = _("Nhóm: %(segment)s. Phạm vi: %(scope)s. Số liệu chốt ngày %(day)s", segment=group, scope=scope, day=format_date(day))
    notes = [_("Danh sách có dữ liệu cá nhân: chỉ dùng để đối chiếu số liệu đã chốt, hủy khi xong việc."),
             _("Bậc, đơn vị, tên đơn vị và loại: như khi chốt số liệu. Họ tên, mã CBCCVC: như hiện nay. Ai được xem: theo phạm vi được giao hiện nay.")]  # fmt: skip
    return Form(3, _("DANH SÁCH CÁN BỘ, CÔNG CHỨC, VIÊN CHỨC TRONG SỐ LIỆU ĐÃ CHỐT"), about, columns, rows, notes, day)


def _rung_words(rung: str) -> str:
    return f"{rung} {LABELS[Rung(rung)]}"
