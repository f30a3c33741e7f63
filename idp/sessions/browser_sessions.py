"""Browser sessions: started by a password, raised by a second factor, found at every request, ended once and for all.

The cookie is an opaque random value kept as its digest. A session whose person must prove more before it counts
(`required_acr`) is unfinished: only the sign-in pages see it, for everybody else nobody is signed in.
"""

import base64
import hashlib
import hmac
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import g, request
from flask_babel import gettext as _
from sqlalchemy import Connection, bindparam, func, insert, select, update
from werkzeug.wrappers import Response

from idp import audit, clock, outbox
from idp.at_hand import these_notes, this_request
from idp.database import UtcDateTime, in_transaction, new_id, reader, table_of
from idp.errors import Forbidden
from idp.opaque_tokens import Secret, digest, new_token
from idp.people import mirror
from idp.people.models import Person, PersonState, Unit
from idp.prepared import first
from idp.sealing import current_keys
from idp.sessions import assurance, browser_state
from idp.sessions.models import BrowserSession
from idp.settings import current_settings

TOUCH_SECONDS = 60
LONGEST_USER_AGENT = 400
EXPIRY_BATCH = 200


class SessionEnded(Forbidden):
    """The session was ended, perhaps this very moment, from elsewhere."""

    reason = "session_ended"


@dataclass(frozen=True)
class LiveSession:
    """Who is signed in to a browser, how strongly and since when. `amr` is space separated (RFC 8176)."""

    session_id: uuid.UUID
    person_id: uuid.UUID
    subject: str
    name: str
    username: str | None
    unit_name: str | None
    acr: str
    amr: str
    auth_time: datetime
    shared_pc: bool
    created_at: datetime
    expires_at: datetime
    required_acr: str = assurance.AAL1
    password_ends_at: datetime | None = None
    grace_left: int | None = None
    password_end_told: bool = False


_s, _p, _u = table_of(BrowserSession), table_of(Person), table_of(Unit)
_is_open = (_s.c.ended_at.is_(None)) & (_s.c.expires_at > bindparam("now"))
_find = (
    select(
        _s.c.id,
        _s.c.person_id,
        _p.c.subject,
        _p.c.name,
        _p.c.username,
        _u.c.name,
        _s.c.acr,
        _s.c.amr,
        _s.c.auth_time,
        _s.c.shared_pc,
        _s.c.created_at,
        _s.c.expires_at,
        _s.c.required_acr,
        _s.c.password_ends_at,
        _s.c.grace_left,
        _s.c.password_end_told,
        _s.c.directory_asked_at,
        mirror.read_at_of(_p.c.source).label("read_at"),
        _s.c.last_seen_at,
        _s.c.idle_seconds,
    )
    .select_from(_s.join(_p, _p.c.id == _s.c.person_id).outerjoin(_u, _u.c.id == _p.c.unit_id))
    .where(_s.c.digest == bindparam("digest"), _is_open, _p.c.state == PersonState.ACTIVE.value, _p.c.directory_locked.is_(False))
)
_find_in_browser = select(_s.c.id, _s.c.person_id).where(_s.c.digest == bindparam("digest"), _is_open)
_touch = update(_s).where(_s.c.id == bindparam("session_id"), _s.c.last_seen_at == bindparam("seen")).values(last_seen_at=bindparam("now"))
_change_open = update(_s).where(_s.c.id == bindparam("session_id"), _s.c.ended_at.is_(None))
_end = _change_open.values(ended_at=bindparam("now"), ended_reason=bindparam("reason")).returning(_s.c.person_id)
_open_of_person = select(_s.c.id).where(_s.c.person_id == bindparam("person_id"), _s.c.ended_at.is_(None)).order_by(_s.c.id)
_expired = select(_s.c.id).where(_s.c.ended_at.is_(None), _s.c.expires_at <= bindparam("now")).limit(EXPIRY_BATCH)
_at: Any = bindparam("now", type_=UtcDateTime())
_note_one_factor = (
    update(_p)
    .where(_p.c.id == bindparam("of_person"))
    .values(last_signed_in_at=_at, first_signed_in_at=func.coalesce(_p.c.first_signed_in_at, _at))
)
_note_two_factors = _note_one_factor.values(last_two_factor_at=_at)


def find(cookie_value: str) -> LiveSession | None:
    """The session of this cookie: not ended, expired, idle or unfinished, of a person who may sign in and of whom the directory was
    asked lately. Never in a transaction."""
    return _read(cookie_value, finished_only=True)


def find_unfinished(cookie_value: str) -> LiveSession | None:
    """As `find`, also when the person must still prove more. For the steps of sign-in only."""
    return _read(cookie_value, finished_only=False)


def _read(cookie_value: str, *, finished_only: bool) -> LiveSession | None:
    now = clock.now()
    row = first(reader(), _find, {"digest": digest(cookie_value), "now": now})
    if row is None:
        return None
    *facts, asked_at, read_at, last_seen_at, idle_seconds = row
    unseen = (now - last_seen_at).total_seconds()
    if unseen >= idle_seconds or (finished_only and row.acr < row.required_acr):
        return None
    # While nobody reads the directory, nobody would notice that the person has left: then its yes to a password is good for as long
    # as a reading.
    if not mirror.is_recent(read_at) and (asked_at is None or not mirror.is_recent(asked_at)):
        return None
    note_activity(row.id, last_seen_at)
    return LiveSession(*facts)


def note_activity(session_id: uuid.UUID, last_seen_at: datetime) -> None:
    """The person of a session is at work, which was last written down at `last_seen_at`; once a minute is enough."""
    now = clock.now()
    if (now - last_seen_at).total_seconds() >= TOUCH_SECONDS:
        # The condition on the value read makes one of many parallel requests write, the others find nothing to do.
        in_transaction(lambda c: c.execute(_touch, {"session_id": session_id, "seen": last_seen_at, "now": now}))


def current() -> LiveSession | None:
    """The session of the browser that sent this request, found once a request."""
    notes = these_notes()
    if "live_session" not in notes:
        value = cookie_value()
        notes.live_session = find(value) if value else None
    live: LiveSession | None = notes.live_session
    return live


def find_in_browser(connection: Connection) -> tuple[uuid.UUID, uuid.UUID] | None:
    """Session and person of this browser's cookie, even when it is idle or unfinished: what a new sign-in continues or ends."""
    value = cookie_value()
    row = connection.execute(_find_in_browser, {"digest": digest(value), "now": clock.now()}).first() if value else None
    return (row.id, row.person_id) if row else None


def _lifetimes(now: datetime, amr: tuple[str, ...], shared_pc: bool, administrator: bool, required_acr: str) -> dict[str, Any]:
    settings = current_settings()
    idle = settings.session_administrator_idle_seconds if administrator else settings.session_staff_idle_seconds
    seconds = settings.session_staff_seconds
    if shared_pc:
        seconds, idle = min(seconds, settings.session_shared_pc_seconds), min(idle, settings.session_shared_pc_idle_seconds)
    return {
        "shared_pc": shared_pc,
        "idle_seconds": idle,
        "expires_at": now + timedelta(seconds=seconds),
        "last_seen_at": now,
        "directory_asked_at": now if assurance.PASSWORD in amr else None,
        "password_ends_at": None,
        "grace_left": None,
        "password_end_told": False,
        "required_acr": max(required_acr, assurance.AAL2) if administrator else required_acr,
    }


def start(
    connection: Connection, *, person_id: uuid.UUID, acr: str, amr: tuple[str, ...], shared_pc: bool, administrator: bool,
    required_acr: str = assurance.AAL1,
) -> tuple[Secret, uuid.UUID]:  # fmt: skip
    """Start a session; return the cookie's value and the session's id. It counts from `required_acr` on, an administrator's at
    least from aal2."""
    value, session_id, now = new_token(), new_id(), clock.now()
    agent = request.user_agent.string[:LONGEST_USER_AGENT].replace("\0", "") if request else None
    row = {
        "id": session_id,
        "digest": digest(value),
        "person_id": person_id,
        "acr": acr,
        "amr": " ".join(amr),
        "auth_time": now,
        "address": request.remote_addr if request else None,
        "user_agent": agent,
        "created_at": now,
        **_lifetimes(now, amr, shared_pc, administrator, required_acr),
    }
    connection.execute(insert(_s), row)
    _note_sign_in(connection, person_id, acr, now)
    _record(connection, audit.Event.SESSION_STARTED, person_id, session_id, acr=acr, amr=" ".join(amr), shared_pc=shared_pc)
    return value, session_id


def renew(
    connection: Connection, session_id: uuid.UUID, *, acr: str, amr: tuple[str, ...], shared_pc: bool, administrator: bool,
    required_acr: str = assurance.AAL1,
) -> Secret:  # fmt: skip
    """The same person proved themselves anew from the password on: the session goes on with a fresh cookie value and lifetime,
    and claims what was proved now, which may be less than before. Raises SessionEnded."""
    lifetimes = _lifetimes(clock.now(), amr, shared_pc, administrator, required_acr)
    return _prove_again(connection, session_id, acr, amr, lifetimes)


def raise_assurance(
    connection: Connection, session_id: uuid.UUID, *, acr: str, amr: tuple[str, ...], value: Secret | None = None
) -> Secret:
    """One more factor was proved: return the cookie's new value; `auth_time` is now. Raises SessionEnded.

    `value`: what `value_after` gives, so that a form sent twice ends in the same session.
    """
    return _prove_again(connection, session_id, acr, amr, {"last_seen_at": clock.now()}, value)


def note_password_end(connection: Connection, value: str, ends_at: datetime, grace_left: int | None) -> None:
    """The directory said at this sign-in when the password ends, or how often it still takes one that has ended."""
    values = {"password_ends_at": ends_at, "grace_left": grace_left}
    connection.execute(update(_s).where(_s.c.digest == digest(value)).values(values))


def password_end_told(connection: Connection, session_id: uuid.UUID) -> None:
    """The person of this session has read that the password ends soon."""
    connection.execute(_change_open.values(password_end_told=True), {"session_id": session_id})


def password_renewed(connection: Connection, person_id: uuid.UUID) -> None:
    """The person has a new password: what was said of the old one is over."""
    connection.execute(update(_s).where(_s.c.person_id == person_id).values(password_ends_at=None, grace_left=None))


def let_count(connection: Connection, session_id: uuid.UUID) -> None:
    """Let a session count with what was proved so far: its person may put the rest off."""
    connection.execute(_change_open.values(required_acr=assurance.AAL1), {"session_id": session_id})


def value_after(value_before: str, proof: str) -> Secret:
    """The cookie value that follows `value_before` when `proof` (a code) is accepted: the same for both of two equal forms, and
    of use to nobody who does not have both. Impatient people click twice, and the browser keeps the second answer only."""
    key = current_keys().derive_key("raised sessions")
    raised = hmac.digest(key, f"{value_before}\0{proof}".encode("utf-8", "surrogatepass"), hashlib.sha256)
    return Secret(base64.urlsafe_b64encode(raised).rstrip(b"=").decode())


def _prove_again(
    connection: Connection, session_id: uuid.UUID, acr: str, amr: tuple[str, ...], more: dict[str, Any], value: Secret | None = None
) -> Secret:
    # A value known before the proof is worth nothing after it: fixation (ASVS 7.2.4).
    value, now = value or new_token(), clock.now()
    change = _change_open.values(digest=digest(value), acr=acr, amr=" ".join(amr), auth_time=now, **more).returning(_s.c.person_id)
    person_id = connection.execute(change, {"session_id": session_id}).scalar()
    if person_id is None:
        raise SessionEnded(_("Phiên đăng nhập đã kết thúc. Đăng nhập lại để tiếp tục."))
    _note_sign_in(connection, person_id, acr, now)
    _record(connection, audit.Event.SESSION_RAISED, person_id, session_id, acr=acr, amr=" ".join(amr))
    return value


def _note_sign_in(connection: Connection, person_id: uuid.UUID, acr: str, now: datetime) -> None:
    note = _note_two_factors if assurance.is_enough(acr, assurance.AAL2) else _note_one_factor
    connection.execute(note, {"of_person": person_id, "now": now})


def _record(connection: Connection, event: audit.Event, person_id: uuid.UUID, session_id: uuid.UUID, **detail: Any) -> None:
    audit.record(connection, event, actor=f"person:{person_id}", person_id=person_id, session_id=str(session_id), **detail)


def end(connection: Connection, session_id: uuid.UUID, *, reason: str, actor: str) -> bool:
    """End a session, once: return whether this call did it. Its clients are told through the outbox ("session_ended")."""
    person_id = connection.execute(_end, {"session_id": session_id, "now": clock.now(), "reason": reason}).scalar()
    if person_id is None:
        return False
    audit.record(connection, audit.Event.SESSION_ENDED, actor=actor, person_id=person_id, session_id=str(session_id), reason=reason)
    outbox.enqueue(connection, "session_ended", {"session_id": str(session_id)}, person_id=person_id)
    return True


def end_all(connection: Connection, person_id: uuid.UUID, *, reason: str, actor: str, keep: uuid.UUID | None = None) -> int:
    """End every session of a person but `keep`; return how many."""
    open_ids = connection.execute(_open_of_person, {"person_id": person_id}).scalars().all()
    return sum(end(connection, session_id, reason=reason, actor=actor) for session_id in open_ids if session_id != keep)


def end_expired(connection: Connection) -> int:
    """End sessions past their absolute lifetime, so that their clients are told; at most 200 a call. An idle one is left: its
    person may be at work in an application, and nobody gets in through it without a password."""
    expired = connection.execute(_expired, {"now": clock.now()}).scalars().all()
    return sum(end(connection, session_id, reason="expired", actor="system:sessions") for session_id in expired)


def cookie_name() -> str:
    """The cookie's name. On https the prefix makes browsers refuse it from another host or without Secure (RFC 6265bis)."""
    return "__Host-hopnhat" if current_settings().is_https else "hopnhat_session"


def cookie_value() -> str | None:
    """The value that this request brought, if any."""
    return this_request().cookies.get(cookie_name()) or None


def set_cookie(response: Response, value: str) -> None:
    """Give the browser the session's value. The cookie goes when the browser is closed; its lifetime is kept by the server."""
    g.pop("live_session", None)
    g.pop("viewer", None)
    response.set_cookie(cookie_name(), value, path="/", secure=current_settings().is_https, httponly=True, samesite="Lax")
    browser_state.forget(response)


def clear_cookie(response: Response) -> None:
    """Take the cookie from the browser."""
    g.pop("live_session", None)
    g.pop("viewer", None)
    response.delete_cookie(cookie_name(), path="/", secure=current_settings().is_https, httponly=True, samesite="Lax")
    browser_state.forget(response)
