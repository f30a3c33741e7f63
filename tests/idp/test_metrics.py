"""Rules of /metrics."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from idp import audit
from idp.clock import ManualClock
from idp.database import in_transaction
from idp.metrics_endpoint import add_gauges
from tests.support.installation import FreshContextClient, close, settings_for
from tests.support.people import add_person
from wsgi import build

TOKEN = "a-token-of-the-watcher"


def _read(browser: FlaskClient, **given: str) -> dict[str, float]:
    answer = browser.get("/metrics", **given)
    assert answer.status_code == 200
    families = text_string_to_metric_families(answer.get_data(as_text=True))
    return {sample.name: sample.value for family in families for sample in family.samples}


def test_a_program_on_this_machine_reads_figures_that_are_those_of_the_database(
    app: Flask, browser: FlaskClient, time: ManualClock
) -> None:
    add_person("vmsinh")
    in_transaction(lambda c: audit.record(c, audit.Event.PERSON_ADDED, actor="cli:test"))
    before = _read(browser)
    assert (before["hopnhat_people_active"], before["hopnhat_sessions_open"], before["hopnhat_audit_unlinked"]) == (1, 0, 1)
    in_transaction(audit.link_events)
    after = _read(browser)
    assert (after["hopnhat_audit_links"], after["hopnhat_audit_unlinked"]) == (1, 0)


def test_no_name_of_anybody_is_told(app: Flask, browser: FlaskClient) -> None:
    add_person("vmsinh", "Vàng Mí Sính")
    assert "vmsinh" not in browser.get("/metrics").get_data(as_text=True)


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
def test_what_came_through_a_proxy_is_not_of_this_machine(app: Flask, browser: FlaskClient, header: str) -> None:
    assert browser.get("/metrics", headers={header: "127.0.0.1"}).status_code == 404


def test_another_machine_needs_the_token(database_url: str) -> None:
    whole = build(settings_for(database_url, metrics_token=TOKEN))
    whole.test_client_class = FreshContextClient
    stranger = {"REMOTE_ADDR": "10.0.0.7"}
    with whole.app_context():
        browser = whole.test_client()
        assert browser.get("/metrics", environ_base=stranger).status_code == 404
        for wrong in ("Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer"):
            assert browser.get("/metrics", environ_base=stranger, headers={"Authorization": wrong}).status_code == 404
        answer = browser.get("/metrics", environ_base=stranger, headers={"Authorization": f"Bearer {TOKEN}"})
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "no-store"
    close(whole)


def test_no_token_is_set_unless_somebody_sets_one(app: Flask, browser: FlaskClient) -> None:
    answer = browser.get("/metrics", environ_base={"REMOTE_ADDR": "10.0.0.7"}, headers={"Authorization": "Bearer None"})
    assert answer.status_code == 404


def test_features_tell_figures_of_their_own_and_nothing_when_there_is_nothing(app: Flask, browser: FlaskClient) -> None:
    add_gauges(app, lambda _: [("mine", "Mine.", 3.5), ("nothing", "Nothing.", None)])
    told = _read(browser)
    assert told["hopnhat_mine"] == 3.5
    assert "hopnhat_nothing" not in told
