"""/console/failures: a refused request by the code that somebody read out, and what was refused lately."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from clients import failed_requests
from clients.failure_models import FailureKind
from clients.registry import find_even_disabled
from idp.console import failure_words
from idp.console.client_reach import reached_clients, require_reached
from idp.console.failures import explain
from idp.console.reach import sees_all
from idp.database import reader
from idp.errors import NotFound
from idp.web.viewer import Permission, requires

SHOWN = 50
LONGEST_CODE = 40
blueprint = Blueprint("console_failures", __name__)


@blueprint.get("/console/failures")
@requires(Permission.SEE_CLIENTS)
def look_up() -> str | Response | tuple[str, int]:
    """The field for a code; below it the latest failures, of all applications or of one."""
    typed, client_id = request.args.get("code", "").strip()[:LONGEST_CODE], request.args.get("client_id", "")
    if typed:
        found = failed_requests.find(reader(), typed)
        if found is not None:
            return redirect(url_for("console_failures.show", code=found.code), 303)
        return _list(client_id, typed, {"code": _not_found()}), 404
    return _list(client_id, "", {})


@blueprint.get("/console/failures/<code>")
@requires(Permission.SEE_CLIENTS)
def show(code: str) -> str:
    """One of them: the request, what was registered, what differs, what to change."""
    row = failed_requests.find(reader(), code)
    if row is None:
        raise NotFound(_not_found())
    told = explain(reader(), row)
    if told.client is not None:
        require_reached(Permission.SEE_CLIENTS, told.client.client_id)
    elif not sees_all(Permission.SEE_CLIENTS):
        raise NotFound(_not_found())
    return render_template("failures/failure.html", told=told, words=failure_words, FailureKind=FailureKind)


def _list(client_id: str, typed: str, errors: dict[str, str]) -> str:
    if client_id:
        require_reached(Permission.SEE_CLIENTS, client_id)  # first: out of reach and not there are told alike
    client = find_even_disabled(client_id) if client_id else None
    if client_id and client is None:
        raise NotFound(_("Không có ứng dụng này."))
    rows = (
        failed_requests.latest(reader(), client.key, SHOWN)
        if client
        else failed_requests.latest_of_all(reader(), SHOWN, reached_clients(Permission.SEE_CLIENTS))
    )
    names = failed_requests.names_of(reader(), {row.client_id for row in rows if row.client_id})
    return render_template("failures/list.html", rows=rows, names=names, client=client, typed=typed, errors=errors, words=failure_words)


def _not_found() -> str:
    return _(
        "Không có lỗi nào được giữ với mã này. Kiểm tra lại từng chữ; lỗi được giữ 30 ngày, và khi quá nhiều lỗi cùng lúc thì không giữ hết. "
        "Mã của các lỗi khác tìm được trong nhật ký của máy chủ."
    )
