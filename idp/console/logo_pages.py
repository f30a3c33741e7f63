"""/console/clients/<client_id>/logo: the picture that people see beside an application, put here by an administrator."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from clients.logos import find_logo, put_uploaded, take_uploaded
from clients.pictures import PictureRefused
from clients.registry import RegisteredClient, find_even_disabled
from idp.console.reasons import read_reason
from idp.database import in_transaction
from idp.errors import NotFound
from idp.web.viewer import Permission, require_viewer, requires

LARGEST_UPLOAD = 100 * 1024  # bytes: the whole form may have a little more
blueprint = Blueprint("console_logo", __name__)


@blueprint.get("/console/clients/<client_id>/logo")
@requires(Permission.CHANGE_CLIENTS)
def ask(client_id: str) -> str:
    """The logo as it is, and the form for another."""
    return _page(_require(client_id), {})


@blueprint.post("/console/clients/<client_id>/logo")
@requires(Permission.CHANGE_CLIENTS)
def put(client_id: str) -> Response | tuple[str, int]:
    """Another logo, decoded and written anew; or none of ours any more."""
    client, actor = _require(client_id), require_viewer().actor
    reason, errors = read_reason()
    if request.form.get("remove"):
        if errors:
            return _page(client, errors), 400
        in_transaction(lambda connection: take_uploaded(connection, client, actor=actor, reason=reason))
        return redirect(url_for("console_logo.ask", client_id=client_id), 303)
    sent = request.files.get("picture")
    raw = sent.read(LARGEST_UPLOAD + 1) if sent is not None else b""
    if not raw or len(raw) > LARGEST_UPLOAD:
        errors["picture"] = _("Chọn một tệp ảnh PNG, JPEG, WebP hoặc GIF, nhiều nhất 100 KB.")
    if not errors:
        try:
            in_transaction(lambda connection: put_uploaded(connection, client, raw, actor=actor, reason=reason))
        except PictureRefused:
            errors["picture"] = _("Tệp này không phải ảnh đọc được, hoặc quá lớn (nhiều nhất 4 triệu điểm ảnh).")
    if errors:
        return _page(client, errors), 400
    return redirect(url_for("console_logo.ask", client_id=client_id), 303)


def _require(client_id: str) -> RegisteredClient:
    client = find_even_disabled(client_id)
    if client is None:
        raise NotFound(_("Không có ứng dụng này."))
    return client


def _page(client: RegisteredClient, errors: dict[str, str]) -> str:
    return render_template("console/logo.html", client=client, errors=errors, values=request.form, has_logo=find_logo(client) is not None)
