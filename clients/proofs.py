"""Proof grows old: what a passed integration check had seen was changed afterwards."""

import uuid
from collections.abc import Iterable

from sqlalchemy import Connection, bindparam, update

from clients.catalogue import note_proof
from clients.check_models import IntegrationCheck, Outcome
from idp import audit, clock
from idp.database import table_of

# What sign-in, sign-out and leaving hang on. A new name or a further contact proves nothing and disproves nothing.
PROVEN_WITH = frozenset({
    "redirect_uris", "backchannel_logout_uri", "backchannel_logout_session_required", "frontchannel_logout_uri", "jwks", "jwks_uri",
    "token_endpoint_auth_method", "id_token_signed_response_alg", "id_token_encrypted_response_alg", "forward_auth_origins", "profile",
    "grant_types", "tls_client_auth_subject_dn",
})  # fmt: skip
_k = table_of(IntegrationCheck)
_outdate = (
    update(_k)
    .where(_k.c.client_id == bindparam("client"), _k.c.outcome == Outcome.PASSED.value, _k.c.outdated_at.is_(None))
    .returning(_k.c.id)
)


def note_changes(connection: Connection, client: uuid.UUID, changed: Iterable[str], *, actor: str) -> bool:
    """These names of a client's metadata have changed: a proof that hung on one of them is old, and the catalogue counts it no longer.
    Return whether there was one."""
    names = sorted(PROVEN_WITH.intersection(changed))
    if not names or not connection.execute(_outdate.values(outdated_at=clock.now()), {"client": client}).all():
        return False
    note_proof(connection, client, passed=False)
    audit.record(connection, audit.Event.PROOF_OUTDATED, actor=actor, client_id=client, changed=" ".join(names))
    return True
