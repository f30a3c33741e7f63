"""/emergency: where the password of a sealed envelope is typed, from the addresses of the settings only."""

from ipaddress import ip_address, ip_network

from flask import Blueprint, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from idp import audit
from idp.credentials import failures
from idp.credentials.failures import Attempt, Throttled
from idp.database import in_transaction, reader
from idp.emergency import accounts, sessions
from idp.emergency.counting import KIND, LIMITS, account
from idp.emergency.sealed_password import is_in, plain
from idp.errors import NotFound
from idp.opaque_tokens import Secret
from idp.settings import current_settings
from idp.web.address_limits import is_within
from idp.web.formats import format_time
from idp.web.viewer import anyone

blueprint = Blueprint("emergency", __name__)
SHORTEST, LONGEST = 10, 200
ANONYMOUS = "anonymous"


@blueprint.get("/emergency")
@anyone
def ask() -> str:
    """The form. From elsewhere there is no such page."""
    _require_address()
    return _form({})


@blueprint.post("/emergency")
@anyone
def enter() -> Response | tuple[str, int]:
    """Use the envelope up and enter the console for an hour; or, being in already, prove it once more."""
    _require_address()
    if not is_within("emergency", LIMITS):
        return _form({"": _("Quá nhiều lần thử. Chờ một phút rồi thử lại.")}), 429
    live, signs = sessions.current(), plain(request.form.get("password", ""))
    used_for, errors = ("", {}) if live else _read_use()
    if signs is None:
        # Two signs check the others: this was a slip of the finger, and nobody's guess.
        errors["password"] = _("Gõ sai ở đâu đó: mật khẩu có 8 nhóm, mỗi nhóm 4 ký tự. Tắt bộ gõ tiếng Việt rồi gõ lại.")
    if errors or signs is None:
        return _form(errors), 400
    try:
        attempt = in_transaction(lambda connection: failures.count_attempt(connection, KIND, account()))
    except Throttled as throttled:
        until = format_time(throttled.until) if throttled.until else "—"
        return _form({"": _("Tạm khóa đến %(time)s sau nhiều lần nhập sai.", time=until)}), 429
    return _use(attempt, signs, used_for)


def _use(attempt: Attempt, signs: str, used_for: str) -> Response | tuple[str, int]:
    live = sessions.current()
    found = next((row for row in accounts.kept(reader()) if is_in(row.hash, signs)), None)
    if found is None:
        _refuse("wrong")
        return _form({"password": _("Mật khẩu không đúng. Lần thử này được ghi vào nhật ký.")}), 400
    if live is not None and live.account_id == found.id:
        value: Secret | None = in_transaction(lambda connection: sessions.prove_again(connection, live))
    elif live is not None:
        return _form({"password": _("Đây là mật khẩu của tài khoản khẩn cấp khác.")}), 400
    else:
        value = in_transaction(lambda connection: sessions.spend(connection, found, used_for=used_for))
    if value is None:
        _refuse("spent")
        return _form({"password": _("Mật khẩu niêm phong này đã được dùng. Phải niêm phong mật khẩu mới.")}), 400
    in_transaction(lambda connection: failures.succeeded(connection, attempt))
    response = redirect("/console", 303)
    sessions.set_cookie(response, value)
    return response


def _refuse(reason: str) -> None:
    in_transaction(lambda connection: audit.record(connection, audit.Event.EMERGENCY_REFUSED, actor=ANONYMOUS, reason=reason))


def _read_use() -> tuple[str, dict[str, str]]:
    written = "".join(sign if sign.isprintable() else " " for sign in request.form.get("used_for", ""))
    used_for = " ".join(written.split())
    if SHORTEST <= len(used_for) <= LONGEST:
        return used_for, {}
    return used_for, {"used_for": _("Ghi ai đang dùng và vì sao, từ %(least)s đến %(most)s ký tự.", least=SHORTEST, most=LONGEST)}


def _require_address() -> None:
    try:
        address = ip_address((request.remote_addr or "").partition("%")[0])
    except ValueError:
        raise NotFound("") from None
    address = getattr(address, "ipv4_mapped", None) or address
    if not any(address in ip_network(network) for network in current_settings().emergency_networks):
        raise NotFound("")


def _form(errors: dict[str, str]) -> str:
    return render_template(
        "emergency/enter.html", errors=errors, live=sessions.current(), used_for=request.form.get("used_for", ""),
        minutes=current_settings().emergency_seconds // 60,
    )  # fmt: skip
