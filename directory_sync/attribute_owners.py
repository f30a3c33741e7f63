"""Who owns what: which source's word counts first for an attribute, decided by an administrator with a reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Connection, delete, func, insert, select, update

from directory_sync.models import RunState, SyncRun
from idp import audit, clock
from idp.database import table_of
from idp.errors import Refusal
from idp.people.models import INTEGRATION_CHECK, Person, PersonState
from idp.people.precedence import ATTRIBUTES, DIRECTORY, in_order, owners
from idp.people.source_models import AttributeOwner, SourceEntry

LEAST_REASON, LONGEST_REASON = 20, 500
_o, _e, _p, _r = table_of(AttributeOwner), table_of(SourceEntry), table_of(Person), table_of(SyncRun)


@dataclass(frozen=True)
class SourceFacts:
    """A source: when it was last read well, the people whom it brought first and those whom it shares, and the attributes it owns."""

    name: str
    last_success: Any
    last_number: int | None
    people: int
    active: int
    shared: int
    owns: Sequence[str]


def list_sources(connection: Connection) -> list[SourceFacts]:
    """Every source that was ever read or owns something, in the order in which their words count."""
    people = {row.source: row for row in connection.execute(select(
        _p.c.source, func.count().label("people"), func.count().filter(_p.c.state == PersonState.ACTIVE.value).label("active")
    ).where(_p.c.source != INTEGRATION_CHECK).group_by(_p.c.source))}  # fmt: skip
    shared = {row.source: row.people for row in connection.execute(
        select(_e.c.source, func.count().label("people")).where(_e.c.gone_at.is_(None)).group_by(_e.c.source)
    )}  # fmt: skip
    newest = (
        select(_r.c.source, func.max(_r.c.number).label("number"))
        .where(_r.c.state.in_([RunState.APPLIED.value, RunState.UNCHANGED.value]))
        .group_by(_r.c.source)
        .subquery()
    )
    runs = {row.source: row for row in connection.execute(
        select(_r.c.source, _r.c.number, _r.c.finished_at).join(newest, _r.c.number == newest.c.number)
    )}  # fmt: skip
    owned = owners(connection)
    names = in_order({DIRECTORY, *people, *shared, *runs, *owned.values()})
    return [
        SourceFacts(
            name, runs[name].finished_at if name in runs else None, runs[name].number if name in runs else None,
            people[name].people if name in people else 0, people[name].active if name in people else 0, shared.get(name, 0),
            [one for one in ATTRIBUTES if owned.get(one) == name],
        )
        for name in names
    ]  # fmt: skip


def decisions(connection: Connection) -> dict[str, Any]:
    """Who decided what of whose word counts first, by attribute."""
    return {row.attribute: row for row in connection.execute(select(_o))}


def give(connection: Connection, attribute: str, source: str | None, *, reason: str, actor: str) -> None:
    """Let a source own an attribute; None: the usual order again. What follows for people of several sources comes with the next run of
    each. Raises Refusal."""
    if attribute not in ATTRIBUTES:
        raise Refusal(_("Không có trường này. Chọn một trong: %(names)s.", names=", ".join(ATTRIBUTES)), "no_such_attribute")
    known = {row.source for row in connection.execute(select(_r.c.source).distinct())} | {one.name for one in list_sources(connection)}
    if source is not None and source not in known and not source.startswith("spreadsheet:"):
        raise Refusal(_("Không có nguồn “%(name)s”.", name=source), "no_such_source")
    if not LEAST_REASON <= len(reason) <= LONGEST_REASON:
        raise Refusal(_("Nhập lý do, từ %(least)s đến %(most)s ký tự.", least=LEAST_REASON, most=LONGEST_REASON), "no_reason")
    before = owners(connection).get(attribute)
    connection.execute(delete(_o).where(_o.c.attribute == attribute))
    if source is not None:
        row = {"attribute": attribute, "source": source, "reason": reason, "set_by": actor, "set_at": clock.now()}
        connection.execute(insert(_o), row)
    # Their entries read as before, and yet other facts follow from them: they are understood anew.
    connection.execute(update(_e).values(digest=None))
    connection.execute(update(_p).where(_p.c.id.in_(select(_e.c.person_id))).values(directory_digest=None))
    audit.record(
        connection, audit.Event.ATTRIBUTE_GIVEN, actor=actor, attribute=attribute, before=before, source=source, reason=reason
    )  # fmt: skip
