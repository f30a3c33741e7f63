"""The short code of a request: shown on error pages as "Mã tra cứu", kept in the log and the audit trail, so that one finds the other."""

import secrets
from collections.abc import MutableMapping
from typing import Any

from flask import has_request_context

from idp.at_hand import these_notes

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # nothing that is misread on the telephone or on paper
GROUP, GROUPS = 4, 2


def new_request_id() -> str:
    """A fresh code such as 7F3K-29QD: 39 random bits, tells nothing about the request."""
    number, letters = secrets.randbits(64), ""
    for _ in range(GROUP * GROUPS):
        number, place = divmod(number, len(ALPHABET))
        letters += ALPHABET[place]
    return f"{letters[:GROUP]}-{letters[GROUP:]}"


def request_id() -> str:
    """The code of the present request: made when it is first needed, the same until the request ends."""
    notes = these_notes()
    code: str | None = notes.get("request_id")
    if code is None:
        code = notes.request_id = new_request_id()
    return code


def name_request(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Put the code of the request into a line that is logged meanwhile."""
    if has_request_context():
        event["request_id"] = request_id()
    return event
