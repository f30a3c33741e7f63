"""Each endpoint that programs speak to answers as it is described, whatever it is sent: schemathesis makes requests out of the description."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance

from tests.support.installation import Databases, FreshContextClient, close, settings_for
from tests.support.machine_endpoints import OPENAPI
from wsgi import build

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
SCHEMA = schemathesis.openapi.from_dict(OPENAPI)
OPERATIONS = [(path, method) for path, operations in OPENAPI["paths"].items() for method in operations if method != "parameters"]
EXAMPLES = 12


@pytest.fixture(scope="module")
def installation(postgresql_databases: Databases) -> Iterator[Flask]:
    """A provider that registers clients for everybody."""
    application = build(settings_for(postgresql_databases.fresh(), registration="open"))
    application.config["PROPAGATE_EXCEPTIONS"] = False
    application.test_client_class = FreshContextClient
    SCHEMA.app = application
    with application.app_context():
        yield application
    close(application)


@pytest.mark.parametrize(("path", "method"), OPERATIONS, ids=[f"{method} {path}" for path, method in OPERATIONS])
def test_an_endpoint_answers_as_it_is_described(installation: Flask, path: str, method: str) -> None:
    made = [SCHEMA[path][method].as_strategy(generation_mode=mode) for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)]

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    @given(case=st.one_of(made))
    def holds(case: Any) -> None:
        case.call_and_validate(checks=CHECKS)

    holds()


def test_every_endpoint_of_discovery_is_described(installation: Flask) -> None:
    told = installation.test_client().get("/.well-known/openid-configuration").get_json()
    endpoints = {url.removeprefix(told["issuer"]) for name, url in told.items() if name.endswith(("_endpoint", "jwks_uri"))}
    assert endpoints <= set(OPENAPI["paths"])
