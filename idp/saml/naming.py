"""How a party knows a person and their session, and what it is told about them: the rules of claims, written as SAML writes."""

import hashlib
import uuid
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from clients.registry import RegisteredClient
from clients.saml_models import SamlSession
from idp import clock
from idp.database import reader, table_of
from idp.oidc.claims import claims_of, with_roles
from idp.oidc.models import Authorization
from idp.oidc.subjects import session_for, subject_for
from idp.people.models import Person
from idp.saml.messages import NameId
from idp.saml.names import EMAIL, FORMATS, PERSISTENT, TRANSIENT, UNSPECIFIED, USERNAME
from idp.saml.parties import Party

# Names that Shibboleth, mod_auth_mellon and their kin know people's facts by, besides our own.
USUAL = {
    "urn:oid:0.9.2342.19200300.100.1.1": "preferred_username",
    "urn:oid:0.9.2342.19200300.100.1.3": "email",
    "urn:oid:2.16.840.1.113730.3.1.241": "name",
    "urn:oid:2.5.4.4": "family_name",
    "urn:oid:2.5.4.42": "given_name",
    "urn:oid:2.16.840.1.113730.3.1.3": "staff_code",
}
PLAIN = (
    "name", "family_name", "given_name", "preferred_username", "email", "phone_number", "staff_code", "staff_category", "title",
    "unit_code", "unit_name", "roles",
)  # fmt: skip


_a, _p, _s = table_of(Authorization), table_of(Person), table_of(SamlSession)
_person = (
    select(_p.c.subject, _p.c.username, _p.c.mail, _s.c.name_kind)
    .join(_a, _a.c.person_id == _p.c.id)
    .join(_s, and_(_s.c.session_id == _a.c.session_id, _s.c.client_id == _a.c.client_id))
    .where(_a.c.session_id == bindparam("session"), _a.c.client_id == bindparam("client"))
    .limit(1)
)
_columns: dict[str, Any] = {
    "session_id": bindparam("session"),
    "client_id": bindparam("client"),
    "name_kind": bindparam("kind"),
    "created_at": bindparam("now"),
}
_keep = {
    name: kind.insert(_s)
    .values(_columns)
    .on_conflict_do_update(index_elements=["session_id", "client_id"], set_={"name_kind": bindparam("kind")})
    for name, kind in (("sqlite", sqlite), ("postgresql", postgresql))
}
_forget = delete(_s).where(_s.c.created_at < bindparam("then"))
KEPT = timedelta(days=2)  # no session lasts longer


class NoSuchName(Exception):
    """The person cannot be named as the request wants it."""


def name_format(party: Party, wanted: str | None) -> str:
    """Our kind of name for what a request wants: the party's own, or one that gives nothing away. Raises NoSuchName."""
    if wanted in (None, UNSPECIFIED, FORMATS[party.options.name_id]):
        return party.options.name_id
    found = next((kind for kind in (PERSISTENT, TRANSIENT) if FORMATS[kind] == wanted), None)
    if found is None:
        raise NoSuchName
    return found


def name_of(party: Party, kind: str, person: Any, session_id: uuid.UUID) -> NameId:
    """The name of a person. Raises NoSuchName for one who has none of this kind."""
    client = party.client
    if kind == PERSISTENT:
        return NameId(FORMATS[kind], subject_for(client, person.subject))
    if kind == TRANSIENT:
        digest = hashlib.sha256(f"transient\0{client.key}\0{index_of(client, session_id)}".encode()).hexdigest()
        return NameId(FORMATS[kind], "_" + digest[:40])
    value = person.mail if kind == EMAIL else person.username
    if not value or kind not in (EMAIL, USERNAME):
        raise NoSuchName
    return NameId(FORMATS[kind], value)


def remember(connection: Connection, party: Party, session_id: uuid.UUID, kind: str) -> None:
    """Keep by which kind of name the party was told; what is older than any session goes."""
    now = clock.now()
    connection.execute(_forget, {"then": now - KEPT})
    connection.execute(_keep[connection.dialect.name], {"session": session_id, "client": party.client.key, "kind": kind, "now": now})


def name_in_session(party: Party, session_id: uuid.UUID) -> NameId | None:
    """By which name the party knows the person of a session; None when it was not told of them."""
    person = reader().execute(_person, {"session": session_id, "client": party.client.key}).first()
    try:
        return None if person is None else name_of(party, person.name_kind, person, session_id)
    except NoSuchName:
        return None


def index_of(client: RegisteredClient, session_id: uuid.UUID) -> str:
    """The SessionIndex of a session for this party."""
    return session_for(client, session_id)


def attributes_of(party: Party, person: Any, scope: str) -> dict[str, list[str]]:
    """What the party's scopes let it know, by its own names where it has any."""
    told = _flat(with_roles(claims_of(person, scope), person, party.client))
    names = dict(party.options.attributes) or {**USUAL, **{name: name for name in PLAIN}}
    return {name: told[claim] for name, claim in names.items() if told.get(claim)}


def _flat(claims: dict[str, Any]) -> dict[str, list[str]]:
    """Claims as lists of texts: of the unit its parts; what has parts within parts is not told."""
    unit = claims.get("unit") or {}
    whole = {**claims, **{f"unit_{name}": value for name, value in unit.items()}}
    flat: dict[str, list[str]] = {}
    for name, value in whole.items():
        if isinstance(value, bool):
            flat[name] = ["true" if value else "false"]
        elif isinstance(value, str | int):
            flat[name] = [str(value)]
        elif isinstance(value, list) and all(isinstance(one, str) for one in value):
            flat[name] = value
    return flat
