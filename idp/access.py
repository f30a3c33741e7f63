"""A person's access, withdrawn, restored or signed out everywhere at once: the only place that can."""

import uuid
from datetime import datetime

from flask import Flask
from flask_babel import gettext as _
from sqlalchemy import Connection, bindparam, select, update

from idp import audit, clock
from idp.credentials import hardware_tokens, officer_codes, passkeys, recovery_codes, totp
from idp.database import table_of
from idp.errors import Refusal
from idp.login.change_pages import WHEN_CHANGED
from idp.oidc import authorizations, leavings
from idp.oidc.backchannel_logout import WITHDRAWN
from idp.people import letters
from idp.people.letters import Letter
from idp.people.models import INTEGRATION_CHECK, DirectoryReason, Person, PersonState
from idp.people.sign_in_name import lock
from idp.sessions import browser_sessions, known_browsers, trusted_browsers

SIGNED_OUT, FACTORS_RESET, ROLE_GRANTED = "signed_out_elsewhere", "factors_reset", "role_granted"
MISUSE_REPORTED, PASSWORD_CHANGED = "misuse_reported", "password_changed"
_p = table_of(Person)
_set_state = (
    update(_p)
    .where(_p.c.id == bindparam("person"), _p.c.state == bindparam("before"))
    .values(state=bindparam("after"), state_reason=bindparam("why"), state_changed_at=bindparam("now"))
)

_source = select(_p.c.source).where(_p.c.id == bindparam("person"))
_DIRECTORY_REASONS = frozenset(DirectoryReason)
_set_reason = (
    update(_p)
    .where(_p.c.id == bindparam("person"), _p.c.state == PersonState.SUSPENDED, _p.c.state_reason.in_(_DIRECTORY_REASONS))
    .values(state_reason=bindparam("why"), state_changed_at=bindparam("now"))
)


def withdraw(
    connection: Connection, person_id: uuid.UUID, *, reason: str, actor: str, changed_at: datetime | None = None,
    read_at: datetime | None = None,
) -> bool:  # fmt: skip
    """Suspend a person: no sign-in, no session, no token, no code in anybody's hand, and every client that holds an authorization
    is told. Return whether this call did it; a person suspended already is left as they are, but a person's decision outweighs
    the directory's: then the directory cannot take it back. `changed_at`, `read_at`: when the directory was changed and read,
    for the ledger."""
    if not _change_state(connection, person_id, PersonState.ACTIVE, PersonState.SUSPENDED, reason, clock.now()):
        if reason in _DIRECTORY_REASONS:
            return False
        if _decide_over_the_directory(connection, person_id, reason, actor):
            return True
        # The directory may have restored them between the two questions: then they are active now, and the decision still stands.
        if not _change_state(connection, person_id, PersonState.ACTIVE, PersonState.SUSPENDED, reason, clock.now()):
            return False
    audit.record(connection, audit.Event.PERSON_SUSPENDED, actor=actor, person_id=person_id, reason=reason)
    browser_sessions.end_all(connection, person_id, reason="access_withdrawn", actor=actor)
    trusted_browsers.distrust(connection, person_id, actor=actor)
    officer_codes.replace_all(connection, person_id)
    clients = authorizations.revoke_all(connection, person_id, reason=WITHDRAWN)
    leavings.write_down(connection, person_id, clients, reason=reason, actor=actor, changed_at=changed_at, read_at=read_at)
    return True


def _decide_over_the_directory(connection: Connection, person_id: uuid.UUID, reason: str, actor: str) -> bool:
    if connection.execute(_set_reason, {"person": person_id, "why": reason, "now": clock.now()}).rowcount != 1:
        return False
    audit.record(connection, audit.Event.PERSON_SUSPENDED, actor=actor, person_id=person_id, reason=reason)
    return True


def restore(connection: Connection, person_id: uuid.UUID, *, reason: str, actor: str, for_check: bool = False) -> bool:
    """Let a suspended person sign in again. What was withdrawn stays withdrawn: they sign in anew. Return whether this call did it.
    Raises Refusal for a made-up person, unless it is a check of an application that needs them."""
    if not for_check and connection.execute(_source, {"person": person_id}).scalar() == INTEGRATION_CHECK:
        raise Refusal(_("Đây là người kiểm thử của một ứng dụng; chỉ đợt kiểm tra ứng dụng đó mở lại được."), "test_person")
    if not _change_state(connection, person_id, PersonState.SUSPENDED, PersonState.ACTIVE, reason, clock.now()):
        return False
    # A code that was being redeemed while access was withdrawn may have slipped in behind it; nothing older comes back to life.
    browser_sessions.end_all(connection, person_id, reason="access_withdrawn", actor=actor)
    officer_codes.replace_all(connection, person_id)  # one handed out while they were suspended is not worth more
    authorizations.revoke_all(connection, person_id, reason=WITHDRAWN)
    leavings.undo(connection, person_id)
    audit.record(connection, audit.Event.PERSON_RESTORED, actor=actor, person_id=person_id, reason=reason)
    return True


def sign_out(
    connection: Connection, person_id: uuid.UUID, *, reason: str, actor: str, only: uuid.UUID | None = None, keep: uuid.UUID | None = None
) -> int:
    """End sessions of a person from elsewhere, `only` that one or all but `keep`; return how many. Whoever does so trusts the
    device no more: what an application may do without a session (offline access) ends with them."""
    if only is not None:
        ended = int(browser_sessions.end(connection, only, reason=reason, actor=actor))
    else:
        ended = browser_sessions.end_all(connection, person_id, reason=reason, actor=actor, keep=keep)
    trusted_browsers.distrust(connection, person_id, actor=actor, of_session=only, keep_session=keep)
    if only is None:
        known_browsers.forget_all(connection, person_id)
    authorizations.revoke_offline(connection, person_id, reason=SIGNED_OUT, actor=actor, only=only, keep=keep)
    return ended


def reset_factors(connection: Connection, person_id: uuid.UUID, *, reason: str, actor: str) -> None:
    """Take everything from a person that they sign in with beside the password, and end what it let them into: the help desk has
    made sure that it is lost. They enrol anew as at first; tokens go back into stock."""
    lock(connection, person_id)  # whoever is enrolling something this very moment is done before, and loses it, or not at all
    totp.remove_all(connection, person_id)
    passkeys.remove_all(connection, person_id)
    hardware_tokens.release_all(connection, person_id)
    recovery_codes.replace_all(connection, person_id)
    officer_codes.replace_all(connection, person_id)
    audit.record(connection, audit.Event.FACTORS_RESET, actor=actor, person_id=person_id, reason=reason)
    letters.write(connection, person_id, Letter.FACTORS_RESET)
    sign_out(connection, person_id, reason=FACTORS_RESET, actor=actor)


def report_misuse(connection: Connection, person_id: uuid.UUID, *, actor: str) -> int:
    """The person says that somebody else was in their account: everything ends, and the help desk is told by the trail. Return how
    many sessions ended."""
    audit.record(connection, audit.Event.MISUSE_REPORTED, actor=actor, person_id=person_id)
    return sign_out(connection, person_id, reason=MISUSE_REPORTED, actor=actor)


def password_changed(connection: Connection, person_id: uuid.UUID, *, actor: str) -> int:
    """Whoever came in with the old password is out everywhere; the person goes on in the session that begins now. Return how many
    sessions ended."""
    letters.write(connection, person_id, Letter.PASSWORD_CHANGED)
    return sign_out(connection, person_id, reason=PASSWORD_CHANGED, actor=actor)


def own_password_changed(connection: Connection, person_id: uuid.UUID, *, keep: uuid.UUID, end_others: bool, actor: str) -> None:
    """Changed on one's own page, in the session to keep: the others end if that is wanted, and no other browser is trusted or known."""
    letters.write(connection, person_id, Letter.PASSWORD_CHANGED)
    browser_sessions.password_renewed(connection, person_id)
    if end_others:
        sign_out(connection, person_id, reason=PASSWORD_CHANGED, actor=actor, keep=keep)
        return
    trusted_browsers.distrust(connection, person_id, actor=actor, keep_session=keep)
    known_browsers.forget_all(connection, person_id)


def set_up_access(app: Flask) -> None:
    """Hand the deeds down to doors on a lower floor."""
    app.extensions[WHEN_CHANGED] = password_changed


def role_granted(connection: Connection, person_id: uuid.UUID, *, actor: str) -> int:
    """An administrator's session asks for two factors and rests for less long, and none has offline access or a trusted browser:
    whatever a person had before the role ends with it, also a code for which one officer was enough. Return how many sessions."""
    lock(connection, person_id)
    officer_codes.replace_all(connection, person_id)
    return sign_out(connection, person_id, reason=ROLE_GRANTED, actor=actor)


def _change_state(
    connection: Connection, person_id: uuid.UUID, before: PersonState, after: PersonState, reason: str, now: datetime
) -> bool:
    values = {"person": person_id, "before": before.value, "after": after.value, "why": reason, "now": now}
    return connection.execute(_set_state, values).rowcount == 1
