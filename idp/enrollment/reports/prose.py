"""The page of prose: the day's figures in the sentences of an official report."""

import uuid
from collections.abc import Collection, Sequence
from datetime import date

from flask_babel import gettext as _
from sqlalchemy import Connection

from idp.enrollment.dashboard import Dashboard, dashboard_of
from idp.enrollment.expectation import Expectation, expected
from idp.enrollment.rungs import Rung
from idp.enrollment.tracker_words import line_words
from idp.web.formats import format_date, format_number, format_share


def prose_of(
    connection: Connection, day: date, unit_id: uuid.UUID | None, tops: Collection[uuid.UUID] | None
) -> tuple[Dashboard, Sequence[tuple[str, Sequence[str]]]]:
    """The page shown and its parts: heading and paragraphs."""
    found = dashboard_of(connection, day, unit_id, tops)
    return found, [
        (_("I. Kết quả thực hiện"), _results(found)),
        (_("II. Đánh giá và dự báo"), _outlook(found, expected(found))),
        (_("III. Tồn tại và nhiệm vụ"), _tasks(found)),
    ]


def _results(found: Dashboard) -> list[str]:
    figures, coverage = found.line.figures, found.day.coverage
    where, day = line_words(found.line), format_date(found.day.day)
    if not figures.people:
        return [_("Đến hết ngày chốt %(day)s, %(where)s không có đối tượng.", day=day, where=where)]
    told = [
        _(
            "Theo số liệu chốt ngày %(day)s, %(where)s có %(people)s cán bộ, công chức, viên chức, trong đó %(entitled)s người được vào ít nhất một hệ thống thuộc chỉ tiêu.",
            day=day, where=where, people=format_number(figures.people), entitled=format_number(figures.entitled),
        ),
        _(
            "%(part)s/%(whole)s người thông suốt, hợp nhất, đạt %(share)s, trên %(systems)s/%(scope)s hệ thống đã kết nối. Số người được xác thực điện tử là %(authenticated)s (%(authenticated_share)s). Tính trên toàn bộ cán bộ, công chức, viên chức, tỷ lệ thông suốt, hợp nhất là %(whole_share)s.",
            part=format_number(figures.seamless_entitled), whole=format_number(figures.entitled),
            share=format_share(figures.seamless_entitled, figures.entitled), systems=coverage.integrated, scope=coverage.in_scope,
            authenticated=format_number(figures.authenticated_entitled),
            authenticated_share=format_share(figures.authenticated_entitled, figures.entitled),
            whole_share=format_share(figures.seamless, figures.people),
        ),
        _(
            "Theo từng bước: %(accounts)s người có tài khoản dùng được, %(activated)s đã kích hoạt, %(proofed)s đã xác minh danh tính, %(enrolled)s đã đăng ký xác thực đa yếu tố.",
            accounts=format_number(figures.at_least(Rung.NOT_ACTIVATED)), activated=format_number(figures.at_least(Rung.ACTIVATED)),
            proofed=format_number(figures.at_least(Rung.PROOFED)), enrolled=format_number(figures.at_least(Rung.FACTOR_ENROLLED)),
        ),
    ]  # fmt: skip
    if found.before is not None and found.gain is not None:
        told.append(
            _("So với ngày %(day)s, số người thông suốt, hợp nhất %(moved)s.", day=format_date(found.before), moved=_moved(found.gain))
        )
    return told


def _moved(gain: int) -> str:
    if gain == 0:
        return _("không đổi")
    return _("tăng %(number)s", number=format_number(gain)) if gain > 0 else _("giảm %(number)s", number=format_number(-gain))


def _outlook(found: Dashboard, outlook: Expectation | None) -> list[str]:
    if found.target is None:
        return [_("Chưa đặt chỉ tiêu.")]
    goal = _("Chỉ tiêu kế tiếp là %(percent)s%% đến ngày %(day)s", percent=found.target.percent, day=format_date(found.target.by))
    if not found.line.figures.entitled:
        return [goal + "; " + _("không có đối tượng") + "."]
    if found.target.reached:
        return [goal + "; " + _("đã đạt") + "."]
    told = [goal + "; " + _("còn thiếu %(number)s người", number=format_number(found.target.missing)) + "."]
    if outlook is None or outlook.state == "too_few_days":
        return [*told, _("Chưa đủ dữ liệu để dự báo.")]
    if outlook.state == "no_progress" or outlook.by is None:
        return [*told, _("Với tốc độ hiện tại, chỉ tiêu không đạt.")]
    return [*told, _("Với tốc độ hiện tại, chỉ tiêu đạt vào khoảng ngày %(day)s.", day=format_date(outlook.by))]


def _tasks(found: Dashboard) -> list[str]:
    figures, told = found.line.figures, []
    steps = [
        (Rung.NO_ACCOUNT, _("cấp tài khoản cho %(number)s người")), (Rung.NOT_ACTIVATED, _("kích hoạt tài khoản của %(number)s người")),
        (Rung.ACTIVATED, _("xác minh danh tính %(number)s người")), (Rung.PROOFED, _("đăng ký đa yếu tố cho %(number)s người")),
        (Rung.FACTOR_ENROLLED, _("vận động %(number)s người đăng nhập bằng hai yếu tố")),
    ]  # fmt: skip
    left = [
        words % {"number": format_number(figures.rungs[list(Rung).index(rung)])}
        for rung, words in steps
        if figures.rungs[list(Rung).index(rung)]
    ]
    if left:
        told.append(_("Việc cần làm: %(steps)s.", steps="; ".join(left)))
    if found.lagging:
        names = "; ".join(f"{one.line.name} ({_('thiếu')} {format_number(one.line.figures.missing)})" for one in found.lagging[:5])
        told.append(_("Đơn vị còn nhiều người chưa đạt: %(names)s.", names=names))
    waiting = found.day.coverage.in_scope - found.day.coverage.integrated
    if waiting:
        told.append(_("Còn %(number)s hệ thống chưa kết nối với hệ thống xác thực tập trung.", number=waiting))
    return told or [_("Không có tồn tại.")]
