"""What sign-in pages say when something does not work: what happened and what to do, never which part was wrong."""

from datetime import datetime, timedelta

from flask_babel import gettext as _

from idp.credentials import factors
from idp.credentials.bind_answers import Answer, Change
from idp.credentials.failures import Attempt
from idp.people.models import PersonState
from idp.people.sign_in_name import Named
from idp.web.formats import format_date, local, today

TRIES_WORTH_TELLING = 1


def nothing_typed() -> str:
    """For a form without a password."""
    return _("Nhập tên đăng nhập và mật khẩu.")


def wrong_password(attempt: Attempt) -> str:
    """For a wrong name and a wrong password alike."""
    if attempt.rests_until is not None:
        return throttled(attempt.rests_until)
    if 0 < attempt.tries_left <= TRIES_WORTH_TELLING:
        return _(
            "Tên đăng nhập hoặc mật khẩu không đúng. Còn %(left)s lần thử trước khi tạm khóa.", left=attempt.tries_left
        )  # fmt: skip
    return _("Tên đăng nhập hoặc mật khẩu không đúng. Kiểm tra bộ gõ tiếng Việt và phím Caps Lock rồi nhập lại.")


def throttled(until: datetime | None) -> str:
    """For an account that rests, whether it exists or not."""
    if until is None or until.year > 9000:
        return _("Đã nhập sai quá nhiều lần. Liên hệ cán bộ phụ trách CNTT của đơn vị để mở khóa.")
    return _(
        "Đã nhập sai nhiều lần nên tạm khóa đến %(time)s. Sau giờ đó nhập lại; nếu vẫn không được, liên hệ cán bộ phụ trách CNTT.",
        time=_clock(until),
    )


def wrong_code(attempt: Attempt, clock_is_off: bool) -> str:
    """For a TOTP code; a used one is answered like a wrong one."""
    if attempt.blocked_until is not None:
        return throttled(attempt.blocked_until)
    if clock_is_off:
        return clock_off()
    return _("Mã không đúng hoặc đã hết hạn. Nhập mã mới đang hiện trên ứng dụng.")


def clock_off() -> str:
    """For a code that shows that the phone's clock is wrong."""
    return _("Đồng hồ của điện thoại lệch vài phút. Bật chế độ tự động chỉnh giờ trên điện thoại, rồi nhập mã mới.")


def wrong_first_code() -> str:
    """For the code that should confirm a new phone."""
    return _("Mã không đúng. Kiểm tra đã quét đúng mã QR trên trang này, rồi nhập mã 6 chữ số đang hiện trên ứng dụng.")


def phone_name() -> str:
    """What a new phone is called on the account page."""
    return _("Điện thoại thêm ngày %(date)s", date=format_date(today()))


def enough_phones() -> str:
    """For one phone too many."""
    return _("Đã đăng ký đủ số điện thoại cho phép. Gỡ một điện thoại không còn dùng rồi thêm lại.")


def key_name() -> str:
    """What a new passkey or security key is called, unless its person names it."""
    return _("Khóa thêm ngày %(date)s", date=format_date(today()))


def no_name() -> str:
    """For a factor without a name."""
    return _("Nhập tên để nhận ra phương tiện này.")


def enough_keys() -> str:
    """For one key too many."""
    return _("Đã đăng ký đủ số khóa cho phép. Gỡ một khóa không còn dùng rồi thêm lại.")


def last_factor() -> str:
    """For removing the only factor."""
    return _("Đây là phương tiện xác thực duy nhất nên không gỡ được. Thêm phương tiện khác trước.")


def factor_words(kind: str) -> str:
    """What a kind of factor is called."""
    words = {
        factors.PHONE: _("Ứng dụng tạo mã"),
        factors.TOKEN: _("Thiết bị tạo mã"),
        factors.PASSKEY: _("Khóa truy cập"),
        factors.SECURITY_KEY: _("Khóa bảo mật USB"),
    }
    return words[kind]


def wrong_token(attempt: Attempt) -> str:
    """For a hardware token that is not taken: unknown, somebody's, or the code is wrong."""
    if attempt.blocked_until is not None:
        return throttled(attempt.blocked_until)
    return _("Số sê-ri hoặc mã không đúng, hoặc thiết bị đã có người dùng. Xem lại số ở mặt sau, nhập mã mới đang hiện.")


def wrong_key() -> str:
    """For a key that is not accepted, for whatever reason: which is told to the audit trail only."""
    return _("Khóa không được chấp nhận hoặc trang đã mở quá lâu. Thử lại, hoặc chọn cách khác.")


def code_with_new_password() -> str:
    """For somebody who changes the password on the way in and has a second factor."""
    return _("Tài khoản đã có phương tiện xác thực: nhập cả mã trên điện thoại, trên thiết bị tạo mã, một mã dự phòng hoặc mã tạm.")


def mirror_too_old() -> str:
    """For a passkey while nobody has been able to read the directory for hours."""
    return _(
        "Danh bạ đã nhiều giờ không đọc được nên chưa đăng nhập được chỉ bằng khóa truy cập. Thử bằng mật khẩu, hoặc báo cán bộ phụ trách CNTT."
    )


def wrong_new_key() -> str:
    """For a new key that cannot be taken."""
    return _("Chưa tạo được khóa, hoặc trang đã mở quá lâu. Thử lại, hoặc chọn phương tiện khác.")


def wrong_recovery_code(attempt: Attempt) -> str:
    """For a recovery code that is wrong or was used."""
    if attempt.blocked_until is not None:
        return throttled(attempt.blocked_until)
    return _("Mã dự phòng không đúng hoặc đã dùng. Kiểm tra lại phiếu và nhập mã khác.")


def wrong_officer_code(attempt: Attempt) -> str:
    """For a temporary or an activation code that is wrong, used, or too old."""
    if attempt.blocked_until is not None:
        return throttled(attempt.blocked_until)
    return _("Mã không đúng, đã dùng hoặc đã hết hạn. Nhập lại; nếu vẫn không được, xin cán bộ phụ trách CNTT mã mới.")


def closed_account(named: Named) -> str:
    """For a person who may not sign in; said only after the right password."""
    if named.state == PersonState.SUSPENDED and named.state_changed_at is not None:
        return _("Tài khoản đã ngừng sử dụng từ %(date)s theo dữ liệu nhân sự.", date=format_date(named.state_changed_at))
    return _("Tài khoản đang bị khóa trong danh bạ của cơ quan.")


def password_refused(answer: Answer) -> str:
    """For a right password that the directory does not take; said only after the right password."""
    if answer is Answer.EXPIRED:
        return _("Mật khẩu đã hết hạn. Đổi mật khẩu trên máy tính của cơ quan hoặc nhờ cán bộ phụ trách CNTT, rồi đăng nhập lại.")
    if answer is Answer.MUST_CHANGE:
        return _("Mật khẩu này chỉ dùng để đổi mật khẩu lần đầu. Đổi trên máy tính của cơ quan, rồi đăng nhập lại bằng mật khẩu mới.")
    return _("Tài khoản đang bị khóa trong danh bạ của cơ quan.")


def new_password_problem(new: str, again: str, old: str) -> dict[str, str]:
    """What is wrong with the form for a new password before the directory sees it, by field."""
    if not new.strip():
        return {"new_password": _("Nhập mật khẩu mới.")}
    if new != again:
        return {"again": _("Hai lần nhập mật khẩu mới không giống nhau.")}
    if new == old:
        return {"new_password": _("Mật khẩu mới phải khác mật khẩu hiện tại.")}
    return {}


def change_refused(change: Change) -> str:
    """For a new password that the directory does not take: its rule, as it tells it."""
    words = {
        Change.TOO_SHORT: _("Danh bạ từ chối: mật khẩu mới quá ngắn."),
        Change.TOO_LONG: _("Danh bạ từ chối: mật khẩu mới quá dài."),
        Change.TOO_SIMPLE: _("Danh bạ từ chối: mật khẩu mới quá đơn giản. Thêm chữ hoa, chữ số, ký hiệu, hoặc dùng câu dài hơn."),
        Change.TOO_YOUNG: _("Danh bạ từ chối: mật khẩu vừa đổi gần đây nên chưa được đổi tiếp."),
        Change.USED_BEFORE: _("Danh bạ từ chối: mật khẩu này đã từng dùng. Chọn mật khẩu khác."),
        Change.AGAINST_RULES: _(
            "Danh bạ từ chối: mật khẩu mới chưa đạt quy định của cơ quan (độ dài, độ phức tạp, đã từng dùng, hoặc vừa đổi gần đây)."
        ),
    }
    return words.get(change) or _("Danh bạ không cho đổi mật khẩu tại đây. Đổi trên máy tính của cơ quan hoặc nhờ cán bộ phụ trách CNTT.")


def _clock(until: datetime) -> str:
    """08:35, or 08:35 ngày 25/11/2026 when it is not today; rounded up to the minute."""
    at = local(until + timedelta(seconds=59))
    return f"{at:%H:%M}" if at.date() == today() else _("%(clock)s ngày %(date)s", clock=f"{at:%H:%M}", date=f"{at:%d/%m/%Y}")
