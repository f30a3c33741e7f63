"""Refused requests in words, for somebody who is no expert of OAuth: what happened, what differs, what to change."""

from flask_babel import gettext as _

from clients.address_difference import Difference
from clients.failure_models import FailureKind

IN_OUR_ENTRY = frozenset(
    {FailureKind.ADDRESS, FailureKind.LOGOUT_ADDRESS, FailureKind.SCOPE, FailureKind.GRANT_TYPE, FailureKind.METHOD, FailureKind.SITE}
)


def name_of(kind: str) -> str:
    """A kind in a few words."""
    return _names().get(kind) or _("Lỗi khác")


def happened(kind: str) -> str:
    """What happened."""
    return _happened().get(kind) or _("Yêu cầu không hợp lệ; xem phần dành cho người lập trình bên dưới.")


def advice(kind: str) -> str:
    """What to change, and where."""
    return _advice().get(kind) or _("Gửi trang này cho người lập trình của ứng dụng.")


def place_words(place: str) -> str:
    """Where it was refused."""
    words = {
        "authorize": _("khi bắt đầu đăng nhập"), "token": _("khi ứng dụng đổi mã lấy token"), "par": _("khi ứng dụng gửi trước yêu cầu"),
        "device_authorization": _("khi thiết bị xin mã"), "device": _("khi cán bộ nhập mã của thiết bị"),
        "introspect": _("khi hệ thống hỏi về một token"), "revoke": _("khi ứng dụng trả lại token"), "end_session": _("khi đăng xuất"),
        "forward_auth": _("khi máy chủ proxy hỏi"),
    }  # fmt: skip
    return words.get(place, place)


def difference_words(one: Difference) -> str:
    """One difference between two addresses."""
    words = {
        "scheme": _("Một bên là %(sent)s, một bên là %(kept)s.", sent=one.received, kept=one.registered),
        "host": _("Tên máy chủ khác: nhận “%(sent)s”, đăng ký “%(kept)s”.", sent=one.received, kept=one.registered),
        "host_case": _("Tên máy chủ viết hoa, thường khác nhau: “%(sent)s” và “%(kept)s”.", sent=one.received, kept=one.registered),
        "loopback": _("“%(sent)s” và “%(kept)s” cùng là máy tại chỗ nhưng là hai địa chỉ khác nhau.", sent=one.received, kept=one.registered),
        "port": _("Cổng khác: nhận %(sent)s, đăng ký %(kept)s.", sent=one.received or "—", kept=one.registered or "—"),
        "slash": _("Thừa hoặc thiếu dấu gạch chéo (/) ở cuối."),
        "path_case": _("Đường dẫn viết hoa, thường khác nhau: “%(sent)s” và “%(kept)s”.", sent=one.received, kept=one.registered),
        "encoding": _("Đường dẫn giống nhau nhưng ký tự được mã hóa khác nhau (dấu phần trăm)."),
        "path": _("Đường dẫn khác: nhận “%(sent)s”, đăng ký “%(kept)s”.", sent=one.received or "/", kept=one.registered or "/"),
        "query": _("Phần sau dấu hỏi (?) khác: nhận “%(sent)s”, đăng ký “%(kept)s”.", sent=one.received or "—", kept=one.registered or "—"),
        "fragment": _("Địa chỉ gửi đến có phần sau dấu thăng (#)."),
    }  # fmt: skip
    return words.get(one.part) or _("Cách viết khác nhau, dù trông giống nhau: khoảng trắng, cổng ghi thừa hoặc chữ hoa.")


def _names() -> dict[str, str]:
    return {
        FailureKind.CLIENT_UNKNOWN: _("Mã ứng dụng không có"), FailureKind.CLIENT_DISABLED: _("Ứng dụng đã ngừng kết nối"),
        FailureKind.ADDRESS: _("Địa chỉ trả về không khớp"), FailureKind.ADDRESS_MISSING: _("Thiếu địa chỉ trả về"),
        FailureKind.LOGOUT_ADDRESS: _("Địa chỉ sau đăng xuất không khớp"), FailureKind.LOGOUT_HINT: _("Đăng xuất thiếu hoặc sai id_token_hint"),
        FailureKind.MALFORMED: _("Yêu cầu không đọc được"), FailureKind.REQUEST: _("Yêu cầu thiếu hoặc sai tham số"),
        FailureKind.SCOPE: _("Phạm vi thông tin không được phép"), FailureKind.PKCE: _("Thiếu hoặc sai PKCE"),
        FailureKind.LINK_OVER: _("Lượt đăng nhập cũ"), FailureKind.METHOD: _("Sai cách ứng dụng chứng minh mình"),
        FailureKind.SECRET: _("Khóa bí mật sai hoặc đã hết hạn"), FailureKind.KEY: _("Chữ ký hoặc chứng thư không được nhận"),
        FailureKind.GRANT: _("Mã hoặc token đã dùng, hết hạn hoặc bị thu hồi"), FailureKind.GRANT_TYPE: _("Cách lấy token chưa đăng ký"),
        FailureKind.PROOF: _("Bằng chứng DPoP không được nhận"), FailureKind.ASSURANCE: _("Chưa đủ mức xác thực"),
        FailureKind.ENTRY: _("Người này chưa được vào"), FailureKind.CANCELLED: _("Cán bộ đã hủy hoặc không đồng ý"),
        FailureKind.SITE: _("Máy chủ proxy hỏi về địa chỉ chưa đăng ký"), FailureKind.TOO_MANY: _("Ứng dụng hỏi quá nhiều"),
    }  # fmt: skip


def _happened() -> dict[str, str]:
    return {
        FailureKind.CLIENT_UNKNOWN: _("Yêu cầu ghi một mã ứng dụng (client_id) không có ở đây."),
        FailureKind.CLIENT_DISABLED: _("Ứng dụng có đăng ký nhưng đang ngừng kết nối, nên mọi yêu cầu đều bị từ chối."),
        FailureKind.ADDRESS: _("Ứng dụng muốn nhận kết quả ở một địa chỉ (redirect_uri) khác địa chỉ đã đăng ký. Hai địa chỉ phải giống nhau từng ký tự."),
        FailureKind.ADDRESS_MISSING: _("Yêu cầu không nói trả kết quả về đâu (redirect_uri)."),
        FailureKind.LOGOUT_ADDRESS: _("Sau khi đăng xuất, ứng dụng muốn về một địa chỉ (post_logout_redirect_uri) chưa đăng ký. Cán bộ vẫn đăng xuất được."),
        FailureKind.LOGOUT_HINT: _("Yêu cầu đăng xuất không kèm ID token của ứng dụng, hoặc kèm một ID token không đúng. Cán bộ vẫn đăng xuất được."),
        FailureKind.MALFORMED: _("Yêu cầu có tham số lặp lại, ký tự sai mã hóa hoặc quá dài."),
        FailureKind.REQUEST: _("Một tham số bắt buộc bị thiếu hoặc có giá trị không được nhận."),
        FailureKind.SCOPE: _("Ứng dụng hỏi điều mà nó chưa được đăng ký để biết."),
        FailureKind.PKCE: _("Ứng dụng không gửi code_challenge hoặc code_verifier đúng. PKCE bảo vệ từng lượt đăng nhập và là bắt buộc."),
        FailureKind.LINK_OVER: _("Trang được mở lại sau khi lượt đăng nhập đã xong hoặc hết hạn; thường do bấm nút quay lại hoặc để trang mở lâu."),
        FailureKind.METHOD: _("Ứng dụng chứng minh mình bằng cách khác với cách đã đăng ký."),
        FailureKind.SECRET: _("Ứng dụng gửi một khóa bí mật không đúng, đã thu hồi hoặc đã hết hạn."),
        FailureKind.KEY: _("Chữ ký của ứng dụng không khớp với khóa công khai đã đăng ký, hoặc đã quá hạn, hoặc đã dùng."),
        FailureKind.GRANT: _("Mã một lần hoặc token làm mới không còn giá trị: đã dùng, hết hạn, phiên đã đăng xuất, hoặc gửi lặp lại."),
        FailureKind.GRANT_TYPE: _("Ứng dụng dùng một cách lấy token (grant_type, response_type) chưa đăng ký cho nó."),
        FailureKind.PROOF: _("Chứng minh giữ khóa (DPoP) không đúng: đồng hồ lệch, khóa khác hoặc địa chỉ khác."),
        FailureKind.ASSURANCE: _("Ứng dụng đòi mức xác thực mà cán bộ này chưa có phương tiện để đạt."),
        FailureKind.ENTRY: _("Cán bộ đăng nhập được nhưng chưa có quy tắc nào cho vào ứng dụng này."),
        FailureKind.CANCELLED: _("Cán bộ bấm hủy, không đồng ý chia sẻ dữ liệu, hoặc quay lại từ trang từ chối."),
        FailureKind.SITE: _("Máy chủ proxy (nginx, Traefik, Caddy) gửi một địa chỉ không nằm trong các địa chỉ đã đăng ký của hệ thống cũ."),
        FailureKind.TOO_MANY: _("Ứng dụng hoặc địa chỉ này gửi nhiều yêu cầu hơn mức cho phép trong một phút hoặc một ngày."),
    }  # fmt: skip


def _advice() -> dict[str, str]:
    either = _("Sửa cấu hình của ứng dụng cho đúng địa chỉ đã đăng ký, hoặc thêm địa chỉ này vào bản đăng ký nếu đúng là của ứng dụng.")
    in_program = _("Sửa ở phía ứng dụng: gửi phần dành cho người lập trình bên dưới cho họ.")
    return {
        FailureKind.CLIENT_UNKNOWN: _("Sửa client_id trong cấu hình của ứng dụng; chép lại từ trang ứng dụng."),
        FailureKind.CLIENT_DISABLED: _("Nếu ứng dụng được dùng lại, bấm “Mở lại kết nối” ở trang ứng dụng."),
        FailureKind.ADDRESS: either, FailureKind.LOGOUT_ADDRESS: either, FailureKind.SITE: either,
        FailureKind.ADDRESS_MISSING: _("Đặt redirect_uri trong cấu hình của ứng dụng bằng một địa chỉ đã đăng ký."),
        FailureKind.LOGOUT_HINT: _("Cấu hình để ứng dụng gửi id_token_hint khi đăng xuất; hầu hết thư viện tự làm khi giữ lại ID token."),
        FailureKind.MALFORMED: in_program, FailureKind.REQUEST: in_program, FailureKind.PROOF: in_program,
        FailureKind.SCOPE: _("Bỏ phạm vi đó khỏi cấu hình của ứng dụng, hoặc thêm vào bản đăng ký nếu ứng dụng thật sự cần."),
        FailureKind.PKCE: _("Bật PKCE (S256) trong cấu hình của ứng dụng. Nếu đã bật, ứng dụng phải giữ code_verifier của từng lượt đăng nhập."),
        FailureKind.LINK_OVER: _("Không phải sửa gì: mở lại ứng dụng và đăng nhập lại. Nếu ai cũng gặp, đồng hồ máy chủ ứng dụng có thể lệch."),
        FailureKind.METHOD: _("Đổi cách xác thực trong cấu hình của ứng dụng, hoặc đổi “Cách xác thực ứng dụng” trong bản đăng ký."),
        FailureKind.SECRET: _("Chép lại khóa vào cấu hình của ứng dụng. Nếu mất khóa, tạo khóa mới ở trang ứng dụng rồi thu hồi khóa cũ."),
        FailureKind.KEY: _("Kiểm tra khóa riêng ứng dụng đang ký, địa chỉ công bố khóa công khai (jwks_uri) và đồng hồ của máy chủ ứng dụng."),
        FailureKind.GRANT: _("Ứng dụng phải bắt đầu đăng nhập lại, không gửi lại mã cũ. Nếu xảy ra thường xuyên: ứng dụng gửi một mã hai lần hoặc nhiều máy chủ dùng chung một token."),
        FailureKind.GRANT_TYPE: _("Sửa cách lấy token trong cấu hình của ứng dụng (response_type=code), hoặc thêm cách đó vào bản đăng ký."),
        FailureKind.ASSURANCE: _("Hướng dẫn cán bộ đăng ký thêm phương tiện xác thực, hoặc hạ mức tối thiểu trong bản đăng ký nếu dữ liệu cho phép."),
        FailureKind.ENTRY: _("Nếu người này cần vào để làm việc, thêm quy tắc ở mục “Người được vào”."),
        FailureKind.CANCELLED: _("Thường không phải sửa gì. Nếu nhiều người hủy, xem lại tên ứng dụng và dữ liệu ứng dụng xin có dễ hiểu không."),
        FailureKind.TOO_MANY: _("Ứng dụng phải chờ theo Retry-After rồi mới gửi lại, và giữ token đến khi hết hạn thay vì xin liên tục."),
    }  # fmt: skip
