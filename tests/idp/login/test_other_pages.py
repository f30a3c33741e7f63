"""Rules of the account choice, the language, what cannot be met, and the limits per address."""

from urllib.parse import quote

import pytest
import redis

from idp import clock
from idp.app import create_app
from tests.support.bind_directory import BindDirectory
from tests.support.installation import FreshContextClient, close, settings_for
from tests.support.sign_in import Visitor, official


def test_somebody_signed_in_says_whether_it_is_them(visitor: Visitor, directory: BindDirectory) -> None:
    official(directory)
    visitor.asks()
    visitor.types_password()
    visitor.asks(select_account=True, client_name="Một cửa")
    assert visitor.path == "/sign-in/account"
    assert "Tiếp tục là Vàng Mí Sính" in visitor.text
    assert "Một cửa" in visitor.text
    visitor.sends()
    assert visitor.left_to == f"/authorize/resume?flow={visitor.flow}"


def test_somebody_else_signs_in_anew(visitor: Visitor, directory: BindDirectory, time: clock.ManualClock) -> None:
    official(directory, "vmsinh")
    official(directory, "lvan")
    visitor.asks()
    visitor.types_password()
    time.advance(seconds=1)
    visitor.asks(select_account=True)
    visitor.sends(another="1")
    assert visitor.path == "/sign-in"
    visitor.types_password("lvan")
    session = visitor.session()
    assert session is not None
    assert session.username == "lvan"
    assert visitor.left_to == f"/authorize/resume?flow={visitor.flow}"


def test_with_nobody_signed_in_there_is_nothing_to_choose(visitor: Visitor, directory: BindDirectory) -> None:
    official(directory)
    visitor.asks(select_account=True)
    assert visitor.path == "/sign-in"


def test_what_cannot_be_met_is_said_and_leads_back(visitor: Visitor) -> None:
    visitor.asks(minimum_acr="urn:hopnhat:aal9", cancel_to="/authorize/cancel")
    assert visitor.path == "/sign-in/refused"
    assert visitor.page is not None
    assert visitor.page.status_code == 403
    visitor.sends(cancel="1")
    assert visitor.left_to == f"/authorize/cancel?flow={visitor.flow}"


def test_the_language_is_switched_by_a_link_and_kept(visitor: Visitor) -> None:
    visitor.asks()
    assert ">English</a>" in visitor.text
    switched = visitor.browser.get(f"/language?to=en&next={quote(f'/sign-in?flow={visitor.flow}')}")
    assert switched.status_code == 303
    visitor.opens(switched.location)
    assert '<html lang="en">' in visitor.text


@pytest.mark.parametrize(
    "back",
    [
        "https://evil.test/",
        "//evil.test",
        "//[evil",
        "/\\evil.test",
        "\\/evil.test",
        "/\t/evil.test",
        "evil.test",
        "javascript:alert(1)",
        "",
        "/\n/x",
        "/a\\b",
        "/ế\u2028",
    ],
)
def test_the_language_link_leads_to_this_server_only(visitor: Visitor, back: str) -> None:
    """RED-025."""
    response = visitor.browser.get(f"/language?to=en&next={quote(back)}")
    assert response.status_code == 404
    assert "Set-Cookie" not in response.headers


def test_an_unknown_language_is_not_remembered(visitor: Visitor) -> None:
    assert visitor.browser.get("/language?to=fr&next=/").status_code == 404


def forms_sent(visitor: Visitor, number: int, **headers: str) -> list[int]:
    """The answers to forms of different people, all from one address."""
    visitor.asks()
    data, url = visitor.form(), f"/sign-in?flow={visitor.flow}"
    return [visitor.browser.post(url, data={**data, "username": f"p{n}"}, headers=headers).status_code for n in range(number)]


def test_a_whole_office_behind_one_address_signs_in_and_a_flood_does_not(visitor: Visitor) -> None:
    statuses = forms_sent(visitor, 605)
    assert 429 not in statuses[:600]
    assert statuses[604] == 429
    assert visitor.browser.get(f"/sign-in?flow={visitor.flow}").status_code == 200


def test_a_forwarded_address_counts_only_behind_a_trusted_proxy(visitor: Visitor) -> None:
    for number in range(3):
        forms_sent(visitor, 200, **{"X-Forwarded-For": f"10.0.0.{number}", "Forwarded": 'for="_x"'})
    assert forms_sent(visitor, 1, **{"X-Forwarded-For": "10.0.0.9"}) == [429]


def test_limits_are_shared_through_redis_and_go_on_alone_without_it(database_url: str, redis_url: str, directory: BindDirectory) -> None:
    refused = []
    with redis.from_url(redis_url) as connection:
        connection.flushall()
    for url in (redis_url, redis_url, "redis://127.0.0.1:1/0"):
        app = create_app(settings_for(database_url, redis_url=url))
        app.test_client_class = FreshContextClient
        with app.app_context():
            refused.append(forms_sent(Visitor(app), 310).count(429))
        close(app)
    assert refused == [0, 20, 0]
