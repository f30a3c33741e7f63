"""A province whose figures are frozen day by day, for tests of the tracker's pages and reports."""

import uuid
from dataclasses import dataclass

from sqlalchemy import Connection, update

from idp import clock
from idp.clock import ManualClock
from idp.database import in_transaction, table_of
from idp.enrollment.snapshots import take_snapshot
from idp.people import unit_history
from idp.people.models import Level, Person, Unit
from idp.people.unit_models import SuccessionKind
from tests.support.enrolled_people import add_person_on, integrated_system
from tests.support.people import add_unit

_p, _u = table_of(Person), table_of(Unit)


@dataclass(frozen=True)
class Province:
    """Its units. 24 officials: 12 at the department (2 on B6), 9 in the commune, 3 at the district itself; two on contract."""

    top: uuid.UUID
    department: uuid.UUID
    district: uuid.UUID
    commune: uuid.UUID


def build_province() -> Province:
    """The units and their people, and an integrated system that everybody may enter."""
    top = add_unit("UBND tỉnh Hà Giang", level=Level.PROVINCE.value, code="H27")
    department = add_unit("Sở Nội vụ", level=Level.PROVINCE.value, parent_id=top, code="H27.3")
    district = add_unit("Huyện Đồng Văn", level=Level.DISTRICT.value, parent_id=top, code="H27.20")
    commune = add_unit("UBND xã Lũng Cú", parent_id=district, code="H27.20.1")
    integrated_system()
    wanted = {
        department: ["B0", "B1", "B2", "B2", "B3", "B4", "B4", "B5", "B5", "B5", "B6", "B6"],
        district: ["B1", "B4", "B5"],
        commune: ["B0", "B0", "B1", "B1", "B1", "B2", "B3", "B4", "B5"],
    }
    for unit_id, rungs in wanted.items():
        for number, rung in enumerate(rungs):
            add_person_on(rung, unit_id=unit_id, name=f"Vàng Mí Sính {rung} {number}", staff_code=f"0020{number:02d}{unit_id.hex[-6:]}")
    for unit_id in (department, commune):
        add_person_on("B1", unit_id=unit_id, staff_category="hop_dong", name="Người Hợp Đồng")
    return Province(top, department, district, commune)


def freeze() -> None:
    """Today's snapshot."""
    in_transaction(lambda connection: take_snapshot(connection, actor="cli:test"))


def freeze_days(time: ManualClock, days: int) -> None:
    """A snapshot on each of so many days, today the last of them."""
    time.advance(days=-(days - 1))
    for number in range(days):
        freeze()
        if number < days - 1:
            time.advance(days=1)


def merge_district(province: Province) -> uuid.UUID:
    """The district and its commune become one new commune, today."""
    today, merged = clock.now().date(), add_unit("UBND xã Đồng Văn mới", parent_id=province.top, code="H27.99")
    gone = [province.district, province.commune]

    def deed(connection: Connection) -> None:
        unit_history.remember(connection, gone, today, today)
        for unit_id in gone:
            unit_history.succeed(connection, unit_id, merged, SuccessionKind.MERGE, today, 5, None)
        connection.execute(update(_u).where(_u.c.id.in_(gone)).values(valid_to=today))
        connection.execute(update(_p).where(_p.c.unit_id.in_(gone)).values(unit_id=merged))

    in_transaction(deed)
    return merged
