"""Rules of the unit tree: levels by code, folders left out, parents first."""

import random

import pytest

from directory_sync.unit_tree import UnitTree, understand_units
from idp.wire.distinguished_names import parse_rdn, split

PROVINCE = "dc=hagiang,dc=vn"
UNITS = {
    f"ou=Cấp tỉnh,{PROVINCE}": "02",
    f"ou=Sở Y tế,ou=Cấp tỉnh,{PROVINCE}": "S16",
    f"ou=Văn phòng,ou=Sở Y tế,ou=Cấp tỉnh,{PROVINCE}": "S16.1",
    f"ou=Cấp huyện,{PROVINCE}": "H",
    f"ou=Huyện Đồng Văn,ou=Cấp huyện,{PROVINCE}": "026",
    f"ou=Phòng Nội vụ,ou=Huyện Đồng Văn,ou=Cấp huyện,{PROVINCE}": "026.01",
    f"ou=UBND xã Lũng Cú,ou=Huyện Đồng Văn,ou=Cấp huyện,{PROVINCE}": "00715",
    f"ou=Trường Mầm non\\, số 1,ou=UBND xã Lũng Cú,ou=Huyện Đồng Văn,ou=Cấp huyện,{PROVINCE}": "00715.0",
    f"ou=Cấp xã,{PROVINCE}": "X",
    f"ou=UBND xã Lũng Cú mới,ou=Cấp xã,{PROVINCE}": "M00715",
    f"ou=Không mã,ou=Sở Y tế,ou=Cấp tỉnh,{PROVINCE}": "",
    f"ou=Services,{PROVINCE}": "",
    f"ou=Deeper,ou=Services,{PROVINCE}": "",
}


def _attributes(dn: str, code: str) -> dict[str, list[bytes]]:
    name = parse_rdn(split(dn)[0])[0][1]
    return {"entryuuid": [f"key of {dn}".encode()], "ou": [name.encode()], "description": [code.encode()] if code else []}


def tree_of(units: dict[str, str], seed: int = 1) -> UnitTree:
    entries = [(dn, _attributes(dn, code)) for dn, code in units.items()]
    return understand_units(random.Random(seed).sample(entries, len(entries)))


@pytest.mark.parametrize(
    ("dn", "level"),
    [
        (f"ou=Cấp tỉnh,{PROVINCE}", "province"),
        (f"ou=Văn phòng,ou=Sở Y tế,ou=Cấp tỉnh,{PROVINCE}", "province"),
        (f"ou=Cấp huyện,{PROVINCE}", "district"),
        (f"ou=Huyện Đồng Văn,ou=Cấp huyện,{PROVINCE}", "district"),
        (f"ou=Phòng Nội vụ,ou=Huyện Đồng Văn,ou=Cấp huyện,{PROVINCE}", "district"),
        (f"ou=UBND xã Lũng Cú,ou=Huyện Đồng Văn,ou=Cấp huyện,{PROVINCE}", "commune"),
        (f"ou=Trường Mầm non\\, số 1,ou=UBND xã Lũng Cú,ou=Huyện Đồng Văn,ou=Cấp huyện,{PROVINCE}", "commune"),
        (f"ou=UBND xã Lũng Cú mới,ou=Cấp xã,{PROVINCE}", "commune"),
        (f"ou=Không mã,ou=Sở Y tế,ou=Cấp tỉnh,{PROVINCE}", "province"),
    ],
)
def test_a_units_level_follows_from_its_code_or_the_unit_above(dn: str, level: str) -> None:
    assert {unit.source_key: unit.level for unit in tree_of(UNITS).units}[f"key of {dn}"] == level


@pytest.mark.parametrize("seed", range(5))
def test_parents_come_before_children_in_whatever_order_they_are_read(seed: int) -> None:
    seen: set[str | None] = {None}
    for unit in tree_of(UNITS, seed).units:
        assert unit.parent_key in seen
        seen.add(unit.source_key)


def test_folders_without_code_that_hold_no_units_are_none() -> None:
    assert not any("Services" in unit.source_key for unit in tree_of(UNITS).units)
    assert len(tree_of(UNITS).units) == len(UNITS) - 2


def test_without_any_codes_every_folder_is_a_unit() -> None:
    assert len(tree_of(dict.fromkeys(UNITS, "")).units) == len(UNITS)


def test_a_person_belongs_to_the_nearest_unit_above_whatever_the_writing() -> None:
    tree, school = tree_of(UNITS), f"ou=Trường Mầm non\\, số 1,ou=UBND xã Lũng Cú,ou=Huyện Đồng Văn,ou=Cấp huyện,{PROVINCE}"
    assert tree.unit_above(f"cn=Lê\\, Tám,{school}") == f"key of {school}"
    assert (
        tree.unit_above(f"cn=Tám,OU=trường mầm non\\2c  số 1,ou=UBND XÃ Lũng Cú,ou=Huyện Đồng Văn,ou=Cấp huyện,{PROVINCE}")
        == f"key of {school}"
    )
    assert tree.unit_above(f"uid=a,ou=Tổ 1,{school}") == f"key of {school}"
    assert tree.unit_above(f"uid=a,{PROVINCE}") is None
    assert tree.unit_above("nonsense") is None


def test_a_code_that_two_units_share_names_neither() -> None:
    tree = tree_of({f"ou=A,{PROVINCE}": "S1", f"ou=B,{PROVINCE}": "S1", f"ou=C,{PROVINCE}": "S2"})
    assert tree.by_code == {"S2": f"key of ou=C,{PROVINCE}"}
