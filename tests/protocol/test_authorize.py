"""Rules of the authorization endpoint: RFC 6749 §4.1, RFC 7636, RFC 9207, RFC 9700, OpenID Connect Core §3.1.2."""

import uuid
from html.parser import HTMLParser
from itertools import product
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from structlog.testing import CapturingLogger
from werkzeug.test import TestResponse

from clients.registration import disable
from idp.database import in_transaction, reader
from idp.oidc import destination
from idp.oidc.models import Authorization
from tests.support.installation import ISSUER
from tests.support.relying_party import RelyingParty, register_party

pytestmark = pytest.mark.usefixtures("session_id")


def assert_own_page(response: TestResponse, *unwanted: str) -> None:
    """An error page of ours: no redirect, and no link to what was asked for."""
    assert response.status_code == 400, response.status_code
    assert "Location" not in response.headers
    assert "text/html" in response.headers["Content-Type"]
    for url in unwanted:
        assert f'href="{url}' not in response.text
        assert f'action="{url}' not in response.text


def test_a_live_session_gives_a_code_at_once_by_a_303_with_state_and_iss(browser: FlaskClient, party: RelyingParty) -> None:
    """RED-001, COD-011."""
    response = party.authorize(browser)
    told = party.answer(response)
    assert told.keys() == {"code", "state", "iss", "session_state"}
    assert (told["state"], told["iss"]) == ("s-1", ISSUER)
    assert response.headers["Cache-Control"] == "no-store"


def test_a_live_session_makes_no_write(browser: FlaskClient, party: RelyingParty) -> None:
    party.code(browser)
    assert reader().execute(select(func.count()).select_from(Authorization)).scalar() == 0


def test_no_state_asked_no_state_told(browser: FlaskClient, party: RelyingParty) -> None:
    assert "state" not in party.answer(party.authorize(browser, state=None))


@pytest.mark.parametrize("state", ["a\r\nSet-Cookie: x=1", "</script><svg/onload=alert(1)>", "é&x=1#", "x" * 2000])
def test_state_comes_back_as_it_was_and_breaks_nothing(browser: FlaskClient, party: RelyingParty, state: str) -> None:
    response = party.authorize(browser, state=state)
    assert party.answer(response)["state"] == state
    assert not any(name.lower() == "set-cookie" and value.startswith("x=") for name, value in response.headers)


def test_codes_are_unique_and_share_no_structure(browser: FlaskClient, party: RelyingParty) -> None:
    """COD-005."""
    codes = [party.code(browser) for _ in range(60)]
    assert len({code[10:] for code in codes}) == 60
    assert len({code[4:26] for code in codes}) == 60  # from the first random byte on nothing repeats


def test_a_query_in_the_redirect_uri_stays(browser: FlaskClient, person_id: uuid.UUID) -> None:
    party = register_party(redirect_uris=("https://rp.test/cb?a=1&b=2",))
    told = party.answer(party.authorize(browser))
    assert "code" in told
    assert party.authorize(browser).headers["Location"].startswith("https://rp.test/cb?a=1&b=2&")


REDIRECTS = [
    "https://fooarp.test/cb", "https://rpatest/cb", "https://rp.test@evil.test/cb", "https://rp.test:x@evil.test/cb", "https://a@b@evil.test/cb",
    "https://evil.test\\@rp.test/cb", "https://rp.test/cb/", "https://rp.test/CB", "https://RP.test/cb", "https://rp.test:443/cb",
    "https://rp.test/cb?", "https://rp.test//cb", "https://rp.test/cb?a=2", "https://rp.test/cb#x", "https://rp.test/cb/../evil",
    "https://rp.test/c%62", "https://rp.test.evil.test/cb", "http://rp.test/cb", "javascript:alert(1)", "data:text/html,x", "//evil.test/cb",
    "https://evil.test/", "https://rp.test/cb ", " https://rp.test/cb", "https://rp.test/cb\n", "é", "https://xn--rp-.test/cb",
]  # fmt: skip


def test_a_redirect_uri_is_compared_byte_for_byte(browser: FlaskClient, party: RelyingParty) -> None:
    """RED-003, RED-005, RED-007, RED-013 (RFC 9700 §4.1.3)."""
    party.code(browser)
    for redirect_uri in REDIRECTS:
        assert_own_page(party.authorize(browser, redirect_uri=redirect_uri), redirect_uri, "https://evil.test", "javascript:")


def test_names_and_forms_of_the_loopback_address_are_not_equal(browser: FlaskClient) -> None:
    """RED-011."""
    party = register_party(redirect_uris=("http://127.0.0.1:8000/cb",))
    party.code(browser)
    for host in ("localhost:8000", "127.0.0.2:8000", "[::1]:8000", "2130706433:8000", "127.1:8000", "127.0.0.1:8001"):
        assert_own_page(party.authorize(browser, redirect_uri=f"http://{host}/cb"))


def test_the_log_has_what_was_sent_for_whoever_looks_for_the_mistake(
    browser: FlaskClient, party: RelyingParty, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = CapturingLogger()
    monkeypatch.setattr(destination, "_log", log)
    party.authorize(browser, redirect_uri="https://rp.test/other?key=hidden")
    told = log.calls[0]
    assert (told.args, told.kwargs) == (
        ("authorization.unanswerable",),
        {"client_id": party.client_id, "redirect_uri": "https://rp.test/other"},
    )


def test_a_missing_redirect_uri_is_not_guessed(browser: FlaskClient, party: RelyingParty) -> None:
    """oidcc-ensure-redirect-uri-in-authorization-request wants a page that says so."""
    page = party.authorize(browser, redirect_uri=None)
    assert_own_page(page)
    assert "thiếu địa chỉ trả kết quả (redirect_uri)" in page.text


def test_an_unknown_or_missing_client_gets_a_page_without_a_link(browser: FlaskClient, party: RelyingParty) -> None:
    """RED-017 (RFC 6749 §4.1.2.1)."""
    assert_own_page(party.authorize(browser, client_id="nope", redirect_uri="https://evil.test/"), "https://evil.test/")
    assert_own_page(party.authorize(browser, client_id=None))
    assert_own_page(browser.get("/authorize"))


def test_a_disabled_client_gets_a_page(browser: FlaskClient, party: RelyingParty) -> None:
    in_transaction(lambda c: disable(c, party.client_id, actor="cli:test"))
    assert_own_page(party.authorize(browser))


def test_a_parameter_given_twice_is_refused(browser: FlaskClient, party: RelyingParty) -> None:
    """RED-015 (RFC 6749 §3.1)."""
    for name in ("client_id", "redirect_uri", "state", "scope", "code_challenge", "nonce", "foo"):
        query = urlencode({"foo": "1", **party.request()}) + "&" + urlencode({name: "other"})
        assert_own_page(browser.get(f"/authorize?{query}"))


def test_what_cannot_be_decoded_is_refused_with_a_page(browser: FlaskClient, party: RelyingParty) -> None:
    for name, raw in product(("state", "redirect_uri", "client_id", "foo"), ("%ff", "%c0%af", "%00", "%ed%a0%80", "\x80")):
        request = party.request()
        request.pop(name, None)
        query = f"{urlencode(request)}&{name}={raw}"
        assert_own_page(browser.get("/authorize", environ_overrides={"QUERY_STRING": query}))


def test_an_oversized_request_is_refused_with_a_page(browser: FlaskClient, party: RelyingParty) -> None:
    assert_own_page(party.authorize(browser, login_hint="x" * 100_000))
    assert_own_page(browser.get("/authorize?" + "&".join(f"p{n}=1" for n in range(500))))
    assert_own_page(browser.post("/authorize", data={**party.request(), "login_hint": "x" * 100_000}))


def test_an_unknown_parameter_is_ignored(browser: FlaskClient, party: RelyingParty) -> None:
    party.code(browser, extra="foobar", claims_locales="se", display="popup", ui_locales="se", login_hint="nobody@example.test")


def test_an_empty_parameter_counts_as_left_out(browser: FlaskClient, party: RelyingParty) -> None:
    assert "state" not in party.answer(party.authorize(browser, state="", prompt="", max_age=""))


ERRORS: list[tuple[dict[str, str | None], str]] = [
    ({"response_type": None}, "invalid_request"),
    ({"response_type": "token"}, "unsupported_response_type"),
    ({"response_type": "id_token"}, "unsupported_response_type"),
    ({"response_type": "id_token token"}, "unsupported_response_type"),
    ({"response_type": "code token"}, "unsupported_response_type"),
    ({"response_type": "none"}, "unsupported_response_type"),
    ({"response_mode": "fragment"}, "invalid_request"),
    ({"response_mode": "web_message"}, "invalid_request"),
    ({"request": "eyJhbGciOiJub25lIn0.e30."}, "invalid_request_object"),
    ({"request_uri": "https://rp.test/r"}, "invalid_request_uri"),
    ({"registration": "{}"}, "registration_not_supported"),
    ({"scope": None}, "invalid_scope"),
    ({"scope": "profile"}, "invalid_scope"),
    ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
    ({"code_challenge_method": None}, "invalid_request"),
    ({"code_challenge_method": "plain"}, "invalid_request"),
    ({"code_challenge": "short"}, "invalid_request"),
    ({"code_challenge": "x" * 44}, "invalid_request"),
    ({"prompt": "none login"}, "invalid_request"),
    ({"prompt": "bogus"}, "invalid_request"),
    ({"max_age": "-1"}, "invalid_request"),
    ({"max_age": "abc"}, "invalid_request"),
    ({"max_age": "1.5"}, "invalid_request"),
    ({"max_age": "٣"}, "invalid_request"),
    ({"state": "x" * 2001}, "invalid_request"),
    ({"id_token_hint": "x.y.z"}, "invalid_request"),
    ({"claims": "[]"}, "invalid_request"),
    ({"claims": "{"}, "invalid_request"),
    ({"claims": '{"userinfo":{"name":null,"name":null}}'}, "invalid_request"),
    ({"claims": '{"userinfo":{"name":NaN}}'}, "invalid_request"),
    ({"claims": '{"userinfo":{"name":1}}'}, "invalid_request"),
    ({"claims": "[" * 1900}, "invalid_request"),
    ({"claims": '{"id_token":{"acr":{"values":7}}}'}, "invalid_request"),
]


def test_what_a_client_does_wrong_it_is_told_with_state_and_iss(browser: FlaskClient, party: RelyingParty) -> None:
    """COD-007, COD-011, COD-013, COD-017."""
    for change, error in ERRORS:
        told = party.answer(party.authorize(browser, **change))
        assert told.get("error") == error, change
        assert told["iss"] == ISSUER
        assert told["state"] == change.get("state", "s-1")
        assert "code" not in told
        assert told["error_description"].isascii()


def test_a_public_client_always_needs_pkce(browser: FlaskClient) -> None:
    """COD-007."""
    party = register_party(token_endpoint_auth_method="none")
    told = party.answer(party.authorize(browser, code_challenge=None, code_challenge_method=None))
    assert told["error"] == "invalid_request"


def test_a_confidential_client_may_be_registered_without_pkce(browser: FlaskClient) -> None:
    party = register_party(require_pkce=False)
    party.code(browser, code_challenge=None, code_challenge_method=None)
    party.code(browser)


def test_a_code_never_comes_back_in_a_fragment(browser: FlaskClient, party: RelyingParty) -> None:
    """COD-013."""
    for mode in ("fragment", "query.jwt", "form_post"):
        assert "#" not in party.authorize(browser, response_mode=mode).headers.get("Location", "")


class _Form(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.action: str | None = None
        self.fields: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        read = dict(attrs)
        if tag == "form":
            self.action = read.get("action")
        if tag == "input" and read.get("name"):
            self.fields[str(read["name"])] = read.get("value") or ""


@pytest.mark.parametrize("state", ["s-1", "</script><svg/onload=alert(1)>", "\"'><b>"])
def test_form_post_sends_the_same_by_a_form_that_escapes_everything(browser: FlaskClient, party: RelyingParty, state: str) -> None:
    """RED-021, COD-011."""
    response = party.authorize(browser, response_mode="form_post", state=state)
    assert response.status_code == 200
    form = _Form(response.text)
    assert form.action == party.redirect_uri
    assert form.fields.keys() == {"code", "iss", "state", "session_state"}
    assert form.fields["state"] == state
    assert "<svg" not in response.text
    policy = response.headers["Content-Security-Policy"]
    assert "form-action 'self' https://rp.test" in policy
    assert "script-src 'sha256-" in policy
    assert "unsafe" not in policy
    assert response.headers["Cache-Control"] == "no-store"


def test_form_post_tells_errors_too(browser: FlaskClient, party: RelyingParty) -> None:
    form = _Form(party.authorize(browser, response_mode="form_post", max_age="abc").text)
    assert (form.fields["error"], form.fields["iss"], form.fields["state"]) == ("invalid_request", ISSUER, "s-1")


def test_a_request_may_be_posted(browser: FlaskClient, party: RelyingParty) -> None:
    assert "code" in party.answer(browser.post("/authorize", data=party.request()))


def test_a_posted_request_that_comes_without_our_cookie_is_asked_for_again_by_get(browser: FlaskClient, party: RelyingParty) -> None:
    """A browser keeps a SameSite=Lax cookie back when another site posts, and sends it with the GET that follows."""
    stranger = browser.application.test_client()
    response = stranger.post("/authorize", data=party.request())
    assert response.status_code == 303
    assert "code" in party.answer(browser.get(response.headers["Location"]))


@pytest.mark.parametrize("content_type", ["application/json", "multipart/form-data; boundary=x", "text/plain"])
def test_a_posted_request_is_a_form(browser: FlaskClient, party: RelyingParty, content_type: str) -> None:
    assert_own_page(browser.post("/authorize", data=urlencode(party.request()), content_type=content_type))


def test_a_posted_request_has_no_query_string_beside_it(browser: FlaskClient, party: RelyingParty) -> None:
    assert_own_page(browser.post("/authorize?state=other", data=party.request()))


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_other_methods_are_refused(browser: FlaskClient, party: RelyingParty, method: str) -> None:
    assert browser.open("/authorize", method=method, query_string=party.request()).status_code == 405
