"""The declaration that stands above each door of the API: name, permission, scope, what it takes and answers. The guard, the reading of
requests and the description at /api/v1/openapi.json all come from it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from flask import Blueprint, Response, request
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from idp.api import messages
from idp.api.caller import answer_refused, require_caller
from idp.api.scopes import Scope
from idp.api.wire import Answer, Asked, NoQuery, Shown, read_body, read_match, read_query, written
from idp.database import in_transaction, reader
from idp.errors import Forbidden, Refusal
from idp.oidc.bearer import BearerRefused
from idp.web.csrf import csrf_exempt
from idp.web.viewer import PERMISSION_ATTRIBUTE, Permission, Viewer, require_reach

OPERATION_ATTRIBUTE = "hopnhat_operation"
Door = Callable[..., Answer | Shown]


@dataclass(frozen=True)
class Operation:
    """What is declared of one door. `query` and `body`: what it takes; `answer`: what it tells (None: nothing); `writes`: it changes
    something, in one transaction; `before`: what takes long and comes before that; `tag_of`: the resource it belongs to; `needs_match`:
    only whoever has seen the newest state may write (RFC 9110 §13.1.1); `also`: another status of a good answer."""

    name: str
    summary: str
    permission: Permission | None
    scope: Scope | None
    query: type[Asked] | None = None
    body: type[Asked] | None = None
    answer: type[Shown] | None = None
    status: int = 200
    also: int | None = None
    writes: bool = False
    before: Callable[[dict[str, Any]], None] | None = None
    needs_match: bool = False
    description: str = ""

    @property
    def tag(self) -> str:
        """The heading under which it is listed."""
        return self.scope.value.partition(".")[0] if self.scope else "self"


def api_blueprint(name: str) -> Blueprint:
    """Doors of the API: no form token is asked for, since no cookie counts."""
    blueprint = Blueprint(name, __name__)
    csrf_exempt(blueprint)
    return blueprint


def operation(
    blueprint: Blueprint, method: str, rule: str, name: str, summary: str, permission: Permission | None, scope: Scope | None, **more: Any
) -> Callable[[Door], Callable[..., Response]]:
    """Declare a door of the API at this route. `permission` None: every machine client with a role, about itself."""
    told = Operation(name, summary, permission, scope, writes=method != "GET", **more)

    def declare(door: Door) -> Callable[..., Response]:
        @wraps(door)
        def answered(**path: Any) -> Response:
            try:
                caller = require_caller(told.scope)
            except BearerRefused as refused:
                return answer_refused(refused)
            _require_permission(caller, told)
            require_reach(told.permission or Permission.OPEN_CONSOLE, path)
            return written(_carry_out(told, door, path, caller), told.status)

        setattr(answered, PERMISSION_ATTRIBUTE, str(permission or Permission.OPEN_CONSOLE))
        setattr(answered, OPERATION_ATTRIBUTE, told)
        blueprint.add_url_rule(rule, told.name, answered, methods=[method], provide_automatic_options=False)
        return answered

    return declare


def _require_permission(caller: Viewer, told: Operation) -> None:
    if not caller.permissions or (told.permission is not None and told.permission not in caller.permissions):
        raise Forbidden("", reason=f"lacks_{told.permission}" if told.permission else "holds_no_role")


def _carry_out(told: Operation, door: Door, path: dict[str, Any], caller: Viewer) -> Answer:
    asked = {**path, **({"query": read_query(told.query)} if told.query else {})}
    if told.query is None:
        read_query(NoQuery)
    if told.body is not None:
        asked["body"] = read_body(told.body)
    if told.needs_match:
        asked["shown"] = read_match()
    if not told.writes:
        return _answer_of(door(reader(), **asked))
    if told.before is not None:
        told.before(asked)
    message = messages.read_message(caller.person_id) if request.method == "POST" else None

    def once(connection: Connection) -> Answer:
        return messages.once(connection, message, lambda: _answer_of(door(connection, **asked)))

    try:
        return in_transaction(once)
    except IntegrityError:
        return _once_more(once)


def _once_more(once: Callable[[Connection], Answer]) -> Answer:
    """Somebody else was faster: the same message, whose answer is told now, or another one with which this does not go together."""
    try:
        return in_transaction(once)
    except IntegrityError:
        raise Refusal("", "conflict", 409) from None


def _answer_of(given: Answer | Shown) -> Answer:
    return Answer(given) if isinstance(given, Shown) else given
