"""/console/saml and /console/clients/<client_id>/saml: an application is registered by its metadata, shown, and given other metadata."""

import uuid
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from clients.draft_models import ClientKind
from clients.drafts import write_test_card
from clients.metadata import SCOPES
from clients.registry import RegisteredClient, find_even_disabled
from idp.console.client_form import SCOPE_WORDS
from idp.console.reasons import read_reason
from idp.console.words import ASSURANCES
from idp.database import in_transaction, reader
from idp.errors import NotFound, Refusal
from idp.outbound import OutboundFailed, OutboundRefused
from idp.saml import own_metadata
from idp.saml.fetching import fetch_metadata
from idp.saml.keys import published_keys
from idp.saml.names import EMAIL, PERSISTENT, TRANSIENT, USERNAME
from idp.saml.parties import Options, client_of, party_of_row, register_party, require_row, usual_name_id
from idp.saml.party_metadata import PartyFacts, read_metadata
from idp.saml.sensitive_changes import change_or_propose
from idp.web.viewer import Permission, require_viewer, requires

blueprint = Blueprint("console_saml", __name__)
NAME_IDS = [
    ("", _l("Theo siêu dữ liệu của ứng dụng")),
    (PERSISTENT, _l("Mã riêng, lâu dài, mỗi ứng dụng một mã")),
    (TRANSIENT, _l("Mã tạm, mỗi phiên một mã")),
    (EMAIL, _l("Thư điện tử công vụ")),
    (USERNAME, _l("Tên đăng nhập")),
]


@blueprint.get("/console/saml")
@requires(Permission.REGISTER_CLIENTS)
def ask() -> str:
    """The form of an application that speaks SAML."""
    return _form({"scope": ["openid", "profile", "email"], "client_name": request.args.get("client_name", "")[:100]}, {})


@blueprint.post("/console/saml")
@requires(Permission.REGISTER_CLIENTS)
def register() -> Response | tuple[str, int]:
    """Register it by its metadata, for tests, as every application that one administrator registers alone; nobody may enter before
    rules say who."""
    actor, typed = require_viewer().actor, _typed()
    errors = {} if typed["client_name"] else {"client_name": _("Ghi tên ứng dụng.")}
    facts = _facts(typed, errors)
    if facts is not None and not errors:
        wanted = client_of(typed["client_name"], scope=" ".join(typed["scope"]), minimum_acr=typed["minimum_acr"] or "aal1")
        try:
            options = _options(typed, facts)

            def write(connection: Connection) -> str:
                made = register_party(connection, facts, wanted, options, actor=actor, entry=(), metadata_url=typed["metadata_url"] or None)
                write_test_card(connection, made.key, ClientKind.SERVER, actor=actor)
                return made.client_id

            return redirect(url_for("console_saml.show", client_id=in_transaction(write)), 303)
        except Refusal as refusal:
            errors["metadata"] = refusal.message
    return _form(typed, errors), 400


@blueprint.get("/console/clients/<client_id>/saml")
@requires(Permission.SEE_CLIENTS)
def show(client_id: str) -> str:
    """What the application's metadata says, and ours for it."""
    return _page(_require(client_id), {}, {})


@blueprint.post("/console/clients/<client_id>/saml")
@requires(Permission.CHANGE_CLIENTS)
def change(client_id: str) -> Response | tuple[str, int]:
    """Other metadata of the same application, or other options; or propose what takes two."""
    client, actor, typed = _require(client_id), require_viewer().actor, _typed()
    reason, errors = read_reason()
    is_new = bool(typed["metadata"] or typed["metadata_url"])
    facts = _facts(typed, errors) if is_new else None
    if not errors:

        def write(connection: Connection) -> uuid.UUID | None:
            before, _before = party_of_row(require_row(connection, client.key))
            return change_or_propose(connection, client.key, facts, _options(typed, facts or before), actor=actor, reason=reason)

        try:
            proposal_id = in_transaction(write)
            if proposal_id is not None:
                return redirect(url_for("console_proposals.show", proposal_id=proposal_id), 303)
            return redirect(url_for("console_saml.show", client_id=client_id), 303)
        except NotFound:
            raise
        except Refusal as refusal:
            errors["metadata"] = refusal.message
    return _page(client, typed, errors), 400


def _typed() -> dict[str, Any]:
    names = (
        "client_name",
        "metadata_url",
        "minimum_acr",
        "name_id",
        "signs_requests",
        "takes_unsolicited",
        "attributes",
        "metadata",
        "reason",
    )
    told: dict[str, Any] = {name: request.form.get(name, "").replace("\0", "").strip() for name in names}
    return told | {"scope": [name for name in request.form.getlist("scope") if name in SCOPES] or ["openid"]}


def _facts(typed: dict[str, Any], errors: dict[str, str]) -> PartyFacts | None:
    """What the metadata in the form says, pasted or fetched; None with what is wrong with it."""
    try:
        if typed["metadata"]:
            return read_metadata(typed["metadata"].encode())
        if typed["metadata_url"]:
            return read_metadata(fetch_metadata(typed["metadata_url"]))
        errors["metadata"] = _("Dán siêu dữ liệu của ứng dụng, hoặc ghi địa chỉ công bố nó.")
    except Refusal as refusal:
        errors["metadata"] = refusal.message
    except (OutboundRefused, OutboundFailed):
        errors["metadata_url"] = _("Không lấy được siêu dữ liệu từ địa chỉ này: không tới được, hoặc địa chỉ không được phép.")
    return None


def _options(typed: dict[str, Any], facts: PartyFacts) -> Options:
    lines = [line.strip() for line in typed["attributes"].splitlines() if line.strip()]
    pairs = tuple((name.strip(), claim.strip()) for name, _sign, claim in (line.rpartition("=") for line in lines))
    return Options(typed["name_id"] or usual_name_id(facts), pairs, bool(typed["signs_requests"]), bool(typed["takes_unsolicited"]))


def _require(client_id: str) -> RegisteredClient:
    client = find_even_disabled(client_id)
    if client is None:
        raise NotFound(_("Không có ứng dụng này."))
    return client


def _levels() -> list[tuple[str, Any]]:
    return [(value.rpartition(":")[2], words) for value, words in ASSURANCES.items()]


def _form(values: dict[str, Any], errors: dict[str, str]) -> str:
    scopes = [(name, SCOPE_WORDS.get(name, name)) for name in SCOPES if name not in ("openid", "offline_access")]
    return render_template(
        "saml/register.html", values=values, errors=errors, scopes=scopes, levels=_levels(), name_ids=NAME_IDS, **_ours()
    )


def _page(client: RegisteredClient, values: dict[str, Any], errors: dict[str, str]) -> str:
    try:
        row = require_row(reader(), client.key)
    except NotFound:
        return render_template("saml/none.html", client=client)
    facts, options = party_of_row(row)
    kept = {
        "name_id": options.name_id, "attributes": "\n".join(f"{name}={claim}" for name, claim in options.attributes),
        "signs_requests": options.signs_requests, "takes_unsolicited": options.takes_unsolicited,
    }  # fmt: skip
    return render_template(
        "saml/party.html", client=client, row=row, facts=facts, options=options, values=values or kept, errors=errors, name_ids=NAME_IDS[1:],
        start=url_for("saml.start", client_id=client.client_id), **_ours(),
    )  # fmt: skip


def _ours() -> dict[str, Any]:
    return {
        "entity_id": own_metadata.entity_id(), "sign_in_url": own_metadata.sign_in_url(), "sign_out_url": own_metadata.sign_out_url(),
        "certificates": [row.certificate for row in published_keys(reader())],
    }  # fmt: skip
