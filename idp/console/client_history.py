"""What was changed of one application, by whom and why: before and after, in words."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from sqlalchemy import Connection, select, union_all

from idp.audit import AuditEvent, Event
from idp.console.lifetime_words import WORDS
from idp.console.trail import Line, told
from idp.database import table_of

SHOWN = 50
KINDS = (
    Event.CLIENT_REGISTERED, Event.CLIENT_CHANGED, Event.CLIENT_DISABLED, Event.CLIENT_ENABLED, Event.CLIENT_SECRET_ROTATED,
    Event.CLIENT_DRAFT_APPROVED, Event.CLIENT_ROLE_GIVEN, Event.CLIENT_ROLE_TAKEN, Event.CLIENT_ENTRY_ADDED, Event.CLIENT_ENTRY_REMOVED,
    Event.CLIENT_DELETED,
)  # fmt: skip
FIELDS: dict[str, LazyString] = {
    "client_name": _l("Tên ứng dụng"), "redirect_uris": _l("Địa chỉ trả về"), "post_logout_redirect_uris": _l("Địa chỉ sau đăng xuất"),
    "backchannel_logout_uri": _l("Địa chỉ nhận lệnh đăng xuất"), "client_uri": _l("Trang bắt đầu"), "scope": _l("Phạm vi thông tin"),
    "minimum_acr": _l("Mức xác thực tối thiểu"), "contacts": _l("Người phụ trách"), "token_endpoint_auth_method": _l("Cách xác thực ứng dụng"),
    "require_pkce": _l("Bắt buộc PKCE"), "require_consent": _l("Hỏi ý kiến cán bộ"), "subject_type": _l("Mã định danh gửi cho ứng dụng"),
    "jwks_uri": _l("Địa chỉ công bố khóa công khai"), "grant_types": _l("Cách lấy token"), "logo_uri": _l("Biểu trưng"),
    "policy_uri": _l("Quy định về dữ liệu cá nhân"), "tos_uri": _l("Điều khoản sử dụng"), "forward_auth_origins": _l("Địa chỉ của hệ thống cũ"),
    "default_max_age": _l("Bắt đăng nhập lại sau (giây)"), "profile": _l("Mức bảo vệ của kết nối"), "reason": _l("Lý do"),
    **WORDS,
}  # fmt: skip
_e = table_of(AuditEvent)


@dataclass(frozen=True)
class Changed:
    """One field of a change: what it is called, what went, what came, and what stayed of a list."""

    name: str
    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True)
class Entry:
    """One thing that was done to an application."""

    line: Line
    reason: str | None
    changes: Sequence[Changed]


def history_of(connection: Connection, client: uuid.UUID, before: uuid.UUID | None = None) -> tuple[list[Entry], uuid.UUID | None]:
    """The newest changes, those of before an event when one is named, and the event after which older ones go on. Of each kind an index
    finds the newest: sign-ins, of which there are millions, are never looked at."""
    older = [_e.c.id < before] if before else []
    newest = [
        select(_e.c.id)
        .where(_e.c.event == kind.value, _e.c.client_id == client, *older)
        .order_by(_e.c.id.desc())
        .limit(SHOWN + 1)
        .subquery()
        for kind in KINDS
    ]
    ids = union_all(*(select(one.c.id) for one in newest)).subquery()
    rows = connection.execute(select(_e).where(_e.c.id.in_(select(ids.c.id))).order_by(_e.c.id.desc()).limit(SHOWN + 1)).all()
    lines = told(connection, rows[:SHOWN])
    found = [Entry(line, _reason(line), changes_told(line.raw["detail"])) for line in lines]
    return found, lines[-1].id if len(rows) > SHOWN else None


def _reason(line: Line) -> str | None:
    """Why it was done, where the sentence does not say it already."""
    reason = str(line.raw["detail"].get("reason") or "")
    return reason if reason and reason not in line.told else None


def changes_told(detail: dict[str, Any]) -> list[Changed]:
    """What a change changed; lists show what went and what came, not what stayed."""
    before, after = detail.get("before"), detail.get("after")
    if not isinstance(before, dict) or not isinstance(after, dict):
        return []
    return [_changed(name, before.get(name), after.get(name)) for name in sorted({*before, *after})]


def _changed(name: str, was: Any, now: Any) -> Changed:
    label = str(FIELDS.get(name, name))
    if name == "scope":
        was, now = str(was or "").split(), str(now or "").split()
    if isinstance(was, list | tuple) and isinstance(now, list | tuple):
        return Changed(label, tuple(str(one) for one in was if one not in now), tuple(str(one) for one in now if one not in was))
    return Changed(label, _value(was), _value(now))


def _value(value: Any) -> tuple[str, ...]:
    if value is None or value in ("", [], ()):
        return ()
    if isinstance(value, bool):
        return (_("có") if value else _("không"),)
    return tuple(map(str, value)) if isinstance(value, list | tuple) else (str(value),)
