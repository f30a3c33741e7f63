"""Rules of long authorization requests: an address of ours fits into what proxies take, or the client is told to push."""

import json
import secrets
import uuid

from flask.testing import FlaskClient

from idp.oidc.authorization_answer import LONGEST_ADDRESS
from tests.support.keyed_party import parameters_of, register_keyed
from tests.support.relying_party import RelyingParty, sign_in

FIRST_LINE = 8 * 1024  # nginx: large_client_header_buffers 4 8k; Apache: LimitRequestLine 8190
WISH = json.dumps({place: {f"claim_{n}": {"essential": True} for n in range(18)} for place in ("userinfo", "id_token")})


def test_a_request_of_usual_size_travels_in_a_short_address(browser: FlaskClient, party: RelyingParty) -> None:
    assert len(party.authorize(browser).location) < 1500
    long = party.authorize(browser, state=secrets.token_urlsafe(900), nonce=secrets.token_urlsafe(300), claims=WISH)
    assert long.location.startswith("/sign-in?flow=")
    assert len(long.location) < 4500
    assert browser.get(long.location).status_code == 200


def test_what_was_packed_comes_back_whole(browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID) -> None:
    state = secrets.token_urlsafe(900)
    flow = party.authorize(browser, state=state, claims=WISH).location.partition("?")[2]
    sign_in(browser, person_id)
    assert party.answer(browser.get(f"/authorize/resume?{flow}"))["state"] == state


def test_what_does_not_fit_is_refused_to_the_client_who_is_told_how_else(browser: FlaskClient, party: RelyingParty) -> None:
    noise = {"state": secrets.token_urlsafe(1480), "nonce": secrets.token_urlsafe(1480)}
    noise |= {name: secrets.token_urlsafe(1275) for name in ("acr_values", "ui_locales")}
    told = parameters_of(party.authorize(browser, **noise))
    assert (told["error"], told["state"]) == ("invalid_request", noise["state"])
    assert "push it" in told["error_description"]


def test_with_a_session_it_needs_no_page_and_so_no_room(browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID) -> None:
    long = {"state": secrets.token_urlsafe(1480), "nonce": secrets.token_urlsafe(1480), "claims": WISH}
    assert "code" in party.answer(party.authorize(browser, **long))


def test_pushed_it_may_be_as_long_as_it_likes(browser: FlaskClient) -> None:
    party = register_keyed()
    reference = party.pushed(browser, state=secrets.token_urlsafe(1480), nonce=secrets.token_urlsafe(1480), claims=WISH)
    opened = party.open(browser, reference)
    assert opened.location.startswith("/sign-in?flow=")
    assert len(opened.location) < 1500


def test_nothing_that_we_send_a_browser_to_is_longer_than_a_first_line(browser: FlaskClient, party: RelyingParty) -> None:
    """Also after a POST without our cookie, which is asked for again by GET."""
    assert LONGEST_ADDRESS < FIRST_LINE - 100
    for size in (1900, 1999):
        claims = json.dumps({"id_token": {"name": {"value": "“" * 150}}}, ensure_ascii=False)
        form = party.request(state="“" * size, nonce="x" * size, claims=claims, extra="“" * 300)
        answer = browser.post("/authorize", data=form)
        assert answer.status_code == 400 or len(answer.location) + len("GET  HTTP/1.1") <= FIRST_LINE
