"""Drafts of applications: begun, filled in page by page, sent in, approved by a second administrator where real work is done."""

import base64
import uuid
from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Connection, bindparam, insert, select, update

from clients import registry
from clients.client_secrets import add_secret, end_secrets
from clients.draft_models import ClientCard, ClientDraft, ClientKind, DraftState, Environment
from clients.entry import EntryRule
from clients.entry_models import EntryKind
from clients.forward_auth_origins import CALLBACK_PATH
from clients.lifetimes import PRESETS, preset_named
from clients.logos import put_first
from clients.metadata import ACR, CLIENT_SECRET_BASIC, FAPI2, PUBLIC, SECRET_METHODS, ClientMetadata
from clients.models import Client
from clients.registration import Registered, note_change, register
from idp import audit, clock
from idp.database import new_id, table_of
from idp.errors import NotFound, Refusal
from idp.opaque_tokens import Secret

MOST_OPEN = 200
LONGEST_ANSWER = 10_000
_d, _k, _c = table_of(ClientDraft), table_of(ClientCard), table_of(Client)
_one = select(_d).where(_d.c.id == bindparam("draft"))
_going_on = select(_d).where(_d.c.state.in_([DraftState.OPEN, DraftState.SUBMITTED])).order_by(_d.c.updated_at.desc())
_card = select(_k).where(_k.c.client_id == bindparam("client"))


def begin(connection: Connection, *, actor: str) -> uuid.UUID:
    """An empty draft."""
    draft_id, now = new_id(), clock.now()
    if len(connection.execute(_going_on).all()) >= MOST_OPEN:
        raise Refusal(_("Có quá nhiều bản đăng ký chưa xong. Bỏ bớt bản cũ trước."), reason="too_many_drafts")
    row = {"id": draft_id, "answers": {}, "state": DraftState.OPEN.value, "made_by": actor, "made_at": now, "updated_at": now}
    connection.execute(insert(_d), row)
    return draft_id


def going_on(connection: Connection) -> Sequence[Any]:
    """The drafts that are not done with, the one changed last first."""
    return connection.execute(_going_on).all()


def require_draft(connection: Connection, draft_id: uuid.UUID) -> Any:
    """One draft. Raises NotFound."""
    row = connection.execute(_one, {"draft": draft_id}).first()
    if row is None:
        raise NotFound(_("Không có bản đăng ký này."))
    return row


def require_locked(connection: Connection, draft_id: uuid.UUID, shown: str) -> Any:
    """The draft, which nobody changes until the end of the transaction. Raises NotFound, or Refusal when it is another one by now than
    what was `shown` (see `version_of`): nobody sends in or approves what they have not seen."""
    row = connection.execute(_one.with_for_update(), {"draft": draft_id}).first()
    if row is None:
        raise NotFound(_("Không có bản đăng ký này."))
    if version_of(row) != shown:
        raise Refusal(_("Bản đăng ký vừa thay đổi ở nơi khác. Xem lại rồi làm tiếp."), "draft_changed", 409)
    return row


def version_of(row: Any) -> str:
    """What tells this state of a draft from any other."""
    changed_at: str = row.updated_at.isoformat()
    return f"{row.state}-{changed_at}"


def keep(connection: Connection, draft_id: uuid.UUID, answers: dict[str, Any]) -> None:
    """Keep what was typed on one page; whatever was answered elsewhere stays. Raises Refusal for one that is sent in."""
    row = connection.execute(_one.with_for_update(), {"draft": draft_id}).first()
    if row is None or row.state != DraftState.OPEN:
        raise _not_open()
    cut = {name: value[:LONGEST_ANSWER] if isinstance(value, str) else value for name, value in answers.items()}
    connection.execute(update(_d).where(_d.c.id == draft_id), {"answers": {**row.answers, **cut}, "updated_at": clock.now()})


def keep_logo(connection: Connection, draft_id: uuid.UUID, png: bytes | None) -> None:
    """Keep the picture that people will see beside it, as `as_png` has made it; None: none. Raises Refusal for one that is sent in."""
    keep(connection, draft_id, {"logo": None if png is None else {"png": base64.b64encode(png).decode("ascii")}})


def withdraw(connection: Connection, draft_id: uuid.UUID) -> bool:
    """Be done with a draft that led to nothing. Return whether this call did it."""
    return _move(connection, draft_id, (DraftState.OPEN, DraftState.SUBMITTED), {"state": DraftState.WITHDRAWN.value}) is not None


def submit(
    connection: Connection,
    draft_id: uuid.UUID,
    *,
    actor: str,
    entry: Sequence[EntryRule],
    owner: uuid.UUID | None,
    opens_to_all: bool = False,
) -> str | None:
    """Send a draft in. One for tests is connected at once: return its client_id; one for real work, or for everybody (`opens_to_all`), waits for a second administrator.
    Raises Refusal, InvalidMetadata."""
    row = require_draft(connection, draft_id)
    values = {"state": DraftState.SUBMITTED.value, "submitted_by": actor, "submitted_at": clock.now(), "word": None}
    if _move(connection, draft_id, (DraftState.OPEN,), values) is None:
        raise _not_open()
    audit.record(connection, audit.Event.CLIENT_DRAFT_SUBMITTED, actor=actor, draft=str(draft_id), name=row.answers.get("client_name", ""))
    is_wide = opens_to_all or any(rule.kind is EntryKind.EVERYBODY for rule in entry)  # the whole province takes two, for whatever it is
    if row.answers.get("environment") == Environment.TEST and not is_wide:
        return _connect(connection, row, actor=actor, approved_by=None, entry=entry, owner=owner)
    return None


def approve(connection: Connection, draft_id: uuid.UUID, *, actor: str, entry: Sequence[EntryRule], owner: uuid.UUID | None) -> str:
    """Connect what somebody else has sent in; return its client_id. Of any number at once, one does. Raises Refusal."""
    row = require_draft(connection, draft_id)
    if actor in (row.submitted_by, row.made_by):
        raise Refusal(_("Người lập hoặc gửi bản đăng ký không tự phê duyệt. Nhờ một quản trị viên khác."), "own_draft", 403)
    if row.state != DraftState.SUBMITTED:
        raise _not_open()
    return _connect(connection, row, actor=str(row.submitted_by), approved_by=actor, entry=entry, owner=owner)


def send_back(connection: Connection, draft_id: uuid.UUID, *, actor: str, word: str) -> bool:
    """Let it be filled in again, with the reason. Return whether this call did it."""
    values = {"state": DraftState.OPEN.value, "word": word}
    if _move(connection, draft_id, (DraftState.SUBMITTED,), values) is None:
        return False
    audit.record(connection, audit.Event.CLIENT_DRAFT_SENT_BACK, actor=actor, draft=str(draft_id), reason=word)
    return True


def recall(connection: Connection, draft_id: uuid.UUID, *, actor: str) -> None:
    """Fill it in again, by who made it or sent it in. Raises Refusal, NotFound."""
    row = require_draft(connection, draft_id)
    if actor not in (row.submitted_by, row.made_by):
        raise Refusal(_("Chỉ người lập hoặc gửi rút lại được bản đăng ký."), "not_the_submitter", 403)
    if _move(connection, draft_id, (DraftState.SUBMITTED,), {"state": DraftState.OPEN.value, "word": None}) is None:
        raise _not_open()
    audit.record(connection, audit.Event.CLIENT_DRAFT_RECALLED, actor=actor, draft=str(draft_id), name=row.answers.get("client_name", ""))


def take_secret(connection: Connection, draft_id: uuid.UUID, *, actor: str) -> Secret | None:
    """The first secret of what the draft became, made now and shown this once, to who sent it in. None: it was taken already, or
    there is none to take."""
    row = require_draft(connection, draft_id)
    if row.state != DraftState.CONNECTED or actor != row.submitted_by:
        raise Refusal(_("Khóa bí mật do người gửi bản đăng ký nhận."), "not_the_submitter", 403)
    client = connection.execute(select(_c).where(_c.c.id == row.client_id)).one()
    if client.token_endpoint_auth_method not in SECRET_METHODS:
        return None
    taken = update(_d).where(_d.c.id == draft_id, _d.c.secret_taken_at.is_(None)).values(secret_taken_at=clock.now()).returning(_d.c.id)
    if connection.execute(taken).first() is None:
        return None
    end_secrets(connection, client.id)
    secret = add_secret(connection, client.id, client.token_endpoint_auth_method)
    note_change(connection, client.client_id)
    audit.record(connection, audit.Event.CLIENT_SECRET_ROTATED, actor=actor, client_id=client.id, reason="first")
    return secret


def write_test_card(connection: Connection, client: uuid.UUID, kind: ClientKind, *, actor: str) -> None:
    """What is registered by one administrator alone is for tests; what real work is done with goes through a draft and a second one."""
    card = {
        "client_id": client, "owner_unit_id": None, "environment": Environment.TEST.value, "kind": kind.value, "purpose": "",
        "registered_by": actor, "approved_by": None,
    }  # fmt: skip
    connection.execute(insert(_k), card)


def card_of(connection: Connection, client: uuid.UUID) -> Any | None:
    """Whose an application is; None of one that was registered without being asked."""
    return connection.execute(_card, {"client": client}).first()


def metadata_of(answers: dict[str, Any]) -> ClientMetadata:
    """The client that these answers describe."""
    kind, lines = answers.get("kind") or ClientKind.SERVER.value, _lines
    told: dict[str, Any] = {
        "client_id": answers.get("client_id") or None,
        "client_name": answers.get("client_name", ""),
        "redirect_uris": lines(answers, "redirect_uris"),
        "post_logout_redirect_uris": lines(answers, "post_logout_redirect_uris"),
        "backchannel_logout_uri": answers.get("backchannel_logout_uri") or None,
        "client_uri": answers.get("client_uri") or None,
        "contacts": tuple(answers[name] for name in ("contact_1", "contact_2") if answers.get(name)),
        "scope": " ".join(["openid", *(name for name in answers.get("scope") or () if name != "openid")]),
        "subject_type": answers.get("subject_type") or "public",
        "minimum_acr": answers.get("minimum_acr") or ACR["aal1"],
        "require_consent": bool(answers.get("require_consent")),
        "token_endpoint_auth_method": answers.get("method") or CLIENT_SECRET_BASIC,
        "jwks_uri": answers.get("jwks_uri") or None,
        "profile": answers.get("profile") or "",
        "default_max_age": _seconds(answers.get("default_max_age")),
        **_lifetimes(answers),
    }
    if told["profile"] == FAPI2:
        told |= {"id_token_signed_response_alg": "ES256", "dpop_bound_access_tokens": True}
    if kind == ClientKind.BROWSER:
        told |= {
            "token_endpoint_auth_method": PUBLIC,
            "jwks_uri": None,
            "profile": "",
            "dpop_bound_access_tokens": False,
            "application_type": answers.get("application_type") or "web",
        }
    if kind == ClientKind.MACHINE:
        told |= {"redirect_uris": (), "post_logout_redirect_uris": (), "grant_types": ("client_credentials",), "response_types": (),
                 "scope": " ".join(name for name in answers.get("scope") or () if name not in ("openid", "offline_access"))}  # fmt: skip
    if kind == ClientKind.LEGACY:
        origins = lines(answers, "origins")
        # The provider itself redeems the codes of such a site, so there is no secret to keep; one signature a request: the cheapest.
        told |= {"forward_auth_origins": origins, "redirect_uris": tuple(origin + CALLBACK_PATH for origin in origins),
                 "token_endpoint_auth_method": PUBLIC, "jwks_uri": None, "profile": "", "dpop_bound_access_tokens": False,
                 "backchannel_logout_uri": None,
                 "id_token_signed_response_alg": "ES256"}  # fmt: skip
    return ClientMetadata(**told)


def _lifetimes(answers: dict[str, Any]) -> dict[str, int | None]:
    chosen = answers.get("lifetimes")
    return preset_named(chosen) if chosen in {preset.name for preset in PRESETS} else {}


def _seconds(written: str | None) -> int | None:
    return int(written) if written and written.isdecimal() else None


def _lines(answers: dict[str, Any], name: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in (answers.get(name) or "").splitlines() if line.strip())


def _connect(
    connection: Connection, row: Any, *, actor: str, approved_by: str | None, entry: Sequence[EntryRule], owner: uuid.UUID | None
) -> str:
    made: Registered = register(connection, metadata_of(row.answers), actor=actor, entry=entry)
    values = {"state": DraftState.CONNECTED.value, "client_id": made.key}
    if _move(connection, row.id, (DraftState.SUBMITTED,), values) is None:
        raise _not_open()
    card = {
        "client_id": made.key, "owner_unit_id": owner, "environment": row.answers.get("environment", Environment.PRODUCTION.value),
        "kind": row.answers.get("kind", ClientKind.SERVER.value), "purpose": row.answers.get("purpose", ""), "registered_by": actor,
        "approved_by": approved_by,
    }  # fmt: skip
    connection.execute(insert(_k), card)
    if row.answers.get("logo"):
        put_first(connection, made.key, base64.b64decode(row.answers["logo"]["png"]))
    if approved_by is not None:
        audit.record(connection, audit.Event.CLIENT_DRAFT_APPROVED, actor=approved_by, client_id=made.key, draft=str(row.id))
    registry.forget(made.client_id)
    return made.client_id


def _move(connection: Connection, draft_id: uuid.UUID, states: Sequence[DraftState], values: dict[str, Any]) -> Any | None:
    moved = update(_d).where(_d.c.id == draft_id, _d.c.state.in_([state.value for state in states]))
    return connection.execute(moved.values(**values, updated_at=clock.now()).returning(_d.c.id)).first()


def _not_open() -> Refusal:
    return Refusal(_("Bản đăng ký này đã được gửi hoặc đã xong. Mở lại trang để xem."), "draft_not_open", 409)
