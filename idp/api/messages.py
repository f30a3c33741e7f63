"""Messages that may come twice: one that carries a key is carried out once, whatever the line does to the answer."""

import hashlib
import json
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from flask import request
from flask_babel import gettext as _
from pydantic import ConfigDict
from sqlalchemy import Connection, bindparam, delete, insert, select, update

from idp import clock
from idp.api.models import ApiMessage
from idp.api.wire import Answer, Shown
from idp.database import in_transaction, table_of
from idp.errors import Refusal
from idp.jobs import Job
from idp.web.problems import NotAsDeclared

HEADER, REPLAYED = "Idempotency-Key", "Idempotency-Replayed"
REMEMBERED, HOUR = timedelta(hours=24), 3600
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_m = table_of(ApiMessage)
_find = select(_m).where(_m.c.client_id == bindparam("of_client"), _m.c.key == bindparam("of_key"))
_forget = delete(_m).where(_m.c.created_at <= bindparam("before"))


@dataclass(frozen=True)
class Message:
    """A message with its key. `digest`: 32 bytes by which the same message is known again."""

    client_key: uuid.UUID
    key: str
    digest: bytes


class Repeated(Shown):
    """An answer as it was given before."""

    model_config = ConfigDict(extra="allow", frozen=True)


def read_message(client_key: uuid.UUID) -> Message | None:
    """The key of this request, or None without one. Raises NotAsDeclared."""
    key = request.headers.get(HEADER)
    if key is None:
        return None
    if not _KEY.fullmatch(key):
        raise NotAsDeclared([(HEADER, _("Khóa chống gửi trùng gồm 1 đến 255 ký tự ASCII nhìn thấy được."))])
    said = f"{request.method} {request.path}\n".encode("utf-8", "surrogatepass") + request.get_data()
    return Message(client_key, key, hashlib.sha256(said).digest())


def once(connection: Connection, message: Message | None, deed: Callable[[], Answer]) -> Answer:
    """Do it, unless this very message was carried out within 24 hours: then the answer is told again, its secrets left out. Raises
    Refusal when the key was another message's; IntegrityError when the same one is under way at this moment."""
    if message is None:
        return deed()
    row = connection.execute(_find, {"of_client": message.client_key, "of_key": message.key}).first()
    if row is not None and row.created_at > clock.now() - REMEMBERED:
        if row.digest != message.digest:
            raise Refusal(_("Khóa chống gửi trùng này đã dùng cho một yêu cầu khác."), "idempotency_key_reused", 409)
        return Answer(Repeated(**row.body) if row.body is not None else None, {**row.headers, REPLAYED: "true"}, row.status)
    _begin(connection, message)
    given = deed()
    _keep(connection, message, given)
    return given


def _begin(connection: Connection, message: Message) -> None:
    """Take the key before anything is done: the same message at the same moment waits here, and is then too late."""
    connection.execute(_forget.where(_m.c.client_id == message.client_key, _m.c.key == message.key), {"before": clock.now() - REMEMBERED})
    row = {
        "client_id": message.client_key,
        "key": message.key,
        "digest": message.digest,
        "status": 0,
        "headers": {},
        "created_at": clock.now(),
    }
    connection.execute(insert(_m), row)


def _keep(connection: Connection, message: Message, given: Answer) -> None:
    body = json.loads(given.body.model_dump_json()) if given.body is not None else None
    told = body and {**body, **dict.fromkeys(given.unrepeated)}
    mine = update(_m).where(_m.c.client_id == message.client_key, _m.c.key == message.key)
    connection.execute(mine, {"status": given.status or 0, "headers": dict(given.headers), "body": told})


def forget_old() -> int:
    """Forget messages older than 24 hours; return how many."""
    return in_transaction(lambda connection: connection.execute(_forget, {"before": clock.now() - REMEMBERED}).rowcount)


def jobs() -> list[Job]:
    """What the worker does for the API."""
    return [Job("api_messages_forgotten", HOUR, forget_old, lease_seconds=300)]
