"""Who may push what: no token, a wrong one, another agency's, an old or repeated message, a changed body (SYN-005)."""

import base64
import hashlib
import json
import uuid
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from joserfc.jwk import Key
from sqlalchemy import select

from clients.registration import disable
from directory_sync.scim.callers import PATH
from idp import clock
from idp.database import in_transaction, reader, table_of
from idp.people.models import Person
from tests.support.bound_party import ath
from tests.support.installation import ISSUER
from tests.support.keyed_party import new_key, sign
from tests.support.people import add_person, add_unit
from tests.support.relying_party import register_party
from tests.support.scim import ENTERPRISE, GROUP, OFFICIAL, USER, Pusher, add_source, person

_p = table_of(Person)
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"


def people_of(source: str) -> list[str]:
    return list(reader().execute(select(_p.c.username).where(_p.c.source == source).order_by(_p.c.username)).scalars())


@pytest.mark.parametrize("headers", [
    {}, {"Authorization": "Bearer"}, {"Authorization": "Bearer x"}, {"Authorization": "Basic eDp4"}, {"Authorization": "Bearer " + "x" * 5000},
    {"Authorization": "Bearer \udcff".encode("latin-1", "ignore").decode()}, {"Authorization": "DPoP x"},
])  # fmt: skip
def test_without_a_token_that_is_worth_something_nothing_is_told(pusher: Pusher, headers: dict[str, str]) -> None:
    for method, path in (("GET", "/Users"), ("POST", "/Users"), ("GET", "/Groups"), ("POST", "/Bulk"), ("GET", "/Me"), ("GET", "/x/y/z")):
        response = pusher.browser.open(PATH + path, method=method, headers=headers, json=person("a") if method == "POST" else None)
        assert response.status_code == 401, (method, path)
        assert response.content_type == "application/scim+json"
        assert (response.get_json()["schemas"], response.get_json()["status"]) == ([ERROR], "401")
        assert "scim/v2" in response.headers["WWW-Authenticate"]


def test_an_expired_token_and_one_of_a_disabled_client_open_nothing(pusher: Pusher, time: clock.ManualClock) -> None:
    pusher.add("a")
    time.advance(minutes=11)
    assert pusher.send("GET", "/Users").status_code == 401
    pusher.headers.clear()
    assert pusher.send("GET", "/Users").status_code == 200
    in_transaction(lambda connection: disable(connection, pusher.client_id, actor="cli:test"))
    assert pusher.send("POST", "/Users", person("b")).status_code == 401


def test_a_token_for_something_else_opens_nothing(pusher: Pusher) -> None:
    token = pusher.ask_for_token(resource=ISSUER).get_json()["access_token"]
    assert pusher.send("GET", "/Users").status_code == 200
    pusher.headers["Authorization"] = f"Bearer {token}"
    assert pusher.send("GET", "/Users").status_code == 401


def test_a_client_that_speaks_for_no_source_is_told_nothing(pusher: Pusher, browser: FlaskClient) -> None:
    other = register_party(grant_types=("client_credentials",), scope="scim:read scim:write", resources=(ISSUER + PATH,), redirect_uris=())
    token = other.post(browser, {"grant_type": "client_credentials"}).get_json()["access_token"]
    response = browser.get(PATH + "/Users", headers={"Authorization": f"Bearer {token}"})
    assert (response.status_code, response.get_json()["status"]) == (403, "403")


def test_a_source_that_may_only_read_writes_nothing(browser: FlaskClient, pusher: Pusher) -> None:
    readers = add_source(browser, "chi-doc", reads_only=True)
    assert readers.get("/Users")["totalResults"] == 0
    for method, path, body in (("POST", "/Users", person("a")), ("POST", "/Groups", {"schemas": [GROUP], "displayName": "x"})):
        assert readers.send(method, path, body).status_code == 403
    assert people_of("scim:chi-doc") == []
    asked = pusher.ask_for_token(scope="scim:read").get_json()["access_token"]
    pusher.headers["Authorization"] = f"Bearer {asked}"
    assert pusher.send("POST", "/Users", person("a")).status_code == 403


def test_one_agency_does_not_see_or_touch_anothers_people(browser: FlaskClient, pusher: Pusher) -> None:
    made = pusher.add("a", externalId="7")
    directory = add_person("vmsinh")
    other = add_source(browser, "khac")
    for key in (made["id"], str(directory)):
        for method in ("GET", "PUT", "PATCH", "DELETE"):
            response = other.send(method, f"/Users/{key}", person("a") if method == "PUT" else {"schemas": [], "Operations": []})
            assert response.status_code in (400, 404)
        assert other.send("PUT", f"/Users/{key}", person("x")).status_code == 404
        assert other.send("DELETE", f"/Users/{key}").status_code == 404
        assert other.found(f'id eq "{key}"') == []
    assert other.get("/Users")["totalResults"] == 0
    manager = person("x", **{ENTERPRISE: {"manager": {"value": made["id"]}}})
    assert other.send("POST", "/Users", manager).status_code == 400
    members = {"schemas": [GROUP], "displayName": "g", "members": [{"value": made["id"]}]}
    assert other.send("POST", "/Groups", members).status_code == 400
    bulk = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": [{"method": "DELETE", "path": f"/Users/{made['id']}"}],
    }
    assert other.send("POST", "/Bulk", bulk).get_json()["Operations"][0]["status"] == "404"
    assert other.add("c", externalId="7")["id"] != made["id"]
    assert pusher.found("userName pr") == ["a"]


def test_an_agency_pushes_people_of_its_own_units_only(browser: FlaskClient, scim_app: Flask) -> None:
    department = add_unit("Sở Y tế", code="S07")
    below = add_unit("Bệnh viện", code="S07.1", parent_id=department)
    add_unit("Sở Tài chính", code="S02")
    agency = add_source(browser, "y-te", department)
    inside = agency.add("a", **{OFFICIAL: {"unitCode": "S07.1"}})
    assert [one["value"] for one in inside["groups"]] == [str(below)]
    assert [one["value"] for one in agency.add("b")["groups"]] == [str(department)]
    for code in ("S02", "S99"):
        assert agency.send("POST", "/Users", person("c", **{OFFICIAL: {"unitCode": code}})).status_code == 403
        assert agency.send("PUT", f"/Users/{inside['id']}", person("a", **{OFFICIAL: {"unitCode": code}})).status_code == 403
    assert sorted(agency.found("displayName pr", "Groups")) == ["Bệnh viện", "Sở Y tế"]
    in_transaction(lambda connection: connection.execute(_p.update().where(_p.c.username == "b").values(unit_id=None)))
    assert agency.found("userName pr") == ["a"]


def test_a_message_that_comes_twice_is_carried_out_once(pusher: Pusher, time: clock.ManualClock) -> None:
    first = pusher.send("POST", "/Users", person("a"), Idempotency_Key="m-1")
    again = pusher.send("POST", "/Users", person("a"), Idempotency_Key="m-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.get_json() == again.get_json()
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["Location"] == first.headers["Location"]
    assert people_of("scim:so-y-te") == ["a"]
    changed = pusher.send("POST", "/Users", person("b"), Idempotency_Key="m-1")
    assert (changed.status_code, changed.get_json()["schemas"]) == (409, [ERROR])
    assert pusher.send("DELETE", f"/Users/{first.get_json()['id']}", Idempotency_Key="m-1").status_code == 409
    assert pusher.send("POST", "/Users", person("c"), Idempotency_Key="mã" * 200).status_code == 400
    time.advance(hours=25)
    pusher.headers.clear()
    assert pusher.send("POST", "/Users", person("d"), Idempotency_Key="m-1").status_code == 201


def test_a_message_that_failed_may_be_sent_again(pusher: Pusher) -> None:
    pusher.add("a")
    assert pusher.send("POST", "/Users", person("a"), Idempotency_Key="m-1").status_code == 409
    pusher.send("DELETE", f"/Users/{pusher.get('/Users')['Resources'][0]['id']}")
    assert pusher.send("POST", "/Users", person("a"), Idempotency_Key="m-1").status_code == 201


def test_a_signed_source_proves_each_body_of_this_moment_once(browser: FlaskClient, scim_app: Flask, time: clock.ManualClock) -> None:
    key, signed = new_key("ES256"), add_source(browser, "ky", signed=True)
    form, proof = {"grant_type": "client_credentials"}, dpop_proof(key, "POST", f"{ISSUER}/token")
    token = browser.post("/token", data=form, auth=(signed.client_id, signed.secret), headers={"DPoP": proof}).get_json()["access_token"]

    def send(body: dict[str, Any], *, of: dict[str, Any] | None, scheme: str = "DPoP", **claims: Any) -> int:
        written = json.dumps(body).encode()
        said = {} if of is None else {"scim_body_sha256": _digest(json.dumps(of).encode())}
        made = claims.pop("proof", None) or dpop_proof(key, "POST", f"{ISSUER}{PATH}/Users", token=token, **said, **claims)
        headers = {"Authorization": f"{scheme} {token}", "DPoP": made}
        return browser.post(PATH + "/Users", data=written, content_type="application/scim+json", headers=headers).status_code

    good, other = person("a"), person("b")
    assert send(good, of=good) == 201
    assert send(other, of=good) == 401
    assert send(other, of=None) == 401
    assert send(other, of=other, scheme="Bearer") == 401
    assert send(other, of=other, iat=int(clock.now().timestamp()) - 120) == 401
    once = dpop_proof(key, "POST", f"{ISSUER}{PATH}/Users", token=token, scim_body_sha256=_digest(json.dumps(other).encode()))
    assert (send(other, of=other, proof=once), send(other, of=other, proof=once)) == (201, 401)
    assert people_of("scim:ky") == ["a", "b"]


def dpop_proof(key: Key, method: str, url: str, *, token: str | None = None, **claims: Any) -> str:
    made = {"jti": uuid.uuid4().hex, "htm": method, "htu": url, "iat": int(clock.now().timestamp())}
    return sign(
        "ES256", key, {**made, **({"ath": ath(token)} if token else {}), **claims}, kid=None, typ="dpop+jwt", jwk=key.as_dict(private=False)
    )


def _digest(body: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(body).digest()).rstrip(b"=").decode()


def test_what_describes_the_service_is_told_to_everybody(pusher: Pusher) -> None:
    config = pusher.browser.get(PATH + "/ServiceProviderConfig").get_json()
    assert [config[name]["supported"] for name in ("patch", "bulk", "filter", "sort", "etag", "changePassword")] == [True] * 5 + [False]
    assert pusher.browser.get(PATH + "/Schemas").get_json()["totalResults"] == 4
    assert pusher.browser.get(PATH + f"/Schemas/{USER}").status_code == 200
    assert [one["name"] for one in pusher.browser.get(PATH + "/ResourceTypes").get_json()["Resources"]] == ["User", "Group"]
    assert pusher.send("GET", "/Me").status_code == 501
    assert pusher.browser.get(f"/.well-known/oauth-protected-resource{PATH}").get_json()["resource"] == ISSUER + PATH
    assert uuid.UUID(pusher.add("a")["id"])
