"""/emergency: where the passwords of two sealed envelopes are typed, from the addresses of the settings only."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any

from flask import Blueprint, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from idp import audit
from idp.credentials import failures
from idp.credentials.failures import Throttled
from idp.database import in_transaction, reader
from idp.emergency import accounts, sessions
from idp.emergency.counting import KIND, LIMITS, account, account_of_single_envelopes
from idp.emergency.sealed_password import is_in, plain
from idp.errors import NotFound, Refusal
from idp.opaque_tokens import Secret
from idp.people.sign_in_name import find_for_sign_in
from idp.settings import current_settings
from idp.web.address_limits import is_within
from idp.web.formats import format_time
from idp.web.viewer import anyone

blueprint = Blueprint("emergency", __name__)
SHORTEST, LONGEST = 10, 200
ANONYMOUS = "anonymous"
Answer = Response | tuple[str, int]


@dataclass(frozen=True)
class Typed:
    """The signs out of the envelopes; `second` None where nothing was typed."""

    first: str
    second: str | None


@blueprint.get("/emergency")
@anyone
def ask() -> str:
    """The form. From elsewhere there is no such page."""
    _require_address()
    return _form({})


@blueprint.post("/emergency")
@anyone
def enter() -> Answer:
    """Use the envelopes up and enter the console for an hour; or, being in already, prove it once more."""
    _require_address()
    typed, errors = _read_passwords()
    used_for = "" if sessions.current() else _read_use(errors)
    if errors or typed is None:
        return _form(errors), 400
    candidates, counted, typed = _candidates(typed)
    if not candidates and not is_within("emergency", LIMITS):
        return _form({"": _("Quá nhiều lần thử. Chờ một phút rồi thử lại.")}), 429
    return _try(candidates, counted, typed, used_for) if candidates else _wrong()


def _candidates(typed: Typed) -> tuple[Sequence[Any], bytes, Typed]:
    """The accounts that these may be of, under what the try is counted, and the two as they were sealed. None of ours: nothing slow is
    done, nobody else waits."""
    if typed.second is None:
        return accounts.of_one_envelope(reader()), account_of_single_envelopes(), typed
    for pair in ((typed.first, typed.second), (typed.second, typed.first)):
        if row := accounts.meant_by(reader(), *pair):
            return [row], account(row.id), Typed(*pair)
    return [], b"", typed


def _try(candidates: Sequence[Any], counted: bytes, typed: Typed, used_for: str) -> Answer:
    try:
        attempt = in_transaction(lambda connection: failures.count_attempt(connection, KIND, counted))
    except Throttled as throttled:
        until = format_time(throttled.until) if throttled.until else "—"
        return _form({"": _("Tạm khóa đến %(time)s sau nhiều lần nhập sai.", time=until)}), 429
    found = next((row for row in candidates if _opens(row, typed)), None)
    if found is None:
        return _wrong()
    in_transaction(lambda connection: failures.succeeded(connection, attempt))
    return _use(found, used_for)


def _opens(row: Any, typed: Typed) -> bool:
    return is_in(row.hash, typed.first) and (typed.second is None or is_in(row.second_hash, typed.second))


def _use(found: Any, used_for: str) -> Answer:
    live = sessions.current()
    if live is not None and live.account_id != found.id:
        return _form({"password": _("Đây là mật khẩu của tài khoản khẩn cấp khác.")}), 400
    if live is not None:
        value: Secret | None = in_transaction(lambda connection: sessions.prove_again(connection, live))
    else:
        # Asked only of who has both papers in hand: nobody else learns here whose names there are.
        openers, errors = _read_openers()
        if openers is None:
            return _form(errors), 400
        value = in_transaction(lambda connection: sessions.spend(connection, found, used_for=used_for, openers=openers))
    if value is None:
        _refuse("spent")
        return _form({"password": _("Mật khẩu niêm phong này đã được dùng. Phải niêm phong mật khẩu mới.")}), 400
    response = redirect("/console", 303)
    sessions.set_cookie(response, value)
    return response


def _wrong() -> Answer:
    _refuse("wrong")
    return _form({"password": _("Mật khẩu không đúng. Lần thử này được ghi vào nhật ký.")}), 400


def _refuse(reason: str) -> None:
    in_transaction(lambda connection: audit.record(connection, audit.Event.EMERGENCY_REFUSED, actor=ANONYMOUS, reason=reason))


def _read_passwords() -> tuple[Typed | None, dict[str, str]]:
    # Two signs check the others: what fails that was a slip of the finger, and nobody's guess.
    slip = _("Gõ sai ở đâu đó: mật khẩu có 8 nhóm, mỗi nhóm 4 ký tự. Tắt bộ gõ tiếng Việt rồi gõ lại.")
    first, errors, written = plain(request.form.get("password", "")), {}, request.form.get("second_password", "")
    second = plain(written) if written.strip() else None
    if first is None:
        errors["password"] = slip
    if written.strip() and second is None:
        errors["second_password"] = slip
    elif not written.strip() and not accounts.of_one_envelope(reader()):
        errors["second_password"] = _("Cần mật khẩu của cả hai phong bì.")
    return (Typed(first, second) if first is not None else None), errors


def _read_use(errors: dict[str, str]) -> str:
    written = "".join(sign if sign.isprintable() else " " for sign in request.form.get("used_for", ""))
    used_for = " ".join(written.split())
    if not SHORTEST <= len(used_for) <= LONGEST:
        errors["used_for"] = _("Ghi vì sao cần dùng, từ %(least)s đến %(most)s ký tự.", least=SHORTEST, most=LONGEST)
    return used_for


def _read_openers() -> tuple[tuple[uuid.UUID, uuid.UUID] | None, dict[str, str]]:
    found, errors = [], {}
    for name in ("first_opener", "second_opener"):
        person = find_for_sign_in(reader(), request.form.get(name, "")[:200])
        if person is None:
            errors[name] = _("Không có ai có tên đăng nhập này.")
        else:
            found.append(person.person_id)
    if errors:
        return None, errors
    try:
        accounts.require_two_people(reader(), found[0], found[1])
    except Refusal as refusal:
        return None, {"second_opener": refusal.message}
    return (found[0], found[1]), {}


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
        "emergency/enter.html", errors=errors, live=sessions.current(), given=request.form,
        minutes=current_settings().emergency_seconds // 60,
    )  # fmt: skip
