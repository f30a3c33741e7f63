"""The short code of a request: shown on error pages as "Mã tra cứu", kept in the log and the audit trail, so that one finds the other."""

import secrets

import structlog
from flask import Flask, g

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # nothing that is misread on the telephone or on paper
GROUP, GROUPS = 4, 2


def new_request_id() -> str:
    """A fresh code such as 7F3K-29QD: 39 random bits, tells nothing about the request."""
    number, letters = secrets.randbits(64), ""
    for _ in range(GROUP * GROUPS):
        number, place = divmod(number, len(ALPHABET))
        letters += ALPHABET[place]
    return f"{letters[:GROUP]}-{letters[GROUP:]}"


def give_request_ids(app: Flask) -> None:
    """Give each request its code in `g.request_id` and in every line logged meanwhile."""

    @app.before_request
    def _begin() -> None:
        g.request_id = new_request_id()
        structlog.contextvars.bind_contextvars(request_id=g.request_id)

    @app.teardown_request
    def _end(_: BaseException | None) -> None:
        structlog.contextvars.unbind_contextvars("request_id")
