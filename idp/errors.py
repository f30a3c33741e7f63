"""The expected no: a message for the person and a reason for the audit trail."""


class Refusal(Exception):
    """Something asked for is refused, expectedly.

    `message` is shown to the person (translated, what happened and what to do); `reason` is a stable word for the audit
    trail and the log; `status` is the HTTP status code of the answer. Neither carries a secret.
    """

    reason = "refused"
    status = 400

    def __init__(self, message: str, reason: str | None = None, status: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        if reason is not None:
            self.reason = reason
        if status is not None:
            self.status = status


class NotFound(Refusal):
    """What was asked for does not exist, or not for this person."""

    reason = "not_found"
    status = 404


class Forbidden(Refusal):
    """The person may not do this."""

    reason = "forbidden"
    status = 403


class Unavailable(Refusal):
    """Something this deed needs does not answer; trying again later may work."""

    reason = "unavailable"
    status = 503
