"""Events in words for the person they concern."""

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from idp.audit import Event

EVENTS: dict[str, LazyString] = {
    Event.PERSON_ADDED: _l("Tài khoản được tạo từ dữ liệu nhân sự"),
    Event.PERSON_CHANGED: _l("Dữ liệu nhân sự được cập nhật"),
    Event.PERSON_SUSPENDED: _l("Tài khoản bị vô hiệu hóa"),
    Event.PERSON_RESTORED: _l("Tài khoản được mở lại"),
    Event.NOTICE_ACKNOWLEDGED: _l("Đã đọc thông báo xử lý dữ liệu"),
    Event.PASSWORD_VERIFIED: _l("Nhập đúng mật khẩu"),
    Event.PASSWORD_REFUSED: _l("Mật khẩu không được chấp nhận"),
    Event.PASSWORD_CHANGED: _l("Đổi mật khẩu"),
    Event.SECOND_FACTOR_VERIFIED: _l("Nhập đúng mã xác thực"),
    Event.SECOND_FACTOR_REFUSED: _l("Mã xác thực không đúng"),
    Event.TOTP_ENROLLED: _l("Thêm ứng dụng tạo mã"),
    Event.TOTP_REMOVED: _l("Gỡ ứng dụng tạo mã"),
    Event.PASSKEY_VERIFIED: _l("Dùng khóa truy cập"),
    Event.PASSKEY_REFUSED: _l("Khóa truy cập không được chấp nhận"),
    Event.PASSKEY_ENROLLED: _l("Thêm khóa truy cập"),
    Event.PASSKEY_REMOVED: _l("Gỡ khóa truy cập"),
    Event.TOKEN_ASSIGNED: _l("Nhận thiết bị tạo mã"),
    Event.TOKEN_RELEASED: _l("Trả thiết bị tạo mã"),
    Event.TOKEN_REVOKED: _l("Thiết bị tạo mã bị hủy"),
    Event.HELP_ASKED: _l("Cán bộ hỗ trợ đề nghị giúp đăng nhập"),
    Event.TEMPORARY_CODE_ISSUED: _l("Cán bộ hỗ trợ cấp một mã tạm"),
    Event.TEMPORARY_CODE_USED: _l("Dùng mã tạm"),
    Event.CODE_GIVEN_BACK: _l("Trả lại mã vì mật khẩu mới không được nhận"),
    Event.ACTIVATION_CODE_ISSUED: _l("Cán bộ hỗ trợ in phiếu kích hoạt"),
    Event.ACTIVATION_CODE_USED: _l("Nhập mã kích hoạt"),
    Event.FACTORS_RESET: _l("Cán bộ hỗ trợ hủy mọi phương tiện xác thực"),
    Event.PROOFING_RECORDED: _l("Cán bộ xác nhận đã xác minh danh tính"),
    Event.PROOFING_WITHDRAWN: _l("Cán bộ rút lại việc xác minh danh tính"),
    Event.FACTOR_RENAMED: _l("Đổi tên một phương tiện xác thực"),
    Event.BROWSER_TRUSTED: _l("Tin cậy một trình duyệt"),
    Event.BROWSER_DISTRUSTED: _l("Bỏ tin cậy trình duyệt"),
    Event.ENROLMENT_DELAYED: _l("Hoãn đăng ký phương tiện xác thực"),
    Event.RECOVERY_CODES_ISSUED: _l("Tạo phiếu mã dự phòng"),
    Event.RECOVERY_CODES_CONFIRMED: _l("Xác nhận đã cất phiếu mã dự phòng"),
    Event.RECOVERY_CODE_USED: _l("Dùng một mã dự phòng"),
    Event.ACCOUNT_THROTTLED: _l("Tạm khóa vì nhập sai nhiều lần"),
    Event.ACCOUNT_UNLOCKED: _l("Được mở khóa đăng nhập"),
    Event.SESSION_STARTED: _l("Đăng nhập"),
    Event.SESSION_RAISED: _l("Xác thực bổ sung"),
    Event.SESSION_ENDED: _l("Kết thúc một phiên đăng nhập"),
    Event.DEVICE_APPROVED: _l("Cho một thiết bị vào ứng dụng"),
    Event.DEVICE_DENIED: _l("Từ chối một thiết bị"),
    Event.DEVICE_CODE_REFUSED: _l("Nhập sai mã thiết bị"),
    Event.MISUSE_REPORTED: _l("Báo có người khác dùng tài khoản"),
    Event.OWN_DATA_DOWNLOADED: _l("Tải dữ liệu của mình"),
    Event.AUTHORIZATION_GRANTED: _l("Vào một ứng dụng"),
    Event.AUTHORIZATION_REVOKED: _l("Thu hồi quyền truy cập của một ứng dụng"),
    Event.TOKEN_EXCHANGED: _l("Một ứng dụng đổi mã truy cập để thay mặt trong dịch vụ khác"),
    Event.CONSENT_GIVEN: _l("Đồng ý cho một ứng dụng biết thông tin"),
    Event.CONSENT_WITHDRAWN: _l("Rút lại đồng ý với một ứng dụng"),
    Event.HISTORY_OPENED: _l("Có cán bộ mở lịch sử của tài khoản"),
    Event.DESK_CASE_DECIDED: _l("Cán bộ tổ chức quyết định về bản ghi trong danh bạ"),
    Event.APPOINTMENT_ADDED: _l("Được ghi thêm một vị trí công tác"),
    Event.APPOINTMENT_ENDED: _l("Một vị trí công tác kết thúc"),
    Event.CHANGE_PLANNED: _l("Một thay đổi về tài khoản được đặt trước"),
    Event.CHANGE_CALLED_OFF: _l("Thay đổi đã đặt trước được hủy"),
    Event.IDLE_WARNED: _l("Báo trước vì lâu không đăng nhập"),
    Event.REVIEW_DECIDED: _l("Tài khoản được rà soát"),
    Event.ROLE_GRANTED: _l("Được cấp một vai trò"),
    Event.ROLE_REVOKED: _l("Bị thu hồi một vai trò"),
    Event.LOGOUT_DELIVERED: _l("Một ứng dụng đã đăng xuất"),
    Event.LOGOUT_FAILED: _l("Một ứng dụng chưa nhận lệnh đăng xuất"),
}


def event_words(event: str, application: str | None) -> str:
    """What happened, as the person may read it: "Vào một ứng dụng: Quản lý văn bản"."""
    told = str(EVENTS.get(event, _l("Sự kiện khác")))
    return f"{told}: {application}" if application else told
