"""Whether the person of a session may go on into an application: by its rules, and a made-up one only where a check wants them."""

from clients.registry import RegisteredClient
from idp.database import reader
from idp.entry import may_enter
from idp.sessions import assurance
from idp.sessions.browser_sessions import LiveSession


def session_may_enter(live: LiveSession, client: RegisteredClient) -> bool:
    """As `may_enter`. A test person goes into the application whose check they were made for, while it lasts, and nowhere else."""
    if live.amr == assurance.TEST:
        return client.watch is not None and client.watch.lets_in(live.person_id)
    return may_enter(reader(), live.person_id, client)
