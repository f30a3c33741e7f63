"""/api/v1/audit: the trail, newest first. The events about one person are somebody's history: a reason is asked for and on record."""

import uuid
from typing import Annotated, Any

from flask_babel import gettext as _
from pydantic import Field
from sqlalchemy import Connection, bindparam, select

from clients.models import Client
from idp.api.operations import api_blueprint, operation
from idp.api.scopes import PATH, Scope
from idp.api.wire import Instant, Key, Line, PageQuery, Shown, Told
from idp.audit import Event
from idp.console.audit_pages import YEARS
from idp.console.trail import Filters, read_page
from idp.database import table_of
from idp.errors import Forbidden, NotFound
from idp.web.problems import NotAsDeclared
from idp.web.viewer import Permission

blueprint = api_blueprint("api_audit")
_c = table_of(Client)
_key_of = select(_c.c.id).where(_c.c.client_id == bindparam("wanted"))


class AuditQuery(PageQuery):
    """What narrows the trail; `since` counts in, `until` does not."""

    since: Instant | None = None
    until: Instant | None = None
    event: Event | None = None
    actor: Annotated[Line, Field(max_length=80)] | None = Field(
        None, description="`person:<key>`, `client:<client_id>`, `cli:…`, `system:…`"
    )
    client: Line | None = Field(None, description="events about this application, by client_id")
    reference: Annotated[str, Field(max_length=32, pattern=r"^[A-Za-z0-9-]*$")] | None = Field(None, description="the code of one request")


class EventTold(Shown):
    """One event. `sentence` tells it in the language asked for."""

    id: Key
    at: Told
    event: str
    actor: str
    sentence: str
    person_id: Key | None
    client_key: Key | None
    address: str | None
    reference: str | None
    detail: dict[str, Any]


class EventsPage(Shown):
    """A page of events; a page may be short though more follow: go on until `next` is None."""

    items: list[EventTold]
    next: str | None


@operation(blueprint, "GET", f"{PATH}/audit", "listEvents", "Events of the audit trail, newest first", Permission.SEE_AUDIT, Scope.AUDIT_READ,
           query=AuditQuery, answer=EventsPage,
           description="One person's history is opened by a person, in the console, who gives a reason for it.")  # fmt: skip
def list_events(connection: Connection, query: AuditQuery) -> EventsPage:
    """One page of it."""
    if query.actor and query.actor.startswith("person:"):
        raise Forbidden(_("Lịch sử của một người được mở ở trang quản trị, với lý do."), "needs_a_person")
    if any(at is not None and at.year not in YEARS for at in (query.since, query.until)):
        raise NotAsDeclared([("since", _("Thời điểm ngoài khoảng tra cứu được."))], status=422)
    filters = Filters(
        since=query.since, until=query.until, event=query.event or "", actor=query.actor or "",
        client_id=_client_key(connection, query.client), request_id=query.reference or "",
    )  # fmt: skip
    lines, after = read_page(connection, filters, query.after)
    return EventsPage(items=[_told(line) for line in lines], next=after)


def _client_key(connection: Connection, client_id: str | None) -> uuid.UUID | None:
    if not client_id:
        return None
    key: uuid.UUID | None = connection.execute(_key_of, {"wanted": client_id}).scalar()
    if key is None:
        raise NotFound(_("Không có ứng dụng này."), reason="client_unknown")
    return key


def _told(line: Any) -> EventTold:
    return EventTold(
        id=line.id, at=line.at, event=line.event, actor=line.raw["actor"], sentence=line.told, person_id=line.person_id,
        client_key=line.raw["client_id"], address=line.address, reference=line.request_id, detail=line.raw["detail"],
    )  # fmt: skip
