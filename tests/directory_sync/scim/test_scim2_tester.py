"""The checks of other people: scim2-tester goes through the whole service."""

from flask import Flask
from flask.testing import FlaskClient
from scim2_client.engines.wsgi import WSGISCIMClient
from scim2_tester import Status, check_server

from tests.support.scim import add_source, address


def test_scim2_tester_finds_nothing_wrong(scim_app: Flask, browser: FlaskClient) -> None:
    pusher = add_source(browser, withdrawals=10_000)
    pusher.get("/Users")
    client = WSGISCIMClient(scim_app.wsgi_app, base_url=address(), headers=pusher.headers)
    results = check_server(client)
    wrong = [(one.resource_type, one.title, one.reason) for one in results if one.status not in (Status.SUCCESS, Status.SKIPPED)]
    assert not wrong, "\n".join(map(str, wrong))
    skipped = {(one.resource_type, one.title) for one in results if one.status is Status.SKIPPED}
    assert not skipped, "\n".join(map(str, skipped))
    assert len(results) > 100
