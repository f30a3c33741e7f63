"""Forward-auth: who a proxy lets through to a site that speaks nothing, and what the site is told about them."""

import uuid
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import KeySet

from clients.metadata import ClientMetadata
from clients.redirect_uris import InvalidRedirectUri
from clients.registration import change, disable
from idp import access
from idp.app import create_app
from idp.clock import ManualClock
from idp.database import in_transaction
from idp.sessions import assurance, browser_sessions
from tests.support.guarded_site import ORIGIN, Site, register_site
from tests.support.installation import close, settings_for
from tests.support.people import add_person, add_unit
from tests.support.relying_party import register_party, sign_in
from tests.support.trail import events


@pytest.fixture
def database_url(postgresql_url: str) -> str:
    """PostgreSQL here; the recipe for nginx does the same on SQLite."""
    return postgresql_url


@pytest.fixture
def site(app: Flask) -> Site:
    return register_site()


def test_a_visitor_who_is_not_signed_in_is_sent_to_sign_in_and_comes_back_to_the_page(
    browser: FlaskClient, site: Site, session_id: uuid.UUID
) -> None:
    asked = site.ask(browser)
    assert (asked.status_code, asked.data, asked.headers["WWW-Authenticate"]) == (401, b"", 'Bearer realm="forward-auth"')
    led = site.ask(browser, answer="page")
    assert (led.status_code, urlsplit(led.headers["Location"]).path) == (303, "/hopnhat/sign-in")
    back = site.follow(browser, site.authorize(browser, site.follow(browser, led)))
    assert (back.status_code, back.headers["Location"]) == (303, ORIGIN + "/bao-cao?quy=4")
    assert site.ask(browser).status_code == 200


def test_the_site_is_told_who_it_is_signed_and_plain(browser: FlaskClient, site: Site) -> None:
    person = add_person("hmpao", "Hoàng Mí Páo", unit_id=add_unit("UBND xã Đồng Văn, Hà Giang", code="H27.9"), staff_code="CB07")
    session = sign_in(browser, person)
    site.sign_in(browser)
    told = site.ask(browser)
    headers = told.headers
    assert unquote(headers["X-Hopnhat-Name"]) == "Hoàng Mí Páo"
    assert unquote(headers["X-Hopnhat-Unit"]) == "UBND xã Đồng Văn, Hà Giang"
    assert (headers["X-Hopnhat-Username"], headers["X-Hopnhat-Email"]) == ("hmpao", "hmpao@hagiang.gov.vn")
    assert (headers["X-Hopnhat-Unit-Code"], headers["X-Hopnhat-Roles"], headers["X-Hopnhat-Acr"]) == ("H27.9", "", assurance.AAL1)
    token = jwt.decode(headers["X-Hopnhat-Identity"], KeySet.import_key_set(browser.get("/jwks").get_json()), algorithms=["RS256"])
    assert token.header["typ"] == "hopnhat-identity+jwt"
    claims = token.claims
    assert (claims["aud"], claims["sub"], claims["sid"]) == (site.party.client_id, headers["X-Hopnhat-Subject"], str(session))
    assert claims["exp"] - claims["iat"] == 60
    assert (claims["iss"], claims["origin"], claims["name"], claims["staff_code"]) == (
        "http://127.0.0.1:8000", ORIGIN, "Hoàng Mí Páo", "CB07",
    )  # fmt: skip


def test_every_header_is_sent_also_when_nothing_is_known_so_that_a_proxy_overwrites_what_a_browser_sent(browser: FlaskClient) -> None:
    site = register_site(scope="openid")
    sign_in(browser, add_person())
    site.sign_in(browser)
    names = {"Identity", "Subject", "Username", "Name", "Email", "Unit", "Unit-Code", "Roles", "Acr"}
    told = site.ask(browser).headers
    assert {name.removeprefix("X-Hopnhat-") for name, _ in told if name.startswith("X-Hopnhat-")} == names
    assert [told[f"X-Hopnhat-{name}"] for name in ("Username", "Name", "Email", "Unit", "Roles")] == [""] * 5


def test_a_name_cannot_break_out_of_its_header(browser: FlaskClient, site: Site) -> None:
    sign_in(browser, add_person("x", "Vàng\r\nX-Hopnhat-Roles: admin, tất cả"))
    site.sign_in(browser)
    told = site.ask(browser)
    assert told.headers["X-Hopnhat-Roles"] == ""
    assert set(told.headers["X-Hopnhat-Name"]) <= set("%ABCDEF0123456789abcdefghijklmnopqrstuvwxyzGHIJKLMNOPQRSTUVWXYZ-_.~@")


def test_who_leaves_is_out_at_the_next_request(browser: FlaskClient, site: Site, person_id: uuid.UUID, session_id: uuid.UUID) -> None:
    site.sign_in(browser)
    in_transaction(lambda c: access.withdraw(c, person_id, reason="left", actor="cli:test"))
    assert site.ask(browser).status_code == 401


def test_who_signs_out_elsewhere_is_out_at_the_next_request(browser: FlaskClient, site: Site, session_id: uuid.UUID) -> None:
    site.sign_in(browser)
    in_transaction(lambda c: browser_sessions.end(c, session_id, reason="signed_out", actor="cli:test"))
    assert site.ask(browser).status_code == 401


def test_nobody_passes_once_the_client_is_disabled_or_guards_the_site_no_more(
    browser: FlaskClient, site: Site, session_id: uuid.UUID
) -> None:
    site.sign_in(browser)
    in_transaction(lambda c: change(c, site.party.client_id, actor="cli:test", forward_auth_origins=()))
    assert site.ask(browser).status_code == 403
    in_transaction(lambda c: disable(c, site.party.client_id, actor="cli:test"))
    assert site.ask(browser).status_code == 403


def test_a_session_in_which_nobody_did_anything_admits_nobody_and_requests_keep_it_awake(
    time: ManualClock, browser: FlaskClient, site: Site, session_id: uuid.UUID
) -> None:
    site.sign_in(browser)
    for _ in range(4):
        time.advance(minutes=50)
        assert site.ask(browser).status_code == 200
    time.advance(minutes=61)
    assert site.ask(browser).status_code == 401


def test_the_cookie_is_of_this_host_alone_and_no_script_reads_it(browser: FlaskClient, site: Site, session_id: uuid.UUID) -> None:
    lines = site.sign_in(browser).headers.getlist("Set-Cookie")
    assert len(lines) == 1
    name, _, rest = lines[0].partition("=")
    assert name == site.cookie
    assert {part.strip() for part in rest.split(";")[1:]} == {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"}


def test_a_cookie_of_one_site_is_of_no_use_at_another(browser: FlaskClient, site: Site, session_id: uuid.UUID) -> None:
    site.sign_in(browser)
    value = site.cookies[site.cookie]
    other = register_site("https://khac.example.vn")
    other.cookies[other.cookie] = value
    assert other.ask(browser).status_code == 401
    second = "https://baocao2.example.vn"
    uris = (f"{ORIGIN}/hopnhat/callback", f"{second}/hopnhat/callback")
    in_transaction(lambda c: change(c, site.party.client_id, actor="t", redirect_uris=uris, forward_auth_origins=(ORIGIN, second)))
    site.origin = second
    assert site.ask(browser).status_code == 401


def test_a_cookie_that_is_not_ours_admits_nobody(browser: FlaskClient, site: Site) -> None:
    for value in ("", "x", "A" * 90, "A" * 5000, "%ff", "a b"):
        site.cookies[site.cookie] = value
        assert site.ask(browser).status_code == 401, value


WRONG_ORIGINS = [
    {"X-Forwarded-Host": "evil.example"}, {"X-Forwarded-Proto": "http"}, {"X-Forwarded-Host": "BAOCAO.example.vn"},
    {"X-Forwarded-Host": "baocao.example.vn:443"}, {"X-Forwarded-Host": "baocao.example.vn, evil.example"},
    {"X-Forwarded-Host": "baocao.example.vn@evil.example"}, {"X-Forwarded-Host": ""}, {"X-Forwarded-Proto": ""},
]  # fmt: skip


def test_an_origin_that_is_not_the_clients_byte_for_byte_is_refused_and_nothing_leads_there(browser: FlaskClient, site: Site) -> None:
    for headers in WRONG_ORIGINS:
        for path in ("/forward-auth?answer=page&client_id=" + site.party.client_id, f"/forward-auth/{site.party.client_id}/sign-in"):
            sent = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "baocao.example.vn", "Accept": "text/html", **headers}
            response = browser.get(path, headers=sent)
            assert response.status_code == 403, headers
            assert "Location" not in response.headers
            assert "evil" not in response.text


ELSEWHERE = (
    "https://evil.example/", "//evil.example", "/\\evil.example", "@evil.example", ".evil.example", "", "/a\r\nX: y", "javascript:alert(1)",
    "/" + "a" * 2000,
)  # fmt: skip


def test_a_sign_in_leads_back_to_the_site_alone(browser: FlaskClient, site: Site, session_id: uuid.UUID) -> None:
    for to in ELSEWHERE:
        back = site.follow(browser, site.authorize(browser, site.open(browser, "/sign-in", to=to)))
        parts = urlsplit(back.headers["Location"])
        assert f"{parts.scheme}://{parts.netloc}" == ORIGIN, to
        assert site.ask(browser).status_code == 200


def test_an_answer_of_another_browser_signs_nobody_in(browser: FlaskClient, site: Site, session_id: uuid.UUID) -> None:
    answer = site.authorize(browser, site.open(browser, "/sign-in", to="/"))
    victim = Site(site.party, site.origin)
    refused = victim.follow(browser, answer)
    assert refused.status_code == 400
    assert site.cookie not in victim.cookies
    victim.open(browser, "/sign-in", to="/")
    assert victim.follow(browser, answer).status_code == 400
    assert site.cookie not in victim.cookies


def test_a_code_of_another_sign_in_is_refused(browser: FlaskClient, site: Site, session_id: uuid.UUID) -> None:
    first = site.authorize(browser, site.open(browser, "/sign-in", to="/"))
    second = site.authorize(browser, site.open(browser, "/sign-in", to="/"))
    states, codes = ([parse_qs(urlsplit(r.headers["Location"]).query)[name][0] for r in (first, second)] for name in ("state", "code"))
    mixed = site.open(browser, "/callback", state=states[0], code=codes[1], iss="http://127.0.0.1:8000")
    assert mixed.status_code == 400
    assert site.cookie not in site.cookies


def test_several_tabs_sign_in_at_once(browser: FlaskClient, site: Site, session_id: uuid.UUID) -> None:
    tabs = [site.open(browser, "/sign-in", to=f"/tab-{n}") for n in range(3)]
    backs = [site.follow(browser, site.authorize(browser, tab)) for tab in tabs]
    assert [back.headers["Location"] for back in backs] == [f"{ORIGIN}/tab-{n}" for n in range(3)]


def test_a_callback_used_twice_ends_what_it_gave(browser: FlaskClient, site: Site, session_id: uuid.UUID) -> None:
    answer = site.authorize(browser, site.open(browser, "/sign-in", to="/"))
    assert site.follow(browser, answer).status_code == 303
    assert site.follow(browser, answer).status_code == 400
    assert site.ask(browser).status_code == 401


def test_a_sign_in_begun_too_long_ago_is_begun_anew(time: ManualClock, browser: FlaskClient, site: Site, session_id: uuid.UUID) -> None:
    answer = site.authorize(browser, site.open(browser, "/sign-in", to="/"))
    time.advance(minutes=31)
    assert site.follow(browser, answer).status_code == 400


def test_who_cancels_sees_so_and_can_begin_again(browser: FlaskClient, site: Site) -> None:
    state = parse_qs(urlsplit(site.open(browser, "/sign-in", to="/x").headers["Location"]).query)["state"][0]
    page = site.open(browser, "/callback", error="access_denied", state=state, iss="http://127.0.0.1:8000")
    assert page.status_code == 400
    assert "Lượt đăng nhập đã được hủy" in page.text
    assert f'href="{ORIGIN}/x"' in page.text


def test_what_was_posted_is_not_lost_silently(browser: FlaskClient, site: Site) -> None:
    page = site.ask(browser, "/luu", "POST", answer="page")
    assert page.status_code == 401
    assert "nội dung vừa gửi chưa được nhận" in page.text
    assert 'target="_blank"' in page.text
    assert f'href="{ORIGIN}/hopnhat/sign-in?to=%2F"' in page.text


def test_a_script_gets_an_answer_it_understands_and_is_led_nowhere(browser: FlaskClient, site: Site) -> None:
    sent = {
        "X-Forwarded-Proto": "https", "X-Forwarded-Host": "baocao.example.vn", "X-Forwarded-Uri": "/api", "X-Forwarded-Method": "GET",
        "Sec-Fetch-Mode": "cors", "Accept": "*/*",
    }  # fmt: skip
    response = browser.get("/forward-auth", query_string={"client_id": site.party.client_id, "answer": "page"}, headers=sent)
    assert response.status_code == 401
    assert response.get_json() == {"error": "login_required", "sign_in": f"{ORIGIN}/hopnhat/sign-in?to=%2F"}


def test_nothing_is_promised_about_the_host_of_another(database_url: str) -> None:
    app = create_app(settings_for(database_url, issuer="https://login.example.vn"))
    browser = app.test_client()
    for path in ("/forward-auth?answer=page", "/forward-auth/x/sign-in"):
        assert "Strict-Transport-Security" not in browser.get(path).headers
    assert "Strict-Transport-Security" in browser.get("/healthz").headers
    close(app)


def test_the_signed_identity_passes_for_no_other_token(browser: FlaskClient, site: Site, session_id: uuid.UUID) -> None:
    site.sign_in(browser)
    identity = site.ask(browser).headers["X-Hopnhat-Identity"]
    assert browser.get("/userinfo", headers={"Authorization": f"Bearer {identity}"}).status_code == 401
    hinted = browser.get("/end_session", query_string={"id_token_hint": identity})
    assert 'action="/end_session/confirm"' in hinted.text  # not taken for an ID token: it asks


def test_entering_a_site_is_in_the_trail(browser: FlaskClient, site: Site, person_id: uuid.UUID, session_id: uuid.UUID) -> None:
    site.sign_in(browser)
    granted = events("authorization.granted")
    assert [(event.person_id, event.client_id) for event in granted] == [(person_id, site.party.key)]


def test_only_exact_origins_are_registered(app: Flask) -> None:
    exact = ORIGIN
    for origin in (f"{exact}/", exact.replace("b", "B"), f"{exact}:443", exact.replace("https", "http"), "https://*.vn", "null"):
        with pytest.raises(InvalidRedirectUri):
            register_party(redirect_uris=(f"{origin}/hopnhat/callback",), forward_auth_origins=(origin,))


def test_an_origin_needs_its_redirect_uri(app: Flask) -> None:
    with pytest.raises(InvalidRedirectUri, match="hopnhat/callback"):
        register_party(forward_auth_origins=(ORIGIN,))


def test_a_site_asks_for_nothing_that_outlives_the_session(browser: FlaskClient, site: Site) -> None:
    assert ClientMetadata("x", ()).forward_auth_origins == ()
    scope = parse_qs(urlsplit(site.open(browser, "/sign-in", to="/").headers["Location"]).query)["scope"][0]
    assert "openid" in scope.split()
    assert "offline_access" not in scope.split()
