"""What a filter finds in the database is what it finds by the library's own reading (RFC 7644 §3.4.2.2)."""

import uuid
from typing import Any, cast
from urllib.parse import urlencode

import pytest
from scim2_models import ScimFilter, SearchRequest

from directory_sync.scim import filters, people
from directory_sync.scim.callers import Caller
from directory_sync.scim.schemas import FullUser
from idp.app import create_app
from idp.database import reader
from tests.support.installation import Databases, close, settings_for
from tests.support.people import add_unit
from tests.support.scim import ENTERPRISE, OFFICIAL, Pusher

FILTERS = [
    'userName eq "AN"', 'userName ne "an"', 'userName co "B"', 'userName sw "da"', 'userName ew "ng"', 'userName gt "b"', 'userName le "b"',
    'userName ge "an" and userName lt "dang"', "title pr", "not (title pr)", 'title eq null', "title ne null", 'title eq "100%"',
    'title co "%"', 'title co "_"', 'title sw "trưởng"', 'title co "TRƯỞNG"', 'title ne "Trưởng phòng"', 'not (title eq "Trưởng phòng")',
    'displayName eq "đặng"', 'displayName co "Đ"', "name pr", 'name.familyName eq "lò"', 'name.formatted co "Thị"',
    'externalId eq "X1"', 'externalId eq "x1"', 'externalId co "X"', 'externalId ne "X1"', "active eq true", "active eq false", "active ne true",
    'emails co "hagiang"', 'emails.value eq "AN@hagiang.gov.vn"', 'emails.type eq "WORK"', 'emails.value ne "an@hagiang.gov.vn"',
    "emails pr", "emails.primary eq true", "not (emails pr)", 'emails[type eq "work" and value ew "@nha.vn"]',
    'emails[type eq "other" or primary eq true]', 'emails[not (type eq "work")]', 'emails[type eq "work"].value ew ".vn"', 'emails[value pr]',
    'phoneNumbers.value sw "09"', "phoneNumbers pr", f'{ENTERPRISE}:employeeNumber eq "hg-1"', f'{ENTERPRISE}:department pr',
    f'{OFFICIAL}:unitCode eq "S07"', f'{OFFICIAL}:category ne "cong_chuc"', f"{ENTERPRISE}:manager pr",
    'meta.created gt "2020-01-01T00:00:00Z"', 'meta.lastModified lt "2020-01-01T00:00:00Z"',
    'userName eq "an" or (title pr and not (active eq false))', "USERNAME PR", 'urn:ietf:params:scim:schemas:core:2.0:User:userName eq "an"',
]  # fmt: skip


@pytest.fixture
def filled(pusher: Pusher) -> Pusher:
    add_unit("Sở Y tế", code="S07")
    pusher.add("an", emails=[{"value": "an@hagiang.gov.vn", "type": "work", "primary": True}, {"value": "an@nha.vn", "type": "other"}])
    pusher.add("Bình", "Lò Thị Bình", title="Trưởng phòng", externalId="X1", phoneNumbers=[{"value": "0912345678", "type": "work"}],
               **{ENTERPRISE: {"employeeNumber": "HG-1", "department": "Sở Y tế"}, OFFICIAL: {"unitCode": "S07", "category": "cong_chuc"}})  # fmt: skip
    pusher.add("dang", "Đặng", displayName="Đặng", title="100%", active=False, emails=[{"value": "dang@nha.vn", "type": "work"}])
    pusher.send("POST", "/Users", {"schemas": [], "userName": "e_e", "name": {"familyName": "Lò"}, "title": "TRƯỞNG ban"})
    pusher.send(
        "POST", "/Users", {"userName": "e_e", "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "name": {"familyName": "Lò"}}
    )
    return pusher


def test_the_database_and_the_library_read_every_filter_alike(filled: Pusher) -> None:
    everybody = filled.get("/Users")["Resources"]
    resources = [FullUser.model_validate(one) for one in everybody]
    for wanted in FILTERS:
        expected = [one.user_name for one in resources if ScimFilter[FullUser](wanted).match(one)]
        assert filled.found(wanted) == expected, wanted


def test_signs_of_the_databases_language_are_text(filled: Pusher) -> None:
    for text in ("'", '\\"', "%", "_", "\\\\", "; DROP TABLE person; --", "'; DELETE FROM scim_entry; --", "$.a", "\\u0041"):
        filled.found(f'title co "{text}" or userName eq "{text}" or emails.value sw "{text}"')
    assert len(filled.found("userName pr")) == 4


@pytest.mark.parametrize(("wanted", "kind"), [
    ("userName eq", "invalidFilter"), ("nonsense pr", "invalidFilter"), ('active gt true', "invalidFilter"), ('userName eq "\\u0000"', "invalidFilter"),
    ("(" * 200 + "title pr" + ")" * 200, None), ("a" * 3000 + " pr", "invalidFilter"), ('title pr and ' * 400 + "title pr", "invalidFilter"),
    ("not (" * 60 + "title pr" + ")" * 60, "invalidFilter"), ('groups.display eq "x"', "invalidFilter"), ('meta.location eq "x"', "invalidFilter"),
])  # fmt: skip
def test_what_cannot_be_asked_for_is_refused(pusher: Pusher, wanted: str, kind: str | None) -> None:
    pusher.get("/Users")
    response = pusher.send("GET", "/Users?" + urlencode({"filter": wanted}))
    told = response.get_json()
    if kind is None:
        assert response.status_code == 200
    else:
        assert (response.status_code, told["scimType"], told["schemas"]) == (400, kind, ["urn:ietf:params:scim:api:messages:2.0:Error"])


@pytest.mark.parametrize(("wanted", "index"), [
    ('userName eq "a"', "ix_scim_entry_source_user_name_key"), ('externalId eq "a"', "uq_scim_entry_source_external_id"),
    ('emails eq "a@x.vn"', "ix_scim_address_kind_value_key"), ('id eq "00000000-0000-0000-0000-000000000001"', "person_id=?"),
])  # fmt: skip
def test_what_is_looked_up_most_is_found_by_an_index(sqlite_databases: Databases, wanted: str, index: str) -> None:
    with sqlite_databases.lent() as url:
        app = create_app(settings_for(url))
        with app.app_context():
            asked = cast("Any", SearchRequest)[FullUser](filter=wanted)
            caller = Caller("scim:so-y-te", uuid.uuid4(), "", None, None, frozenset(), False, None, None, None)
            query = people.ROWS.where(people.seen_by(caller), filters.condition(asked.filter, "sqlite"))
            written = str(query.compile(reader(), compile_kwargs={"literal_binds": True}))
            plan = " ".join(row[-1] for row in reader().exec_driver_sql("EXPLAIN QUERY PLAN " + written))
        close(app)
    assert index in plan, plan
    assert "SCAN scim_entry" not in plan, plan


def test_people_are_sorted_and_paged(pusher: Pusher) -> None:
    for name, title in (("c", "3"), ("a", None), ("b", "1"), ("d", "2")):
        pusher.add(name, **({"title": title} if title else {}))
    for sort, order, expected in (
        ("userName", "ascending", "abcd"), ("userName", "descending", "dcba"), ("title", "ascending", "bdca"), ("title", "descending", "acdb"),
    ):  # fmt: skip
        found = pusher.get("/Users", sortBy=sort, sortOrder=order)["Resources"]
        assert "".join(one["userName"] for one in found) == expected
    page = pusher.get("/Users", sortBy="userName", startIndex="2", count="2")
    assert (page["totalResults"], page["startIndex"], page["itemsPerPage"]) == (4, 2, 2)
    assert [one["userName"] for one in page["Resources"]] == ["b", "c"]
    assert pusher.get("/Users", count="0")["totalResults"] == 4
    assert pusher.get("/Users", count="100000")["itemsPerPage"] == 4
    assert pusher.get("/Users", startIndex="99").get("Resources", []) == []
    assert pusher.get("/Users", startIndex="-5", count="1")["startIndex"] == 1


def test_only_the_attributes_asked_for_are_told(pusher: Pusher) -> None:
    pusher.add("a", title="x")
    [one] = pusher.get("/Users", attributes="userName")["Resources"]
    assert set(one) == {"schemas", "id", "userName"}
    [one] = pusher.get("/Users", excludedAttributes="title,name")["Resources"]
    assert not {"title", "name"} & set(one)
