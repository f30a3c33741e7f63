"""How often an envelope may be guessed at. Whoever has not read a part of both papers is not guessing at an account: they are told no, and
nobody else notices. Whoever has is counted: three wrong tries, then a rest."""

import uuid
from datetime import timedelta

from limits import parse_many

from idp.credentials import failures

KIND = failures.Kind("emergency", 3, (timedelta(minutes=15), timedelta(hours=1), timedelta(hours=4)), 10**9)
LIMITS = parse_many("10/minute;60/hour")  # of one address, for what is no envelope of ours


def account(account_id: uuid.UUID) -> bytes:
    """Under which tries with the right first signs of both envelopes are counted."""
    return failures.account_of_name(f"\0emergency {account_id}")


def account_of_single_envelopes() -> bytes:
    """Under which tries at accounts sealed before there were two envelopes are counted together: nobody can tell which is meant."""
    return failures.account_of_name("\0emergency")
