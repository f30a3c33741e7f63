"""The test person leaves, and is refused: the one thing of a check that is tried from this side, with a token of theirs."""

import uuid
from typing import Any

from clients.registry import RegisteredClient, find_by_key
from idp import clock
from idp.database import in_transaction, reader
from idp.errors import Forbidden
from idp.oidc.access_token import seal_access_token
from idp.oidc.token_response import new_access_token
from idp.outbound import OutboundFailed, OutboundRefused, fetch
from idp.proof import checks, trial_people
from idp.proof.seeing import live_authorization
from idp.settings import current_settings


def try_leaving(check: Any, *, actor: str) -> bool:
    """Withdraw the test person's access as that of anybody who leaves, and ask for them before and after: at /userinfo, over the network,
    with a token of the authorization that the application holds; and for a new sign-in. Several transactions, since what is asked in
    between must see them. Return False when nobody is signed in at the application with whom it could be tried."""
    authorization_id, client = live_authorization(reader(), check), find_by_key(check.client_id)
    if authorization_id is None or client is None:
        return False
    before, why = _ask_for(client, authorization_id)
    at = clock.now().isoformat()
    in_transaction(lambda connection: trial_people.dismiss(connection, check.test_person_id, actor=actor))
    after, why_after = _ask_for(client, authorization_id)
    probe = {"at": at, "before": before, "after": after, "sign_in_refused": _is_refused(check.test_person_id), "why": why_after or why}
    in_transaction(lambda connection: checks.keep_probe(connection, check.id, probe))
    return True


def _ask_for(client: RegisteredClient, authorization_id: uuid.UUID) -> tuple[int | None, str]:
    """The status that /userinfo answers for a token of this authorization, or why there is none."""
    token = seal_access_token(new_access_token(client, authorization_id, "openid"))
    try:
        return fetch(current_settings().issuer + "/userinfo", is_ours=True, headers={"Authorization": f"Bearer {token}"}).status, ""
    except (OutboundFailed, OutboundRefused) as trouble:
        return None, str(trouble)


def _is_refused(person_id: uuid.UUID) -> bool:
    try:
        in_transaction(lambda connection: trial_people.require_admitted(connection, person_id))
    except Forbidden:
        return True
    return False
