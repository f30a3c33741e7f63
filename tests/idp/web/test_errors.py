"""Rules of the error pages."""

import re

import pytest
from flask import Blueprint, Flask, abort
from sqlalchemy.exc import OperationalError

from idp.errors import Forbidden, NotFound, Refusal, Unavailable
from idp.request_ids import ALPHABET, name_request, new_request_id, request_id
from idp.web.csrf import csrf_exempt
from idp.web.viewer import anyone

CODE = re.compile(r"Mã tra cứu:</?\w* *<b>([0-9A-Z]{4}-[0-9A-Z]{4})</b>|Mã tra cứu: <b>([0-9A-Z]{4}-[0-9A-Z]{4})</b>")
SECRET = "mật-khẩu-trong-lỗi"


@pytest.fixture
def faulty(app: Flask) -> Flask:
    """The application with pages and an endpoint that go wrong in every way."""
    raised = {
        "refusal": Refusal("Tên <b>đã</b> có.", "taken"),
        "not_found": NotFound("Không có người này."),
        "forbidden": Forbidden(""),
        "unavailable": Unavailable("Danh bạ không trả lời."),
        "bug": RuntimeError(SECRET),
        "database": OperationalError("SELECT 1", {}, Exception(SECRET)),
    }
    for machine in (False, True):
        blueprint = Blueprint("machine" if machine else "page", __name__, url_prefix="/machine" if machine else "/page")

        @blueprint.get("/<kind>")
        @blueprint.get("/below/again", defaults={"kind": "below"})
        @blueprint.get("/below/again/", defaults={"kind": "below"})
        @anyone
        def view(kind: str) -> str:
            if kind.isdigit():
                abort(int(kind))
            raise raised[kind]

        if machine:
            csrf_exempt(blueprint)
        app.register_blueprint(blueprint)
    return app


@pytest.mark.parametrize(
    ("kind", "status", "words"),
    [
        ("refusal", 400, "Tên &lt;b&gt;đã&lt;/b&gt; có."),
        ("not_found", 404, "Không có người này."),
        ("forbidden", 403, "Không có quyền vào trang này"),
        ("unavailable", 503, "Danh bạ không trả lời."),
        ("bug", 500, "Có lỗi ở phía hệ thống"),
        ("database", 503, "tạm thời không phục vụ được"),
        ("404", 404, "Không tìm thấy trang"),
        ("405", 405, "Trang không nhận yêu cầu này"),
        ("413", 413, "Nội dung gửi quá lớn"),
        ("429", 429, "Quá nhiều yêu cầu"),
        ("418", 418, "Không thực hiện được yêu cầu"),
    ],
)
def test_a_person_reads_what_happened_and_a_code_and_nothing_else(faulty: Flask, kind: str, status: int, words: str) -> None:
    answer = faulty.test_client().get(f"/page/{kind}")
    page = answer.get_data(as_text=True)
    assert answer.status_code == status
    assert words in page
    assert CODE.search(page)
    for leaked in (SECRET, "Traceback", "RuntimeError", "sqlalche", "SELECT"):
        assert leaked not in page


@pytest.mark.parametrize(
    ("kind", "status", "error"),
    [("refusal", 400, "taken"), ("bug", 500, "internal_server_error"), ("database", 503, "unavailable"), ("404", 404, "not_found")],
)
def test_a_program_gets_json_with_a_stable_word(faulty: Flask, kind: str, status: int, error: str) -> None:
    answer = faulty.test_client().get(f"/machine/{kind}")
    assert answer.status_code == status
    assert answer.is_json
    assert answer.get_json().keys() == {"error", "request_id"}
    assert answer.get_json()["error"] == error


@pytest.mark.parametrize("kind", ["unavailable", "database"])
def test_an_outage_says_when_to_try_again(faulty: Flask, kind: str) -> None:
    assert int(faulty.test_client().get(f"/page/{kind}").headers["Retry-After"]) > 0


def test_a_method_not_taken_says_which_are(faulty: Flask) -> None:
    assert "GET" in faulty.test_client().put("/healthz").headers["Allow"]


def test_the_code_is_in_every_line_logged_meanwhile_and_in_none_after(faulty: Flask) -> None:
    @faulty.before_request
    def look() -> None:
        seen.append((request_id(), name_request(None, "info", {})["request_id"]))

    seen: list[tuple[str, str]] = []
    page = faulty.test_client().get("/page/refusal").get_data(as_text=True)
    assert seen[0][0] == seen[0][1]
    assert seen[0][0] in page
    assert name_request(None, "info", {}) == {}


def test_a_code_is_short_readable_aloud_and_not_repeated() -> None:
    codes = {new_request_id() for _ in range(1000)}
    assert len(codes) == 1000
    assert not set("0O1IL") & set(ALPHABET)


def test_requests_of_one_context_share_nothing(app: Flask) -> None:
    browser = app.test_client()
    pages = [browser.get("/nowhere").get_data(as_text=True) for _ in range(2)]
    codes = [CODE.search(page) for page in pages]
    assert codes[0]
    assert codes[1]
    assert codes[0].groups() != codes[1].groups()


@pytest.mark.parametrize("written", ["/{}/below/again/", "/{}/below/again"])
@pytest.mark.parametrize(("whose", "is_json"), [("page", False), ("machine", True)])
def test_a_wrong_method_is_refused_alike_however_the_path_is_written(faulty: Flask, written: str, whose: str, is_json: bool) -> None:
    answer = faulty.test_client().put(written.format(whose))
    assert (answer.status_code, answer.is_json) == (405, is_json)
