"""/console/systems: the catalogue of systems of all levels, those connected and those not yet; taken in and given out as a table."""

import binascii
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import fields
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response as Answer

from clients import catalogue
from clients.catalogue import LONGEST_NAME, LONGEST_TEXT, InvalidSystem, Standing, System
from clients.catalogue_models import OwnPasswords, Protocol
from clients.models import Client
from idp.console.reasons import read_reason
from idp.console.system_file import Import, read_day, read_systems, table_rows, take_in
from idp.console.system_words import (
    HEADINGS,
    LEVEL_WORDS,
    OWN_PASSWORD_WORDS,
    PROTOCOL_WORDS,
    STANDING_BADGES,
    STANDING_WORDS,
)
from idp.database import in_transaction, reader, table_of
from idp.errors import Refusal
from idp.people.models import Unit
from idp.web.formats import today
from idp.web.spreadsheet import XLSX, csv_lines, workbook
from idp.web.table_file import FileMistaken
from idp.web.viewer import Permission, require_viewer, requires

blueprint = Blueprint("console_systems", __name__)
LARGEST_FILE = 60_000  # bytes: goes along in the form between looking and taking in
_u, _c = table_of(Unit), table_of(Client)
_owner = select(_u.c.id, _u.c.code, _u.c.name).where(_u.c.valid_to.is_(None))
_clients = select(_c.c.client_id, _c.c.client_name).where(_c.c.disabled_at.is_(None)).order_by(_c.c.client_name, _c.c.client_id)
WORDS: dict[str, Any] = {
    "levels": LEVEL_WORDS, "protocols": PROTOCOL_WORDS, "own_passwords": OWN_PASSWORD_WORDS, "standings": STANDING_WORDS,
    "badges": STANDING_BADGES,
}  # fmt: skip
DEEDS: dict[str, Callable[..., object]] = {
    "vouch": catalogue.state_integrated, "withdraw": catalogue.withdraw_statement, "retire": catalogue.retire_system,
    "reopen": catalogue.reopen_system,
}  # fmt: skip


@blueprint.get("/console/systems")
@requires(Permission.SEE_SYSTEMS)
def list_systems() -> str:
    """All systems; `?standing=`: those that are so far."""
    asked = request.args.get("standing", "")
    standing = Standing(asked) if asked in set(Standing) else None
    connection = reader()
    return render_template(
        "systems/list.html", systems=catalogue.list_systems(connection, standing), coverage=catalogue.coverage(connection),
        standing=asked if standing else "", owners=_owner_names(), **WORDS,
    )  # fmt: skip


@blueprint.get("/console/systems/<code>")
@requires(Permission.SEE_SYSTEMS)
def show(code: str) -> str:
    """One system: what it is, how far it is, and what shows it."""
    row = catalogue.require_system(reader(), code)
    return render_template("systems/system.html", system=row, owner=_owner_names().get(row.owner_unit_id), **WORDS)


@blueprint.get("/console/add-system")
@requires(Permission.CHANGE_SYSTEMS)
def ask_for_system() -> str:
    """The form of a new system."""
    return _form(
        {"level": "province", "protocol": Protocol.OWN.value, "own_passwords_left": OwnPasswords.YES.value, "in_scope": True}, None
    )


@blueprint.post("/console/add-system")
@requires(Permission.CHANGE_SYSTEMS)
def add() -> Answer | tuple[str, int]:
    """Write it down."""
    return _keep(None)


@blueprint.get("/console/systems/<code>/change")
@requires(Permission.CHANGE_SYSTEMS)
def ask_for_change(code: str) -> str:
    """The form with what is written down now."""
    row = catalogue.require_system(reader(), code)
    values = {name: getattr(row, name) for name in (field.name for field in fields(System))}
    values |= {
        "owner_unit": _owner_codes().get(row.owner_unit_id, ""),
        "planned_on": f"{row.planned_on:%d/%m/%Y}" if row.planned_on else "",
    }
    return _form(values, row)


@blueprint.post("/console/systems/<code>/change")
@requires(Permission.CHANGE_SYSTEMS)
def change(code: str) -> Answer | tuple[str, int]:
    """Change it."""
    return _keep(catalogue.require_system(reader(), code))


@blueprint.get("/console/systems/<code>/<any(vouch, withdraw, retire, reopen):deed>")
@requires(Permission.CHANGE_SYSTEMS)
def ask_why(code: str, deed: str) -> str:
    """What the deed means, and why it is done."""
    return render_template("systems/reason.html", system=catalogue.require_system(reader(), code), deed=deed, errors={})


@blueprint.post("/console/systems/<code>/<any(vouch, withdraw, retire, reopen):deed>")
@requires(Permission.CHANGE_SYSTEMS)
def carry_out(code: str, deed: str) -> Answer | tuple[str, int]:
    """Do it, with the reason."""
    row, actor = catalogue.require_system(reader(), code), require_viewer().actor
    reason, errors = read_reason()
    if not errors:
        try:
            in_transaction(lambda connection: DEEDS[deed](connection, code, actor=actor, reason=reason))
        except Refusal as refusal:
            errors = {"": refusal.message}
    if errors:
        return render_template("systems/reason.html", system=row, deed=deed, errors=errors), 400
    return redirect(url_for("console_systems.show", code=code), 303)


@blueprint.get("/console/systems.<any(csv, xlsx):form>")
@requires(Permission.SEE_SYSTEMS)
def download(form: str) -> Response:
    """The catalogue as a table, which `import-systems` reads back."""
    headings, rows = [str(words) for words in HEADINGS.values()], table_rows(reader())
    name = f"danh-muc-he-thong-{today():%Y-%m-%d}.{form}"
    body: Any = workbook(_("Danh mục hệ thống"), headings, rows) if form == "xlsx" else "".join(csv_lines(headings, rows))
    kind = XLSX if form == "xlsx" else "text/csv; charset=utf-8"
    return Response(body, content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})


@blueprint.get("/console/import-systems")
@requires(Permission.CHANGE_SYSTEMS)
def ask_for_file() -> str:
    """The form that takes a table."""
    return _import_page(None, "", {})


@blueprint.post("/console/import-systems")
@requires(Permission.CHANGE_SYSTEMS)
def import_file() -> Answer | str | tuple[str, int]:
    """Look at a table line by line; taken in when somebody who saw that says so, all lines or none."""
    content = _content()
    if content is None:
        return _import_page(None, "", {"file": _("Chọn tệp CSV hoặc XLSX, tối đa 60 KB.")}), 400
    try:
        imported = in_transaction(lambda connection: read_systems(connection, content))
    except FileMistaken:
        return _import_page(None, "", {"file": _("Tệp không đọc được như một bảng. Lưu lại thành CSV hoặc XLSX rồi thử lại.")}), 400
    if not request.form.get("take_in") or not imported.is_good:
        return _import_page(imported, b64encode(content).decode(), {})
    actor = require_viewer().actor
    in_transaction(lambda connection: take_in(connection, imported, actor=actor))
    return redirect(url_for("console_systems.list_systems"), 303)


def _content() -> bytes | None:
    """The file as it is sent, or as it came along from the page that showed it."""
    sent = request.files.get("file")
    try:
        content = sent.read() if sent is not None and sent.filename else b64decode(request.form.get("content", ""), validate=True)
    except (binascii.Error, ValueError):
        return None
    return content if 0 < len(content) <= LARGEST_FILE else None


def _import_page(imported: Import | None, content: str, errors: dict[str, str]) -> str:
    return render_template("systems/import.html", imported=imported, content=content, errors=errors, headings=HEADINGS)


def _keep(row: Any) -> Answer | tuple[str, int]:
    actor, given = require_viewer().actor, dict(request.form)
    try:
        values = _given()
        if row is None:
            wanted = System(**values)
            in_transaction(lambda connection: catalogue.add_system(connection, wanted, actor=actor))
        else:
            in_transaction(lambda connection: catalogue.change_system(connection, row.code, actor=actor, **values))
    except InvalidSystem as invalid:
        return _form(given | {"in_scope": "in_scope" in given}, row, {invalid.field: invalid.message}), 400
    return redirect(url_for("console_systems.show", code=values["code"]), 303)


def _given() -> dict[str, Any]:
    """What the form says. Raises InvalidSystem."""
    form = {name: " ".join(value.split()) for name, value in request.form.items() if name not in ("purpose", "contact", "notes")}
    texts = {name: request.form.get(name, "").strip().replace("\r\n", "\n") for name in ("purpose", "contact", "notes")}
    return texts | {
        "code": form.get("code", ""), "name": form.get("name", ""), "level": form.get("level", ""), "protocol": form.get("protocol", ""),
        "own_passwords_left": form.get("own_passwords_left", ""), "in_scope": "in_scope" in form, "client_id": form.get("client_id") or None,
        "owner_unit_id": _owner_of(form.get("owner_unit", "")), "security_level": _number("security_level", form),
        "accounts": _number("accounts", form), "planned_on": _day(form.get("planned_on", "")),
    }  # fmt: skip


def _number(name: str, form: dict[str, str]) -> int | None:
    text = form.get(name, "").replace(".", "")
    if text and not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise InvalidSystem(name, _("Nhập số nguyên không âm."))
    return int(text) if text else None


def _day(text: str) -> Any:
    try:
        return read_day(text)
    except ValueError as unclear:
        raise InvalidSystem("planned_on", str(unclear)) from None


def _owner_of(text: str) -> Any:
    if not text:
        return None
    found = reader().execute(_owner.where((_u.c.code == text) | (_u.c.name == text))).all()
    if len(found) != 1:
        raise InvalidSystem("owner_unit", _("Không có đơn vị này.") if not found else _("Nhiều đơn vị cùng tên; nhập mã đơn vị."))
    return found[0].id


def _owner_codes() -> dict[Any, str]:
    return {row.id: row.code or row.name for row in reader().execute(select(_u.c.id, _u.c.code, _u.c.name))}


def _owner_names() -> dict[Any, str]:
    return {row.id: row.name for row in reader().execute(select(_u.c.id, _u.c.name))}


def _form(values: dict[str, Any], row: Any, errors: dict[str, str] | None = None) -> str:
    return render_template(
        "systems/form.html", values=values, system=row, errors=errors or {}, name_length=LONGEST_NAME, text_length=LONGEST_TEXT,
        client_choices=[(row.client_id, f"{row.client_name} ({row.client_id})") for row in reader().execute(_clients)], **WORDS,
    )  # fmt: skip
