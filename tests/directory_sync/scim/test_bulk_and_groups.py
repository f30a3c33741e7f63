"""Several writes at once (RFC 7644 §3.7), and groups: units, which are read only, and a source's own."""

from datetime import date
from typing import Any

from tests.support.people import add_person, add_unit
from tests.support.scim import BULK, GROUP, OFFICIAL, Pusher, person


def bulk(pusher: Pusher, *operations: dict[str, Any], **more: Any) -> Any:
    return pusher.send("POST", "/Bulk", {"schemas": [BULK], "Operations": list(operations), **more})


def add(user_name: str, bulk_id: str) -> dict[str, Any]:
    return {"method": "POST", "path": "/Users", "bulkId": bulk_id, "data": person(user_name)}


def test_operations_are_carried_out_each_by_itself(pusher: Pusher) -> None:
    made = pusher.add("a")
    response = bulk(
        pusher, add("b", "1"), add("b", "2"), {"method": "DELETE", "path": f"/Users/{made['id']}"},
        {"method": "POST", "path": "/Groups", "bulkId": "3", "data": {"schemas": [GROUP], "displayName": "g", "members": [{"value": "bulkId:1"}]}},
    )  # fmt: skip
    assert response.status_code == 200
    told = response.get_json()["Operations"]
    assert [one["status"] for one in told] == ["201", "409", "204", "201"]
    assert told[1]["response"]["scimType"] == "uniqueness"
    assert pusher.found("userName pr") == ["b"]
    group = pusher.get(told[3]["location"].partition("/scim/v2")[2])
    assert [one["value"] for one in group["members"]] == [told[0]["location"].rpartition("/")[2]]


def test_after_so_many_errors_the_rest_is_left(pusher: Pusher) -> None:
    pusher.add("a")
    response = bulk(pusher, add("a", "1"), add("b", "2"), failOnErrors=1)
    assert [one["status"] for one in response.get_json()["Operations"]] == ["409"]
    assert pusher.found("userName pr") == ["a"]


def test_a_request_that_is_too_large_is_refused(pusher: Pusher) -> None:
    assert bulk(pusher, *(add(f"p{number}", str(number)) for number in range(201))).status_code == 413
    assert pusher.send("POST", "/Bulk", b"{" + b" " * 1024 * 1024).status_code == 413
    assert pusher.found("userName pr") == []


def test_units_are_groups_that_only_the_tree_changes(pusher: Pusher) -> None:
    unit = add_unit("Sở Y tế", code="S07")
    add_unit("Phòng cũ", code="S99", valid_to=date(2026, 1, 1))
    add_person("vmsinh", unit_id=unit)
    made = pusher.add("a", **{OFFICIAL: {"unitCode": "S07"}})
    group = pusher.get(f"/Groups/{unit}")
    assert (group["displayName"], group["externalId"]) == ("Sở Y tế", "S07")
    assert [one["value"] for one in group["members"]] == [made["id"]]
    assert "members" not in pusher.get(f"/Groups/{unit}", excludedAttributes="members")
    assert pusher.found("displayName pr", "Groups") == ["Sở Y tế"]
    assert pusher.found(f'members.value eq "{made["id"]}"', "Groups") == ["Sở Y tế"]
    assert pusher.found(f'groups.value eq "{unit}"') == ["a"]
    for response in (
        pusher.patch(str(unit), {"op": "replace", "path": "displayName", "value": "x"}, kind="Groups"),
        pusher.patch(str(unit), {"op": "remove", "path": "members"}, kind="Groups"),
        pusher.send("PUT", f"/Groups/{unit}", {"schemas": [GROUP], "displayName": "x"}),
        pusher.send("DELETE", f"/Groups/{unit}"),
    ):
        assert response.status_code == 403


def test_a_source_keeps_groups_of_its_own(pusher: Pusher) -> None:
    first, second = pusher.add("a"), pusher.add("b")
    body = {"schemas": [GROUP], "displayName": "Tổ CNTT", "members": [{"value": first["id"]}]}
    group = pusher.send("POST", "/Groups", body).get_json()
    tag = group["meta"]["version"]
    add_member = {"op": "add", "path": "members", "value": [{"value": second["id"]}]}
    assert pusher.patch(group["id"], add_member, kind="Groups", If_Match=tag).status_code == 204
    assert pusher.patch(group["id"], add_member, kind="Groups", If_Match=tag).status_code == 412
    assert [one["display"] for one in pusher.get(f"/Users/{second['id']}")["groups"]] == ["Tổ CNTT"]
    remove = {"op": "remove", "path": f'members[value eq "{first["id"]}"]'}
    assert pusher.patch(group["id"], remove, kind="Groups").status_code == 204
    assert [one["value"] for one in pusher.get(f"/Groups/{group['id']}")["members"]] == [second["id"]]
    entra = {"op": "Remove", "path": "members", "value": [{"value": second["id"]}]}
    assert pusher.patch(group["id"], entra, kind="Groups").status_code == 204
    assert "members" not in pusher.get(f"/Groups/{group['id']}")
    assert pusher.send("DELETE", f"/Groups/{group['id']}").status_code == 204
    assert pusher.send("GET", f"/Groups/{group['id']}").status_code == 404
    assert pusher.found("userName pr") == ["a", "b"]


def test_who_leaves_the_source_leaves_its_groups(pusher: Pusher) -> None:
    made = pusher.add("a")
    group = pusher.send("POST", "/Groups", {"schemas": [GROUP], "displayName": "g", "members": [{"value": made["id"]}]}).get_json()
    pusher.send("DELETE", f"/Users/{made['id']}")
    assert "members" not in pusher.get(f"/Groups/{group['id']}")
    assert (
        pusher.send(
            "PUT", f"/Groups/{group['id']}", {"schemas": [GROUP], "displayName": "g", "members": [{"value": made["id"]}]}
        ).status_code
        == 400
    )
