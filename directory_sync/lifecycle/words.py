"""Posts, planned changes and what waits, in words."""

from flask_babel import lazy_gettext as _l

from directory_sync.lifecycle.deadlines import CASE, PLANNED, STOPPED_RUN
from directory_sync.lifecycle.reviews import KEEP, WITHDRAW
from idp.people.career_models import PlannedKind, PostKind

POSTS = {PostKind.CONCURRENT: _l("Kiêm nhiệm"), PostKind.SECONDMENT: _l("Biệt phái")}
PLANS = {
    PlannedKind.LEAVING: _l("Thôi việc, nghỉ hưu: hết quyền vào cuối ngày"),
    PlannedKind.ABSENCE: _l("Tạm vắng dài ngày"),
    PlannedKind.SUSPENSION: _l("Vô hiệu hóa từ ngày"),
    PlannedKind.RETURN: _l("Mở lại từ ngày"),
}
WAITING = {CASE: _l("Trường hợp cần xem xét"), STOPPED_RUN: _l("Lượt đồng bộ chờ phê duyệt"), PLANNED: _l("Thay đổi đã đến ngày")}
DECISIONS = {KEEP: _l("Giữ"), WITHDRAW: _l("Thu hồi")}
