"""/console/clients/<client_id>/lifetimes: how long what an application is given lasts, as a set that goes together or one by one."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from clients import registration
from clients.lifetimes import AUTH_AGE, BOUNDS, OWN, PRESETS, SHORTEST, most_of, preset_named, preset_of
from clients.metadata import ClientMetadata
from clients.registry import RegisteredClient, find_even_disabled
from idp.console.lifetime_words import MINUTE, PRESET_WORDS, WORDS, time_words
from idp.console.reasons import read_reason
from idp.database import in_transaction
from idp.errors import NotFound, Refusal
from idp.web.viewer import Permission, require_viewer, requires

blueprint = Blueprint("console_lifetimes", __name__)
NAMES = (*(preset.name for preset in PRESETS), OWN)


@blueprint.get("/console/clients/<client_id>/lifetimes")
@requires(Permission.SEE_CLIENTS)
def lifetimes(client_id: str) -> str:
    """What holds now, and the form for something else."""
    client = _require(client_id)
    typed = {name: f"{value / MINUTE:g}" for name in BOUNDS if (value := getattr(client.metadata, name)) is not None}
    return _page(client, {"preset": preset_of(client.metadata), **typed}, {})


@blueprint.post("/console/clients/<client_id>/lifetimes")
@requires(Permission.CHANGE_CLIENTS)
def change(client_id: str) -> Response | tuple[str, int]:
    """Other lifetimes, with a reason."""
    client, actor = _require(client_id), require_viewer().actor
    reason, errors = read_reason()
    chosen, changes = request.form.get("preset", ""), dict[str, Any]()
    if chosen not in NAMES:
        errors["preset"] = _("Chọn một cách.")
    elif chosen == OWN:
        changes = _typed(errors)
    else:
        changes = dict(preset_named(chosen))
    if not errors:
        try:
            in_transaction(lambda connection: registration.change(connection, client_id, actor=actor, reason=reason, **changes))
        except NotFound:
            raise
        except Refusal as refusal:
            errors[""] = refusal.message
    if errors:
        return _page(client, request.form.to_dict(), errors), 400
    return redirect(url_for("console_lifetimes.lifetimes", client_id=client_id), 303)


def lifetimes_told(metadata: ClientMetadata) -> list[tuple[str, str, bool]]:
    """Each lifetime in words, as it holds, and whether it is the application's own."""
    told = []
    for name in WORDS:
        own = getattr(metadata, name)
        if own is None and name == AUTH_AGE:
            told.append((str(WORDS[name]), _("khi phiên đăng nhập chung hết"), False))
        else:
            told.append((str(WORDS[name]), time_words(min(own or most_of(name), most_of(name))), own is not None))
    return told


def _typed(errors: dict[str, str]) -> dict[str, int | None]:
    """The numbers of minutes that were typed, in seconds."""
    found: dict[str, int | None] = {}
    for name in BOUNDS:
        written, most = request.form.get(name, "").strip(), most_of(name) // MINUTE
        if not written:
            found[name] = None
        elif written.isascii() and written.isdecimal() and len(written) < 9 and SHORTEST // MINUTE <= int(written) <= most:
            found[name] = int(written) * MINUTE
        else:
            errors[name] = _("Ghi số phút từ %(least)s đến %(most)s, hoặc để trống.", least=SHORTEST // MINUTE, most=most)
    return found


def _require(client_id: str) -> RegisteredClient:
    client = find_even_disabled(client_id)
    if client is None:
        raise NotFound(_("Không có ứng dụng này."))
    return client


def _page(client: RegisteredClient, values: dict[str, str], errors: dict[str, str]) -> str:
    fields = [(name, WORDS[name], _("Nhiều nhất %(most)s.", most=time_words(most_of(name)))) for name in WORDS]
    return render_template(
        "console/lifetimes.html", client=client, values=values, errors=errors, told=lifetimes_told(client.metadata), fields=fields,
        presets=[(name, *PRESET_WORDS[name]) for name in NAMES], preset=PRESET_WORDS[preset_of(client.metadata)][0],
    )  # fmt: skip
