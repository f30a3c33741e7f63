"""What the application was seen to do since its check began, and what each step makes of it."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, select

from clients import failed_requests
from clients.check_models import IntegrationSight, SightKind
from clients.failure_models import FailureKind
from clients.models import Client
from clients.registry import RegisteredClient
from idp import clock
from idp.database import table_of
from idp.oidc.authorizations import is_live
from idp.oidc.backchannel_logout import LOGOUT_TOKEN
from idp.oidc.models import Authorization
from idp.outbox import OutboxMessage
from idp.people.models import Person
from idp.proof.steps import Finding, failed, is_guarded_site, not_applicable, passed, waiting
from idp.sessions.models import BrowserSession

MOST = 50
CODE_LASTS = timedelta(seconds=60)
# What goes wrong for people and not for the program: their own business, also while it is checked.
OF_PEOPLE = frozenset({FailureKind.CANCELLED, FailureKind.ENTRY, FailureKind.ASSURANCE, FailureKind.LINK_OVER, FailureKind.TOO_MANY})
_t, _a, _s, _o = table_of(IntegrationSight), table_of(Authorization), table_of(BrowserSession), table_of(OutboxMessage)
_p, _c = table_of(Person), table_of(Client)
_sights = select(_t).where(_t.c.check_id == bindparam("check")).order_by(_t.c.id.desc())
_theirs: Any = bindparam("people", expanding=True)
_authorizations = (
    select(_a.c.id, _a.c.person_id, _a.c.scope, _a.c.created_at, _a.c.revoked_at, _s.c.ended_at)
    .select_from(_a.outerjoin(_s, _s.c.id == _a.c.session_id))
    .where(_a.c.client_id == bindparam("client"), _a.c.person_id.in_(_theirs), _a.c.created_at >= bindparam("since"))
    .order_by(_a.c.created_at.desc())
    .limit(MOST)
)
_messages = (
    select(_o.c.created_at, _o.c.attempts, _o.c.delivered_at, _o.c.failed_at, _o.c.last_error)
    .where(
        _o.c.client_id == bindparam("client"), _o.c.person_id.in_(_theirs), _o.c.kind == LOGOUT_TOKEN, _o.c.created_at >= bindparam("since")
    )
    .order_by(_o.c.created_at.desc())
    .limit(MOST)
)  # fmt: skip

_live = (
    select(_a.c.id)
    .select_from(_a.join(_p, _p.c.id == _a.c.person_id).join(_c, _c.c.id == _a.c.client_id).outerjoin(_s, _s.c.id == _a.c.session_id))
    .where(_a.c.client_id == bindparam("client"), _a.c.person_id == bindparam("person"), _a.c.created_at >= bindparam("since"), is_live)
    .order_by(_a.c.created_at.desc())
    .limit(1)
)


@dataclass(frozen=True)
class Seen:
    """Everything seen since the check began, the newest first."""

    sights: Sequence[Any]
    authorizations: Sequence[Any]
    messages: Sequence[Any]
    failures: Sequence[Any]

    def of(self, kind: SightKind) -> list[Any]:
        """The sights of one kind."""
        return [one for one in self.sights if one.kind == kind]


def read_seen(connection: Connection, check: Any) -> Seen:
    """What is recorded of this check's people at this application, and of what was refused to it."""
    people = [one for one in (check.person_id, check.test_person_id) if one is not None]
    values = {"client": check.client_id, "people": people, "since": check.made_at}
    failures = [
        row for row in failed_requests.latest(connection, check.client_id, MOST)
        if row.happened_at >= check.made_at and row.kind not in OF_PEOPLE
    ]  # fmt: skip
    return Seen(
        connection.execute(_sights, {"check": check.id}).all(),
        connection.execute(_authorizations, values).all(),
        connection.execute(_messages, values).all(),
        failures,
    )


def look_at_token(seen: Seen) -> Finding:
    """A program that acts for itself has got a token."""
    given = seen.of(SightKind.TOKEN_GIVEN)
    if given:
        facts = given[0].facts
        return passed("token_given", at=_at(given[0]), method=facts["method"], scope=facts["scope"], grant_type=facts["grant_type"])
    return _refused(seen) or waiting("token_waits")


def look_at_sign_in(seen: Seen, check: Any, client: RegisteredClient) -> Finding:
    """One of the check's people came in through the application, the whole way."""
    if is_guarded_site(client):
        return _look_at_site(seen)
    given = [one for one in seen.of(SightKind.TOKEN_GIVEN) if one.person_id is not None]
    if given:
        return _signed_in(seen, given[0], check)
    codes = seen.of(SightKind.CODE_GIVEN)
    refused = _refused(seen)
    if refused is not None:
        return refused
    if not codes:
        return waiting("sign_in_waits")
    uri = codes[0].facts["redirect_uri"]
    if clock.now() - codes[0].at > CODE_LASTS:
        return failed("code_not_redeemed", at=_at(codes[0]), url=uri)
    return waiting("code_given", at=_at(codes[0]), url=uri)


def _signed_in(seen: Seen, given: Any, check: Any) -> Finding:
    code = next((one for one in seen.of(SightKind.CODE_GIVEN) if one.person_id == given.person_id and one.at <= given.at), None)
    asked = [one.facts["claims"] for one in seen.of(SightKind.USERINFO_TOLD) if one.person_id == given.person_id]
    read: list[str] = max(asked, key=len, default=[])  # the trial of leaving asks for less than the application did
    return passed(
        "signed_in",
        at=_at(given), who="test" if given.person_id == check.test_person_id else "person", method=given.facts["method"],
        scope=given.facts["scope"], grant_type=given.facts["grant_type"], id_token=given.facts["id_token"],
        refresh_token=given.facts["refresh_token"], token_type=given.facts["token_type"], userinfo=read,
        pkce=code.facts["pkce"] if code else None, nonce=code.facts["nonce"] if code else None, acr=code.facts["acr"] if code else None,
    )  # fmt: skip


def _look_at_site(seen: Seen) -> Finding:
    asked = seen.of(SightKind.SITE_ASKED)
    if asked:
        return passed("site_entered", at=_at(asked[0]), headers=asked[0].facts["headers"])
    if seen.authorizations:
        return waiting("site_signed_in")
    return _refused(seen) or waiting("sign_in_waits")


def _refused(seen: Seen) -> Finding | None:
    """The newest refusal of the program itself, with the code under which all of it is kept."""
    if not seen.failures:
        return None
    row = seen.failures[0]
    return failed("refused", at=row.happened_at.isoformat(), code=row.code, kind=row.kind, place=row.place, error=row.error)


def look_at_logout(seen: Seen, check: Any, client: RegisteredClient) -> Finding:
    """A session of one of the check's people ended, and the application confirmed that it knows."""
    if not seen.authorizations:
        return waiting("logout_first_sign_in")
    if is_guarded_site(client):
        return passed("site_logout") if any(one.ended_at for one in seen.authorizations) else waiting("logout_waits")
    if client.backchannel_logout_uri is None:
        return _without_channel(client)
    messages = [one for one in seen.messages if check.probe is None or one.created_at.isoformat() < check.probe["at"]]
    return _delivery(messages, "logout") or waiting("logout_waits")


def _without_channel(client: RegisteredClient) -> Finding:
    if client.metadata.frontchannel_logout_uri:
        return not_applicable("frontchannel", url=client.metadata.frontchannel_logout_uri)
    return not_applicable("public_no_channel") if client.is_public else failed("no_channel")


def _delivery(messages: Sequence[Any], what: str, *, each: bool = False) -> Finding | None:
    """What became of the logout tokens; None when there is none. `each`: every one must have been taken, not any."""
    delivered = [one for one in messages if one.delivered_at is not None]
    if delivered and (not each or len(delivered) == len(messages)):
        done = max(delivered, key=lambda one: one.delivered_at) if each else delivered[0]
        took = round((done.delivered_at - done.created_at).total_seconds(), 1)
        return passed(f"{what}_confirmed", at=done.delivered_at.isoformat(), seconds=took, attempts=done.attempts)
    if not messages:
        return None
    refused = next((one for one in messages if one.delivered_at is None), messages[0])
    if refused.last_error:
        why, is_given_up = refused.last_error[:200], refused.failed_at is not None
        return failed(f"{what}_not_confirmed", why=why, attempts=refused.attempts, given_up=is_given_up)
    return waiting(f"{what}_under_way")


def look_at_leaving(connection: Connection, seen: Seen, check: Any, client: RegisteredClient) -> Finding:
    """The test person left: nothing of theirs is worth anything any more, and the application confirmed that it knows."""
    probe = check.probe
    if probe is None:
        is_in = live_authorization(connection, check) is not None
        return waiting("leaving_ready" if is_in else "leaving_first_sign_in")
    if probe["after"] not in (401, 403) or not probe["sign_in_refused"]:
        return failed("leaver_not_refused", before=probe["before"], after=probe["after"], why=probe.get("why", ""))
    facts = {"at": probe["at"], "before": probe["before"], "after": probe["after"]}
    if client.backchannel_logout_uri is None:
        return passed("leaver_out_site" if is_guarded_site(client) else "leaver_out_no_channel", **facts)
    found = _delivery([one for one in seen.messages if one.created_at.isoformat() >= probe["at"]], "leaver", each=True)
    if found is None:
        return waiting("leaver_under_way")
    return Finding(found.state, found.word, {**facts, **found.facts})


def live_authorization(connection: Connection, check: Any) -> uuid.UUID | None:
    """The test person's newest authorization at this application that is worth something at this moment."""
    found: uuid.UUID | None = connection.execute(
        _live, {"client": check.client_id, "person": check.test_person_id, "since": check.made_at, "now": clock.now()}
    ).scalar()
    return found


def _at(sight: Any) -> str:
    told: str = sight.at.isoformat()
    return told
