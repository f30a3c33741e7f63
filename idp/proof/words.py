"""A check in words for somebody who is no expert: what each step is, what was seen, and what to do."""

from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from clients.check_models import Outcome, StepState
from idp.proof.steps import Finding, Step

TITLES = {
    Step.DISCOVERY: _l("Ứng dụng tìm được hệ thống xác thực"),
    Step.ADDRESSES: _l("Các địa chỉ đã đăng ký đều trả lời"),
    Step.TOKEN: _l("Ứng dụng nhận được mã truy cập"),
    Step.SIGN_IN: _l("Một người đăng nhập được"),
    Step.LOGOUT: _l("Đăng xuất tới được ứng dụng"),
    Step.LEAVING: _l("Người nghỉ việc bị từ chối"),
}
STATES = {
    StepState.PASSED: ("ok", _l("Đạt")),
    StepState.FAILED: ("bad", _l("Chưa đạt")),
    StepState.WAITING: ("warn", _l("Đang chờ")),
    StepState.NOT_APPLICABLE: ("plain", _l("Không áp dụng")),
}
OUTCOMES = {
    Outcome.PASSED: ("ok", _l("Đạt")),
    Outcome.FAILED: ("bad", _l("Chưa đạt")),
    Outcome.EXPIRED: ("plain", _l("Hết giờ")),
    Outcome.ENDED: ("plain", _l("Kết thúc giữa chừng")),
}
# What was seen, by its word; the facts of the finding fill it in.
SEEN = {
    "not_looked": _l("Chưa xem."),
    "provider_reached": _l("Từ máy chủ này, theo tên và qua mạng: tài liệu cấu hình đọc được, %(keys)s khóa công khai đọc được."),
    "issuer_differs": _l("Tài liệu tại %(url)s nói địa chỉ là “%(told)s”, còn thiết lập là “%(issuer)s”."),
    "provider_unreachable": _l("Không đọc được %(url)s: %(why)s."),
    "provider_unreadable": _l("Nội dung tại %(url)s không phải tài liệu cấu hình."),
    "key_unreadable": _l("Một khóa công khai tại %(url)s không dùng được: %(why)s."),
    "no_key_of_alg": _l("Không có khóa công khai nào cho thuật toán %(alg)s mà ứng dụng đã đăng ký."),
    "no_addresses": _l("Ứng dụng không đăng ký địa chỉ nào để xem."),
    "addresses_reached": _l("Đã gọi thử từng địa chỉ."),
    "addresses_unreachable": _l("Có địa chỉ không trả lời."),
    "addresses_not_seen": _l("Các địa chỉ này chỉ trình duyệt của cán bộ mở được, máy chủ này không vào."),
    "token_given": _l("Đã nhận mã truy cập (%(grant_type)s), tự chứng minh bằng %(method)s."),
    "token_waits": _l("Chưa thấy ứng dụng xin mã truy cập."),
    "sign_in_waits": _l("Chưa thấy lượt đăng nhập nào của người kiểm tra hoặc người kiểm thử."),
    "code_given": _l("Người đó đã được đưa về %(url)s; chờ ứng dụng đổi mã."),
    "code_not_redeemed": _l("Người đó đã được đưa về %(url)s, nhưng ứng dụng không đổi mã trong 60 giây."),
    "signed_in": _l("Đã đăng nhập trọn vẹn, từ trang đăng nhập đến khi ứng dụng nhận dữ liệu."),
    "refused": _l("Yêu cầu của ứng dụng bị từ chối (%(error)s), mã tra cứu %(code)s."),
    "site_signed_in": _l("Người đó đã đăng nhập; chưa thấy máy chủ ủy nhiệm hỏi về trang nào."),
    "site_entered": _l("Máy chủ ủy nhiệm đã hỏi và được trả lời người đó là ai."),
    "logout_first_sign_in": _l("Cần một lượt đăng nhập trước."),
    "logout_waits": _l("Chưa thấy đăng xuất."),
    "logout_under_way": _l("Đã gửi lệnh đăng xuất, chờ ứng dụng xác nhận."),
    "logout_confirmed": _l("Ứng dụng đã xác nhận lệnh đăng xuất sau %(seconds)s giây, lần gửi thứ %(attempts)s."),
    "logout_not_confirmed": _l("Ứng dụng chưa xác nhận lệnh đăng xuất: %(why)s (đã gửi %(attempts)s lần)."),
    "site_logout": _l("Phiên đã kết thúc; máy chủ ủy nhiệm hỏi lại ở mỗi yêu cầu nên trang đóng ngay."),
    "frontchannel": _l("Ứng dụng được báo qua trình duyệt (%(url)s); cách này không có xác nhận để xem."),
    "public_no_channel": _l(
        "Ứng dụng chạy trong trình duyệt hoặc điện thoại, không có máy chủ để nhận lệnh; mã truy cập mất hiệu lực ngay."
    ),
    "no_channel": _l("Ứng dụng chưa có địa chỉ nhận lệnh đăng xuất: người đã đăng xuất vẫn ở lại trong ứng dụng."),
    "leaving_after_logout": _l("Thử sau bước đăng xuất."),
    "leaving_first_sign_in": _l("Người kiểm thử chưa ở trong ứng dụng."),
    "leaving_ready": _l("Người kiểm thử đang ở trong ứng dụng; có thể thử cho nghỉ việc."),
    "leaver_under_way": _l("Đã thu hồi truy cập; đang báo cho ứng dụng."),
    "leaver_confirmed": _l(
        "Mã truy cập của người kiểm thử: trước khi nghỉ được trả lời %(before)s, sau khi nghỉ %(after)s. Đăng nhập lại bị từ chối."
        " Ứng dụng xác nhận đã biết sau %(seconds)s giây."
    ),
    "leaver_not_confirmed": _l("Hệ thống này đã từ chối người kiểm thử, nhưng ứng dụng chưa xác nhận đã biết: %(why)s."),
    "leaver_not_refused": _l("Sau khi nghỉ việc, mã truy cập vẫn được trả lời %(after)s. %(why)s"),
    "leaver_out_site": _l(
        "Mã truy cập: trước %(before)s, sau %(after)s. Trang bị đóng ở yêu cầu kế tiếp, vì mỗi yêu cầu đều được hỏi lại."
    ),
    "leaver_out_no_channel": _l(
        "Mã truy cập: trước %(before)s, sau %(after)s. Đăng nhập lại bị từ chối. Ứng dụng không có kênh để được báo: phiên riêng của ứng"
        " dụng kéo dài đến khi tự hết."
    ),
}
# What to do, by the same word.
FIXES = {
    "not_looked": _l("Bấm “Xem lại”."),
    "issuer_differs": _l("Sửa HOPNHAT_ISSUER, hoặc máy chủ ủy nhiệm đang đưa tên khác."),
    "provider_unreachable": _l(
        "Người quản trị máy chủ xem: tên miền có trỏ đúng không, chứng thư TLS còn hạn không, máy chủ có tự gọi được địa chỉ của mình không."
    ),
    "provider_unreadable": _l("Có lẽ máy chủ khác trả lời ở địa chỉ này. Xem cấu hình máy chủ ủy nhiệm."),
    "key_unreadable": _l("Chạy “hopnhat doctor” trên máy chủ và làm theo."),
    "no_key_of_alg": _l("Chạy “hopnhat db upgrade” để tạo khóa, hoặc đổi thuật toán chữ ký ở trang ứng dụng."),
    "addresses_unreachable": _l(
        "Với từng dòng chưa đạt: ứng dụng đang chạy chưa, địa chỉ có gõ đúng không. Địa chỉ trong mạng nội bộ cần được ghi vào"
        " HOPNHAT_OUTBOUND_ALLOW."
    ),
    "token_waits": _l("Cho chương trình chạy một lần với mã ứng dụng và khóa này, rồi bấm “Xem lại”."),
    "sign_in_waits": _l(
        "Mở ứng dụng và đăng nhập: bằng tài khoản của chính mình, hoặc lấy đường dẫn của người kiểm thử ở dưới, mở trong cửa sổ ẩn danh."
    ),
    "code_given": _l("Chờ vài giây rồi bấm “Xem lại”."),
    "code_not_redeemed": _l(
        "Ở địa chỉ trả về, ứng dụng phải gọi %(token)s bằng mã vừa nhận. Xem nhật ký của ứng dụng: thường là sai địa chỉ của hệ thống xác"
        " thực, hoặc máy chủ của ứng dụng không ra được mạng."
    ),
    "refused": _l("Mở mã tra cứu để xem ứng dụng đã gửi gì, đã đăng ký gì, khác ở đâu. Sửa xong thì đăng nhập lại."),
    "site_signed_in": _l("Mở một trang của ứng dụng. Nếu trang hiện mà bước này không đổi, máy chủ ủy nhiệm chưa hỏi /forward-auth."),
    "logout_first_sign_in": _l("Làm bước đăng nhập trước."),
    "logout_waits": _l("Bấm đăng xuất trong ứng dụng, hoặc dùng nút “Kết thúc phiên của người kiểm thử”."),
    "logout_under_way": _l("Chờ vài giây rồi bấm “Xem lại”. Nếu mãi không đổi: tiến trình “hopnhat worker” có đang chạy không."),
    "logout_not_confirmed": _l(
        "Ứng dụng phải trả lời 200 hoặc 204 cho yêu cầu POST có logout_token. Không kết nối được: xem tường lửa. Trả lời 4xx: ứng dụng không"
        " nhận ra chữ ký, mã ứng dụng hoặc phiên; xem nhật ký của ứng dụng. Hệ thống tự gửi lại."
    ),
    "public_no_channel": _l("Đặt thời hạn mã truy cập ngắn; ứng dụng phải hỏi lại khi mã hết hạn."),
    "no_channel": _l("Nhờ người làm ứng dụng bật đăng xuất qua máy chủ (back-channel logout), rồi ghi địa chỉ đó ở trang ứng dụng."),
    "leaving_after_logout": _l("Làm bước đăng xuất trước."),
    "leaving_first_sign_in": _l(
        "Lấy đường dẫn mới của người kiểm thử, mở trong cửa sổ ẩn danh, vào ứng dụng và cứ để nguyên ở đó; rồi bấm “Thử cho nghỉ việc”."
    ),
    "leaving_ready": _l("Bấm “Thử cho nghỉ việc”. Chỉ người kiểm thử bị thu hồi truy cập, không ảnh hưởng ai khác."),
    "leaver_under_way": _l("Chờ vài giây rồi bấm “Xem lại”. Trong cửa sổ ẩn danh, tải lại trang: ứng dụng phải đòi đăng nhập."),
    "leaver_not_confirmed": _l("Sửa như ở bước đăng xuất: cùng một địa chỉ nhận lệnh. Hệ thống tự gửi lại."),
    "leaver_not_refused": _l("Báo ngay cho người quản trị hệ thống xác thực; gửi kèm trang này."),
}
NAMES_OF_ADDRESSES = {
    "backchannel_logout_uri": _l("Địa chỉ nhận lệnh đăng xuất"), "jwks_uri": _l("Địa chỉ công bố khóa"),
    "initiate_login_uri": _l("Địa chỉ bắt đầu đăng nhập"), "client_uri": _l("Trang bắt đầu"), "redirect_uris": _l("Địa chỉ trả về"),
    "forward_auth_origins": _l("Trang được bảo vệ"),
}  # fmt: skip
WHYS = {
    "own_scheme": _l("chỉ mở được trên thiết bị của cán bộ"),
    "own_machine": _l("nằm trên máy của cán bộ, máy chủ này không vào"),
    "not_allowed": _l("nằm trong mạng nội bộ hoặc không dùng https; HOPNHAT_OUTBOUND_ALLOW chưa cho phép"),
    "too_slow": _l("chưa kịp xem; bấm “Xem lại” để thử"),
    "no_answer": _l("không trả lời"),
    "broken": _l("có máy chủ, nhưng không có gì ở địa chỉ này"),
}


@dataclass(frozen=True)
class Told:
    """One step, told: `state` and its kind for the badge, `seen` and `fix` as sentences, `facts` for what is listed below them."""

    step: Step
    title: str
    kind: str
    state: str
    seen: str
    fix: str
    facts: dict[str, Any]


def told(step: Step, finding: Finding, issuer: str) -> Told:
    """A step in words."""
    kind, state = STATES[finding.state]
    facts = {**finding.facts, "token": f"{issuer}/token"}
    seen, fix = (str(words.get(finding.word, "")) for words in (SEEN, FIXES))
    return Told(
        step, str(TITLES[step]), kind, str(state), seen % facts if seen else finding.word, fix % facts if fix else "", finding.facts
    )


def address_words(one: dict[str, Any]) -> str:
    """One address of the application, and what came of it."""
    name = NAMES_OF_ADDRESSES.get(one["name"], one["name"])
    if one["state"] == "ok":
        told_status = _("trả lời %(status)s", status=one["status"]) if "status" in one else _("có trả lời")
        return f"{name}: {told_status}"
    why = str(WHYS.get(one.get("why", ""), ""))
    return f"{name}: {why}" + (f" ({one['status']})" if "status" in one else "") + (f" ({one['told']})" if "told" in one else "")
