"""What directory and human-resources data disagree on, for the tracker's form of data quality (Biểu 04)."""

from collections.abc import Mapping
from datetime import date, timedelta

from sqlalchemy import Connection, exists, func, select

from directory_sync.desk_models import CaseKind, CaseState, DeskCase
from directory_sync.source.ldap_full import SOURCE
from idp import clock
from idp.database import table_of
from idp.people.models import INTEGRATION_CHECK, Person, PersonState
from idp.people.source_models import SourceEntry

DIRECTORY = SOURCE
OVERDUE_AFTER = timedelta(days=7)
# New entries that are kept out until it is decided whose they are.
WAITING = frozenset({CaseKind.NO_NUMBER, CaseKind.NUMBER_NOT_UNIQUE, CaseKind.REHIRE, CaseKind.NUMBER_IN_USE})
_d, _s, _p = table_of(DeskCase), table_of(SourceEntry), table_of(Person)
_open = _d.c.state == CaseState.OPEN.value
_cases = select(_d.c.kind, func.count()).where(_open).group_by(_d.c.kind)
_in_service = (_p.c.state == PersonState.ACTIVE.value, _p.c.source != INTEGRATION_CHECK)
# Of whom only one source knows there is no entry: `person.source` names it.
_known_by = exists().where(_s.c.person_id == _p.c.id, _s.c.gone_at.is_(None), _s.c.missing_since.is_(None))
_known_by_directory, _known_by_another = _known_by.where(_s.c.source == DIRECTORY), _known_by.where(_s.c.source != DIRECTORY)
_has_entries = exists().where(_s.c.person_id == _p.c.id)
_another_source = select(_s.c.source).where(_s.c.source != DIRECTORY).limit(1)
_only_elsewhere = select(_p.c.id).where(*_in_service, _p.c.source != DIRECTORY).limit(1)


def quality_of(connection: Connection, _day: date) -> Mapping[str, int]:
    """Cases at the desk by what they are about, those that have waited for more than a week, and people whom the directory has and
    human resources do not, or the other way round (none, while the directory is the only source)."""
    cases = {kind: int(number) for kind, number in connection.execute(_cases)}
    waiting_long = select(func.count()).where(_open, _d.c.opened_at < clock.now() - OVERDUE_AFTER)
    shared = sum(number for kind, number in cases.items() if kind not in WAITING and kind != CaseKind.SUSPENDED_HERE)
    return {
        "entries_waiting": sum(number for kind, number in cases.items() if kind in WAITING), "shared_at_desk": shared,
        "suspended_here": cases.get(CaseKind.SUSPENDED_HERE, 0), "cases_overdue": int(connection.execute(waiting_long).scalar_one()),
        **_between_sources(connection),
    }  # fmt: skip


def _between_sources(connection: Connection) -> dict[str, int]:
    if connection.execute(_another_source).first() is None and connection.execute(_only_elsewhere).first() is None:
        return {"not_in_directory": 0, "not_in_hr": 0}
    by_directory = _known_by_directory | ((_p.c.source == DIRECTORY) & ~_has_entries)
    by_another = _known_by_another | ((_p.c.source != DIRECTORY) & ~_has_entries)
    lacking = {"not_in_directory": ~by_directory & by_another, "not_in_hr": by_directory & ~by_another}
    return {key: int(connection.execute(select(func.count()).where(*_in_service, test)).scalar_one()) for key, test in lacking.items()}
