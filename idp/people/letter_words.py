"""The words of each letter, in Vietnamese and English: both are in it, since nobody knows in which language a mailbox is read."""

from dataclasses import dataclass
from datetime import datetime

from idp.settings import current_settings
from idp.web.formats import format_time


@dataclass(frozen=True)
class Words:
    """What happened: the subject and one sentence, in both languages."""

    subject: str
    sentence: str
    english_subject: str
    english_sentence: str


LETTERS = {
    "strange_browser": Words(
        "Đăng nhập từ trình duyệt mới", "Mật khẩu hoặc khóa truy cập của tài khoản vừa được dùng ở một trình duyệt chưa từng dùng.",
        "Sign-in from a new browser", "The password or a passkey of the account was just used in a browser that had not been used before.",
    ),
    "password_changed": Words(
        "Mật khẩu đã đổi", "Mật khẩu của tài khoản vừa được đổi.",
        "Password changed", "The password of the account was just changed.",
    ),
    "factor_added": Words(
        "Thêm phương tiện xác thực", "Một phương tiện xác thực vừa được thêm vào tài khoản.",
        "Factor added", "A further way to prove who is signing in was just added to the account.",
    ),
    "factor_removed": Words(
        "Gỡ phương tiện xác thực", "Một phương tiện xác thực vừa bị gỡ khỏi tài khoản.",
        "Factor removed", "A way to prove who is signing in was just removed from the account.",
    ),
    "factors_reset": Words(
        "Hủy mọi phương tiện xác thực", "Cán bộ hỗ trợ vừa hủy mọi phương tiện xác thực của tài khoản; mọi phiên đăng nhập đã kết thúc.",
        "All factors reset", "The help desk has just removed every second factor of the account; every session has ended.",
    ),
    "recovery_codes_issued": Words(
        "Mã dự phòng mới", "Một phiếu mã dự phòng mới vừa được tạo.",
        "New recovery codes", "A new sheet of recovery codes was just made.",
    ),
    "recovery_code_used": Words(
        "Mã dự phòng vừa được dùng", "Một mã dự phòng của tài khoản vừa được dùng để đăng nhập.",
        "Recovery code used", "A recovery code of the account was just used to sign in.",
    ),
    "officer_code_issued": Words(
        "Cán bộ hỗ trợ đã cấp mã", "Cán bộ hỗ trợ vừa cấp một mã tạm hoặc phiếu kích hoạt cho tài khoản.",
        "Code issued by the help desk", "The help desk has just issued a temporary code or an activation slip for the account.",
    ),
    "mail_changed": Words(
        "Địa chỉ thư của tài khoản đã đổi", "Hồ sơ cán bộ vừa ghi một địa chỉ thư khác cho tài khoản; từ nay thông báo gửi đến địa chỉ mới.",
        "Mail address changed", "The personnel record now holds another mail address for the account; from now on messages go to the new one.",
    ),
    "rests": Words(
        "Đăng nhập tạm khóa vì nhập sai nhiều lần", "Mật khẩu hoặc mã xác thực của tài khoản bị nhập sai nhiều lần nên tạm khóa một lúc.",
        "Sign-in rests after wrong tries", "The password or a code of the account was entered wrongly many times, so sign-in rests for a while.",
    ),
    "proofed": Words(
        "Đã ghi nhận xác minh danh tính", "Cán bộ hỗ trợ vừa ghi nhận đã xác minh danh tính của chủ tài khoản.",
        "Proof of identity recorded", "The help desk has just recorded that it made sure who the owner of the account is.",
    ),
    "unlocked": Words(
        "Đã mở khóa đăng nhập", "Cán bộ hỗ trợ vừa mở khóa đăng nhập sau nhiều lần nhập sai.",
        "Sign-in unlocked", "The help desk has just unlocked sign-in after wrong tries.",
    ),
    "role_granted": Words(
        "Vai trò mới trong hệ thống", "Tài khoản vừa được giao một vai trò quản trị, kiểm tra hoặc hỗ trợ trong hệ thống định danh.",
        "New role", "The account was just given a role of administration, audit or support in the identity system.",
    ),
    "role_ending": Words(
        "Vai trò sắp hết hạn", "Một vai trò của tài khoản trong hệ thống định danh hết hạn trong vòng 14 ngày. Nếu còn cần, đề nghị quản trị viên giao lại.",
        "Role about to end", "A role of the account in the identity system ends within 14 days. If it is still needed, ask an administrator to give it anew.",
    ),
    "idle": Words(
        "Tài khoản sắp bị vô hiệu hóa", "Tài khoản đã lâu không được dùng và sẽ bị vô hiệu hóa nếu không đăng nhập trong vài ngày tới.",
        "Account about to be suspended", "The account has not been used for long, and will be suspended unless it is signed in to within days.",
    ),
}  # fmt: skip


def body(told: Words, name: str, at: datetime, address: str | None) -> str:
    """The whole text. No link, and nothing to be typed or sent back."""
    help_line = current_settings().help_line
    return "\n".join((
        f"Kính gửi {name},", "", told.sentence,
        f"Thời điểm: {format_time(at)}", *([f"Địa chỉ mạng: {address}"] if address else []), "",
        "Nếu đúng là việc đã làm, không cần làm gì thêm. Nếu không phải, tự mở trang tài khoản theo địa chỉ quen dùng, chọn "
        '"Việc này không phải do tôi" trong lịch sử, rồi báo cán bộ hỗ trợ' + (f": {help_line}." if help_line else "."),
        "Thư này không có liên kết và không bao giờ hỏi mật khẩu.", "",
        "----", f"Dear {name},", "", told.english_sentence,
        f"Time: {format_time(at)}", *([f"Network address: {address}"] if address else []), "",
        "If this was expected, there is nothing to do. If not, open the account page at its usual address, choose \"This was not me\" "
        "in the history, and tell the help desk" + (f": {help_line}." if help_line else "."),
        "This message has no links and never asks for a password.", "",
    ))  # fmt: skip
