"""What a visitor of a guarded site sees while they are not let in: pages for people, JSON for scripts. They are shown at the site's
own address, so nothing in them may lead to a path of ours."""

import json
from dataclasses import dataclass

from flask import Response, make_response, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from clients.failure_models import FailureKind
from idp.oidc import failure_notes
from idp.oidc.forward_auth.guarded_site import SIGN_OUT, GuardedSite


@dataclass(frozen=True)
class Way:
    """A link below the words. `in_new_tab`: the page behind must stay, with what was typed into it."""

    url: str
    words: str
    in_new_tab: bool = False


def not_guarded() -> AnyResponse:
    """The proxy is configured wrongly; nobody gets in until that is mended (403)."""
    failure_notes.note("forward_auth", "not_guarded", "the proxy asks about a site that is none of this client's", kind=FailureKind.SITE)
    happened = _("Máy chủ của ứng dụng hỏi hệ thống xác thực theo cách không đúng.")
    return _page(403, "not_guarded", _("Ứng dụng chưa được cấu hình đúng"), happened, _("Báo cho bộ phận quản lý ứng dụng."))


def unclear_path() -> AnyResponse:
    """The application behind could read the address differently from us (403)."""
    happened = _("Địa chỉ vừa mở có ký tự khiến nó được hiểu theo nhiều cách, nên không được chuyển đến ứng dụng.")
    return _page(403, "unclear_path", _("Địa chỉ không rõ ràng"), happened, _("Mở lại ứng dụng từ trang đầu của nó."))


def not_allowed(site: GuardedSite) -> AnyResponse:
    """Signed in, and not meant to be here (403)."""
    failure_notes.note("forward_auth", "access_denied", "the person may not enter this part of the site", site.client, FailureKind.ENTRY)
    return _page(
        403,
        "access_denied",
        _("Không có quyền vào ứng dụng này"),
        _("Tài khoản đang dùng chưa được cấp quyền vào phần này của ứng dụng “%(name)s”.", name=site.client.client_name),
        _("Nếu cần cho công việc, đề nghị bộ phận quản lý ứng dụng cấp quyền."),
        Way(site.origin + SIGN_OUT, _("Đăng xuất để dùng tài khoản khác")),
    )


def sign_in_first(sign_in_url: str) -> AnyResponse:
    """Something was sent that cannot be sent again for the visitor after a sign-in: they are told so (401)."""
    return _page(
        401,
        "login_required",
        _("Cần đăng nhập lại"),
        _("Phiên đăng nhập đã kết thúc hoặc cần xác thực thêm, nên nội dung vừa gửi chưa được nhận."),
        _("Đăng nhập ở thẻ mới, rồi về thẻ này, bấm nút quay lại của trình duyệt và gửi lại nội dung."),
        Way(sign_in_url, _("Mở trang đăng nhập ở thẻ mới"), in_new_tab=True),
    )


def not_signed_in(site: GuardedSite, happened: str, target: str) -> AnyResponse:
    """A sign-in ended without anybody being signed in (400)."""
    failure_notes.note("forward_auth", "not_signed_in", "a sign-in of the site ended without a session", site.client)
    way = Way(site.origin + target, _("Đăng nhập lại"))
    return _page(400, "not_signed_in", _("Chưa đăng nhập được"), happened, "", way)


def _page(status: int, error: str, heading: str, happened: str, advice: str, way: Way | None = None) -> AnyResponse:
    if not wants_page():
        told = {"error": error} | ({"sign_in": way.url} if way and status == 401 else {})
        return Response(json.dumps(told), status=status, content_type="application/json")
    words = {"heading": heading, "happened": happened, "advice": advice}
    response = make_response(render_template("forward_auth/refused.html", words=words, way=way))
    response.status_code = status
    return response


def wants_page() -> bool:
    """Whether a person looks at what is answered, rather than a script (Fetch Metadata; older browsers say it by Accept)."""
    mode = request.headers.get("Sec-Fetch-Mode")
    return mode == "navigate" if mode else "text/html" in request.headers.get("Accept", "text/html")
