"""Whatever is sent to the API, it answers as its description says: found by machine, the same tries each time."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.config import ChecksConfig, PositiveDataAcceptanceConfig, ProjectConfig, ProjectsConfig, SchemathesisConfig

from clients import registration
from clients.catalogue import System, add_system
from clients.metadata import ClientMetadata
from idp.api.openapi import description, operations_of
from idp.api.operations import Operation
from idp.database import in_transaction
from idp.roles.models import Role
from tests.support.installation import Databases, FreshContextClient, close, settings_for
from tests.support.machine import Machine
from tests.support.people import add_person, add_unit
from wsgi import build

TRIES = int(os.environ.get("API_TRIES", "4"))
# What is as described may still be refused by a rule (422), or by the state of things.
GOOD = ["2xx", "401", "403", "404", "409", "412", "422"]
APP = build(settings_for("sqlite://"))
with APP.app_context():
    TOLD = description(APP)
    NAMES = [told.name for _rule, _method, told in operations_of(APP)]
CONFIG = SchemathesisConfig(
    projects=ProjectsConfig(
        default=ProjectConfig(checks=ChecksConfig(positive_data_acceptance=PositiveDataAcceptanceConfig(expected_statuses=GOOD)))
    )
)
SCHEMA: Any = schemathesis.openapi.from_dict(TOLD, config=CONFIG)


class Installation:
    """An installation with one of each thing, and a machine client that may do everything."""

    def __init__(self, app: Flask) -> None:
        self.app, self.machine = app, Machine(app, Role.IT_ADMIN)
        person_id = add_person("an", "Nguyễn Văn An", unit_id=add_unit(code="H27.5"))
        wanted = ClientMetadata("Văn bản", ("https://vb.hagiang.gov.vn/cb",), client_id="van-ban")
        in_transaction(lambda connection: registration.register(connection, wanted, actor="cli:test", entry=()))
        in_transaction(lambda connection: add_system(connection, System("van-ban", "Văn bản"), actor="cli:test"))
        self.known = {"client_id": "van-ban", "code": "van-ban", "person_id": str(person_id)}


@pytest.fixture(scope="module")
def installation(sqlite_databases: Databases) -> Iterator[Installation]:
    with sqlite_databases.lent() as url:
        app = build(settings_for(url))
        app.config["PROPAGATE_EXCEPTIONS"] = False
        app.test_client_class = FreshContextClient
        SCHEMA.app = app
        with app.app_context():
            yield Installation(app)
        close(app)


@pytest.mark.parametrize("name", NAMES)
def test_the_api_answers_as_it_is_described(installation: Installation, name: str) -> None:
    operation = SCHEMA.find_operation_by_id(name)
    made = [operation.as_strategy(generation_mode=mode) for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)]
    headers = {"Authorization": f"Bearer {installation.machine.token()}"}

    @settings(max_examples=TRIES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(case=st.one_of(made), is_known=st.booleans())
    def holds(case: Any, is_known: bool) -> None:
        if is_known and case.path_parameters:
            case.path_parameters = {at: installation.known.get(at, value) for at, value in case.path_parameters.items()}
        case.call_and_validate(headers=headers)

    holds()


def test_every_operation_has_a_scope_that_somebody_can_be_given_and_a_name_of_its_own() -> None:
    with APP.app_context():
        found: list[Operation] = [told for _rule, _method, told in operations_of(APP)]
    assert len({one.name for one in found}) == len(found) > 30
    assert {one.name for one in found if one.scope is None} == {"showMyself"}
