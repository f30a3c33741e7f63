"""Applications that want their accounts in advance: told through the outbox, by SCIM, until they know."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from directory_sync.scim import delivery, provisioning
from directory_sync.scim.models import ProvisionedAccount
from directory_sync.scim.setting_up import set_up_scim
from idp import access, clock, outbox
from idp.app import create_app
from idp.database import forget_connections, in_transaction, reader, table_of
from idp.errors import Refusal
from idp.oidc.leavings import leavings_of
from idp.outbox import OutboxMessage, deliver_due
from idp.people.models import Person
from tests.support import trail
from tests.support.installation import Databases, close, settings_for
from tests.support.other_scim import TOKEN, OtherScim, other_scim
from tests.support.people import add_person, add_unit
from tests.support.relying_party import ALL_SCOPES, RelyingParty, register_party
from tests.support.scim import OFFICIAL, add_source
from tests.support.served import served

_p, _a, _o = table_of(Person), table_of(ProvisionedAccount), table_of(OutboxMessage)


@pytest.fixture
def other() -> Iterator[OtherScim]:
    delivery._resting.clear()
    with other_scim() as found:
        yield found


@pytest.fixture
def open_app(database_url: str) -> Iterator[Flask]:
    """An installation that may reach loopback."""
    app = create_app(settings_for(database_url, outbound_allow="127.0.0.1"))
    set_up_scim(app)
    with app.app_context():
        yield app
    close(app)


@pytest.fixture
def party(open_app: Flask) -> RelyingParty:
    return register_party(scope=ALL_SCOPES)


def provision(party: RelyingParty, url: str, token: str | None = TOKEN, units: tuple[str, ...] = ()) -> None:
    in_transaction(lambda connection: provisioning.set_up(connection, party.client_id, url=url, token=token, units=units, actor="cli:test"))


def work() -> int:
    """What the worker does: look, then deliver all that is due."""
    found = provisioning.look()
    while deliver_due(delivery.DELIVERERS):
        pass
    return found


def change(person: uuid.UUID, **values: Any) -> None:
    in_transaction(lambda connection: connection.execute(update(_p).where(_p.c.id == person), {"updated_at": clock.now(), **values}))


def withdraw(person: uuid.UUID) -> None:
    in_transaction(lambda connection: access.withdraw(connection, person, reason="nghỉ việc", actor="person:x"))


def test_an_application_gets_its_accounts_and_what_changes_of_them(party: RelyingParty, other: OtherScim) -> None:
    unit = add_unit("Sở Y tế", code="S07")
    person = add_person("vmsinh", staff_code="HG-1", title="Chuyên viên", unit_id=unit, phone="0912")
    provision(party, other.url)
    assert work() == 1
    account = other.people()["vmsinh"]
    subject = reader().execute(select(_p.c.subject).where(_p.c.id == person)).scalar_one()
    assert (account.external_id, account.active, account.display_name) == (subject, True, "Vàng Mí Sính")
    assert (account.emails[0].value, account.phone_numbers[0].value) == ("vmsinh@hagiang.gov.vn", "0912")
    assert work() == 0
    change(person, title="Trưởng phòng", mail=None, mail_key=None)
    assert work() == 1
    account = other.people()["vmsinh"]
    assert (account.title, account.emails) == ("Trưởng phòng", None)
    assert len(trail.events("account.provisioned")) == 2


def test_it_is_told_no_more_than_its_scopes_open(open_app: Flask, other: OtherScim) -> None:
    add_person("vmsinh", staff_code="HG-1", phone="0912")
    provision(register_party(scope="openid"), other.url)
    work()
    account = other.people()["vmsinh"].model_dump()
    assert account.keys() == {"schemas", "id", "externalId", "meta", "userName", "active"}


def test_a_leaver_is_out_at_once_and_the_ledger_says_when(party: RelyingParty, other: OtherScim) -> None:
    person = add_person("vmsinh")
    provision(party, other.url)
    work()
    other.trouble = [500]
    withdraw(person)
    deliver_due(delivery.DELIVERERS)
    [leaving] = leavings_of(reader(), person)
    assert [(one.client_id, one.state) for one in leaving.clients] == [(party.client_id, "waiting")]
    assert leaving.out_at is None
    in_transaction(lambda connection: connection.execute(update(_o).values(next_attempt_at=clock.now())))
    deliver_due(delivery.DELIVERERS)
    [leaving] = leavings_of(reader(), person)
    assert [one.state for one in leaving.clients] == ["confirmed"]
    assert leaving.out_at is not None
    assert other.people()["vmsinh"].active is False
    in_transaction(lambda connection: access.restore(connection, person, reason="x", actor="person:x"))
    work()
    assert other.people()["vmsinh"].active is True


def test_an_account_that_is_there_already_is_taken_over_and_nobody_elses(party: RelyingParty, other: OtherScim) -> None:
    provision(party, other.url)
    person = add_person("vmsinh")
    work()
    in_transaction(lambda connection: provisioning.forget(connection, party.key))
    in_transaction(lambda connection: provisioning.fill_again(connection, party.client_id))
    assert work() == 1
    assert len(other.people()) == 1
    strange = other.people()["vmsinh"].model_copy(update={"external_id": "of-somebody-else"})
    other.storage.resources = [strange]
    in_transaction(lambda connection: provisioning.forget(connection, party.key))
    in_transaction(lambda connection: provisioning.fill_again(connection, party.client_id))
    work()
    assert other.people()["vmsinh"].external_id == "of-somebody-else"
    [trouble] = provisioning.troubles(reader(), party.key)
    assert trouble.last_error.startswith("answered 409")
    withdraw(person)


def test_only_people_of_the_named_units_get_accounts(party: RelyingParty, other: OtherScim) -> None:
    department = add_unit("Sở Y tế", code="S07")
    below = add_unit("Bệnh viện", parent_id=department)
    inside, _outside = add_person("a", unit_id=below), add_person("b")
    provision(party, other.url, units=("S07",))
    work()
    assert {name: one.active for name, one in other.people().items()} == {"a": True}
    change(inside, unit_id=None)
    work()
    assert other.people()["a"].active is False


def test_a_filling_that_was_broken_off_goes_on(party: RelyingParty, other: OtherScim, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provisioning, "BATCH", 2)
    for number in range(5):
        add_person(f"p{number}")
    provision(party, other.url)
    assert in_transaction(lambda connection: provisioning._fill(connection, party.key)) == (2, True)
    assert work() == 3
    assert len(other.people()) == 5
    assert reader().execute(select(func.count()).select_from(_a)).scalar_one() == 5


def test_an_application_that_does_not_answer_is_tried_again_and_told_what_is_true_then(party: RelyingParty, other: OtherScim) -> None:
    person = add_person("vmsinh")
    provision(party, "http://127.0.0.1:9")
    work()
    [trouble] = provisioning.troubles(reader(), party.key)
    assert (trouble.attempts, trouble.failed_at) == (1, None)
    state = provisioning.state_of(reader(), party.key)
    assert state is not None
    assert (state["active"], state["waiting"]) == (0, 1)
    delivery._resting.clear()
    provision(party, other.url, token=None)
    change(person, title="Chuyên viên")
    in_transaction(lambda connection: connection.execute(update(_o).values(next_attempt_at=clock.now())))
    work()
    assert other.people()["vmsinh"].title == "Chuyên viên"
    [event] = trail.events("account.not_provisioned")
    assert event.detail["given_up"] is False


def test_private_addresses_and_wrong_ones_are_refused(scim_app: Flask, other: OtherScim) -> None:
    party = register_party(scope=ALL_SCOPES)
    add_person("vmsinh")
    for url in ("ftp://x.vn", "https://", "https://x.vn/?a=b", "https://u:p@x.vn/", "javascript:alert(1)", "https://x.vn/" + "a" * 600):
        with pytest.raises(Refusal):
            provision(party, url)
    provision(party, other.url)
    provisioning.look()
    outbox.deliver_due(delivery.DELIVERERS)
    assert other.asked == []
    [trouble] = provisioning.troubles(reader(), party.key)
    assert trouble.failed_at is not None


def test_our_own_service_takes_accounts_too(party: RelyingParty, sqlite_databases: Databases) -> None:
    person = add_person("vmsinh", staff_code="HG-1", staff_category="vien_chuc")
    issuer = "http://127.0.0.1:8377"
    second = create_app(settings_for(sqlite_databases.fresh(), issuer=issuer))
    set_up_scim(second)
    with second.app_context():
        source = add_source(second.test_client(), "tinh")
        token = source.ask_for_token().get_json()["access_token"]
    forget_connections()
    with served(second, 8377):
        provision(party, f"{issuer}/scim/v2", token)
        work()
        withdraw(person)
        deliver_due(delivery.DELIVERERS)
    with second.app_context():
        found = reader().execute(select(_p)).one()
        assert (found.username, found.staff_code, found.staff_category, found.state) == ("vmsinh", "HG-1", "vien_chuc", "suspended")
        assert OFFICIAL
    close(second)
