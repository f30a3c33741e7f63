"""Somebody who has proved who they are is let in: the session of this browser goes on if it is theirs, somebody else's ends first."""

import uuid
from dataclasses import asdict, dataclass

from sqlalchemy import Connection

from idp.login.everybody import required_acr
from idp.opaque_tokens import Secret
from idp.roles.permissions import is_administrator
from idp.sessions import browser_sessions


@dataclass(frozen=True)
class Terms:
    """On what terms a session begins: how long it may live and rest, and what must be proved before it counts."""

    shared_pc: bool
    administrator: bool
    required_acr: str


def terms_for(person_id: uuid.UUID, *, shared_pc: bool) -> Terms:
    """The terms of this person's sign-in now; to be looked up before the transaction."""
    administrator = is_administrator(person_id)
    return Terms(shared_pc, administrator, required_acr(person_id, administrator=administrator, shared_pc=shared_pc))


def enter(connection: Connection, person_id: uuid.UUID, *, acr: str, amr: tuple[str, ...], terms: Terms) -> Secret:
    """Begin or renew the browser's session, which claims what was proved and no more; return its cookie's value."""
    present = browser_sessions.find_in_browser(connection)
    if present and present[1] == person_id:
        return browser_sessions.renew(connection, present[0], acr=acr, amr=amr, **asdict(terms))
    if present:
        browser_sessions.end(connection, present[0], reason="replaced", actor=f"person:{person_id}")
    value, _session_id = browser_sessions.start(connection, person_id=person_id, acr=acr, amr=amr, **asdict(terms))
    return value
