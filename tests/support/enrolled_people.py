"""People who stand where a test wants them."""

import uuid
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, insert, select

from clients import catalogue, registration
from clients.catalogue import System
from clients.catalogue_models import CatalogueSystem
from clients.metadata import ClientMetadata
from idp import clock
from idp.credentials import proofings
from idp.credentials.models import RecoveryCode, TotpCredential
from idp.database import in_transaction, new_id, reader, table_of
from idp.enrollment.standing_models import SystemEntry
from tests.support.people import add_person

LONG_AGO = timedelta(days=400)
_systems = table_of(CatalogueSystem)


def add_person_on(rung: str, **given: Any) -> uuid.UUID:
    """An official for whom exactly the tests up to this rung hold."""
    now, facts = clock.now(), {"staff_category": "cong_chuc", **given}
    name = None if rung == "B0" else f"p{uuid.uuid4().hex[:10]}"
    if rung >= "B2":
        facts |= {"first_signed_in_at": now - LONG_AGO, "last_signed_in_at": now - LONG_AGO, "notice_acknowledged_at": now - LONG_AGO}
    if rung >= "B5":
        facts |= {"last_two_factor_at": now - timedelta(days=1)}
    person_id = add_person(name, **(facts | given))
    if rung >= "B3":
        add_proofing(person_id)
    if rung >= "B4":
        add_factor(person_id)
        add_recovery_codes(person_id)
    if rung >= "B6":
        enter(person_id, integrated_system())
    return person_id


def integrated_system(code: str = "van-ban", **given: Any) -> uuid.UUID:
    """The key of an application that is an integrated system of the catalogue; made when it is not there yet."""
    found: uuid.UUID | None = reader().execute(select(_systems.c.client_id).where(_systems.c.code == code)).scalar()
    if found is not None:
        return found
    wanted = ClientMetadata(f"Ứng dụng {code}", (f"https://{code}.test/cb",), client_id=code)

    def make(connection: Connection) -> None:
        registration.register(connection, wanted, actor="cli:test")
        catalogue.add_system(connection, System(code, f"Hệ thống {code}", client_id=code, **given), actor="cli:test")
        catalogue.state_integrated(connection, code, actor="cli:test", reason="Đã kiểm tra")

    in_transaction(make)
    return integrated_system(code)


def enter(person_id: uuid.UUID, client_key: uuid.UUID) -> None:
    """The person has entered the application just now, and the tracker has noticed."""
    now = clock.now()
    row = {"person_id": person_id, "client_id": client_key, "first_at": now, "last_at": now}
    in_transaction(lambda connection: connection.execute(insert(SystemEntry), row))


def add_proofing(person_id: uuid.UUID, kind: str = proofings.IN_PERSON) -> None:
    """An officer has made sure who this is."""
    in_transaction(lambda connection: proofings.record(connection, person_id, kind, reason="Phiếu kích hoạt", actor="person:officer"))


def add_factor(person_id: uuid.UUID, **given: Any) -> None:
    """A confirmed TOTP factor."""
    now = clock.now()
    row = {
        "id": new_id(),
        "person_id": person_id,
        "name": "x",
        "sealed_secret": b"x",
        "created_at": now,
        "confirmed_at": now,
        "last_step": 0,
    }
    in_transaction(lambda connection: connection.execute(insert(TotpCredential), row | given))


def add_recovery_codes(person_id: uuid.UUID, **given: Any) -> None:
    """A confirmed sheet of recovery codes, one long."""
    now = clock.now()
    row = {"id": new_id(), "person_id": person_id, "hash": "x", "created_at": now, "confirmed_at": now}
    in_transaction(lambda connection: connection.execute(insert(RecoveryCode), row | given))
