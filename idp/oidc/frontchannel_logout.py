"""Front-Channel Logout 1.0: the browser that signs out loads a page of each application, which forgets its own session there."""

import uuid
from collections.abc import Sequence
from urllib.parse import urlencode, urlsplit

from flask import current_app
from sqlalchemy import bindparam, select

from clients.models import Client
from clients.registry import find_client
from idp.database import reader, table_of
from idp.oidc.models import Authorization
from idp.oidc.subjects import session_for
from idp.sealing import current_keys
from idp.settings import current_settings

PAGE, CONTEXT = "/end_session/done", "ended session"
FURTHER_WAYS = "hopnhat.further_ways_out"  # of others: (session, target) -> a URL that leads round and then to the target, or None
_a, _c = table_of(Authorization), table_of(Client)
_clients_of_session = (
    select(_c.c.client_id)
    .distinct()
    .select_from(_a.join(_c, _c.c.id == _a.c.client_id))
    .where(_a.c.session_id == bindparam("session_id"), _c.c.disabled_at.is_(None))
    .order_by(_c.c.client_id)
)


def addresses(session_id: uuid.UUID) -> list[str]:
    """The page of each application that took part in a session and wants to be loaded when it ends (§2), with `iss` and `sid`."""
    clients = map(find_client, reader().execute(_clients_of_session, {"session_id": session_id}).scalars().all())
    wanted = [(client, uri) for client in clients if client is not None and (uri := client.metadata.frontchannel_logout_uri)]
    told = [(uri, urlencode({"iss": current_settings().issuer, "sid": session_for(client, session_id)})) for client, uri in wanted]
    return [f"{uri}{'&' if '?' in uri else '?'}{query}" for uri, query in told]


def origins_of(urls: Sequence[str]) -> str:
    """Their origins, as `frame-src` wants them."""
    return " ".join(sorted({f"{parts.scheme}://{parts.netloc}" for parts in map(urlsplit, urls)}))


def way_on(session_id: uuid.UUID, target: str | None) -> str | None:
    """Where a browser goes on whose session has ended, before it lands at `target`: applications that are visited one by one."""
    ways = (way(session_id, target) for way in current_app.extensions.get(FURTHER_WAYS, ()))
    return next((way for way in ways if way is not None), target)


def page_after(session_id: uuid.UUID) -> str | None:
    """Our signed-out page for a session that a person ended on another page of ours; None when no application wants to be visited."""
    is_visited = addresses(session_id) or way_on(session_id, None)
    return f"{PAGE}?session={current_keys().seal_text(session_id.bytes, CONTEXT)}" if is_visited else None


def session_of(sealed: str) -> uuid.UUID:
    """The session that `page_after` is about. Raises SealBroken."""
    return uuid.UUID(bytes=current_keys().open_text(sealed, CONTEXT))
