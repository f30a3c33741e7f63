"""/console/clients/<client_id>/paths: the rules by path of a site that a proxy guards, and what they make of an address."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from clients.path_rule_deeds import add_path_rule, set_path_rules
from clients.path_rules import OPENINGS, first_fitting, read_rule, write_rule
from clients.registry import RegisteredClient, find_even_disabled
from clients.request_paths import UnclearPath, clear_path
from idp.console.path_names import check_names
from idp.console.path_words import METHOD_CHOICES, WHO_CHOICES, method_words, more_words, who_words
from idp.console.reasons import read_reason
from idp.console.words import ASSURANCES
from idp.database import in_transaction
from idp.errors import NotFound, Refusal
from idp.web.viewer import Permission, require_viewer, requires

blueprint = Blueprint("console_paths", __name__)
ACR_CHOICES = [("", "—"), *((value.removeprefix("urn:hopnhat:"), words) for value, words in ASSURANCES.items())]


@blueprint.get("/console/clients/<client_id>/paths")
@requires(Permission.SEE_CLIENTS)
def rules(client_id: str) -> str:
    """The rules in their order, and which of them decides about an address that is asked for."""
    return _page(_require(client_id), {}, {})


@blueprint.post("/console/clients/<client_id>/paths")
@requires(Permission.CHANGE_CLIENTS)
def add(client_id: str) -> Response | tuple[str, int]:
    """One more rule, the last or the first."""
    client, actor = _require(client_id), require_viewer().actor
    reason, errors = read_reason()
    place = 1 if request.form.get("first") else None
    if not errors:
        line = _typed_rule()

        def write(connection: Connection) -> None:
            check_names(connection, line)
            add_path_rule(connection, client_id, line, actor=actor, place=place, reason=reason)

        try:
            in_transaction(write)
        except Refusal as refusal:
            errors["pattern"] = refusal.message
    if errors:
        return _page(client, request.form.to_dict(), errors), 400
    return redirect(url_for("console_paths.rules", client_id=client_id), 303)


@blueprint.post("/console/clients/<client_id>/paths/all")
@requires(Permission.CHANGE_CLIENTS)
def set_all(client_id: str) -> Response | tuple[str, int]:
    """All rules as lines, in the order that counts."""
    client, actor = _require(client_id), require_viewer().actor
    reason, errors = read_reason("why")
    lines, seen = (tuple(_lines(request.form.get(name, ""))) for name in ("lines", "seen"))
    if not errors:

        def write(connection: Connection) -> None:
            for line in lines:
                check_names(connection, line)
            set_path_rules(connection, client_id, lines, seen=seen, actor=actor, reason=reason)

        try:
            in_transaction(write)
        except Refusal as refusal:
            errors["lines"] = refusal.message
    if errors:
        return _page(client, request.form.to_dict(), errors), 400
    return redirect(url_for("console_paths.rules", client_id=client_id), 303)


def _typed_rule() -> str:
    form = {name: "".join(request.form.get(name, "").split()) for name in ("methods", "pattern", "who", "name", "acr", "max_age")}
    who = form["who"] if form["who"] in OPENINGS else f"{form['who']}:{form['name']}"
    more = [f"{name}={form[name]}" for name in ("acr", "max_age") if form[name]]
    return " ".join([form["methods"] or "*", form["pattern"] or "-", who, *more])


def _require(client_id: str) -> RegisteredClient:
    client = find_even_disabled(client_id)
    if client is None:
        raise NotFound(_("Không có ứng dụng này."))
    return client


def _page(client: RegisteredClient, values: dict[str, str], errors: dict[str, str]) -> str:
    written = client.metadata.path_rules
    told = [(read_rule(line), line) for line in written]
    rows = [
        {"rule": rule, "line": line, "who": who_words(rule), "more": more_words(rule), "methods": method_words(rule)} for rule, line in told
    ]
    tried = {"path": request.args.get("path", ""), "method": request.args.get("method", "GET")}
    return render_template(
        "console/paths.html", client=client, rows=rows, lines="\n".join(written), values=values, errors=errors, tried=tried,
        finding=_finding(written, **tried) if tried["path"] else None, whos=WHO_CHOICES, methods=METHOD_CHOICES, levels=ACR_CHOICES,
    )  # fmt: skip


def _finding(written: tuple[str, ...], path: str, method: str) -> str:
    """What becomes of a request, in words."""
    try:
        rule = first_fitting(written, method.upper(), clear_path(path.replace("\0", "\\")))
    except UnclearPath:
        return _("Bị từ chối: địa chỉ này có thể được hiểu theo nhiều cách.")
    if rule is None:
        return _("Không quy tắc nào nói về địa chỉ này: ai đã đăng nhập và được vào ứng dụng thì vào được.")
    more = more_words(rule)
    return _("Quy tắc quyết định: %(rule)s", rule=write_rule(rule)) + " — " + who_words(rule) + (f" ({more})" if more else "")


def _lines(written: str) -> list[str]:
    return [" ".join(line.replace("\0", " ").split()) for line in written.splitlines() if line.strip()]
