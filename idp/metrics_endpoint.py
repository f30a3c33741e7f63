"""/metrics: figures for whoever watches the service, as Prometheus reads them; counted from the database, no name of anybody in them.

Nothing is counted while requests are answered: what a process knows of itself would be one process's only, and costs each request.
"""

import hmac
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, cast

from flask import Blueprint, Flask, Response, current_app, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import Connection, func, select

from clients.models import Client
from idp import clock
from idp.audit import AuditEvent, AuditLink
from idp.database import reader, table_of
from idp.opaque_tokens import digest
from idp.outbox import OutboxMessage
from idp.people.models import Person
from idp.sessions.models import BrowserSession
from idp.settings import current_settings
from idp.web.viewer import anyone

blueprint = Blueprint("metrics", __name__)
GAUGES_KEY = "hopnhat.gauges"
LOOPBACK = ("127.0.0.1", "::1")
FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")
RECENT = timedelta(minutes=5)
_BEARER = re.compile(r"Bearer ([A-Za-z0-9._~+/-]+=*)", re.IGNORECASE)
_p, _s, _c, _o = table_of(Person), table_of(BrowserSession), table_of(Client), table_of(OutboxMessage)
_e, _l = table_of(AuditEvent), table_of(AuditLink)
Gauge = tuple[str, str, float | None]  # its name, what it is in words, and how much; None: there is nothing to say
Look = Callable[[Connection], Iterable[Gauge]]


def add_gauges(app: Flask, look: Look) -> None:
    """Let another feature tell figures of its own."""
    app.extensions.setdefault(GAUGES_KEY, []).append(look)


@blueprint.get("/metrics")
@anyone
def metrics() -> Response:
    """The figures, for a program on this machine, or one that knows HOPNHAT_METRICS_TOKEN; 404 for everybody else."""
    if not (_is_local() or _knows_the_token()):
        return Response("not found\n", 404, mimetype="text/plain")
    registry = CollectorRegistry()
    registry.register(_Figures())
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"})


def _is_local() -> bool:
    """Whether the request comes from this machine itself, and not through a proxy on it."""
    settings = current_settings()
    return settings.trusted_proxies == 0 and request.remote_addr in LOOPBACK and not any(name in request.headers for name in FORWARDED)


def _knows_the_token() -> bool:
    wanted = current_settings().metrics_token
    found = _BEARER.fullmatch(request.headers.get("Authorization", ""))
    return wanted is not None and found is not None and hmac.compare_digest(digest(found.group(1)), digest(wanted.get_secret_value()))


class _Figures(Collector):
    """What the library asks for the figures of this moment."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Each gauge with what it is."""
        looks = [_house, *cast("list[Look]", current_app.extensions.get(GAUGES_KEY, []))]
        for look in looks:
            for name, words, value in look(reader()):
                if value is not None:
                    yield GaugeMetricFamily(f"hopnhat_{name}", words, value=value)


def _house(connection: Connection) -> Iterator[Gauge]:
    now = clock.now()

    def count(*conditions: Any) -> float:
        return float(connection.execute(select(func.count()).where(*conditions)).scalar_one())

    yield "people_active", "People who may sign in.", count(_p.c.state == "active")
    yield "sessions_open", "Browser sessions that are open.", count(_s.c.ended_at.is_(None), _s.c.expires_at > now)
    yield "clients_enabled", "Applications that may be entered.", count(_c.c.disabled_at.is_(None))
    waiting = (_o.c.delivered_at.is_(None), _o.c.failed_at.is_(None))
    yield "outbox_waiting", "Messages that wait to be delivered: logout tokens, letters, accounts.", count(*waiting)
    yield "outbox_failed", "Messages given up within the last seven days.", count(_o.c.failed_at > now - timedelta(days=7))
    oldest = connection.execute(select(func.min(_o.c.created_at)).where(*waiting)).scalar()
    yield "outbox_oldest_seconds", "How long the oldest waiting message has waited.", _age(oldest, now) or 0.0
    linked = connection.execute(select(func.max(_l.c.position))).scalar()
    yield "audit_links", "Events linked into the chain of the audit trail.", float(linked or 0)
    unlinked = (
        select(func.count()).select_from(_e.outerjoin(_l, _l.c.event_id == _e.c.id)).where(_e.c.at > now - RECENT, _l.c.event_id.is_(None))
    )
    yield "audit_unlinked", "Events of the last five minutes that are not linked yet.", float(connection.execute(unlinked).scalar_one())


def _age(since: datetime | None, now: datetime) -> float | None:
    return None if since is None else max(0.0, (now - since).total_seconds())
