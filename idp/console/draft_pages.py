"""/console/drafts: an application is described on five pages, kept at each, sent in, approved, and given its first secret."""

import uuid
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Connection
from werkzeug.wrappers import Response as Answer

from clients import drafts
from clients.client_secrets import holds
from clients.draft_models import DraftState
from clients.drafts import metadata_of
from clients.entry_rules import kept_rules
from clients.guard_setups import guard_setups
from clients.metadata import PUBLIC
from clients.profiles import profile_of
from clients.registry import RegisteredClient, find_by_key, find_even_disabled
from clients.setups import Facts, Setup, env_file, setups
from idp.client_reach import owns
from idp.console.client_form import choices
from idp.console.client_reach import reaches_draft, require_owner_reached
from idp.console.draft_form import FIELDS, PAGES, entry_of, flaws, typed
from idp.console.draft_further import LOGO_PAGE, SAML, keep_logo, way_to_saml
from idp.console.draft_second import why_second
from idp.console.draft_words import words
from idp.console.entry_words import CATEGORY_CHOICES, ROLE_CHOICES
from idp.console.reasons import read_reason
from idp.console.widening import opens_to_all
from idp.database import in_transaction, reader
from idp.errors import NotFound, Refusal
from idp.people.unit_names import unit_named
from idp.second_word import Word, require_second, require_two
from idp.settings import current_settings
from idp.web.viewer import Permission, require_viewer, requires

blueprint = Blueprint("console_drafts", __name__)


@blueprint.get("/console/drafts")
@requires(Permission.DRAFT_CLIENTS)
def list_drafts() -> str:
    """The drafts that are not done with."""
    return render_template(
        "drafts/list.html", drafts=[row for row in drafts.going_on(reader()) if reaches_draft(Permission.DRAFT_CLIENTS, row)], words=words()
    )


@blueprint.post("/console/drafts")
@requires(Permission.DRAFT_CLIENTS)
def begin() -> Answer:
    """A new one."""
    actor = require_viewer().actor
    draft_id = in_transaction(lambda connection: drafts.begin(connection, actor=actor))
    return redirect(url_for("console_drafts.page", draft_id=draft_id, page=PAGES[0]), 303)


@blueprint.get("/console/drafts/<uuid:draft_id>/<any(about, kind, addresses, data, check):page>")
@requires(Permission.DRAFT_CLIENTS)
def page(draft_id: uuid.UUID, page: str) -> str | Answer:
    """One page of a draft, with what was typed before."""
    row = drafts.require_draft(reader(), draft_id)
    if row.state == DraftState.CONNECTED:
        return redirect(url_for("console_drafts.done", draft_id=draft_id), 303)
    return _page(row, page, {})


@blueprint.post("/console/drafts/<uuid:draft_id>/<any(about, kind, addresses, data):page>")
@requires(Permission.DRAFT_CLIENTS)
def keep(draft_id: uuid.UUID, page: str) -> Answer | tuple[str, int]:
    """Keep a page, right or wrong, and go on to the next; what is wrong is said first."""
    answers = typed(page)
    in_transaction(lambda connection: drafts.keep(connection, draft_id, answers))
    wrong = keep_logo(draft_id) if page == LOGO_PAGE else {}
    if answers.get("kind") == SAML and not wrong:
        wrong, way = way_to_saml(drafts.require_draft(reader(), draft_id).answers)
        if way is not None:
            return redirect(way, 303)
    if request.form.get("later") and not wrong:
        return redirect(url_for("console_drafts.list_drafts"), 303)
    row = drafts.require_draft(reader(), draft_id)
    errors = flaws(reader(), row.answers)[page] | wrong
    if errors:
        return _page(row, page, errors), 400
    return redirect(url_for("console_drafts.page", draft_id=draft_id, page=PAGES[PAGES.index(page) + 1]), 303)


@blueprint.post("/console/drafts/<uuid:draft_id>/submit")
@requires(Permission.CHANGE_CLIENTS)
def submit(draft_id: uuid.UUID) -> Answer | tuple[str, int]:
    """Send it in: for tests it is connected at once."""
    return _decide(draft_id, _submit, Permission.CHANGE_CLIENTS)


@blueprint.post("/console/drafts/<uuid:draft_id>/approve")
@requires(Permission.APPROVE_CLIENTS)
def approve(draft_id: uuid.UUID) -> Answer | tuple[str, int]:
    """A second administrator connects it."""
    return _decide(draft_id, drafts.approve, Permission.APPROVE_CLIENTS)


@blueprint.post("/console/drafts/<uuid:draft_id>/send-back")
@requires(Permission.APPROVE_CLIENTS)
def send_back(draft_id: uuid.UUID) -> Answer | tuple[str, int]:
    """It goes back to whoever filled it in, with the reason."""
    actor = require_viewer().actor
    reason, errors = read_reason()
    if errors:
        return _page(drafts.require_draft(reader(), draft_id), "check", errors), 400
    in_transaction(lambda connection: drafts.send_back(connection, draft_id, actor=actor, word=reason))
    return redirect(url_for("console_drafts.page", draft_id=draft_id, page="check"), 303)


@blueprint.post("/console/drafts/<uuid:draft_id>/recall")
@requires(Permission.DRAFT_CLIENTS)
def recall(draft_id: uuid.UUID) -> Answer:
    """Who has sent it in fills it in again."""
    actor = require_viewer().actor
    in_transaction(lambda connection: drafts.recall(connection, draft_id, actor=actor))
    return redirect(url_for("console_drafts.page", draft_id=draft_id, page="check"), 303)


@blueprint.post("/console/drafts/<uuid:draft_id>/withdraw")
@requires(Permission.DRAFT_CLIENTS)
def withdraw(draft_id: uuid.UUID) -> Answer:
    """It leads to nothing."""
    in_transaction(lambda connection: drafts.withdraw(connection, draft_id))
    return redirect(url_for("console_drafts.list_drafts"), 303)


@blueprint.get("/console/drafts/<uuid:draft_id>/done")
@requires(Permission.DRAFT_CLIENTS)
def done(draft_id: uuid.UUID) -> str:
    """What it became: the settings, and the secret waiting to be taken."""
    return _done(draft_id, None)


@blueprint.post("/console/drafts/<uuid:draft_id>/done")
@requires(Permission.CHANGE_CLIENTS)
def take_secret(draft_id: uuid.UUID) -> str:
    """The secret, shown this once, within the settings that need it."""
    actor = require_viewer().actor
    secret = in_transaction(lambda connection: drafts.take_secret(connection, draft_id, actor=actor))
    return _done(draft_id, secret)


@blueprint.post("/console/clients/<client_id>/env")
@requires(Permission.CHANGE_CLIENTS)
def download(client_id: str) -> Response:
    """The settings as a file, of whoever has the secret on their screen at this moment."""
    client, secret = find_even_disabled(client_id), request.form.get("secret", "")
    if client is None:
        raise NotFound(_("Không có ứng dụng này."))
    if not client.is_public and not holds(reader(), client.key, secret):
        raise Refusal(_("Khóa bí mật này không còn hiệu lực. Nhận khóa mới rồi tải lại."), reason="secret_not_held")
    headers = {"Content-Disposition": f'attachment; filename="{client_id}.env"', "Cache-Control": "no-store"}
    return Response(env_file(_facts(client, secret or None)), content_type="text/plain; charset=utf-8", headers=headers)


@blueprint.get("/console/clients/<client_id>/setup")
@requires(Permission.SEE_CLIENTS)
def setup(client_id: str) -> str:
    """Ready settings of a connected application, the secret left out."""
    client = find_even_disabled(client_id)
    if client is None:
        raise NotFound(_("Không có ứng dụng này."))
    return _setup_page(client, None, None, may_take=False)


def _submit(connection: Connection, draft_id: uuid.UUID, **given: Any) -> str | None:
    return drafts.submit(connection, draft_id, **given, opens_to_all=opens_to_all(connection, (), given["entry"]))


def _decide(draft_id: uuid.UUID, deed: Any, permission: Permission) -> Answer | tuple[str, int]:
    actor, row = require_viewer().actor, drafts.require_draft(reader(), draft_id)
    if any(flaws(reader(), row.answers).values()):
        return _page(row, "check", {"": _("Bản đăng ký còn thiếu hoặc sai; sửa các mục bên dưới rồi gửi lại.")}), 400

    def decide(connection: Connection) -> str | None:
        # The answers that were looked at are read again here: what is connected is what the rules have seen.
        fresh = drafts.require_locked(connection, draft_id, request.form.get("shown", ""))
        entry, owner = entry_of(connection, fresh.answers), unit_named(connection, fresh.answers.get("owner", ""))
        require_owner_reached(permission, owner)
        client_id: str | None = deed(connection, draft_id, actor=actor, entry=entry, owner=owner)
        if permission is Permission.APPROVE_CLIENTS:
            _require_two(connection, fresh, actor, owner)
        return client_id

    try:
        connected = in_transaction(decide)
    except NotFound:
        raise
    except Refusal as refusal:
        return _page(row, "check", {"": refusal.message}), refusal.status
    if connected is None:
        return redirect(url_for("console_drafts.page", draft_id=draft_id, page="check"), 303)
    return redirect(url_for("console_drafts.done", draft_id=draft_id), 303)


def _require_two(connection: Connection, draft: Any, actor: str, owner: uuid.UUID) -> None:
    require_two(connection, draft.made_by, actor)
    require_second(
        connection, Word(draft.submitted_by, draft.submitted_at), actor,
        first_may=lambda holder_id: owns(holder_id, Permission.CHANGE_CLIENTS, owner),
        second_may=lambda holder_id: owns(holder_id, Permission.APPROVE_CLIENTS, owner),
    )  # fmt: skip


def _page(row: Any, page: str, errors: dict[str, str]) -> str:
    found = flaws(reader(), row.answers) if page == "check" else {}
    return render_template(
        "drafts/page.html", draft=row, page=page, pages=PAGES, values=row.answers, errors=errors, flaws=found, choices=choices(),
        scopes=[(name, f"{told} ({name})" if told else name) for name, told in choices()["scopes"] if name != "openid"],
        categories=CATEGORY_CHOICES, roles=ROLE_CHOICES, words=words(), metadata=metadata_of(row.answers), fields=FIELDS,
        is_own=require_viewer().actor in (row.submitted_by, row.made_by), is_open=row.state == DraftState.OPEN,
        shown=drafts.version_of(row), second=why_second(reader(), row.answers) if page == "check" else None, told_of=_told_of,
    )  # fmt: skip


def _told_of(pairs: list[tuple[str, Any]], chosen: list[str] | None) -> list[str]:
    return [str(told) for value, told in pairs if value in (chosen or [])]


def _done(draft_id: uuid.UUID, secret: str | None) -> str:
    row = drafts.require_draft(reader(), draft_id)
    client = find_by_key(row.client_id) if row.client_id else None
    if client is None:
        raise NotFound(_("Bản đăng ký này chưa được kết nối."))
    may_take = not client.is_public and row.secret_taken_at is None and row.submitted_by == require_viewer().actor
    return _setup_page(client, row, secret, may_take=may_take)


def _setup_page(client: RegisteredClient, row: Any, secret: str | None, *, may_take: bool) -> str:
    facts, guards = _facts(client, secret), client.metadata.forward_auth_origins
    return render_template(
        "drafts/done.html", client=client, draft=row, secret=secret, may_take=may_take, facts=facts,
        setups=[Setup(*file) for origin in guards[:1] for file in guard_setups(facts.issuer, client.client_id, origin, facts.landing)] or setups(facts),
        guards=guards, is_shut=not kept_rules(reader(), client.key),
    )  # fmt: skip


def _facts(client: RegisteredClient, secret: str | None) -> Facts:
    uri, scope = min(client.redirect_uris, default=""), client.metadata.scope
    return Facts(
        current_settings().issuer,
        client.client_id,
        secret,
        uri,
        scope,
        client.token_endpoint_auth_method == PUBLIC,
        min(client.post_logout_redirect_uris, default=None),
        tuple(client.redirect_uris),
        client.token_endpoint_auth_method,
        client.metadata.id_token_signed_response_alg,
        client.require_pkce or profile_of(client.metadata).pkce,
    )
