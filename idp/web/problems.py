"""What the API says when it refuses: problem details (RFC 9457), in the language asked for, with the code by which the log is searched."""

import json
from collections.abc import Sequence

from flask import Response, request
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from idp.errors import Refusal
from idp.request_ids import request_id
from idp.web.language import current_language

API = "/api/v1"
CONTENT_TYPE = "application/problem+json"
TITLES: dict[int, LazyString] = {
    400: _l("Yêu cầu không đúng dạng"),
    401: _l("Cần một mã truy cập còn hiệu lực"),
    403: _l("Không có quyền"),
    404: _l("Không tìm thấy"),
    405: _l("Địa chỉ này không nhận phương thức đã gửi"),
    409: _l("Trái với trạng thái hiện tại"),
    412: _l("Đã thay đổi ở nơi khác"),
    413: _l("Nội dung gửi quá lớn"),
    415: _l("Nội dung gửi phải là JSON"),
    422: _l("Yêu cầu bị từ chối"),
    428: _l("Thiếu tiêu đề If-Match"),
    429: _l("Quá nhiều yêu cầu"),
    503: _l("Hệ thống tạm thời không phục vụ được"),
}
OTHER, BUG = _l("Không thực hiện được yêu cầu"), _l("Có lỗi ở phía hệ thống")


class NotAsDeclared(Refusal):
    """A request to the API that is not as its description says. `flaws`: what is wrong, by where it stands."""

    reason = "malformed"

    def __init__(self, flaws: Sequence[tuple[str, str]], reason: str | None = None, status: int | None = None) -> None:
        super().__init__("", reason, status)
        self.flaws = tuple(flaws)


def is_api_request() -> bool:
    """Whether this request is for the API, also where no route answers."""
    return request.path == API or request.path.startswith(API + "/")


def problem(status: int, reason: str, detail: str = "", flaws: Sequence[tuple[str, str]] = ()) -> Response:
    """The answer. `reason`: a stable word for programs; `flaws`: where something is wrong, and what."""
    told = {
        "type": f"urn:hopnhat:problem:{reason}",
        "title": str(TITLES.get(status) or (BUG if status >= 500 else OTHER)),
        "status": status,
        "code": reason,
        "reference": request_id(),
        **({"detail": detail} if detail else {}),
        **({"errors": [{"field": field, "message": message} for field, message in flaws]} if flaws else {}),
    }
    body = json.dumps(told, ensure_ascii=False).encode("utf-8", "replace")
    headers = {"Content-Language": current_language(), "Cache-Control": "no-store"}
    return Response(body, status, headers=headers, content_type=CONTENT_TYPE)


def problem_of(refusal: Refusal) -> Response:
    """A refusal as a problem: 400 for what is not as described, 422 for what is and yet a rule refuses it."""
    if isinstance(refusal, NotAsDeclared):
        return problem(refusal.status, refusal.reason, refusal.message, refusal.flaws)
    field = getattr(refusal, "field", None)
    return problem(422 if refusal.status == 400 else refusal.status, refusal.reason, refusal.message, _about(field, refusal.message))


def _about(field: str | None, message: str) -> Sequence[tuple[str, str]]:
    return [(field, message)] if field else ()
