"""Third-party-initiated login (OpenID Connect Core §4): our pages lead to an application, which then asks us who the person is."""

from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from sqlalchemy import Connection, select

from clients.entry import rules_of_all
from clients.models import Client
from clients.registry import RegisteredClient, from_row
from idp.database import table_of
from idp.entry import may_enter
from idp.settings import current_settings

_c = table_of(Client)
_enabled = select(_c).where(_c.c.disabled_at.is_(None)).order_by(_c.c.client_name)


@dataclass(frozen=True)
class OfferedApplication:
    """An application that can be entered from our pages: what it is called, where it is, and the link that begins a sign-in."""

    name: str
    address: str
    login_uri: str


def login_uri(client: RegisteredClient) -> str | None:
    """The link that makes this application begin a sign-in here; None when it has no `initiate_login_uri`. Nothing about the person
    goes along: the application asks us."""
    uri = client.metadata.initiate_login_uri
    if uri is None:
        return None
    return f"{uri}{'&' if '?' in uri else '?'}{urlencode({'iss': current_settings().issuer})}"


def offered_besides(connection: Connection, known: Collection[UUID], person_id: UUID) -> list[OfferedApplication]:
    """The applications that this person may enter from here, without those of these keys. Where everybody may register clients, only
    an operator's own are shown: a stranger's link does not belong on everybody's page."""
    rows, rules = connection.execute(_enabled).all(), rules_of_all(connection)
    trusted = [row for row in rows if row.id not in known and _is_trusted(row.registration_digest)]
    enterable = [one for row in trusted if may_enter(connection, person_id, one := from_row(row, entry=rules.get(row.id, ())))]
    clients = [(client, uri) for client in enterable if (uri := login_uri(client)) is not None]
    return [OfferedApplication(client.client_name, urlsplit(uri).netloc, uri) for client, uri in clients]


def _is_trusted(registration_digest: bytes | None) -> bool:
    return registration_digest is None or current_settings().registration != "open"
