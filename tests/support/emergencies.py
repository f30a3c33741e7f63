"""An emergency account in use, without the envelopes being typed."""

import uuid
from datetime import timedelta

from sqlalchemy import insert

from idp import clock
from idp.database import in_transaction, new_id, table_of
from idp.emergency.models import EmergencyAccount, EmergencySession

_a, _s = table_of(EmergencyAccount), table_of(EmergencySession)


def emergency(opened_by: uuid.UUID | None = None, kept_by: uuid.UUID | None = None) -> str:
    """An envelope in use; its actor."""
    account, now = new_id(), clock.now()
    row = {
        "id": account, "name": account.hex, "hash": "-", "created_at": now, "created_by": "cli:t", "sealed_at": now, "sealed_by": "cli:t",
        "first_holder": kept_by,
    }  # fmt: skip
    session = {
        "id": new_id(), "account_id": account, "digest": account.bytes * 2, "used_for": "x", "started_at": now, "proved_at": now,
        "last_seen_at": now, "expires_at": now + timedelta(hours=1), "second_opener": opened_by,
    }  # fmt: skip
    in_transaction(lambda c: (c.execute(insert(_a), row), c.execute(insert(_s), session)))
    return f"emergency:{account}"
