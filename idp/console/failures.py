"""One refused request as an administrator reads it: what was asked, what was registered, where they differ, and what to change."""

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from sqlalchemy import Connection, select

from clients.address_difference import Marked, differences, marked, nearest
from clients.failure_models import FailureKind
from clients.models import Client
from clients.registry import RegisteredClient, find_by_key, is_client_id
from idp.console.failure_words import difference_words
from idp.database import table_of

MOST_LOOKED_AT = 2_000
ALIKE = 0.7
_c = table_of(Client)
_names = select(_c.c.client_id, _c.c.client_name).where(_c.c.disabled_at.is_(None)).order_by(_c.c.client_id).limit(MOST_LOOKED_AT)
_COMPARED = {
    FailureKind.ADDRESS: "redirect_uri", FailureKind.LOGOUT_ADDRESS: "post_logout_redirect_uri", FailureKind.SITE: "origin",
}  # fmt: skip


@dataclass(frozen=True)
class Comparison:
    """The address that came beside the registered one that it was most probably meant to be, in pieces; what differs in words; and
    whether it is registered by now."""

    received: Marked
    registered: Marked
    words: list[str]
    is_mended: bool


@dataclass(frozen=True)
class Explained:
    """A kept failure with what is known of its client today. `missing`: scopes that were asked and not registered; `alike`: clients
    whose name is nearly the one that was given."""

    row: Any
    client: RegisteredClient | None
    comparison: Comparison | None
    missing: list[str]
    alike: list[tuple[str, str]]


def explain(connection: Connection, row: Any) -> Explained:
    """What there is to say about a kept failure."""
    client = find_by_key(row.client_id) if row.client_id else None
    asked = str(row.asked.get("scope", "")).split() if row.kind == FailureKind.SCOPE else []
    missing = [name for name in asked if client is None or name not in str(row.registered.get("scope", "")).split()]
    return Explained(row, client, _comparison(row, client), missing, _alike(connection, row.named) if client is None else [])


def _comparison(row: Any, client: RegisteredClient | None) -> Comparison | None:
    name = _COMPARED.get(row.kind)
    received = row.asked.get(name) if name else None
    registered = row.registered.get(f"{name}s", [])
    closest = nearest(received, registered) if received else None
    if received is None or closest is None:
        return None
    sent, kept = marked(received, closest)
    words = [difference_words(one) for one in differences(received, closest)]
    return Comparison(sent, kept, words, is_mended=received in _registered_now(client, name))


def _registered_now(client: RegisteredClient | None, name: str | None) -> frozenset[str]:
    if client is None:
        return frozenset()
    return {
        "redirect_uri": client.redirect_uris,
        "post_logout_redirect_uri": client.post_logout_redirect_uris,
        "origin": frozenset(client.metadata.forward_auth_origins),
    }.get(name or "", frozenset())


def _alike(connection: Connection, named: str | None) -> list[tuple[str, str]]:
    if named is None:
        return []
    known = {row.client_id: row.client_name for row in connection.execute(_names)}
    plain = {client_id.lower(): client_id for client_id in known}
    wanted = named.strip().lower().replace("_", "-")
    found = get_close_matches(wanted if is_client_id(wanted) else named.lower(), plain, n=3, cutoff=ALIKE)
    return [(plain[one], known[plain[one]]) for one in found]
