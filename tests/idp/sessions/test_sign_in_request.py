"""Rules of the sealed value that carries a sign-in."""

from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask

from idp import clock
from idp.sessions import assurance
from idp.sessions.sign_in_request import FlowExpired, FlowUnusable, SignInRequest, begin, begin_again, open_flow

WANTED = SignInRequest(
    return_to="/authorize/resume",
    cancel_to="/authorize/cancel",
    client_name="Một cửa điện tử",
    minimum_acr=assurance.AAL2,
    login_hint="vmsinh",
    payload={"state": "\udcff'\"&", "scope": "openid"},
)


def begun(app: Flask, wanted: SignInRequest) -> tuple[str, str]:
    """The sealed flow and the cookie that binds it."""
    with app.test_request_context("/authorize"):
        response = begin(wanted)
    assert response.status_code == 303
    cookie = response.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    return parse_qs(urlsplit(response.location).query)["flow"][0], cookie.split(";")[0]


def test_a_flow_opens_to_what_was_asked(app: Flask, time: clock.ManualClock) -> None:
    wanted = SignInRequest("/a", not_before=time.instant - timedelta(seconds=0.25), started_at=time.instant)
    for asked in (replace(WANTED, started_at=time.instant), wanted):
        flow, cookie = begun(app, asked)
        with app.test_request_context("/", headers={"Cookie": cookie}):
            assert open_flow(flow) == asked


def test_a_flow_leads_nowhere_in_another_browser(app: Flask) -> None:
    flow, _ = begun(app, WANTED)
    _, other = begun(app, WANTED)
    for headers in ({}, {"Cookie": other}, {"Cookie": "hopnhat_browser="}):
        with app.test_request_context("/", headers=headers), pytest.raises(FlowUnusable) as refusal:
            open_flow(flow)
        assert refusal.value.reason == "flow_of_another_browser"


def test_one_browser_carries_several_flows(app: Flask) -> None:
    _, cookie = begun(app, WANTED)
    with app.test_request_context("/", headers={"Cookie": cookie}):
        response = begin(WANTED)
        assert "Set-Cookie" not in response.headers
        flow = parse_qs(urlsplit(response.location).query)["flow"][0]
        assert open_flow(flow).client_name == WANTED.client_name


@pytest.mark.parametrize("changed", ["", "ế", "AAAA", "{flow}A", "{start}", "B{rest}"])
def test_a_changed_flow_is_refused(app: Flask, changed: str) -> None:
    flow, cookie = begun(app, WANTED)
    with app.test_request_context("/", headers={"Cookie": cookie}), pytest.raises(FlowUnusable):
        open_flow(changed.format(flow=flow, start=flow[:-2], rest=flow[1:]))


def test_a_flow_dies_after_half_an_hour_and_begins_again_for_the_same_application(app: Flask, time: clock.ManualClock) -> None:
    flow, cookie = begun(app, SignInRequest("/authorize/resume", client_name="Một cửa"))
    time.advance(seconds=1799)
    with app.test_request_context("/", headers={"Cookie": cookie}):
        open_flow(flow)
    time.advance(seconds=1)
    with app.test_request_context("/", headers={"Cookie": cookie}):
        with pytest.raises(FlowExpired) as refusal:
            open_flow(flow)
        again = begin_again(refusal.value.request)
        fresh = parse_qs(urlsplit(again.location).query)["flow"][0]
        assert open_flow(fresh).client_name == "Một cửa"


def test_what_is_sealed_can_be_read_by_nobody_else(app: Flask) -> None:
    flow, _ = begun(app, WANTED)
    assert "authorize" not in flow
