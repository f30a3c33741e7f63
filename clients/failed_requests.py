"""Requests of applications that were refused: kept for thirty days under the code that the person saw, without any secret in them."""

import re
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, delete, func, insert, select

from clients.address_difference import differences
from clients.failure_models import FailedRequest, FailureKind
from clients.models import Client
from clients.registry import RegisteredClient
from idp import clock
from idp.database import id_floor, new_id, table_of

KEPT = timedelta(days=30)
MOST_OF_ONE, MOST = 5_000, 50_000  # rows of one client (or of unknown ones), and of all
AT_ONCE = 5_000
LONGEST_VALUE, LONGEST_NAME, LONGEST_DETAIL, MOST_NAMES, MOST_ADDRESSES = 300, 40, 300, 30, 10
# Whose values say what went wrong and are no secret; of all others the name alone is kept.
OPEN_PARAMETERS = frozenset({
    "client_id", "redirect_uri", "post_logout_redirect_uri", "response_type", "response_mode", "scope", "code_challenge_method", "prompt",
    "max_age", "acr_values", "resource", "grant_type", "client_assertion_type", "requested_token_type", "subject_token_type", "ui_locales",
    "token_type_hint", "display", "origin",
})  # fmt: skip
ADDRESSES = {"redirect_uri": FailureKind.ADDRESS, "post_logout_redirect_uri": FailureKind.LOGOUT_ADDRESS, "origin": FailureKind.SITE}
MASKED = frozenset({*ADDRESSES, "resource"})
MASK = "…"
_VALUE = re.compile(r"(?<==)[^&]+|(?:^|(?<=&))[^&=]+(?=&|$)")  # also what stands in a query without a name
_BEFORE_HOST = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*:[/\\]*|[/\\]+)?[^/\\]*@")  # as browsers read it, also one typed wrong
_OF_PATH = re.compile(r"(;[^=/;]*=)[^/;]+")  # ;jsessionid=… of Java programs
_NAME = re.compile(r"[a-z][a-z0-9_.-]*")
_TYPED_WRONG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~ -]{0,30}")  # longer than this it may be a secret in the wrong place
_f, _c = table_of(FailedRequest), table_of(Client)
_by_code = select(_f).where(_f.c.code == bindparam("code")).order_by(_f.c.id)
_latest = select(_f).where(_f.c.client_id == bindparam("client")).order_by(_f.c.happened_at.desc(), _f.c.id.desc()).limit(bindparam("most"))
_latest_of_all = select(_f).order_by(_f.c.id.desc()).limit(bindparam("most"))
_kinds = (
    select(_f.c.kind, func.count().label("number"))
    .where(_f.c.client_id == bindparam("client"), _f.c.happened_at >= bindparam("since"))
    .group_by(_f.c.kind)
    .order_by(func.count().desc(), _f.c.kind)
)


@dataclass(frozen=True)
class Failure:
    """A request that was refused. `place`: the endpoint's name; `error`: the word that was answered; `detail`: ASCII, for the developer;
    `parameters`: as they were read; `address`: of a program; `expected`: what should have come, where that is not what is registered."""

    code: str
    place: str
    kind: FailureKind
    error: str
    detail: str
    parameters: Mapping[str, str] = field(repr=False)
    client: RegisteredClient | None = None
    address: str | None = None
    expected: dict[str, Any] | None = None


def keep(connection: Connection, failed: Failure) -> None:
    """Keep it: what may be read again, and what was registered at this moment of what matters."""
    client, now = failed.client, clock.now()
    known = sorted(client.redirect_uris | client.post_logout_redirect_uris) if client else []
    asked = {
        name: masked(value, known)[:LONGEST_VALUE] if name in MASKED else _shown(value)[:LONGEST_VALUE]
        for name, value in failed.parameters.items()
        if name in OPEN_PARAMETERS and name != "client_id"
    }
    withheld = sorted(name[:LONGEST_NAME] for name in failed.parameters if name not in OPEN_PARAMETERS and _NAME.fullmatch(name))
    row = {
        "id": new_id(), "code": failed.code, "happened_at": now, "place": failed.place, "kind": failed.kind.value, "error": failed.error[:64],
        "detail": _shown(failed.detail)[:LONGEST_DETAIL], "client_id": client.key if client else None,
        "named": None if client else _named(failed.parameters.get("client_id", "")), "asked": asked, "withheld": withheld[:MOST_NAMES],
        "registered": failed.expected or (_registered(failed.kind, client, asked) if client else {}), "address": failed.address,
    }  # fmt: skip
    connection.execute(insert(FailedRequest), row)


def find(connection: Connection, code: str) -> Any | None:
    """What is kept under a code, however it was typed; None when nothing is (any more)."""
    letters = re.sub(r"[^0-9A-Z]", "", code.upper())
    return connection.execute(_by_code, {"code": f"{letters[:4]}-{letters[4:]}"}).first() if len(letters) == 8 else None


def latest(connection: Connection, client: uuid.UUID, most: int) -> Sequence[Any]:
    """The failures of one client, the newest first."""
    return connection.execute(_latest, {"client": client, "most": most}).all()


def latest_of_all(connection: Connection, most: int, reached: Sequence[ColumnElement[bool]] = ()) -> Sequence[Any]:
    """The failures of all, also of clients that there are not, the newest first; with conditions on the table of clients, of those alone."""
    wanted = _latest_of_all.where(_f.c.client_id.in_(select(_c.c.id).where(*reached))) if reached else _latest_of_all
    return connection.execute(wanted, {"most": most}).all()


def counts_by_kind(connection: Connection, client: uuid.UUID, since: datetime) -> list[tuple[str, int]]:
    """How many are kept of each kind, the most frequent first."""
    return [(row.kind, row.number) for row in connection.execute(_kinds, {"client": client, "since": since})]


def names_of(connection: Connection, keys: Collection[uuid.UUID]) -> dict[uuid.UUID, tuple[str, str]]:
    """The client_id and name of these clients, by their keys."""
    if not keys:
        return {}
    rows = connection.execute(select(_c.c.id, _c.c.client_id, _c.c.client_name).where(_c.c.id.in_(keys)))
    return {row.id: (row.client_id, row.client_name) for row in rows}


def forget_old(connection: Connection) -> int:
    """Delete what is older than thirty days, and the oldest of whoever fails too often; at most 5,000 at once. Return how many."""
    gone = _delete(connection, select(_f.c.id).where(_f.c.id < id_floor(clock.now() - KEPT)))
    many = select(_f.c.client_id).group_by(_f.c.client_id).having(func.count() > MOST_OF_ONE)
    for (client,) in connection.execute(many).all():
        theirs = _f.c.client_id == client if client is not None else _f.c.client_id.is_(None)
        gone += _delete(connection, select(_f.c.id).where(theirs).order_by(_f.c.id.desc()).offset(MOST_OF_ONE))
    return gone + _delete(connection, select(_f.c.id).order_by(_f.c.id.desc()).offset(MOST))


def masked(uri: str, known: Sequence[str]) -> str:
    """An address without what may be a secret: the values in its query, unless they stand in one that is registered, whoever is
    named before its host, and what comes after a #."""
    told = {value for one in known for value in _VALUE.findall(one.partition("?")[2])}
    address, mark, query = _shown(uri).partition("#")[0].partition("?")
    address = _OF_PATH.sub(rf"\1{MASK}", address)
    masked_query = _VALUE.sub(lambda found: found.group() if found.group() in told else MASK, query)
    return (
        _BEFORE_HOST.sub(lambda found: f"{found.group(1) or ''}{MASK}@", address) + mark + masked_query + ("#" + MASK if "#" in uri else "")
    )


def _delete(connection: Connection, wanted: Any) -> int:
    # PostgreSQL takes an OFFSET without a LIMIT, SQLite only with one: the limit is there for both.
    return connection.execute(delete(_f).where(_f.c.id.in_(wanted.limit(AT_ONCE)))).rowcount


def _registered(kind: FailureKind, client: RegisteredClient, asked: Mapping[str, str]) -> dict[str, Any]:
    """What was registered then, of what this kind is about."""
    metadata = client.metadata
    of_kind: dict[FailureKind, dict[str, Any]] = {
        FailureKind.SCOPE: {"scope": metadata.scope},
        FailureKind.GRANT_TYPE: {"grant_types": list(metadata.grant_types)},
        FailureKind.PKCE: {"require_pkce": client.require_pkce},
        FailureKind.ASSURANCE: {"minimum_acr": client.minimum_acr},
        FailureKind.REQUEST: {"profile": metadata.profile},
    }
    told = of_kind.get(kind, {})
    if kind in (FailureKind.METHOD, FailureKind.SECRET, FailureKind.KEY):
        told = {"token_endpoint_auth_method": client.token_endpoint_auth_method}
    for name, about in ADDRESSES.items():
        if kind == about or (about == FailureKind.ADDRESS and kind == FailureKind.ADDRESS_MISSING):
            kept = {"redirect_uri": client.redirect_uris, "post_logout_redirect_uri": client.post_logout_redirect_uris}
            told = {f"{name}s": _closest(asked.get(name, ""), sorted(kept.get(name, metadata.forward_auth_origins)))}
    return told


def _closest(received: str, registered: Sequence[str]) -> list[str]:
    return sorted(registered, key=lambda uri: len(differences(received, uri)))[:MOST_ADDRESSES]


def _named(client_id: str) -> str | None:
    return client_id if _TYPED_WRONG.fullmatch(client_id) else None


def _shown(value: str) -> str:
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in value[: 4 * LONGEST_VALUE])
