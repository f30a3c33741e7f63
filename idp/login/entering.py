"""Somebody who has proved who they are is let in: the session of this browser goes on if it is theirs, somebody else's ends first."""

import uuid

from sqlalchemy import Connection

from idp.opaque_tokens import Secret
from idp.sessions import browser_sessions


def enter(connection: Connection, person_id: uuid.UUID, *, acr: str, amr: tuple[str, ...], shared_pc: bool, administrator: bool) -> Secret:
    """Begin or renew the browser's session, which claims what was proved and no more; return its cookie's value."""
    present = browser_sessions.find_in_browser(connection)
    if present and present[1] == person_id:
        return browser_sessions.renew(connection, present[0], acr=acr, amr=amr, shared_pc=shared_pc, administrator=administrator)
    if present:
        browser_sessions.end(connection, present[0], reason="replaced", actor=f"person:{person_id}")
    value, _session_id = browser_sessions.start(
        connection, person_id=person_id, acr=acr, amr=amr, shared_pc=shared_pc, administrator=administrator
    )
    return value
