"""Lifetimes of an application in words: what each is, the sets that go together, and a number of seconds as people say it."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from clients.lifetimes import ACCESS_TOKEN, AUTH_AGE, FINAL, ID_TOKEN, IDLE, OWN, STRICT, USUAL, WORKDAY

MINUTE, HOUR, DAY = 60, 3600, 86400
WORDS: dict[str, LazyString] = {
    AUTH_AGE: _l("Cán bộ phải đăng nhập lại sau"),
    ACCESS_TOKEN: _l("Mã truy cập dùng được trong"),
    ID_TOKEN: _l("ID token dùng được trong"),
    IDLE: _l("Mã làm mới hết hiệu lực nếu không dùng trong"),
    FINAL: _l("Mã làm mới hết hiệu lực hẳn sau"),
}
PRESET_WORDS: dict[str, tuple[LazyString, LazyString]] = {
    USUAL: (_l("Như quy định chung"), _l("Đi theo thiết lập của toàn tỉnh. Hầu hết ứng dụng dùng cách này.")),
    WORKDAY: (_l("Trong một ngày làm việc"), _l("Sau 10 giờ phải đăng nhập lại; bỏ không 4 giờ thì ứng dụng hết quyền chạy ngầm.")),
    STRICT: (_l("Ngắn"), _l("Cho tiền, quyền, hồ sơ nhạy cảm: đăng nhập lại sau 1 giờ, mã truy cập 5 phút, bỏ không 30 phút là hết.")),
    OWN: (_l("Tự đặt"), _l("Ghi số phút cho từng mục bên dưới; để trống là như quy định chung.")),
}


def time_words(seconds: int) -> str:
    """The largest unit that says it whole: 5 phút, 10 giờ, 30 ngày."""
    if seconds % DAY == 0:
        return _("%(number)s ngày", number=seconds // DAY)
    if seconds % HOUR == 0:
        return _("%(number)s giờ", number=seconds // HOUR)
    if seconds % MINUTE == 0:
        return _("%(number)s phút", number=seconds // MINUTE)
    return _("%(number)s giây", number=seconds)
