"""How often one address may send sign-in forms: generous, since a whole office shares one at half past seven."""

from flask import abort, request
from limits import parse_many

from idp.web.address_limits import is_within

LIMITS = parse_many("600/minute;6000/hour")


def limit_forms() -> None:
    """Before a request of sign-in: refuse (429) what an address sends beyond the limits."""
    if request.method == "POST" and not is_within("sign-in", LIMITS):
        abort(429)
