"""Rules of reach: who with which role for which part opens, sends or is shown what."""

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection, insert, update

from clients import drafts
from clients.draft_models import ClientCard
from clients.models import Client
from idp.clock import ManualClock
from idp.database import in_transaction, reader, table_of
from idp.people.models import Unit
from idp.people.roster import require_person
from idp.roles.models import Role
from idp.roles.permissions import Holding
from idp.web.viewer import PERMISSION_ATTRIBUTE, Permission
from tests.idp.console.reach_table import Reach, Route, table
from tests.support.installation import Databases, FreshContextClient, close, settings_for
from tests.support.people import add_person, add_unit
from tests.support.relying_party import RelyingParty, register_party
from tests.support.signed_in import add_official, browser_of, csrf_token, send_form, sign_in, words_of
from wsgi import build

_c, _u = table_of(Client), table_of(Unit)
FAR = "Xa Lạ Không Của Ta"
BELOW = {Reach.CLIENT, Reach.DRAFT, Reach.PERSON}


def test_every_page_of_the_console_is_in_the_table_with_what_it_takes() -> None:
    app = build(settings_for("sqlite://"))
    found = {
        (method, rule.rule.replace(", ", ","), getattr(app.view_functions[rule.endpoint], PERMISSION_ATTRIBUTE, None))
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/console")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    told = {(route.method, route.rule, str(route.needs)) for route in table()}
    assert found - told == set(), "write it down in reach_table.py, and say what it reaches"
    assert told - found == set(), "no longer there"
    named = {"<client_id>": Reach.CLIENT, "<uuid:draft_id>": Reach.DRAFT, "<uuid:person_id>": Reach.PERSON}
    assert all(route.reach is reach for route in table() for part, reach in named.items() if part in route.rule)


@dataclass
class Place:
    """Two agencies, each with an application, a draft and somebody who works there."""

    near: uuid.UUID
    far: uuid.UUID
    near_client: RelyingParty
    far_client: RelyingParty
    near_draft: uuid.UUID
    far_draft: uuid.UUID
    near_person: uuid.UUID
    far_person: uuid.UUID

    def filled(self, route: Route, *, near: bool) -> str:
        """An address of this route about what is near or far."""
        client, draft, person = (
            (self.near_client, self.near_draft, self.near_person) if near else (self.far_client, self.far_draft, self.far_person)
        )
        path = route.rule.replace("<client_id>", client.client_id)
        path = path.replace("<uuid:draft_id>", str(draft)).replace("<uuid:person_id>", str(person))
        path = re.sub(r"<any\(([^,)]+)[^>]*>", r"\1", path)
        path = re.sub(r"<uuid:[^>]+>", str(uuid.UUID(int=7)), path)
        return re.sub(r"<[^>]+>", "1", path)


def _draft(owner: str) -> uuid.UUID:
    def write(connection: Connection) -> uuid.UUID:
        draft_id = drafts.begin(connection, actor="person:somebody")
        drafts.keep(connection, draft_id, {"owner": owner, "client_name": f"Bản của {owner}"})
        return draft_id

    return in_transaction(write)


def own(client: RelyingParty, unit_id: uuid.UUID) -> None:
    """Give an application to a unit."""
    card = {
        "client_id": client.key, "owner_unit_id": unit_id, "environment": "production", "kind": "server", "purpose": "", "registered_by": "x",
    }  # fmt: skip
    in_transaction(lambda connection: connection.execute(insert(ClientCard), card))


def furnish() -> Place:
    """The two agencies."""
    near, far = add_unit("Sở Gần", code="GAN"), add_unit(FAR, code="XA")
    division = add_unit("Phòng Gần", code="GAN.1", parent_id=near)
    near_client, far_client = register_party(client_name="Một cửa Gần"), register_party(client_name=f"Ứng dụng {FAR}")
    own(near_client, division)
    own(far_client, far)
    people = add_person("gan", "Người Gần", unit_id=division), add_person("xa", f"Người {FAR}", unit_id=far)
    return Place(near, far, near_client, far_client, _draft("GAN.1"), _draft("XA"), *people)


def _whole(url: str) -> Flask:
    app = build(settings_for(url))
    app.test_client_class = FreshContextClient
    return app


@pytest.fixture
def app(database_url: str) -> Iterator[Flask]:
    """The whole application, with the pages of all packages."""
    whole = _whole(database_url)
    with whole.app_context():
        yield whole
    close(whole)


@pytest.fixture
def place(app: Flask) -> Place:
    return furnish()


def _ask(browser: FlaskClient, route: Route, path: str, token: str) -> int:
    if route.method == "GET":
        return browser.get(path).status_code
    return browser.post(path, data={"csrf_token": token, "reason": "thử quyền thôi", "password": "x"}).status_code


def test_a_role_opens_what_it_allows_and_nothing_else_for_the_province_and_for_a_part(sqlite_databases: Databases) -> None:
    with sqlite_databases.lent() as url:
        app = _whole(url)
        with app.app_context():
            place = furnish()
            for role in Role:
                for unit_id in (None, place.near):
                    _try_all(app, place, Holding(role, unit_id))
        close(app)


def _try_all(app: Flask, place: Place, held: Holding) -> None:
    browser = browser_of(app, held.role, unit_of_role=held.unit_id, unit_id=place.near)
    token = csrf_token(browser, "/end_session")
    for route in table():
        allowed = route.needs in held.permissions
        status = None
        if not allowed or route.method == "GET":  # what is allowed and changes something has tests of its own
            status = _ask(browser, route, place.filled(route, near=True), token)
        if not allowed:
            assert status == 403, (held, route)
        elif status is not None and route.reach is Reach.PROVINCE:
            assert (status == 403) == (held.unit_id is not None), (held, route, status)
        elif status is not None:
            assert status != 403 or route.reach is Reach.PART, (held, route, status)


def test_what_belongs_to_another_part_is_not_there_on_any_page(app: Flask, place: Place) -> None:
    """ADM-001"""
    for role in Role:
        browser = browser_of(app, role, unit_of_role=place.near, unit_id=place.near)
        token, held = csrf_token(browser, "/end_session"), Holding(role, place.near)
        for route in table():
            if route.reach not in BELOW or route.needs not in held.permissions or "<code>" in route.rule:
                continue
            assert _ask(browser, route, place.filled(route, near=False), token) == 404, route
            if route.method == "GET" and route.rule.endswith(("_id>", "/entry", "/preview", "/setup", "/change", ":page>")):
                assert browser.get(place.filled(route, near=True)).status_code in (200, 303), route


def test_no_list_or_figure_names_what_belongs_to_another_part(app: Flask, place: Place) -> None:
    """ADM-001: also in a list of choices."""
    for role in Role:
        browser, held = browser_of(app, role, unit_of_role=place.near, unit_id=place.near), Holding(role, place.near)
        for route in table():
            if route.method == "GET" and route.reach is Reach.PART and "<" not in route.rule and route.needs in held.permissions:
                assert FAR not in words_of(browser.get(route.rule)), route


def test_an_owner_reaches_the_applications_that_name_them_and_no_namesake_does(app: Flask, place: Place) -> None:
    owner, other = add_official(Role.CLIENT_OWNER), add_official(Role.CLIENT_OWNER)
    shared: dict[str, Any] = {"mail": "chung@ha.vn", "mail_key": "chung@ha.vn"}
    twins = [add_official(Role.CLIENT_OWNER, **shared), add_official(Role.CLIENT_OWNER, **shared)]
    in_transaction(
        lambda connection: connection.execute(
            update(_c).where(_c.c.id == place.far_client.key).values(settings={"contacts": [_mail_of(owner), "chung@ha.vn"]})
        )
    )
    path = f"/console/clients/{place.far_client.client_id}"
    assert sign_in(app, owner).get(path).status_code == 200
    assert "Một cửa Gần" not in words_of(sign_in(app, owner).get("/console/clients"))
    for person_id in (other, *twins):
        assert sign_in(app, person_id).get(path).status_code == 404


def _mail_of(person_id: uuid.UUID) -> str:
    return str(require_person(reader(), person_id).mail)


def test_an_application_moves_with_its_unit_and_one_without_an_owner_is_the_province_s(app: Flask, place: Place) -> None:
    browser = browser_of(app, Role.IT_ADMIN, unit_of_role=place.near)
    path = f"/console/clients/{place.near_client.client_id}"
    assert browser.get(path).status_code == 200
    in_transaction(lambda connection: connection.execute(update(_u).where(_u.c.code == "GAN.1").values(parent_id=place.far)))
    assert browser.get(path).status_code == 404
    nobody_s = register_party(client_name="Không chủ")
    assert browser.get(f"/console/clients/{nobody_s.client_id}").status_code == 404
    assert browser_of(app, Role.IT_ADMIN).get(f"/console/clients/{nobody_s.client_id}").status_code == 200


def test_nobody_connects_an_application_in_the_name_of_a_unit_that_is_not_theirs(app: Flask, place: Place, time: ManualClock) -> None:
    browser = browser_of(app, Role.CLIENT_OWNER, unit_of_role=place.near)
    draft = send_form(browser, "/console/drafts", {}).headers["Location"].removesuffix("/about")
    about = {
        "client_name": "Chiếm tên", "owner": "XA", "purpose": "x", "contact_1": "a@ha.vn", "contact_2": "b@ha.vn", "environment": "test",
    }  # fmt: skip
    pages: list[tuple[str, dict[str, Any]]] = [
        ("about", about), ("kind", {"kind": "server"}), ("addresses", {"redirect_uris": "https://x.test/cb"}),
        ("data", {"scope": ["profile"], "minimum_acr": "urn:hopnhat:aal1", "subject_type": "public", "entry_units": "GAN"}),
    ]  # fmt: skip
    for page, form in pages:
        assert send_form(browser, f"{draft}/{page}", form).status_code == 303
    check = words_of(browser.get(f"{draft}/check"))
    shown = re.search(r'name="shown" value="([^"]+)"', check)
    assert shown
    sent = browser.post(f"{draft}/submit", data={"csrf_token": csrf_token(browser, f"{draft}/check"), "shown": shown.group(1)})
    assert sent.status_code == 403
    assert browser_of(app, Role.CLIENT_OWNER, unit_of_role=place.near).get(f"{draft}/check").status_code == 404


def test_what_opens_an_application_to_everybody_takes_two(app: Flask, place: Place) -> None:
    owner = browser_of(app, Role.CLIENT_OWNER, unit_of_role=place.near)
    path = f"/console/clients/{place.near_client.client_id}/entry"
    form = {"kind": "everybody", "valid_from": "", "valid_to": "31/12/2026", "reason": "Dùng chung toàn tỉnh"}
    proposal = send_form(owner, path, form).headers["Location"]
    assert "31/12/2026" not in words_of(owner.get(path))
    strangers = [browser_of(app, Role.IT_ADMIN, unit_of_role=place.far), browser_of(app, Role.CLIENT_OWNER, unit_of_role=place.near)]
    for browser in strangers:
        assert browser.get(proposal).status_code == 404
    second = browser_of(app, Role.IT_ADMIN, unit_of_role=place.near)
    page = words_of(second.get(proposal))
    shown = re.search(r'name="shown" value="([^"]+)"', page)
    assert shown
    for browser in (*strangers, second):
        token = csrf_token(browser, "/end_session")
        sent = browser.post(f"{proposal}/approve", data={"csrf_token": token, "shown": shown.group(1)})
        assert sent.status_code == (303 if browser is second else 404)
    assert "31/12/2026" in words_of(owner.get(path))


def test_permissions_for_one_part_are_never_more_than_for_the_province() -> None:
    for role in Role:
        assert Holding(role, uuid.uuid4()).permissions <= Holding(role, None).permissions
    assert Permission.REGISTER_CLIENTS not in Holding(Role.IT_ADMIN, uuid.uuid4()).permissions
