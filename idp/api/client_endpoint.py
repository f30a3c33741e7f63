"""/api/v1/clients: applications within reach, described, connected, changed, disabled and enabled, as on the console's pages."""

import uuid
from dataclasses import replace
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Connection, bindparam, select

from clients import drafts, registration
from clients.draft_models import ClientCard, DraftState
from clients.metadata import from_columns
from clients.models import Client
from clients.sector import check_sector
from idp.api.api_holders import refuse_those_with_roles
from idp.api.client_shapes import (
    METADATA,
    ClientChanges,
    ClientLine,
    ClientsPage,
    ClientsQuery,
    ClientTold,
    ClientWanted,
    Draft,
    Switched,
)
from idp.api.operations import api_blueprint, operation
from idp.api.scopes import PATH, Scope
from idp.api.wire import Answer, Reason
from idp.console.client_form import fitting
from idp.console.client_reach import reached_clients, require_owner_reached
from idp.console.draft_form import entry_of, flaws
from idp.console.sensitive_changes import change_or_propose
from idp.console.widening import opens_to_all
from idp.database import reader, table_of
from idp.errors import NotFound, Refusal
from idp.opaque_tokens import Secret
from idp.people.unit_names import unit_named
from idp.web.problems import NotAsDeclared
from idp.web.viewer import Permission, require_viewer

blueprint = api_blueprint("api_clients")
PAGE = 50
CLIENTS, ONE = f"{PATH}/clients", f"{PATH}/clients/<client_id>"
SEE, CHANGE = Permission.SEE_CLIENTS, Permission.CHANGE_CLIENTS
_c, _k = table_of(Client), table_of(ClientCard)
_all = (
    select(*_c.c, _k.c.environment, _k.c.kind, _k.c.owner_unit_id)
    .select_from(_c.outerjoin(_k, _k.c.client_id == _c.c.id))
    .order_by(_c.c.client_id)
)
_one = _all.where(_c.c.client_id == bindparam("wanted"))
_version = select(_c.c.id, _c.c.version).where(_c.c.client_id == bindparam("wanted")).with_for_update()
LINE = (
    "client_id",
    "client_name",
    "environment",
    "kind",
    "owner_unit_id",
    "token_endpoint_auth_method",
    "minimum_acr",
    "created_at",
    "updated_at",
)


@operation(
    blueprint, "GET", CLIENTS, "listClients", "Applications, by client_id", SEE, Scope.CLIENTS_READ, query=ClientsQuery, answer=ClientsPage
)
def list_clients(connection: Connection, query: ClientsQuery) -> ClientsPage:
    """Those that the client's roles reach."""
    asked = _all.where(*reached_clients(Permission.SEE_CLIENTS)).limit(PAGE + 1)
    if query.after:
        asked = asked.where(_c.c.client_id > query.after)
    if query.state:
        asked = asked.where(_c.c.disabled_at.is_(None) if query.state == "enabled" else _c.c.disabled_at.is_not(None))
    rows = connection.execute(asked).all()
    page = [ClientLine(**_line(row)) for row in rows[:PAGE]]
    return ClientsPage(items=page, next=rows[PAGE - 1].client_id if len(rows) > PAGE else None)


def _line(row: Any) -> dict[str, Any]:
    return {**{name: getattr(row, name) for name in LINE}, "enabled": row.disabled_at is None}


@operation(blueprint, "GET", ONE, "showClient", "One application; its ETag is for changing it", SEE, Scope.CLIENTS_READ, answer=ClientTold)
def show_client(connection: Connection, client_id: str) -> Answer:
    """All that the API says of one."""
    return _told(_require(connection, client_id))


def _told(row: Any) -> Answer:
    metadata = from_columns(row)
    more: dict[str, Any] = {name: getattr(metadata, name) for name in METADATA if name not in LINE}
    more |= {name: list(value) for name, value in more.items() if isinstance(value, tuple)}
    told = ClientTold(**{**_line(row), **more})
    return Answer(told, {"ETag": _etag(row.version)})


def _etag(version: int) -> str:
    return f'"v{version}"'


def _require(connection: Connection, client_id: str) -> Any:
    row = connection.execute(_one, {"wanted": client_id}).first()
    if row is None:
        raise NotFound(_("Không có ứng dụng này."), reason="client_unknown")
    return row


@operation(blueprint, "POST", CLIENTS, "connectClient", "Connect an application", CHANGE, Scope.CLIENTS_WRITE, body=ClientWanted, answer=Draft,
           status=201, also=202, description="One for tests is connected at once; one for real work waits for a second administrator, "
           "a person (202). A client of a kind with secrets is told its first one here, this once.")  # fmt: skip
def connect_client(connection: Connection, body: ClientWanted) -> Answer:
    """As the console's wizard, sent in at once."""
    actor, answers = require_viewer().actor, _answers(body)
    wrong = [(field, words) for page in flaws(connection, answers).values() for field, words in page.items()]
    if wrong:
        raise NotAsDeclared([(NAMES.get(field, field), words) for field, words in wrong], "invalid_client", 422)
    owner = unit_named(connection, body.owner_unit)
    require_owner_reached(Permission.CHANGE_CLIENTS, owner)
    draft_id = drafts.begin(connection, actor=actor)
    drafts.keep(connection, draft_id, answers)
    entry = entry_of(connection, answers)
    connected = drafts.submit(connection, draft_id, actor=actor, entry=entry, owner=owner, opens_to_all=opens_to_all(connection, (), entry))
    location = {"Location": f"{PATH}/drafts/{draft_id}"}
    if connected is None:
        waiting = Draft(draft_id=draft_id, state=DraftState.SUBMITTED, client_id=None, client_secret=None, word=None)
        return Answer(waiting, location, 202)
    secret: Secret | None = drafts.take_secret(connection, draft_id, actor=actor)
    told = Draft(
        draft_id=draft_id, state=DraftState.CONNECTED, client_id=connected, client_secret=str(secret) if secret else None, word=None
    )
    return Answer(told, {"Location": f"{CLIENTS}/{connected}"}, unrepeated=("client_secret",))


NAMES = {
    "owner": "owner_unit",
    "method": "token_endpoint_auth_method",
    "origins": "forward_auth_origins",
    "entry_units": "entry",
    "entry_nobody": "entry",
}


def _answers(body: ClientWanted) -> dict[str, Any]:
    """The body as the wizard keeps what was typed."""
    said = body.model_dump(exclude={"entry"})
    lines = ("redirect_uris", "post_logout_redirect_uris")
    entry = body.entry
    return {
        **{name: said[name] for name in ("client_name", "purpose", "contact_1", "contact_2", "application_type", "subject_type", "minimum_acr",
                                         "require_consent", "lifetimes")},
        **{name: said[name] or "" for name in ("jwks_uri", "backchannel_logout_uri", "client_uri")},
        **{name: "\n".join(said[name]) for name in lines},
        "owner": body.owner_unit, "environment": body.environment.value, "kind": body.kind.value,
        "method": body.token_endpoint_auth_method or "", "origins": "\n".join(body.forward_auth_origins), "scope": body.scope.split(),
        "entry_everybody": "1" if entry.everybody else "", "entry_nobody": "" if entry.names_somebody else "1", "entry_units": "\n".join(entry.units), "entry_people": "\n".join(entry.people),
        "entry_categories": list(entry.categories), "entry_roles": list(entry.roles),
    }  # fmt: skip


@operation(blueprint, "GET", f"{PATH}/drafts/<uuid:draft_id>", "showDraft", "What became of an application that was sent in", SEE,
           Scope.CLIENTS_READ, answer=Draft)  # fmt: skip
def show_draft(connection: Connection, draft_id: uuid.UUID) -> Draft:
    """Waiting, connected, or sent back with a word."""
    row = drafts.require_draft(connection, draft_id)
    client_id = connection.execute(select(_c.c.client_id).where(_c.c.id == row.client_id)).scalar() if row.client_id else None
    return Draft(draft_id=row.id, state=row.state, client_id=client_id, client_secret=None, word=row.word)


def _check_change(asked: dict[str, Any]) -> None:
    """What a change of an application must know from elsewhere, before its transaction."""
    row = _require(reader(), asked["client_id"])
    check_sector(replace(from_columns(row), **_changes(asked["body"])))


def _changes(body: Any) -> dict[str, Any]:
    given = {name: getattr(body, name) for name in body.model_fields_set}
    missing = [
        name
        for name in given
        if given[name] is None and not name.endswith(("_uri", "_dn", "jwks", "userinfo_signed_response_alg", "_seconds"))
    ]
    if missing:
        raise NotAsDeclared([(name, _("Mục này không để trống được.")) for name in missing])
    return fitting({name: tuple(value) if isinstance(value, list) else value for name, value in given.items()})


@operation(blueprint, "PATCH", ONE, "changeClient", "Change an application", CHANGE, Scope.CLIENTS_WRITE, body=ClientChanges, answer=ClientTold,
           also=202, needs_match=True, before=_check_change, description="Of one that real work is done with, other addresses, keys or ways to prove "
           "itself wait for a second administrator, a person (202): it is told as it still is, Location is the proposal.")  # fmt: skip
def change_client(connection: Connection, client_id: str, body: Any, shown: str) -> Answer:
    """Change parts of it, by whoever has seen the newest state."""
    row = connection.execute(_version, {"wanted": client_id}).first()
    if row is None:
        raise NotFound(_("Không có ứng dụng này."), reason="client_unknown")
    refuse_those_with_roles(connection, row.id)
    if shown != _etag(row.version):
        raise Refusal(_("Ứng dụng vừa thay đổi ở nơi khác. Đọc lại rồi làm tiếp."), "changed_meanwhile", 412)
    outcome = change_or_propose(connection, client_id, actor=require_viewer().actor, **_changes(body))
    told = _told(_require(connection, client_id))
    return (
        told
        if outcome.proposal_id is None
        else Answer(told.body, {**told.headers, "Location": f"/console/proposals/{outcome.proposal_id}"}, 202)
    )


@operation(blueprint, "POST", f"{ONE}/disable", "disableClient", "Disable an application: nobody gets in through it", CHANGE, Scope.CLIENTS_WRITE,
           body=Reason, answer=Switched)  # fmt: skip
def disable_client(connection: Connection, client_id: str, body: Reason) -> Switched:
    """Its tokens stop working at once."""
    return _switch(connection, client_id, body, enabled=False)


@operation(blueprint, "POST", f"{ONE}/enable", "enableClient", "Enable a disabled application", CHANGE, Scope.CLIENTS_WRITE, body=Reason,
           answer=Switched)  # fmt: skip
def enable_client(connection: Connection, client_id: str, body: Reason) -> Switched:
    """Let people in through it again."""
    return _switch(connection, client_id, body, enabled=True)


def _switch(connection: Connection, client_id: str, body: Reason, *, enabled: bool) -> Switched:
    refuse_those_with_roles(connection, _require(connection, client_id).id)
    switch = registration.enable if enabled else registration.disable
    return Switched(done=switch(connection, client_id, actor=require_viewer().actor, reason=body.reason), enabled=enabled)
