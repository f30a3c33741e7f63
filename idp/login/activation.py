"""The activation slip: where officers hand them out, a password alone does not enrol the first factor."""

from sqlalchemy import Connection

from idp.credentials import officer_codes
from idp.credentials.factors import Held
from idp.sessions import assurance
from idp.sessions.browser_sessions import LiveSession
from idp.settings import current_settings


def awaits_activation(connection: Connection, session: LiveSession, held: Held) -> bool:
    """Whether this session must show the code of a slip before a first factor is enrolled in it."""
    if not current_settings().activation_slips or held.second_factor or assurance.is_enough(session.acr, assurance.AAL2):
        return False
    return not officer_codes.is_activated(connection, session.person_id, session.session_id)
