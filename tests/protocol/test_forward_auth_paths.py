"""Rules by path of a guarded site: what is open, what asks for more, who may enter a part; and what walks round none of them."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from clients.entry import RoleRule
from clients.registration import change
from clients.role_rules import give_role
from idp.clock import ManualClock
from idp.database import in_transaction
from idp.roles.grants import Terms, grant
from idp.roles.models import Role
from idp.sessions import assurance
from idp.web.formats import today
from tests.support.guarded_site import Site, register_site
from tests.support.people import add_person, add_unit
from tests.support.relying_party import sign_in

RULES = (
    "GET /static/** public", "* /duyet/** signed-in acr=aal2 max_age=900", "* /so-y-te/** unit:H27.5", "* /nhan-su/** role:hr_officer",
    "* /vien-chuc category:vien_chuc", "* /rieng person:nvan|person:CB07", "* /ky app-role:ky-so", "* /kin/** nobody",
)  # fmt: skip


@pytest.fixture
def site(app: Flask) -> Site:
    return register_site(path_rules=RULES)


def enter(browser: FlaskClient, site: Site, acr: str = assurance.AAL1, **facts: Any) -> uuid.UUID:
    person = add_person(**facts)
    sign_in(browser, person, acr)
    site.sign_in(browser)
    return person


def test_an_open_part_needs_nobody_and_tells_of_nobody(browser: FlaskClient, site: Site) -> None:
    told = site.ask(browser, "/static/a.css")
    assert told.status_code == 200
    names = {name for name, _ in told.headers if name.startswith("X-Hopnhat-")}
    assert len(names) == 9
    assert {told.headers[name] for name in names} == {""}
    assert site.ask(browser, "/static/a.css", "POST").status_code == 401
    assert site.ask(browser, "/").status_code == 401


def test_what_the_proxy_asks_for_is_not_opened_by_a_rule(browser: FlaskClient, site: Site) -> None:
    for name, value in (("acr", "aal2"), ("units", "H27.5"), ("max_age", "900")):
        assert site.ask(browser, "/static/a.css", **{name: value}).status_code == 401


def test_a_part_asks_for_two_factors_lately(browser: FlaskClient, time: ManualClock, site: Site) -> None:
    person = enter(browser, site)
    asked = site.ask(browser, "/duyet/7")
    assert asked.status_code == 401
    assert 'acr_values="urn:hopnhat:aal2", max_age="900"' in asked.headers["WWW-Authenticate"]
    assert "acr=urn%3Ahopnhat%3Aaal2&max_age=900" in site.ask(browser, "/duyet/7", answer="page").headers["Location"]
    sign_in(browser, person, assurance.AAL2)
    site.sign_in(browser)
    assert site.ask(browser, "/duyet/7").status_code == 200
    time.advance(minutes=16)
    assert (site.ask(browser, "/duyet/7").status_code, site.ask(browser, "/").status_code) == (401, 200)


ROUNDS = (
    "/x/../duyet/7", "//duyet/7", "/duyet//7", "/%2e%2e/duyet/7", "/duyet%2f7", "/duyet;a/7", "/duyet%00/7", "/./duyet/7", "/duyet\\7",
    "/static/../duyet/7", "/static/..%2fduyet", "/duyet./7", "", "duyet", "/%252e%252e/duyet",
)  # fmt: skip


def test_no_other_way_of_writing_walks_round_a_rule(browser: FlaskClient, site: Site) -> None:
    enter(browser, site)
    for path in ROUNDS:
        refused = site.ask(browser, path, answer="page")
        assert refused.status_code == 403, path
        assert "Địa chỉ không rõ ràng" in refused.text
    for path in ("/DUYET/7", "/Duyet", "/%64uyet/7"):
        assert site.ask(browser, path).status_code == 401, path


def test_parts_are_for_those_whom_their_rules_name(browser: FlaskClient, site: Site) -> None:
    unit = add_unit("Trạm y tế xã", code="H27.5.3", parent_id=add_unit("Sở Y tế", code="H27.5"))
    parts = ("/so-y-te/", "/nhan-su/", "/vien-chuc", "/rieng", "/ky", "/kin/a", "/")
    person = enter(browser, site, unit_id=unit, staff_code="cb07")
    assert [site.ask(browser, part).status_code for part in parts] == [200, 403, 403, 200, 403, 403, 200]
    in_transaction(lambda c: give_role(c, site.party.client_id, RoleRule("ky-so", person_id=person), actor="t"))
    assert site.ask(browser, "/ky").status_code == 200
    other = enter(browser, site, staff_category="vien_chuc")
    assert [site.ask(browser, part).status_code for part in parts] == [403, 403, 200, 403, 403, 403, 200]
    in_transaction(lambda c: grant(c, other, Role.HR_OFFICER, actor="cli:t"))
    assert site.ask(browser, "/nhan-su/x").status_code in (200, 401)  # who holds a role may have to prove more first


def test_whom_the_site_lets_in_by_no_rule_enters_no_part(browser: FlaskClient, site: Site) -> None:
    enter(browser, site, username="nvan")
    assert site.ask(browser, "/rieng").status_code == 200
    in_transaction(lambda c: change(c, site.party.client_id, actor="t", path_rules=("* /rieng nobody",)))
    assert site.ask(browser, "/rieng").status_code == 403


def test_a_role_opens_a_part_in_its_days_only(browser: FlaskClient, site: Site, time: ManualClock) -> None:
    person, day = enter(browser, site, assurance.AAL2), today()
    from_tomorrow = Terms(valid_from=day + timedelta(days=1), valid_until=day + timedelta(days=30), reason="thay người nghỉ phép")
    in_transaction(lambda c: grant(c, person, Role.HR_OFFICER, actor="cli:t", terms=from_tomorrow))
    assert site.ask(browser, "/nhan-su/x").status_code == 403
    now = enter(browser, site, assurance.AAL2)
    in_transaction(lambda c: grant(c, now, Role.HR_OFFICER, actor="cli:t", terms=Terms(valid_until=day, reason="hết ngày")))
    assert site.ask(browser, "/nhan-su/x").status_code == 200
    time.advance(days=1)
    sign_in(browser, now, assurance.AAL2)
    site.sign_in(browser)
    assert site.ask(browser, "/nhan-su/x").status_code == 403


METHOD_RULES = ("GET /mo/** public", "GET|POST|PUT|PATCH|DELETE /duyet/** nobody", "* /dav/** signed-in")


def test_a_method_that_rules_have_no_name_for_walks_round_none(browser: FlaskClient, app: Flask) -> None:
    site = register_site(path_rules=METHOD_RULES)
    enter(browser, site)
    for method in ("PROPFIND", "GETS", "GET,POST", "-"):
        assert site.ask(browser, "/duyet/7", method).status_code == 403, method
        assert site.ask(browser, "/dav/a", method).status_code == 200, method
    assert site.ask(browser, "/duyet/7", "OPTIONS").status_code == 200  # has a name, and the rule leaves it out


def test_a_proxy_that_says_no_method_opens_nothing_where_there_are_rules(browser: FlaskClient, app: Flask) -> None:
    site = register_site(path_rules=METHOD_RULES)
    enter(browser, site)
    assert site.ask(browser, "/duyet/7", "").status_code == site.ask(browser, "/mo/a", "").status_code == 403
