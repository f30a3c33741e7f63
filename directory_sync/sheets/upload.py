"""The one door that takes a file of up to 10 MB, and only from whoever may send one: every other request is small."""

from typing import Any

from flask import Blueprint, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from directory_sync.sheets import imports
from directory_sync.sheets.pages import MAY, form
from directory_sync.sheets.words import file_mistake_words
from idp.console.reach import within
from idp.database import in_transaction
from idp.errors import Refusal
from idp.web.csrf import csrf_exempt, forged_form, require_csrf_token
from idp.web.table_file import LARGEST_BYTES, FileMistaken
from idp.web.viewer import require_viewer, requires

blueprint = Blueprint("sheet_upload", __name__)
# The token is looked at below, once the guard has seen who sends: looking at it first would read all of the body first.
csrf_exempt(blueprint, answers_pages=True)
AROUND_THE_FILE = 16 * 1024  # bytes; the other fields and the marks between the parts


@blueprint.post("/console/sync/import")
@requires(MAY)
def send() -> Response | tuple[str, int]:
    """Keep a file as a draft and go on to its columns; what is wrong is told beside the field."""
    request.max_content_length = LARGEST_BYTES + AROUND_THE_FILE
    if request.headers.get("Sec-Fetch-Site") == "cross-site":
        raise forged_form()
    require_csrf_token()
    name, sent = request.form.get("name", "").strip(), request.files.get("file")
    errors: dict[str, str] = {}
    if sent is None or not sent.filename:
        errors["file"] = _("Chọn tệp CSV hoặc XLSX.")
    if not imports.NAME.fullmatch(name):
        errors["name"] = _("Tên nguồn gồm 1–20 chữ thường không dấu, chữ số hoặc gạch nối, ví dụ noi-vu.")
    if errors or sent is None:
        return form(errors, request.form), 422
    return _keep(name, sent)


def _keep(name: str, sent: Any) -> Response | tuple[str, int]:
    content, file_name = sent.read(), " ".join(part for part in sent.filename.split() if part.isprintable())
    is_whole = request.form.get("extent") == "whole" and within(MAY) is None
    try:
        source = imports.source_name(name)
        import_id = in_transaction(lambda c: imports.take(c, source, file_name, content, is_whole=is_whole, actor=require_viewer().actor))
    except FileMistaken as mistaken:
        return form({"file": file_mistake_words(mistaken.word)}, request.form), 422
    except Refusal as refusal:
        return form({"name": refusal.message}, request.form), 422
    return redirect(url_for("sheets.show_columns", import_id=import_id), 303)
