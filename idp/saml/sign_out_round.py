"""The round of a browser that signs out: from one SAML application of the ended session to the next, each asked and, if it comes back,
heard. The round travels in a sealed cookie; an application that shows an error instead stops it there, and nothing more is known."""

import json
import uuid
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime

from flask import request
from sqlalchemy import bindparam, select
from werkzeug.wrappers import Response

from clients.models import Client
from clients.saml_models import SamlParty
from idp import clock
from idp.database import reader, table_of
from idp.oidc.models import Authorization
from idp.saml.parties import Party, find_by_client
from idp.sealing import SealBroken, current_keys
from idp.settings import current_settings

CONTEXT, SECONDS, MOST = "saml sign-out", 600, 20
_a, _c, _t = table_of(Authorization), table_of(Client), table_of(SamlParty)
_of_session = (
    select(_t.c.client_id)
    .distinct()
    .select_from(_t.join(_a, _a.c.client_id == _t.c.client_id).join(_c, _c.c.id == _t.c.client_id))
    .where(_a.c.session_id == bindparam("session"), _c.c.disabled_at.is_(None))
    .order_by(_t.c.client_id)
)


@dataclass(frozen=True)
class Round:
    """Where it stands. `waiting`: keys of clients still to be visited, the first of them under the request `asked`; `confirmed` and
    `silent`: those that said it went well, and those that said it did not; `target`: where to land; `answers`: whom to answer, as client,
    request and RelayState."""

    session: str
    waiting: tuple[str, ...]
    asked: str = ""
    confirmed: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    target: str | None = None
    answers: tuple[str, str, str] | None = None
    started: float = 0.0

    @property
    def next_party(self) -> Party | None:
        """Who is visited next; None at the end."""
        return find_by_client(uuid.UUID(self.waiting[0])) if self.waiting else None

    def heard(self, *, success: bool) -> "Round":
        """The first of those waiting has answered, or cannot be asked."""
        first, rest = self.waiting[0], self.waiting[1:]
        if success:
            return replace(self, waiting=rest, asked="", confirmed=(*self.confirmed, first))
        return replace(self, waiting=rest, asked="", silent=(*self.silent, first))


def round_of(session_id: uuid.UUID, *, but: uuid.UUID | None = None, target: str | None = None) -> Round:
    """The round of a session that has ended; `but`: a client that knows already."""
    keys = [key.hex for key in reader().execute(_of_session, {"session": session_id}).scalars() if key != but]
    return Round(session_id.hex, tuple(keys[:MOST]), target=target, started=clock.now().timestamp())


def keep(response: Response, going: Round) -> None:
    """Let the browser carry the round."""
    sealed = current_keys().seal_text(json.dumps(asdict(going), separators=(",", ":")).encode(), CONTEXT)
    secure = current_settings().issuer.startswith("https://")
    response.set_cookie(_cookie(), sealed, max_age=SECONDS, path="/saml", secure=secure, httponly=True, samesite="Lax")


def drop(response: Response) -> None:
    """The round is over."""
    response.delete_cookie(_cookie(), path="/saml")


def carried() -> Round | None:
    """The round that this browser is on."""
    try:
        facts = json.loads(current_keys().open_text(request.cookies.get(_cookie(), ""), CONTEXT))
    except SealBroken:
        return None
    lists = {name: tuple(value) for name, value in facts.items() if isinstance(value, list)}
    going = Round(**{**facts, **lists})
    return going if (clock.now() - datetime.fromtimestamp(going.started, UTC)).total_seconds() < SECONDS else None


def _cookie() -> str:
    return "hopnhat-saml-sign-out"
