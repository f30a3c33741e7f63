"""What happens to a province's directory: a month, a reorganisation both ways, disasters; as LDIF, with the counts that a sync must report.

Of the demo's invented province, any size; the same seed gives the same bytes.
"""

import base64
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from directory_sync.demo import province
from directory_sync.demo.entries import Tree
from idp.wire.distinguished_names import escape, parent_text

READER_RULE = '{{0}}to {what} by dn.exact="{reader}" none by * break'
LOWER = f"ou=Cấp xã,{province.BASE_DN}"
KEPT_BY_SERVER = ("entryUUID", "createTimestamp", "modifyTimestamp")
Attributes = dict[str, list[bytes]]


@dataclass(frozen=True)
class Change:
    """What happens, as LDIF change records, and what a sync is to report of it. `to_configuration`: they are for cn=config."""

    ldif: str
    told: Mapping[str, int]
    to_configuration: bool = False


class Province:
    """The people and units of an invented province, as they stand in its directory."""

    def __init__(self, staff: int) -> None:
        tree = Tree(province.BASE_DN)
        province.fill(tree, staff)
        entries = [(entry.dn, {a.name: list(a.values) for a in entry.attributes.values()}) for entry in tree.below(tree.suffix_key)]
        self.entries: list[tuple[str, Attributes]] = sorted(entries, key=lambda entry: len(_rdns(entry[0])))
        self.units = {dn: a for dn, a in self.entries if b"organizationalUnit" in a["objectClass"] and "description" in a}
        self.people = [(dn, a) for dn, a in self.entries if b"inetOrgPerson" in a["objectClass"]]

    def ldif(self) -> Iterator[str]:
        """The whole directory, for slapadd; accounts have a password that every server understands."""
        for dn, attributes in self.entries:
            own = {"userPassword": [province.SYNC_PASSWORD]} if b"simpleSecurityObject" in attributes["objectClass"] else {}
            yield _record(dn, None, {**{name: values for name, values in attributes.items() if name != "userPassword"}, **own})

    def code(self, dn: str) -> str:
        """The code of a unit."""
        return self.units[dn]["description"][0].decode()

    def named(self, dn: str) -> str:
        """The name of a unit."""
        return self.units[dn]["ou"][0].decode()


def month(province_: Province, seed: int = 1) -> Change:
    """One month's comings, moves, changes and goings; nobody is touched twice."""
    rng, out, told = random.Random(seed), [], Counter[str]()
    pool = [one for one in province_.people if "pwdAccountLockedTime" not in one[1]]
    rng.shuffle(pool)
    homes = sorted({parent_text(dn) for dn, _ in pool})

    def take(share: float) -> list[tuple[str, Attributes]]:
        count = max(1, round(len(province_.people) * share))
        return [pool.pop() for _ in range(count)]

    for dn, _ in take(0.002):
        out.append(_record(dn, "delete"))
        told["suspended"] += 1
    for dn, _ in take(0.003):
        out.append(_modify(dn, "add", pwdAccountLockedTime="000001010000Z"))
        told.update(suspended=1, changed=1)  # the lock is a fact of the entry, and what follows from it another
    for dn, _ in take(0.01):
        home = rng.choice([one for one in homes if one != parent_text(dn)])
        out.append(_move(dn, home))
        told["moved"] += 1
    for field, value, share in (("title", "Chức vụ mới", 0.01), ("mobile", "0900000001", 0.01), ("displayName", "Tên Đã Đổi", 0.002)):
        for dn, _ in take(share):
            out.append(_modify(dn, "replace", **{field: value}))
            told["changed"] += 1
    for number in range(max(1, len(province_.people) // 200)):
        out.append(_newcomer(number, rng.choice(homes)))
        told["joined"] += 1
    return Change("".join(out), told)


def reorganisation(province_: Province, *, by_adding_again: bool = False) -> Change:
    """There are no districts any more: communes merge three to one, people of districts go to the new communes, whole schools move.

    `by_adding_again`: people are deleted and added, with another entryUUID, instead of moved.
    """
    out, told = [_unit(LOWER, "X")], Counter[str](units_changed=2)  # the group of communes comes, that of districts goes
    target, ends, schools = _plan(province_)
    for dn in sorted(set(target.values())):
        code = min(province_.code(old) for old, new in target.items() if new == dn and len(province_.code(old)) == 5)
        out.append(_unit(dn, f"M{code}"))
        told["units_changed"] += 1
    for dn, home in schools.items():
        out.append(_move(dn, home, f"ou={escape(f'{province_.named(dn)} {province_.code(dn)}')}"))
        told["units_changed"] += 1
    shared = Counter(_number(a) for _, a in province_.people)
    for dn, attributes in province_.people:
        goes_to = target.get(parent_text(dn))
        if goes_to is None:
            continue
        out.append(_add_again(dn, attributes, goes_to) if by_adding_again else _move(dn, goes_to))
        is_lost = by_adding_again and shared[_number(attributes)] != 1
        told["unmatched" if is_lost else "moved"] += 1
    for dn in sorted(ends, key=lambda dn: -len(_rdns(dn))):
        out.append(_record(dn, "delete"))
        told["units_changed"] += 1
    out.append(_record(f"ou=Cấp huyện,{province.BASE_DN}", "delete"))
    return Change("".join(out), told)


def _plan(province_: Province) -> tuple[dict[str, str], list[str], dict[str, str]]:
    """Old unit → new unit, the units that end, and whole schools → new unit."""
    middle = f",ou=Cấp huyện,{province.BASE_DN}"
    lower = [dn for dn in province_.units if dn.endswith(middle)]
    communes = [dn for dn in lower if len(province_.code(dn)) == 5 and province_.code(dn).isdigit()]
    target = {dn: f"ou=UBND xã mới {number // 3},{LOWER}" for number, dn in enumerate(communes)}
    schools = {dn: target[parent_text(dn)] for dn in lower if parent_text(dn) in target}
    seat = {parent_text(dn): target[dn] for dn in reversed(communes)}  # of a district: where its first commune goes
    target |= {dn: seat.get(dn) or seat[parent_text(dn)] for dn in lower if dn not in target and dn not in schools}
    return target, list(target), schools


def disaster(province_: Province, kind: str) -> Change:
    """A mistake: nothing may follow from it."""
    people = province_.people
    if kind == "empty-unit":
        top = f"ou=Cấp tỉnh,{province.BASE_DN}"
        return Change("".join(_record(dn, "delete") for dn, _ in people if dn.endswith(top)), {})
    if kind in ("mail", "employeeNumber"):
        return Change("".join(_modify(dn, "delete", **{kind: None}) for dn, a in people if kind in a), {})
    if kind == "same-number":
        return Change("".join(_modify(dn, "replace", employeeNumber="0") for dn, _ in people), {})
    configuration = {
        "hidden-attributes": ("add", "olcAccess", READER_RULE.format(what="attrs=employeeNumber,mail", reader=province.SYNC_DN)),
        "hidden-people": ("add", "olcAccess", READER_RULE.format(what=f'dn.subtree="ou=Cấp huyện,{province.BASE_DN}"', reader=province.SYNC_DN)),
        "size-limit": ("replace", "olcLimits", f'{{0}}dn.exact="{province.SYNC_DN}" size.soft=50 size.hard=100 size.prtotal=100'),
    }  # fmt: skip
    deed, attribute, value = configuration[kind]
    return Change(_modify("olcDatabase={2}mdb,cn=config", deed, **{attribute: value}), {}, to_configuration=True)


DISASTERS = ("empty-unit", "mail", "employeeNumber", "same-number", "hidden-attributes", "hidden-people", "size-limit")


def _number(attributes: Attributes) -> bytes:
    return next(iter(attributes.get("employeeNumber", ())), b"")


def _rdns(dn: str) -> list[str]:
    found = []
    while dn:
        above = parent_text(dn)
        found.append(dn)
        dn = above
    return found


def _line(name: str, value: Any) -> str:
    raw = value if isinstance(value, bytes) else str(value).encode()
    safe = raw.isascii() and raw[:1] not in (b" ", b":", b"<") and not raw.endswith(b" ") and b"\n" not in raw
    return f"{name}: {raw.decode()}\n" if safe and raw else f"{name}:: {base64.b64encode(raw).decode()}\n"


def _record(dn: str, kind: str | None, attributes: Mapping[str, Iterable[Any]] | None = None) -> str:
    lines = [_line("dn", dn)] + ([f"changetype: {kind}\n"] if kind else [])
    lines += [_line(name, value) for name, values in (attributes or {}).items() for value in values]
    return "".join(lines) + "\n"


def _modify(dn: str, deed: str, **values: str | None) -> str:
    lines = [_line("dn", dn), "changetype: modify\n"]
    for name, value in values.items():
        lines += [f"{deed}: {name}\n", *([_line(name, value)] if value is not None else []), "-\n"]
    return "".join(lines) + "\n"


def _move(dn: str, home: str, rdn: str | None = None) -> str:
    own = dn[: len(dn) - len(parent_text(dn)) - 1]
    return "".join(
        (_line("dn", dn), "changetype: modrdn\n", _line("newrdn", rdn or own), f"deleteoldrdn: {int(bool(rdn))}\n", _line("newsuperior", home), "\n")
    )  # fmt: skip


def _add_again(dn: str, attributes: Attributes, home: str) -> str:
    own = dn[: len(dn) - len(parent_text(dn)) - 1]
    kept = {name: values for name, values in attributes.items() if name not in (*KEPT_BY_SERVER, "pwdAccountLockedTime", "userPassword")}
    return _record(dn, "delete") + _record(f"{own},{home}", "add", kept)


def _unit(dn: str, code: str) -> str:
    name = dn.partition(",")[0].removeprefix("ou=")
    return _record(dn, "add", {"objectClass": ["organizationalUnit"], "ou": [name], "description": [code]})


def _newcomer(number: int, home: str) -> str:
    username, name = f"nguoimoi{number}", f"Nguyễn Thị Mới {number}"
    return _record(
        f"uid={username},{home}", "add",
        {
            "objectClass": ["inetOrgPerson"], "uid": [username], "cn": [name], "sn": ["Nguyễn"], "displayName": [name], "title": ["Chuyên viên"],
            "employeeType": ["công chức"], "employeeNumber": [f"MOI{number:05d}"], "mail": [f"{username}@hagiang.gov.vn"],
        },
    )  # fmt: skip
