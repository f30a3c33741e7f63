"""The launcher: the applications that a person may enter, and what is still missing for each."""

import enum
import uuid
from dataclasses import dataclass
from urllib.parse import urlsplit

from sqlalchemy import Connection, bindparam, select

from clients.entry import rules_of_all
from clients.logos import paths_of
from clients.models import Client
from clients.registry import RegisteredClient, from_row
from idp.credentials.factors import Held
from idp.database import table_of
from idp.entry import may_enter
from idp.oidc.models import Authorization, Consent
from idp.oidc.third_party_login import login_uri
from idp.people.names import fold
from idp.sessions import assurance
from idp.settings import current_settings

MANY = 12
LONGEST_SEARCH = 100
_c, _a, _k = table_of(Client), table_of(Authorization), table_of(Consent)
_enabled = select(_c).where(_c.c.disabled_at.is_(None)).order_by(_c.c.client_name, _c.c.id)
_entered = select(_a.c.client_id).distinct().where(_a.c.person_id == bindparam("person"), _a.c.revoked_at.is_(None))
_agreed = select(_k.c.client_id).where(_k.c.person_id == bindparam("person"), _k.c.withdrawn_at.is_(None))


class Missing(enum.StrEnum):
    """What keeps a person out of an application, or will be asked on the way in."""

    NOTHING = "nothing"
    FACTOR = "factor"  # a second factor must be added first
    PASSKEY = "passkey"  # a passkey must be added first
    MORE_PROOF = "more_proof"  # has it, and will be asked for it
    CONSENT = "consent"  # will be asked what the application may know


@dataclass(frozen=True)
class Entry:
    """One application of the launcher; `logo`: where its picture is on this server; `entered`: it holds an authorization of this person."""

    name: str
    address: str
    logo: str | None
    href: str
    missing: Missing
    entered: bool


def entries_for(connection: Connection, person_id: uuid.UUID, acr: str, held: Held, text: str = "") -> list[Entry]:
    """The applications that can be entered from a page of ours, those entered before first; `text`: part of a name or address, without
    accents. One whose rules do not let them in is not there; a stranger's, where everybody may register, is not offered."""
    entered = set(connection.execute(_entered, {"person": person_id}).scalars())
    agreed = set(connection.execute(_agreed, {"person": person_id}).scalars())
    rules = rules_of_all(connection)
    known = [(row, from_row(row, entry=rules.get(row.id, ()))) for row in connection.execute(_enabled)]
    found, clients = [], [(row, client) for row, client in known if may_enter(connection, person_id, client)]
    logos = paths_of(connection, (client for _row, client in clients))
    for row, client in clients:
        href = _href(client)
        if href is None or (row.registration_digest is not None and current_settings().registration == "open" and row.id not in entered):
            continue
        missing = _missing(client, acr, held, has_agreed=row.id in agreed)
        found.append(Entry(client.client_name, urlsplit(href).netloc, logos.get(client.key), href, missing, row.id in entered))
    wanted = fold(text[:LONGEST_SEARCH])
    return sorted((one for one in found if wanted in fold(f"{one.name} {one.address}")), key=lambda one: not one.entered)


def _href(client: RegisteredClient) -> str | None:
    uri = login_uri(client) or client.client_uri
    return uri if uri and urlsplit(uri).scheme in ("https", "http") else None


def _missing(client: RegisteredClient, acr: str, held: Held, *, has_agreed: bool) -> Missing:
    needed = client.minimum_acr
    if not assurance.is_enough(acr, needed):
        if needed == assurance.AAL3 and not held.passkey:
            return Missing.PASSKEY
        return Missing.MORE_PROOF if held.second_factor else Missing.FACTOR
    return Missing.CONSENT if client.metadata.require_consent and not has_agreed else Missing.NOTHING
