"""Events, roles, assurances and reasons in words: one sentence for each kind of event."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from idp.audit import Event
from idp.credentials.proofings import CERTIFICATE, IN_PERSON, VNEID
from idp.people.models import DirectoryReason
from idp.roles.models import Role
from idp.sessions.assurance import AAL1, AAL2, AAL3
from idp.web.formats import format_number

ROLES = {
    Role.IT_ADMIN: _l("Quản trị CNTT"),
    Role.HR_OFFICER: _l("Cán bộ tổ chức"),
    Role.LEADER: _l("Lãnh đạo"),
    Role.AUDITOR: _l("Người kiểm tra"),
    Role.HELP_DESK: _l("Người hỗ trợ"),
    Role.CLIENT_OWNER: _l("Chủ quản ứng dụng"),
}
ASSURANCES = {AAL1: _l("Mật khẩu"), AAL2: _l("Đa yếu tố"), AAL3: _l("Đa yếu tố, chống giả mạo")}

# %(person)s: whom it concerns; %(client)s: the application; both are there only where the event has them.
SENTENCES: dict[str, LazyString] = {
    Event.PERSON_ADDED: _l("Thêm %(person)s"),
    Event.PERSON_CHANGED: _l("Cập nhật dữ liệu của %(person)s"),
    Event.PERSON_SUSPENDED: _l("Vô hiệu hóa %(person)s"),
    Event.PERSON_RESTORED: _l("Mở lại tài khoản của %(person)s"),
    Event.NOTICE_ACKNOWLEDGED: _l("%(person)s đã đọc thông báo xử lý dữ liệu"),
    Event.PASSWORD_VERIFIED: _l("%(person)s nhập đúng mật khẩu"),
    Event.PASSWORD_REFUSED: _l("Mật khẩu của %(person)s bị từ chối"),
    Event.PASSWORD_CHANGED: _l("%(person)s đổi mật khẩu"),
    Event.SECOND_FACTOR_VERIFIED: _l("%(person)s nhập đúng mã xác thực"),
    Event.SECOND_FACTOR_REFUSED: _l("Mã xác thực của %(person)s bị từ chối"),
    Event.TOTP_ENROLLED: _l("%(person)s đăng ký ứng dụng tạo mã"),
    Event.TOTP_REMOVED: _l("Gỡ ứng dụng tạo mã của %(person)s"),
    Event.PASSKEY_VERIFIED: _l("%(person)s dùng khóa truy cập"),
    Event.PASSKEY_REFUSED: _l("Khóa truy cập của %(person)s bị từ chối"),
    Event.PASSKEY_ENROLLED: _l("%(person)s đăng ký khóa truy cập"),
    Event.PASSKEY_REMOVED: _l("Gỡ khóa truy cập của %(person)s"),
    Event.TOKENS_IMPORTED: _l("Nhập thiết bị tạo mã vào kho"),
    Event.TOKEN_ASSIGNED: _l("%(person)s nhận thiết bị tạo mã"),
    Event.TOKEN_RELEASED: _l("%(person)s trả thiết bị tạo mã về kho"),
    Event.TOKEN_REVOKED: _l("Hủy thiết bị tạo mã của %(person)s"),
    Event.HELP_ASKED: _l("Đề nghị người thứ hai cùng giúp %(person)s đăng nhập"),
    Event.TEMPORARY_CODE_ISSUED: _l("Cấp mã tạm cho %(person)s"),
    Event.TEMPORARY_CODE_USED: _l("%(person)s dùng mã tạm"),
    Event.CODE_GIVEN_BACK: _l("%(person)s được trả lại mã vì mật khẩu mới không được nhận"),
    Event.ACTIVATION_CODE_ISSUED: _l("In phiếu kích hoạt cho %(person)s"),
    Event.ACTIVATION_CODE_USED: _l("%(person)s nhập mã kích hoạt"),
    Event.FACTORS_RESET: _l("Hủy mọi phương tiện xác thực của %(person)s"),
    Event.PROOFING_RECORDED: _l("Xác minh danh tính của %(person)s"),
    Event.PROOFING_WITHDRAWN: _l("Rút lại việc xác minh danh tính của %(person)s"),
    Event.FACTOR_RENAMED: _l("%(person)s đổi tên một phương tiện xác thực"),
    Event.BROWSER_TRUSTED: _l("%(person)s tin cậy một trình duyệt"),
    Event.BROWSER_DISTRUSTED: _l("Bỏ tin cậy trình duyệt của %(person)s"),
    Event.ENROLMENT_DELAYED: _l("%(person)s hoãn đăng ký phương tiện xác thực"),
    Event.RECOVERY_CODES_ISSUED: _l("Cấp mã dự phòng cho %(person)s"),
    Event.RECOVERY_CODES_CONFIRMED: _l("%(person)s xác nhận đã cất mã dự phòng"),
    Event.RECOVERY_CODE_USED: _l("%(person)s dùng một mã dự phòng"),
    Event.ACCOUNT_THROTTLED: _l("Tạm khóa đăng nhập của %(person)s vì nhập sai nhiều lần"),
    Event.ACCOUNT_UNLOCKED: _l("Mở khóa đăng nhập cho %(person)s"),
    Event.SESSION_STARTED: _l("%(person)s đăng nhập"),
    Event.SESSION_RAISED: _l("%(person)s xác thực bổ sung"),
    Event.SESSION_ENDED: _l("Phiên đăng nhập của %(person)s kết thúc"),
    Event.MISUSE_REPORTED: _l("%(person)s báo có người khác dùng tài khoản"),
    Event.OWN_DATA_DOWNLOADED: _l("%(person)s tải dữ liệu của mình"),
    Event.AUTHORIZATION_GRANTED: _l("%(person)s vào %(client)s"),
    Event.AUTHORIZATION_REFUSED: _l("%(client)s bị từ chối cấp mã truy cập"),
    Event.AUTHORIZATION_REVOKED: _l("Thu hồi quyền vào %(client)s của %(person)s"),
    Event.CLIENT_AUTHORIZED: _l("%(client)s nhận mã truy cập cho chính mình"),
    Event.CLIENT_TOKEN_REVOKED: _l("%(client)s trả lại một mã truy cập của chính mình"),
    Event.TOKEN_EXCHANGED: _l("%(client)s đổi mã truy cập để thay mặt %(person)s"),
    Event.CONSENT_GIVEN: _l("%(person)s đồng ý cho %(client)s biết thông tin"),
    Event.CONSENT_WITHDRAWN: _l("%(person)s rút lại đồng ý với %(client)s"),
    Event.CODE_REPLAYED: _l("%(client)s dùng lại một mã ủy quyền đã dùng"),
    Event.REFRESH_TOKEN_REPLAYED: _l("%(client)s dùng lại một mã làm mới đã dùng"),
    Event.LOGOUT_DELIVERED: _l("%(client)s đã nhận lệnh đăng xuất của %(person)s"),
    Event.LOGOUT_FAILED: _l("%(client)s không nhận lệnh đăng xuất của %(person)s"),
    Event.CLIENT_REGISTERED: _l("Đăng ký kết nối %(client)s"),
    Event.CLIENT_CHANGED: _l("Thay đổi đăng ký của %(client)s"),
    Event.CLIENT_DISABLED: _l("Ngừng kết nối %(client)s"),
    Event.CLIENT_ENABLED: _l("Mở lại kết nối %(client)s"),
    Event.CLIENT_SECRET_ROTATED: _l("Đổi khóa bí mật của %(client)s"),
    Event.CLIENT_DRAFT_SUBMITTED: _l("Gửi bản đăng ký kết nối ứng dụng"),
    Event.CLIENT_DRAFT_APPROVED: _l("Phê duyệt kết nối %(client)s"),
    Event.CLIENT_DRAFT_SENT_BACK: _l("Trả lại bản đăng ký kết nối ứng dụng"),
    Event.CLIENT_DRAFT_RECALLED: _l("Rút lại bản đăng ký kết nối ứng dụng để sửa"),
    Event.CLIENT_ROLE_GIVEN: _l("Cho vai trò trong %(client)s"),
    Event.CLIENT_ROLE_TAKEN: _l("Bỏ vai trò trong %(client)s"),
    Event.CLIENT_ENTRY_ADDED: _l("Cho thêm người vào %(client)s"),
    Event.CLIENT_ENTRY_REMOVED: _l("Thôi cho một nhóm người vào %(client)s"),
    Event.CHECK_BEGUN: _l("Bắt đầu kiểm tra kết nối %(client)s"),
    Event.CHECK_ENDED: _l("Kết thúc kiểm tra kết nối %(client)s"),
    Event.PROOF_OUTDATED: _l("Kết quả kiểm tra %(client)s đã cũ vì đăng ký thay đổi"),
    Event.TEST_LINK_GIVEN: _l("Lấy đường dẫn đăng nhập của người kiểm thử cho %(client)s"),
    Event.CLIENT_DELETED: _l("%(client)s tự hủy đăng ký"),
    Event.REGISTRATION_TOKEN_ISSUED: _l("Cấp mã cho phép tự đăng ký ứng dụng"),
    Event.REGISTRATION_TOKEN_REVOKED: _l("Thu hồi mã cho phép tự đăng ký ứng dụng"),
    Event.RESOURCE_REGISTERED: _l("Đăng ký tài nguyên được bảo vệ"),
    Event.RESOURCE_CHANGED: _l("Thay đổi tài nguyên được bảo vệ"),
    Event.SAML_PARTY_CHANGED: _l("Thay đổi cách kết nối SAML của ứng dụng"),
    Event.SAML_KEY_PREPARED: _l("Tạo khóa ký cho SAML"),
    Event.SAML_KEY_USED: _l("Chuyển sang khóa ký SAML khác"),
    Event.SAML_KEY_RETIRED: _l("Ngừng dùng một khóa ký SAML"),
    Event.SIGNING_KEY_CREATED: _l("Tạo khóa ký"),
    Event.SIGNING_KEY_RETIRED: _l("Ngừng dùng khóa ký"),
    Event.SIGNING_KEY_WITHDRAWN: _l("Thu hồi khóa ký bị lộ"),
    Event.DEVICE_APPROVED: _l("Cho thiết bị vào ứng dụng"),
    Event.DEVICE_DENIED: _l("Từ chối thiết bị"),
    Event.DEVICE_CODE_REFUSED: _l("Nhập sai mã thiết bị"),
    Event.API_ROLE_GRANTED: _l("Cấp cho %(client)s một vai trò ở API"),
    Event.API_ROLE_REVOKED: _l("Thu hồi một vai trò của %(client)s ở API"),
    Event.ROLE_GRANTED: _l("Cấp vai trò cho %(person)s"),
    Event.ROLE_REVOKED: _l("Thu hồi vai trò của %(person)s"),
    Event.ROLE_BEGUN: _l("Vai trò của %(person)s bắt đầu"),
    Event.ROLE_ENDING: _l("Báo trước vai trò của %(person)s sắp hết hạn"),
    Event.PROPOSAL_MADE: _l("Đề xuất một việc cần người thứ hai"),
    Event.PROPOSAL_APPROVED: _l("Phê duyệt việc do người khác đề xuất"),
    Event.PROPOSAL_REJECTED: _l("Từ chối việc do người khác đề xuất"),
    Event.PROPOSAL_WITHDRAWN: _l("Rút lại đề xuất"),
    Event.HISTORY_OPENED: _l("Mở lịch sử của %(person)s"),
    Event.EMERGENCY_SEALED: _l("Niêm phong mật khẩu truy cập khẩn cấp"),
    Event.EMERGENCY_TESTED: _l("Kiểm tra mật khẩu truy cập khẩn cấp"),
    Event.EMERGENCY_RETIRED: _l("Bỏ tài khoản truy cập khẩn cấp"),
    Event.EMERGENCY_REFUSED: _l("Từ chối một lần thử truy cập khẩn cấp"),
    Event.EMERGENCY_BEGUN: _l("Bắt đầu truy cập khẩn cấp"),
    Event.EMERGENCY_ENDED: _l("Kết thúc truy cập khẩn cấp"),
    Event.SYNC_RUN_APPLIED: _l("Lượt đồng bộ đã áp dụng"),
    Event.SYNC_RUN_STOPPED: _l("Lượt đồng bộ tạm dừng do vượt ngưỡng an toàn"),
    Event.SYNC_RUN_FAILED: _l("Lượt đồng bộ lỗi"),
    Event.SYNC_OVERDUE: _l("Quá lâu không đồng bộ được danh bạ"),
    Event.PERSON_SYNCED: _l("Đồng bộ riêng một người"),
    Event.SYNC_PLAN_WORD_GIVEN: _l("Có ý kiến phê duyệt kế hoạch đồng bộ"),
    Event.SYNC_PLAN_APPROVED: _l("Phê duyệt kế hoạch đồng bộ"),
    Event.SYNC_PLAN_REJECTED: _l("Trả lại kế hoạch đồng bộ"),
    Event.SYNC_CHANGE_HELD: _l("Giữ lại một thay đổi của lượt đồng bộ"),
    Event.SYNC_CHANGE_RELEASED: _l("Bỏ giữ một thay đổi của lượt đồng bộ"),
    Event.SHEET_SUBMITTED: _l("Gửi một tệp nhân sự để lập kế hoạch"),
    Event.ATTRIBUTE_GIVEN: _l("Quyết định nguồn nào được ưu tiên cho một trường dữ liệu"),
    Event.SCIM_SOURCE_ADDED: _l("Thêm nguồn SCIM"),
    Event.SCIM_SOURCE_CHANGED: _l("Thay đổi nguồn SCIM"),
    Event.SCIM_GROUP_CHANGED: _l("Nguồn SCIM thay đổi nhóm"),
    Event.ACCOUNT_PROVISIONED: _l("Cấp hoặc cập nhật tài khoản ở %(client)s"),
    Event.ACCOUNT_NOT_PROVISIONED: _l("Chưa cấp hoặc cập nhật được tài khoản ở %(client)s"),
    Event.REORGANISATION_PROPOSED: _l("Lập phương án sắp xếp đơn vị"),
    Event.REORGANISATION_APPROVED: _l("Phê duyệt phương án sắp xếp đơn vị"),
    Event.REORGANISATION_WITHDRAWN: _l("Thu hồi phương án sắp xếp đơn vị"),
    Event.REORGANISATION_CARRIED_OUT: _l("Phương án sắp xếp đơn vị được thực hiện"),
    Event.DESK_CASE_OPENED: _l("Có trường hợp cần xem xét về %(person)s"),
    Event.DESK_CASE_DECIDED: _l("Quyết định trường hợp về %(person)s"),
    Event.DESK_CASE_REOPENED: _l("Xem xét lại trường hợp về %(person)s"),
    Event.DESK_RULE_ADDED: _l("Ghi nhớ một quyết định cho các trường hợp giống vậy"),
    Event.DESK_RULE_REVOKED: _l("Thu hồi một quyết định đã ghi nhớ"),
    Event.APPOINTMENT_ADDED: _l("Ghi thêm vị trí công tác của %(person)s"),
    Event.APPOINTMENT_ENDED: _l("Kết thúc một vị trí công tác của %(person)s"),
    Event.CHANGE_PLANNED: _l("Đặt trước một thay đổi về %(person)s"),
    Event.CHANGE_CALLED_OFF: _l("Hủy thay đổi đã đặt trước về %(person)s"),
    Event.IDLE_WARNED: _l("Báo trước cho %(person)s vì lâu không đăng nhập"),
    Event.IDLE_STOPPED: _l("Tạm dừng vô hiệu hóa người lâu không đăng nhập, do vượt ngưỡng an toàn"),
    Event.REVIEW_OPENED: _l("Mở đợt rà soát tài khoản"),
    Event.REVIEW_DECIDED: _l("Rà soát tài khoản của %(person)s"),
    Event.REVIEW_SIGNED: _l("Ký kết quả rà soát tài khoản của đơn vị"),
    Event.REVIEW_OVERDUE: _l("Đợt rà soát tài khoản quá hạn"),
    Event.CHANGES_OVERDUE: _l("Thay đổi nhân sự quá 3 ngày làm việc chưa thực hiện"),
    Event.SYSTEM_ADDED: _l("Thêm một hệ thống vào danh mục"),
    Event.SYSTEM_CHANGED: _l("Thay đổi thông tin của một hệ thống trong danh mục"),
    Event.SYSTEM_RETIRED: _l("Ghi nhận một hệ thống ngừng sử dụng"),
    Event.SYSTEM_REOPENED: _l("Ghi nhận một hệ thống sử dụng trở lại"),
    Event.SYSTEM_VOUCHED_FOR: _l("Xác nhận một hệ thống đã đăng nhập qua máy chủ xác thực"),
    Event.SYSTEM_NOT_VOUCHED_FOR: _l("Rút lại xác nhận về một hệ thống"),
    Event.SNAPSHOT_TAKEN: _l("Chốt số liệu ngày"),
    Event.TRACKER_PARAMETERS_PROPOSED: _l("Đề xuất thay đổi chỉ tiêu hoặc tham số của bảng theo dõi"),
    Event.TRACKER_PARAMETERS_APPROVED: _l("Duyệt chỉ tiêu và tham số mới của bảng theo dõi"),
    Event.TRACKER_PARAMETERS_WITHDRAWN: _l("Rút đề xuất về chỉ tiêu và tham số của bảng theo dõi"),
    Event.TRACKER_RECOUNTED: _l("Đếm lại bảng theo dõi: có chỗ không khớp, đã ghi lại"),
    Event.CLOSING_MADE: _l("Chốt kỳ báo cáo"),
    Event.CLOSING_CORRECTED: _l("Đính chính kỳ báo cáo"),
    Event.CLOSING_SIGNED: _l("%(person)s ký số liệu kỳ báo cáo"),
    Event.EXEMPTION_DECIDED: _l("Miễn xác thực điện tử có thời hạn cho %(person)s"),
    Event.EXEMPTION_ENDED: _l("Thôi miễn xác thực điện tử cho %(person)s"),
    Event.BACKUP_MADE: _l("Sao lưu toàn bộ hệ thống"),
    Event.BACKUP_RESTORED: _l("Khôi phục hệ thống từ bản sao lưu"),
    Event.TRACKER_NAMES_SHOWN: _l("Mở danh sách người chưa hoàn thành xác thực"),
    Event.REMINDERS_ORDERED: _l("Yêu cầu gửi thư nhắc xác thực"),
    Event.REMINDERS_WRITTEN: _l("Gửi xong một lượt thư nhắc xác thực"),
    Event.CAMPAIGN_MADE: _l("Lập đợt vận động"),
    Event.CAMPAIGN_WAVE_BEGUN: _l("Bắt đầu một lượt của đợt vận động"),
    Event.CAMPAIGN_ENDED: _l("Kết thúc đợt vận động"),
    Event.ENROLMENT_DAY_PLANNED: _l("Lập lịch ngày đăng ký tập trung"),
    Event.ENROLMENT_DAY_CANCELLED: _l("Hủy ngày đăng ký tập trung"),
    Event.LAGGING_UNITS_TOLD: _l("Báo đơn vị chậm cho lãnh đạo"),
    Event.EVIDENCE_TAKEN: _l("Tải gói bằng chứng số liệu"),
    Event.AUDIT_EXPORTED: _l("Xuất nhật ký"),
    Event.PEOPLE_EXPORTED: _l("Xuất danh sách cán bộ"),
    Event.SESSIONS_EXPORTED: _l("Xuất danh sách phiên đăng nhập"),
    Event.EXPORT_ENDED: _l("Xuất xong một danh sách"),
}
PROOFS = {
    IN_PERSON: _l("gặp trực tiếp, theo thẻ căn cước"),
    VNEID: _l("VNeID mức 2"),
    CERTIFICATE: _l("chứng thư số công vụ"),
}
REASONS: dict[str, LazyString] = {
    "signed_out": _l("đăng xuất"),
    "expired": _l("hết hạn"),
    "access_withdrawn": _l("bị vô hiệu hóa"),
    "signed_out_elsewhere": _l("đăng xuất từ nơi khác"),
    "factors_reset": _l("phương tiện xác thực bị hủy"),
    DirectoryReason.GONE: _l("không còn trong danh bạ"),
    DirectoryReason.LOCKED: _l("bị khóa trong danh bạ"),
    "misuse_reported": _l("báo có người khác dùng tài khoản"),
    "password_changed": _l("mật khẩu đã đổi"),
    "by_person": _l("tự đăng xuất"),
    "replaced": _l("người khác đăng nhập trên máy này"),
    "role_granted": _l("được cấp vai trò mới"),
    "role_expired": _l("hết hạn"),
    "returned_to_directory": _l("có lại trong danh bạ"),
    "service_ended": _l("hết thời gian công tác"),
    "long_absence": _l("tạm vắng dài ngày"),
    "absence_over": _l("hết thời gian tạm vắng"),
    "planned": _l("thay đổi đã đặt trước"),
    "idle": _l("lâu không đăng nhập"),
    "access_review": _l("kết quả rà soát tài khoản"),
    "wrong": _l("không đúng"),
    "unknown_person": _l("không có người này"),
    "directory_locked": _l("bị khóa trong danh bạ"),
    "suspended": _l("đã vô hiệu hóa"),
}


def sentence(event: str, detail: Mapping[str, Any], person: str | None, client: str | None) -> str:
    """What happened, readable: "Nguyễn Văn An đăng nhập (Đa yếu tố)"."""
    names = {"person": person or _("một người không rõ"), "client": client or _("một ứng dụng không rõ")}
    told = str(SENTENCES.get(event, event)) % names
    addition = _addition(event, detail)
    return f"{told} ({addition})" if addition else told


def kind_words(event: str) -> str:
    """A kind of event, for choosing it in a list: "Cán bộ nhập đúng mật khẩu"."""
    told = str(SENTENCES[event]) % {"person": _("một cán bộ"), "client": _("một ứng dụng")}
    return told[:1].upper() + told[1:]


def _addition(event: str, detail: Mapping[str, Any]) -> str:
    if event in (Event.ROLE_GRANTED, Event.ROLE_REVOKED, Event.ROLE_BEGUN, Event.ROLE_ENDING):
        return role_words(str(detail.get("role")))
    if event in (Event.SYNC_RUN_APPLIED, Event.SYNC_RUN_STOPPED, Event.SYNC_RUN_FAILED) and "run" in detail:
        return _("lượt số %(number)s", number=detail["run"])
    if "reorganisation" in detail:
        return _("phương án số %(number)s", number=detail["reorganisation"])
    if event == Event.EXPORT_ENDED:
        return _("%(rows)s dòng", rows=format_number(int(detail.get("rows", 0))))
    if event == Event.SNAPSHOT_TAKEN:
        return str(detail.get("day", ""))
    return _name_or_reason(event, detail)


def _name_or_reason(event: str, detail: Mapping[str, Any]) -> str:
    if event.startswith("system.") and detail.get("name"):
        return ": ".join(str(detail[key]) for key in ("name", "reason") if detail.get(key))
    if "reason" in detail:
        return reason_words(str(detail["reason"]))
    return assurance_words(str(detail["acr"])) if "acr" in detail else ""


def reason_words(reason: str) -> str:
    """A reason in words, where it is one of ours; else as it was typed."""
    return str(REASONS.get(reason, reason))


def proof_words(kind: str) -> str:
    """How somebody made sure who a person is, in words."""
    return str(PROOFS.get(kind, kind))


def role_words(role: str) -> str:
    """A role in words."""
    return str(ROLES[Role(role)]) if role in set(Role) else role


def assurance_words(acr: str) -> str:
    """An `acr` value in words."""
    return str(ASSURANCES.get(acr, acr))
