"""Whatever a source sends, the answer is one of the protocol's, and never a 500."""

import json
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from directory_sync.scim.callers import PATH
from tests.support.scim import BULK, ENTERPRISE, GROUP, OFFICIAL, PATCH, USER, Pusher, person

text = st.one_of(
    st.text(max_size=20), st.sampled_from(["", "\0", "a" * 5000, "ﷺ", "\ud800", "../..", "userName", "Users", "bulkId:1", "members", "emails[type eq \"work\"].value"])
)  # fmt: skip
leaf = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), text)
anything = st.recursive(leaf, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(text, inner, max_size=3)), max_leaves=8)
names = st.sampled_from([
    "userName", "externalId", "name", "displayName", "title", "active", "emails", "phoneNumbers", "groups", "id", "meta", "schemas", "members",
    "Operations", "failOnErrors", "op", "path", "value", "filter", "sortBy", "count", "startIndex", "attributes", ENTERPRISE, OFFICIAL,
])  # fmt: skip
body = st.one_of(anything, st.dictionaries(names, anything, max_size=6))
PATHS = st.sampled_from(
    [
        "/Users",
        "/Groups",
        "/Bulk",
        "/.search",
        "/Users/.search",
        "/Users/{id}",
        "/Groups/{id}",
        "/Me",
        "/Schemas",
        "/x/y/z",
        "/Users/%20",
        "/Users/",
    ]
)


def operation(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "op": draw(st.sampled_from(["add", "remove", "replace", "Add", "x"])),
        "path": draw(st.one_of(st.none(), text, names)),
        "value": draw(anything),
    }


operations = st.lists(st.composite(operation)(), max_size=3)


def test_no_request_ends_in_a_500(pusher: Pusher) -> None:
    made = pusher.add("a", emails=[{"value": "a@x.vn", "type": "work"}])

    @settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(
        method=st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE"]), path=PATHS, sent=body, changes=operations, kind=st.integers(0, 5)
    )
    def send(method: str, path: str, sent: Any, changes: list[Any], kind: int) -> None:
        where = path.replace("{id}", made["id"])
        told: Any = [
            sent, {"schemas": [USER], **(sent if isinstance(sent, dict) else {"userName": sent})}, {"schemas": [PATCH], "Operations": changes},
            {"schemas": [GROUP], "displayName": "g", "members": sent}, {"schemas": [BULK], "Operations": [{"method": method, "path": where, "bulkId": "1", "data": sent}]},
            {"schemas": [USER], "userName": "b", "emails": [{"value": sent}], OFFICIAL: sent},
        ][kind]  # fmt: skip
        if method == "DELETE" and where.endswith(made["id"]):
            return
        response = pusher.send(method, where, json.dumps(told).encode())
        assert response.status_code < 500 or response.status_code == 501, (method, where, told, response.text)
        assert response.content_type == "application/scim+json" or path == "/Users/", (method, path)

    send()


def test_no_query_ends_in_a_500(pusher: Pusher) -> None:
    pusher.add("a")

    @settings(max_examples=30, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(
        st.dictionaries(
            st.sampled_from(["filter", "sortBy", "sortOrder", "startIndex", "count", "attributes", "excludedAttributes", "cursor"]),
            text,
            max_size=4,
        )
    )
    def ask(query: dict[str, str]) -> None:
        sent = {name: value.encode("utf-8", "replace").decode() for name, value in query.items()}
        for path in ("/Users", "/Groups", "", "/Users/x", "/ServiceProviderConfig"):
            response = pusher.browser.get(PATH + path, query_string=sent, headers=pusher.headers)
            assert response.status_code < 500 or response.status_code == 501, (path, sent, response.text)

    ask()


def test_bodies_that_are_no_json_are_told_so(pusher: Pusher, browser: FlaskClient, scim_app: Flask) -> None:
    pusher.add("a")
    for sent in (b"", b"{", b"\xff", b"null", b"[]", b'{"userName": "\xff"}', b"[" * 100_000, b'{"schemas": []' + b" " * 200_000 + b"}"):
        response = pusher.send("POST", "/Users", sent)
        assert (response.status_code, response.get_json()["scimType"]) in ((400, "invalidSyntax"), (400, "invalidValue"))
    xml = browser.post(PATH + "/Users", data=b"<x/>", content_type="text/xml", headers=pusher.headers)
    assert xml.status_code == 415
    assert pusher.send("POST", "/Users", person("x" * 300)).status_code == 400
    assert browser.open(PATH + "/Users", method="TRACE", headers=pusher.headers).status_code == 405
