"""Counts, without any code of ours, what is different between two states of a directory: what a sync's report is held against."""

import base64
import re
from collections import Counter
from dataclasses import dataclass

WATCHED = ("displayname", "uid", "mail", "mobile", "employeenumber", "employeetype", "title", "businesscategory", "pwdaccountlockedtime")
_READ = frozenset({*WATCHED, "dn", "entryuuid", "objectclass"})  # a group has tens of thousands of members
_FIRST_RDN = re.compile(r"(?:\\.|[^,\\])*,")


@dataclass(frozen=True)
class State:
    """A directory's people and units by entryUUID."""

    people: dict[str, dict[str, str]]
    units: dict[str, str]


def read_state(ldif: str) -> State:
    """People and units (those with a code) out of an unfolded LDIF of the server itself."""
    people, units = {}, {}
    for block in ldif.split("\n\n"):
        entry = _entry(block)
        classes = entry.get("objectclass", "").split("\n")
        if "inetOrgPerson" in classes or "person" in classes:
            people[entry["entryuuid"]] = {name: entry.get(name, "") for name in WATCHED} | {"place": _above(entry["dn"])}
        elif "organizationalUnit" in classes:
            units[entry["entryuuid"]] = entry["dn"]
    return State(people, units)


def _entry(block: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in block.split("\n"):
        name, colon, value = line.partition(":")
        key = name.lower()
        if not colon or key not in _READ:
            continue
        text = base64.b64decode(value[1:].strip()).decode("utf-8", "replace") if value.startswith(":") else value.strip()
        found[key] = f"{found[key]}\n{text}" if key in found else text
    return found


def _above(dn: str) -> str:
    first = _FIRST_RDN.match(dn)
    return dn[first.end() :] if first else ""


def expected(before: State, after: State) -> Counter[str]:
    """What a sync must report: by entryUUID; one that is gone is the same person as one that is new when a staff number is theirs
    alone in both states, and else a case for the desk."""
    told: Counter[str] = Counter()
    gone, new = before.people.keys() - after.people.keys(), after.people.keys() - before.people.keys()
    matched = _matched(before, after, gone, new)
    told["desk"] = sum(1 for key in new if key not in matched.values() and _is_known_number(before, after.people[key], gone))
    told["joined"] = len(new) - len(matched) - told["desk"]
    away = [key for key in gone if key not in matched]
    told["suspended"] = sum(1 for key in away if not before.people[key]["pwdaccountlockedtime"])
    place_of_unit = {dn: key for key, dn in before.units.items()}
    place_now = {dn: key for key, dn in after.units.items()}
    for key in before.people.keys() - set(away):
        was, now = before.people[key], after.people[matched.get(key, key)]
        locked = not was["pwdaccountlockedtime"] and now["pwdaccountlockedtime"]
        told["suspended"] += bool(locked)
        told["returned"] += bool(was["pwdaccountlockedtime"] and not now["pwdaccountlockedtime"])
        if place_of_unit.get(was["place"]) != place_now.get(now["place"]):
            told["moved"] += 1
        elif any(was[name] != now[name] for name in WATCHED):
            told["changed"] += 1
    return told


def _numbers(state: State) -> Counter[str]:
    return Counter(person["employeenumber"] for person in state.people.values())


def _matched(before: State, after: State, gone: set[str], new: set[str]) -> dict[str, str]:
    was, now = _numbers(before), _numbers(after)
    by_number = {after.people[key]["employeenumber"]: key for key in new}
    found = {}
    for key in gone:
        number = before.people[key]["employeenumber"]
        if number and was[number] == 1 and now[number] == 1 and number in by_number:
            found[key] = by_number[number]
    return found


def _is_known_number(before: State, person: dict[str, str], gone: set[str]) -> bool:
    """Whether the new one may be somebody who is gone: the same name at least. A directory alone cannot tell."""
    return any(before.people[key]["displayname"] == person["displayname"] and before.people[key]["uid"] == person["uid"] for key in gone)
