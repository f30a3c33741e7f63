"""A passkey or security key being made, at sign-in or on the account page: what the browser is asked for, and what becomes of it."""

from flask import request

from idp.credentials import passkey_ceremony, passkeys
from idp.credentials.factors import readable_name
from idp.database import in_transaction, reader
from idp.errors import Refusal
from idp.login import messages
from idp.login.enrolling import enroll_key, sheet_if_needed
from idp.opaque_tokens import Secret
from idp.sessions.browser_sessions import LiveSession

MOST_KEYS = 10


def options_for(session: LiveSession, *, alone: bool) -> str | None:
    """What the browser is asked to make, as JSON; None where no browser could. Raises Refusal for one key too many."""
    keys = passkeys.find_active(reader(), session.person_id)
    if len(keys) >= MOST_KEYS:
        raise Refusal(messages.enough_keys(), reason="enough_keys")
    if not passkey_ceremony.are_possible():
        return None
    return passkey_ceremony.creation_options(
        str(session.session_id), session.person_id, session.username or session.name, session.name, keys, alone=alone, roaming=session.shared_pc
    )  # fmt: skip


def take_new_key(session: LiveSession, *, alone: bool) -> Secret:
    """Make the key in the form a factor; return the cookie's new value. Raises WrongKey and NotEnrolled."""
    new = passkeys.match_new(request.form.get("answer", ""), str(session.session_id), alone=alone)
    name = readable_name(request.form.get("name", "")) or messages.key_name()
    sheet = sheet_if_needed(reader(), session.person_id)
    return in_transaction(lambda c: enroll_key(c, session, new, name, sheet=sheet))
