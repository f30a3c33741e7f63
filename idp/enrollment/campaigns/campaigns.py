"""Campaigns: a segment taken up in waves from a day on, each reminded when it begins, and what came of it."""

import uuid
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Connection, exists, func, insert, select, update

from idp import audit, clock, smtp
from idp.database import in_transaction, insert_rows, new_id, table_of
from idp.enrollment.campaigns.models import Campaign, CampaignPerson, CampaignWave
from idp.enrollment.campaigns.reminders import order_reminders
from idp.enrollment.missing_people import of_segment
from idp.enrollment.parameters import local_now
from idp.enrollment.rungs import Rung
from idp.enrollment.standing_models import RungInterval
from idp.errors import NotFound, Refusal
from idp.people import units

LONGEST_NAME = 120
_c, _w, _cp, _i = table_of(Campaign), table_of(CampaignWave), table_of(CampaignPerson), table_of(RungInterval)


@dataclass(frozen=True)
class Effect:
    """What came of a campaign or a wave. `left`: no longer in post; `reached`: on B6 now; `rose`: higher than when their wave began, B6
    included; `fell`: lower."""

    people: int
    rose: int
    reached: int
    fell: int
    left: int


def make_campaign(
    connection: Connection, name: str, rung: str, unit_id: uuid.UUID | None, waves: Sequence[tuple[date, int | None]], *, actor: str
) -> uuid.UUID:
    """Plan a campaign; `waves`: the day on which each begins, in order, and its most people (None: all left). Raises Refusal."""
    name, days = name.strip(), [day for day, _most in waves]
    if not name or len(name) > LONGEST_NAME:
        raise Refusal(_("Nhập tên đợt vận động, nhiều nhất %(most)s ký tự.", most=LONGEST_NAME), "name_missing")
    if not waves or days != sorted(set(days)) or days[0] < local_now().date():
        raise Refusal(_("Mỗi lượt cần một ngày, lượt sau muộn hơn lượt trước, không ngày nào trong quá khứ."), "days_mistaken")
    if any(most is not None and most < 1 for _day, most in waves):
        raise Refusal(_("Số người của một lượt ít nhất là 1."), "most_mistaken")
    campaign_id = new_id()
    row = {"id": campaign_id, "name": name, "rung": rung, "unit_id": unit_id, "made_by": actor, "made_at": clock.now()}
    connection.execute(insert(_c), row)
    rows = [
        {"campaign_id": campaign_id, "number": number, "from_day": day, "most": most, "people": 0}
        for number, (day, most) in enumerate(waves, 1)
    ]
    connection.execute(insert(_w), rows)
    audit.record(connection, audit.Event.CAMPAIGN_MADE, actor=actor, campaign=str(campaign_id), name=name, waves=len(waves))
    return campaign_id


def campaign_job() -> None:
    """The worker's part: begin each wave on its day."""
    while in_transaction(begin_due_wave):
        pass


def begin_due_wave(connection: Connection) -> bool:
    """Begin one wave whose day has come: fix its people with their rungs and order their reminders; False when none is due."""
    due = (_w.c.begun_at.is_(None), _w.c.from_day <= local_now().date(), _c.c.ended_at.is_(None))
    query = select(_w, _c.c.rung, _c.c.unit_id).join(_c, _c.c.id == _w.c.campaign_id).where(*due).order_by(_w.c.from_day, _w.c.number)
    wave = connection.execute(query.limit(1)).first()
    if wave is None:
        return False
    this = (_w.c.campaign_id == wave.campaign_id, _w.c.number == wave.number, _w.c.begun_at.is_(None))
    if connection.execute(update(_w).where(*this).values(begun_at=clock.now())).rowcount != 1:
        return True
    taken = exists().where(_cp.c.campaign_id == wave.campaign_id, _cp.c.person_id == _i.c.person_id)
    conditions = [*of_segment(wave.rung, [wave.unit_id] if wave.unit_id else None), ~taken]
    people = connection.execute(select(_i.c.person_id, _i.c.rung).where(*conditions).order_by(_i.c.person_id).limit(wave.most)).all()
    rows = [(one.person_id, one.rung) for one in people]
    insert_rows(connection, _cp, ("person_id", "rung"), rows, campaign_id=wave.campaign_id, wave=wave.number)
    connection.execute(update(_w).where(*this[:2]).values(people=len(people)))
    about = {"campaign": str(wave.campaign_id), "wave": wave.number, "people": len(people)}
    audit.record(connection, audit.Event.CAMPAIGN_WAVE_BEGUN, actor="system:campaigns", **about)
    if people and smtp.is_configured():
        order_reminders(
            connection, wave.rung, wave.unit_id, reason=_("Lượt %(number)s của đợt vận động", number=wave.number), actor="system:campaigns",
            campaign_id=wave.campaign_id, wave=wave.number,
        )  # fmt: skip
    return True


def end_campaign(connection: Connection, campaign_id: uuid.UUID, *, actor: str) -> None:
    """End a campaign: no further wave begins. Raises NotFound."""
    lasts = (_c.c.id == campaign_id, _c.c.ended_at.is_(None))
    if connection.execute(update(_c).where(*lasts).values(ended_at=clock.now())).rowcount != 1:
        raise NotFound(_("Không có đợt vận động nào đang chạy như vậy."))
    audit.record(connection, audit.Event.CAMPAIGN_ENDED, actor=actor, campaign=str(campaign_id))


def list_campaigns(connection: Connection, within: Collection[uuid.UUID] | None = None, most: int = 50) -> Sequence[Any]:
    """The newest campaigns; `within`: only those of these units and below."""
    conditions = [] if within is None else [_c.c.unit_id.in_(select(units.below(within).c.id))]
    return connection.execute(select(_c).where(*conditions).order_by(_c.c.made_at.desc(), _c.c.id).limit(most)).all()


def require_campaign(connection: Connection, campaign_id: uuid.UUID) -> tuple[Any, Sequence[Any]]:
    """A campaign and its waves. Raises NotFound."""
    found = connection.execute(select(_c).where(_c.c.id == campaign_id)).first()
    if found is None:
        raise NotFound(_("Không có đợt vận động này."))
    return found, connection.execute(select(_w).where(_w.c.campaign_id == campaign_id).order_by(_w.c.number)).all()


def effect_of(connection: Connection, campaign_id: uuid.UUID) -> dict[int, Effect]:
    """What came of each wave, told by where its people stand now; 0: of the whole campaign."""
    now = _i.alias("now")
    joined = _cp.outerjoin(now, (now.c.person_id == _cp.c.person_id) & now.c.to_at.is_(None))
    query = select(_cp.c.wave, _cp.c.rung, now.c.rung, func.count()).select_from(joined).where(_cp.c.campaign_id == campaign_id)
    counts: dict[int, Counter[str]] = {0: Counter()}
    for wave, before, after, people in connection.execute(query.group_by(_cp.c.wave, _cp.c.rung, now.c.rung)):
        for number in (0, wave):
            found = counts.setdefault(number, Counter())
            found["people"] += people
            found["left"] += people if after is None else 0
            found["reached"] += people if after == Rung.SEAMLESS.value else 0
            found["rose"] += people if after is not None and after > before else 0
            found["fell"] += people if after is not None and after < before else 0
    names = ("people", "rose", "reached", "fell", "left")
    return {number: Effect(*(found[name] for name in names)) for number, found in counts.items()}
