"""Twenty at once: a name is given once, a message is carried out once, an older version loses, the guard counts right."""

from collections import Counter
from collections.abc import Callable, Iterator
from threading import Barrier, Thread
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from directory_sync.scim.setting_up import set_up_scim
from idp.app import create_app
from idp.database import forget_connections, reader, table_of
from idp.people.models import Person
from tests.support.installation import FreshContextClient, close, settings_for
from tests.support.scim import OFFICIAL, Pusher, add_source, person

AT_ONCE = 20
_p = table_of(Person)


@pytest.fixture
def racing(postgresql_url: str) -> Iterator[Flask]:
    app = create_app(settings_for(postgresql_url))
    app.test_client_class = FreshContextClient
    set_up_scim(app)
    with app.app_context():
        yield app
    close(app)


def at_once(app: Flask, do: Callable[[int], Any], count: int = AT_ONCE) -> Counter[Any]:
    together, answers = Barrier(count), []

    def run(number: int) -> None:
        with app.app_context():
            together.wait()
            answers.append(do(number))
            forget_connections()

    threads = [Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Counter(answers)


def count_people() -> int:
    return int(reader().execute(select(func.count()).select_from(_p)).scalar_one())


def test_of_many_that_claim_one_name_one_gets_it(racing: Flask) -> None:
    sources = [add_source(racing.test_client(), f"s{number}") for number in range(4)]
    for source in sources:
        source.get("/Users")
    found = at_once(racing, lambda number: sources[number % 4].send("POST", "/Users", person("a")).status_code)
    assert found == {201: 1, 409: AT_ONCE - 1}
    assert count_people() == 1


def test_a_message_that_comes_twenty_times_at_once_is_carried_out_once(racing: Flask) -> None:
    source = add_source(racing.test_client())
    source.get("/Users")
    found = at_once(racing, lambda _: source.send("POST", "/Users", person("a"), Idempotency_Key="m-1").status_code)
    assert set(found) <= {201, 409}
    assert found[201] >= 1
    assert count_people() == 1


def test_of_many_changes_of_one_version_one_is_made(racing: Flask) -> None:
    source = add_source(racing.test_client())
    made = source.add("a")
    tag = made["meta"]["version"]

    def change(number: int) -> int:
        return source.patch(made["id"], {"op": "replace", "path": "title", "value": f"Số {number}"}, If_Match=tag).status_code

    assert at_once(racing, change) == {204: 1, 412: AT_ONCE - 1}


def test_the_guard_lets_no_more_through_when_all_come_at_once(racing: Flask) -> None:
    source = add_source(racing.test_client(), withdrawals=5)
    people = [source.add(f"p{number}", **{OFFICIAL: {"category": "cong_chuc"}})["id"] for number in range(AT_ONCE)]
    found = at_once(racing, lambda number: source.send("DELETE", f"/Users/{people[number]}").status_code)
    assert found == {204: 5, 429: AT_ONCE - 5}
    assert isinstance(source, Pusher)
