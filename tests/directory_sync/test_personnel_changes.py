"""What a month, a reorganisation and each disaster do to a province of hundreds, in a real OpenLDAP: the report says exactly that."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from directory_sync import reorganisations
from directory_sync.demo import province
from directory_sync.models import RunState
from directory_sync.reorganisation_models import Origin, ReorganisationState
from directory_sync.reorganisation_proposal import propose_rows
from directory_sync.run import preview, run_sync
from idp.app import create_app
from idp.database import in_transaction, reader, table_of
from idp.people.models import Person, PersonState, Unit
from idp.people.unit_history import tree_on
from idp.web.formats import today
from tests.support.installation import close, settings_for
from tests.support.loaded_slapd import LoadedSlapd, loaded_slapd
from tests.support.personnel_changes import DISASTERS, Change, Province, disaster, month, reorganisation

STAFF = 400
_p, _u = table_of(Person), table_of(Unit)


@pytest.fixture(scope="module")
def of_province() -> Province:
    """The people and units, made once."""
    return Province(STAFF)


@pytest.fixture
def directory(of_province: Province, tmp_path: Path) -> Iterator[LoadedSlapd]:
    """Their directory."""
    with loaded_slapd(tmp_path / "slapd", of_province.ldif(), province.BASE_DN, province.SYNC_DN) as server:
        yield server


@contextmanager
def _installation(database_url: str, directory: LoadedSlapd) -> Iterator[Flask]:
    app = create_app(
        settings_for(
            database_url, ldap_url=directory.url, ldap_bind_dn=province.SYNC_DN, ldap_bind_password=province.SYNC_PASSWORD,
            ldap_base_dn=province.BASE_DN,
        )
    )  # fmt: skip
    with app.app_context():
        yield app
    close(app)


@pytest.fixture
def app(database_url: str, directory: LoadedSlapd) -> Iterator[Flask]:
    """An installation that has read the whole directory once."""
    with _installation(database_url, directory) as application:
        assert run_sync(started_by="cli:test").state == RunState.APPLIED
        yield application


def _change(directory: LoadedSlapd, change: Change) -> None:
    directory.change(change.ldif, configuration=change.to_configuration)


def _subjects() -> dict[str, str]:
    return {row.subject: row.username for row in reader().execute(select(_p.c.subject, _p.c.username))}


def _active() -> int:
    query = select(func.count()).where(_p.c.state == PersonState.ACTIVE)
    return int(reader().execute(query).scalar_one())


def _told(found: dict[str, Any], of: Change) -> dict[str, int]:
    names = ("joined", "moved", "changed", "suspended", "units_changed")
    return {name: found[name] for name in names if found[name] or name in of.told}


def test_the_report_of_a_month_is_what_happened(app: Flask, directory: LoadedSlapd, of_province: Province) -> None:
    change = month(of_province)
    _change(directory, change)
    report = run_sync(started_by="cli:test")
    assert report.state == RunState.APPLIED, report.reason
    assert _told(report.found, change) == dict(change.told)


def _carry_out_reorganisation(directory: LoadedSlapd, change: Change) -> dict[str, Any]:
    """The directory changes, the difference is proposed as a scheme, approved, and carried out."""
    _change(directory, change)
    assert run_sync(started_by="cli:test").state == RunState.STOPPED
    changes, objections = preview()
    assert objections
    rows = propose_rows(reader(), changes)

    def approved(connection: Any) -> int:
        number = reorganisations.propose(
            connection,
            rows,
            name="Không còn cấp huyện",
            decision="1684/NQ",
            effective_on=today(),
            origin=Origin.DIFFERENCE,
            actor="cli:one",
        )
        reorganisations.approve(connection, number, actor="cli:two")
        return number

    number = in_transaction(approved)
    report = run_sync(started_by="cli:test")
    assert report.state == RunState.APPLIED, report.reason
    assert reorganisations.require_reorganisation(reader(), number).state == ReorganisationState.APPLIED
    assert run_sync(started_by="cli:test").state == RunState.UNCHANGED
    return report.found


def test_a_reorganisation_by_moving_keeps_everybody(app: Flask, directory: LoadedSlapd, of_province: Province) -> None:
    change, subjects, active = reorganisation(of_province), _subjects(), _active()
    found = _carry_out_reorganisation(directory, change)
    assert _told(found, change) == dict(change.told)
    assert (_subjects(), _active()) == (subjects, active)
    yesterday, now = tree_on(reader(), today() - timedelta(days=1)), tree_on(reader(), today())
    assert len(now) == reader().execute(select(func.count()).where(_u.c.valid_to.is_(None))).scalar_one()
    assert yesterday == {}


def test_a_reorganisation_by_deleting_and_adding_keeps_everybody_but_those_whom_a_number_cannot_tell(
    app: Flask, directory: LoadedSlapd, of_province: Province
) -> None:
    change, subjects, active = reorganisation(of_province, by_adding_again=True), _subjects(), _active()
    found = _carry_out_reorganisation(directory, change)
    unmatched = change.told["unmatched"]
    assert 0 < unmatched < STAFF / 10
    assert found["moved"] == change.told["moved"]
    assert _subjects() == subjects
    assert active - _active() <= unmatched


@pytest.mark.parametrize("kind", DISASTERS)
def test_from_a_disaster_nothing_follows(kind: str, app: Flask, directory: LoadedSlapd, of_province: Province) -> None:
    before = reader().execute(select(_p).order_by(_p.c.id)).all()
    _change(directory, disaster(of_province, kind))
    report = run_sync(started_by="cli:test")
    assert report.state in (RunState.STOPPED, RunState.FAILED), report
    assert reader().execute(select(_p).order_by(_p.c.id)).all() == before
