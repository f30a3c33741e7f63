"""How often the envelope may be guessed at: hardly ever. It has 135 bits; who types it has it in their hand."""

from datetime import timedelta

from limits import parse_many

from idp.credentials import failures

KIND = failures.Kind("emergency", 3, (timedelta(minutes=15), timedelta(hours=1), timedelta(hours=4)), 10**9)
LIMITS = parse_many("10/minute;60/hour")  # of one address, also for what is no password at all


def account() -> bytes:
    """Under which all tries are counted together: nobody says whose envelope they have."""
    return failures.account_of_name("\0emergency")
