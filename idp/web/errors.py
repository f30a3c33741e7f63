"""Error pages: what happened, what to do, whom to call, and the code by which the log is searched; JSON for programs."""

from dataclasses import dataclass

import structlog
from flask import Flask, Response, jsonify, make_response, render_template
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from sqlalchemy.exc import InterfaceError, OperationalError
from werkzeug.exceptions import HTTPException

from idp import clock
from idp.database import forget_connections
from idp.errors import Refusal
from idp.request_ids import request_id
from idp.web.csrf import is_machine_request
from idp.web.problems import is_api_request, problem, problem_of

RETRY_SECONDS = 5
_log = structlog.get_logger()


@dataclass(frozen=True)
class Words:
    """What an error page says: its heading, what happened, what to do."""

    heading: str | LazyString
    happened: str | LazyString
    advice: str | LazyString = ""


NOT_POSSIBLE = Words(_l("Không thực hiện được yêu cầu"), _l("Yêu cầu gửi đến không đầy đủ hoặc không hợp lệ."), _l("Mở lại trang từ đầu."))
BUG = Words(
    _l("Có lỗi ở phía hệ thống"),
    _l("Yêu cầu chưa được thực hiện. Lỗi đã được ghi lại."),
    _l("Thử lại sau ít phút. Nếu vẫn lỗi, báo mã tra cứu cho bộ phận hỗ trợ."),
)
WORDS = {
    403: Words(
        _l("Không có quyền vào trang này"),
        _l("Tài khoản đang dùng chưa được cấp quyền cho trang này."),
        _l("Nếu cần quyền cho công việc, đề nghị quản trị CNTT của tỉnh cấp quyền."),
    ),
    404: Words(_l("Không tìm thấy trang"), _l("Địa chỉ này không có hoặc đã thay đổi."), _l("Kiểm tra lại địa chỉ đã nhập.")),
    405: Words(_l("Trang không nhận yêu cầu này"), _l("Yêu cầu đã gửi theo cách mà trang không nhận."), _l("Mở lại trang từ đầu.")),
    413: Words(_l("Nội dung gửi quá lớn"), _l("Máy chủ không nhận nội dung lớn như vậy."), _l("Rút gọn nội dung rồi gửi lại.")),
    429: Words(_l("Quá nhiều yêu cầu"), _l("Máy này gửi quá nhiều yêu cầu trong thời gian ngắn."), _l("Chờ một phút rồi thử lại.")),
    503: Words(
        _l("Hệ thống tạm thời không phục vụ được"),
        _l("Một phần của hệ thống đang không trả lời."),
        _l("Chờ vài giây rồi tải lại trang. Việc đang làm không bị mất."),
    ),
}


def _words_for(status: int) -> Words:
    return WORDS.get(status) or (BUG if status >= 500 else NOT_POSSIBLE)


def _answer(status: int, words: Words, reason: str, retry_seconds: int | None = None) -> Response:
    if is_api_request():
        response = problem(status, reason)
    elif is_machine_request():
        # RFC 6749 §5.2 has a name for a request by the wrong method, and callers of OAuth look for it.
        told = {"error": "invalid_request", "error_description": "another method is expected"} if status == 405 else {"error": reason}
        response = jsonify(**told, request_id=request_id())
    else:
        response = make_response(render_template("errors/error.html", words=words, status=status, at=clock.now()))
    response.status_code = status
    if retry_seconds is not None:
        response.headers["Retry-After"] = str(retry_seconds)
    return response


def _answer_refusal(refusal: Refusal) -> Response:
    general = _words_for(refusal.status)
    _log.info("request.refused", reason=refusal.reason, status=refusal.status)
    if is_api_request() and refusal.status != 503:
        return problem_of(refusal)
    words = Words(general.heading, refusal.message) if refusal.message else general
    return _answer(refusal.status, words, refusal.reason, RETRY_SECONDS if refusal.status == 503 else None)


def _answer_http(error: HTTPException) -> Response:
    if error.code is None or error.code < 400:
        return Response(status=500) if error.code is None else error.get_response()  # type: ignore[return-value]
    reason = (error.name or "error").lower().replace(" ", "_")
    response = _answer(error.code, _words_for(error.code), reason)
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


def _answer_database_away(error: Exception) -> Response:
    _log.error("database.unavailable", exc_info=error)
    forget_connections()
    return _answer(503, _words_for(503), "unavailable", RETRY_SECONDS)


def set_up_errors(app: Flask) -> None:
    """What is answered to an expected no, to an HTTP error, without a database, and to a bug; never a stack."""
    app.register_error_handler(Refusal, _answer_refusal)
    app.register_error_handler(HTTPException, _answer_http)
    app.register_error_handler(OperationalError, _answer_database_away)
    app.register_error_handler(InterfaceError, _answer_database_away)
