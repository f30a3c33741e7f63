"""Whether a source may suspend yet another person: a script that has gone wrong is held before it has emptied an agency."""

from datetime import timedelta

from scim2_models import SCIMException
from sqlalchemy import Connection, bindparam, func, select

from directory_sync.changes import OUR_REASONS
from directory_sync.known import count_people
from directory_sync.scim.callers import Caller
from idp import clock
from idp.database import table_of
from idp.people.models import Person, PersonState
from idp.settings import current_settings

WITHIN = timedelta(hours=1)
_p = table_of(Person)
_recent = select(func.count()).where(
    _p.c.source == bindparam("of_source"), _p.c.state == PersonState.SUSPENDED, _p.c.state_reason.in_(OUR_REASONS),
    _p.c.state_changed_at > bindparam("since"),
)  # fmt: skip


class Held(SCIMException):
    """More people than a source may suspend within an hour. `people`: how many it would be; `active`: how many it has."""

    status = 429

    def __init__(self, people: int, active: int, limit: int) -> None:
        super().__init__(
            detail=f"held: this would be the suspension no. {people} within an hour, and {limit} are allowed; it needs an approval here"
        )
        self.people, self.active = people, active


def check(connection: Connection, caller: Caller, suspensions: int) -> None:
    """Whether so many more may be suspended now. Raises Held."""
    if not suspensions:
        return
    recent: int = connection.execute(_recent, {"of_source": caller.source, "since": clock.now() - WITHIN}).scalar_one()
    _known, active = count_people(connection, caller.source)
    limit = _limit(caller, active + recent)
    if recent + suspensions > limit:
        raise Held(recent + suspensions, active + recent, limit)


def _limit(caller: Caller, active: int) -> int:
    """What the source may: its own number, else the one of every sync; more for a while when somebody has said so."""
    settings = current_settings()
    usual = max(settings.sync_suspend_limit_people, int(active * settings.sync_suspend_limit_percent / 100))
    limit = usual if caller.withdrawals is None else caller.withdrawals
    if caller.raised_to is not None and caller.raised_until is not None and caller.raised_until > clock.now():
        return max(limit, caller.raised_to)
    return limit
