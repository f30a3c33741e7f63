"""The SCIM protocol (RFC 7644) on our storage: routing, validation, PATCH, Bulk and entity tags are scim2-server's; who may what is
ours. Loaded by the first request: it takes half a second that no other start pays for."""

from typing import Any

from scim2_models import Error, ForbiddenException, SCIMException
from scim2_server.handler import ScimHandler
from scim2_server.requests import ScimRequest
from scim2_server.responses import ScimResponse
from scim2_server.routing import Operation, Target
from scim2_server.service import ScimService
from sqlalchemy import Connection

from directory_sync.scim.callers import READ, WRITE, Caller
from directory_sync.scim.guard import Held
from directory_sync.scim.schemas import LARGEST_BULK, provider
from directory_sync.scim.storage import Storage

__all__ = ["LARGEST_BULK", "PUBLIC", "Held", "SCIMException", "ScimRequest", "ScimResponse", "answer", "error_answer", "refusal"]
PUBLIC = ("/ServiceProviderConfig", "/ResourceTypes", "/Schemas")
_READING = frozenset({Operation.query, Operation.search, Operation.search_with_body})


class _Service(ScimService):
    def authorize(self, request: ScimRequest, target: Target, resource_type: Any) -> None:  # noqa: ARG002 - as the library calls it
        """Reading needs scim:read, anything else scim:write. Raises ForbiddenException."""
        caller: Caller = request.subject
        needed = READ if target.operation in _READING else WRITE
        if needed not in caller.scopes:
            raise ForbiddenException(detail=f"the scope {needed} is needed")


class _NoStorage(Storage):
    """What describes the service needs no storage."""

    def __init__(self) -> None:
        self.held = []


_service = _Service(provider())


def answer(connection: Connection | None, request: ScimRequest) -> tuple[ScimResponse, list[Held]]:
    """The answer to a request, and the suspensions that were held back. Raises SCIMException, after which nothing that was written may
    stay; anything else is a bug. Without a connection only what describes the service is told."""
    storage = Storage(connection, request.subject) if connection is not None else _NoStorage()
    handler = ScimHandler(_service, storage)
    try:
        return handler.handle(request), storage.held
    except Held as held:
        held.seen = storage.held  # type: ignore[attr-defined]
        raise


def error_answer(error: SCIMException) -> ScimResponse:
    """The answer that tells of an error (§3.12)."""
    return _service.error_response(error)


def refusal(status: int, detail: str) -> dict[str, Any]:
    """The body of an answer that refuses with this HTTP status (§3.12)."""
    body: dict[str, Any] = Error(status=status, detail=detail).model_dump()
    return body
