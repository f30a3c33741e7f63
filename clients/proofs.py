"""Proof grows old: what a passed integration check had seen was changed afterwards."""

import uuid
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, null, select, update

from clients.catalogue import note_proof
from clients.check_models import IntegrationCheck, IntegrationSight, IntegrationStep, Outcome, StepState
from idp import audit, clock
from idp.database import table_of

# What sign-in, sign-out and leaving hang on. A new name or a further contact proves nothing and disproves nothing.
PROVEN_WITH = frozenset({
    "redirect_uris", "backchannel_logout_uri", "backchannel_logout_session_required", "frontchannel_logout_uri", "jwks", "jwks_uri",
    "token_endpoint_auth_method", "id_token_signed_response_alg", "id_token_encrypted_response_alg", "forward_auth_origins", "profile",
    "grant_types", "tls_client_auth_subject_dn",
})  # fmt: skip
_k, _t, _w = table_of(IntegrationCheck), table_of(IntegrationSight), table_of(IntegrationStep)
_outdate = (
    update(_k)
    .where(_k.c.client_id == bindparam("client"), _k.c.outcome == Outcome.PASSED.value, _k.c.outdated_at.is_(None))
    .returning(_k.c.id)
)
# What was seen of the addresses and keys of before says nothing of those of now: nobody proves one thing and puts another in its place.
_begin_anew = update(_k).where(_k.c.open_client_id == bindparam("client")).values(probe=null(), sights=0).returning(_k.c.id)
_forget_sights = delete(_t).where(_t.c.check_id == bindparam("check"))
_forget_steps = update(_w).where(_w.c.check_id == bindparam("check")).values(state=StepState.WAITING.value, word="not_looked", facts={})
_last = (
    select(_k.c.outdated_at)
    .where(_k.c.client_id == bindparam("client"), _k.c.outcome == Outcome.PASSED.value)
    .order_by(_k.c.made_at.desc())
    .limit(1)
)


def outdated_since(connection: Connection, client: uuid.UUID) -> datetime | None:
    """Since when the last proof of an application is old; None while it holds, and where there never was one."""
    found: datetime | None = connection.execute(_last, {"client": client}).scalar()
    return found


def note_changes(connection: Connection, client: uuid.UUID, changed: Iterable[str], *, actor: str) -> bool:
    """These names of a client's metadata have changed: a proof that hung on one of them is old, and the catalogue counts it no longer;
    an open check has seen nothing yet. Return whether there was a proof."""
    names = sorted(PROVEN_WITH.intersection(changed))
    if not names:
        return False
    for check in connection.execute(_begin_anew.values(made_at=clock.now()), {"client": client}).scalars().all():
        connection.execute(_forget_sights, {"check": check})
        connection.execute(_forget_steps.values(looked_at=clock.now()), {"check": check})
    if not connection.execute(_outdate.values(outdated_at=clock.now()), {"client": client}).all():
        return False
    note_proof(connection, client, passed=False)
    audit.record(connection, audit.Event.PROOF_OUTDATED, actor=actor, client_id=client, changed=" ".join(names))
    return True
