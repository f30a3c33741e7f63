"""The demo directory's entries: a tree kept in memory, changed the way RFC 4511 §4.6 to §4.9 say."""

import threading
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from directory_sync.demo import passwords
from idp import clock
from idp.wire import distinguished_names as names
from idp.wire.distinguished_names import Dn, attribute_key, value_key

NO_SUCH_ATTRIBUTE, CONSTRAINT_VIOLATION, VALUE_EXISTS, INVALID_SYNTAX = 16, 19, 20, 21
NO_SUCH_OBJECT, INVALID_DN, UNWILLING, NAMING_VIOLATION, CLASS_VIOLATION = 32, 34, 53, 64, 65
NOT_ALLOWED_ON_NON_LEAF, NOT_ALLOWED_ON_RDN, ALREADY_EXISTS = 66, 67, 68
ADD, DELETE, REPLACE = 0, 1, 2
KEPT_BY_SERVER = frozenset({"entryuuid", "createtimestamp", "modifytimestamp", "creatorsname", "modifiersname", "entrydn"})
OPERATIONAL = KEPT_BY_SERVER | {"pwdaccountlockedtime", "hassubordinates", "subschemasubentry", "structuralobjectclass"}
SUPERIORS = {
    "inetorgperson": ("organizationalperson", "person", "top"), "organizationalperson": ("person", "top"),
    "person": ("top",), "organizationalunit": ("top",), "organizationalrole": ("top",), "domain": ("top",), "organization": ("top",),
}  # fmt: skip


Tell = Callable[[tuple[Any, ...]], object]


class LdapRefusal(Exception):
    """An operation is refused with a result code of RFC 4511 Appendix A."""

    def __init__(self, code: int, text: str = "", matched: str = "") -> None:
        super().__init__(text)
        self.code, self.text, self.matched = code, text, matched


@dataclass(slots=True)
class Attribute:
    """One attribute: its name as it was written, and its values."""

    name: str
    values: list[bytes]


@dataclass(slots=True)
class Entry:
    """One entry; `attributes` by their compared name."""

    dn: str
    key: Dn
    attributes: dict[str, Attribute] = field(default_factory=dict)

    def values(self, attribute: str) -> list[bytes]:
        """The values of an attribute, none when it is absent."""
        if attribute == "entrydn":
            return [self.dn.encode()]
        found = self.attributes.get(attribute)
        return found.values if found else []

    def text(self, attribute: str) -> str:
        """The first value of an attribute as text, empty when it is absent."""
        return next(iter(self.values(attribute)), b"").decode("utf-8", "replace")

    def put(self, name: str, values: Iterable[bytes]) -> None:
        """Set an attribute to exactly these values."""
        self.attributes[attribute_key(name)] = Attribute(name, list(values))

    def compared(self, attribute: str) -> set[str]:
        """The values of an attribute as they are compared; classes with the classes above them."""
        found = {value_key(value.decode("utf-8", "replace")) for value in self.values(attribute)}
        if attribute == "objectclass":
            found |= {above for value in found for above in SUPERIORS.get(value, ())}
        return found


def now_text() -> str:
    """The present instant as a generalized time (RFC 4517 §3.3.13)."""
    return clock.now().strftime("%Y%m%d%H%M%SZ")


def key_of(dn: str) -> Dn:
    """A DN as it is compared. Raises LdapRefusal: invalid DN syntax."""
    try:
        return names.normalize(dn)
    except names.NotADn:
        raise LdapRefusal(INVALID_DN, "invalid DN") from None


class Tree:
    """All entries, guarded by one lock. Every change is told to `tell` (the journal) before the method returns."""

    def __init__(self, suffix: str) -> None:
        self.suffix, self.suffix_key = suffix, key_of(suffix)
        self.lock = threading.RLock()
        self.tell: Tell = lambda _: None
        self._entries: dict[Dn, Entry] = {}
        self._children: dict[Dn, dict[Dn, None]] = {}

    def find(self, key: Dn) -> Entry | None:
        """The entry with this DN."""
        return self._entries.get(key)

    def require(self, dn: str) -> Entry:
        """The entry with this DN. Raises LdapRefusal: no such object, with the nearest entry that exists."""
        key = key_of(dn)
        entry = self._entries.get(key)
        if entry is None:
            raise LdapRefusal(NO_SUCH_OBJECT, matched=self._nearest(key))
        return entry

    def _nearest(self, key: Dn) -> str:
        above = (self._entries.get(key[depth:]) for depth in range(1, len(key)))
        return next((entry.dn for entry in above if entry), "")

    def children(self, key: Dn) -> list[Entry]:
        """The entries directly below."""
        return [self._entries[child] for child in self._children.get(key, ())]

    def below(self, key: Dn) -> Iterator[Entry]:
        """The entry and all below it, parents first."""
        waiting = [key] if key in self._entries else []
        while waiting:
            here = waiting.pop()
            yield self._entries[here]
            waiting.extend(reversed(self._children.get(here, {})))

    def add(self, dn: str, attributes: Iterable[tuple[str, list[bytes]]], by: str) -> Entry:
        """Add an entry. Raises LdapRefusal."""
        entry = Entry(dn, key_of(dn))
        with self.lock:
            if entry.key in self._entries:
                raise LdapRefusal(ALREADY_EXISTS)
            if entry.key != self.suffix_key and entry.key[1:] not in self._entries:
                raise LdapRefusal(NO_SUCH_OBJECT, "parent does not exist", self._nearest(entry.key))
            for name, values in attributes:
                self._change(entry, ADD, name, values)
            self._check(entry)
            for name, value in (("entryUUID", str(uuid.uuid4())), ("createTimestamp", now_text()), ("creatorsName", by)):
                entry.put(name, [value.encode()])
            self._touch(entry, by)
            self._keep(entry)
        return entry

    def put(self, entry: Entry) -> None:
        """Keep an entry just as it is, operational attributes included: how the province and the journal are loaded."""
        with self.lock:
            self._keep(entry)

    def __len__(self) -> int:
        return len(self._entries)

    def modify(self, dn: str, changes: list[tuple[int, str, list[bytes]]], by: str) -> None:
        """Apply all changes to an entry or none. Raises LdapRefusal."""
        with self.lock:
            entry = self.require(dn)
            changed = Entry(entry.dn, entry.key, {key: Attribute(a.name, list(a.values)) for key, a in entry.attributes.items()})
            for operation, name, values in changes:
                self._change(changed, operation, name, values)
            self._check(changed, NOT_ALLOWED_ON_RDN)
            self._touch(changed, by)
            self._keep(changed)

    def delete(self, dn: str) -> None:
        """Remove an entry without children. Raises LdapRefusal."""
        with self.lock:
            entry = self.require(dn)
            if self._children.get(entry.key):
                raise LdapRefusal(NOT_ALLOWED_ON_NON_LEAF, "subordinate objects must be deleted first")
            self.forget(entry)
            self.tell(("delete", entry.dn))

    def rename(self, dn: str, new_rdn: str, delete_old: bool, new_superior: str | None, by: str) -> None:
        """Give an entry another RDN or another parent; what is below goes along. Raises LdapRefusal."""
        with self.lock:
            entry = self.require(dn)
            if entry.key == self.suffix_key:
                raise LdapRefusal(UNWILLING, "the suffix stays where it is")
            parent = self.require(new_superior) if new_superior is not None else self._entries.get(entry.key[1:])
            parent_dn, parent_key = (parent.dn, parent.key) if parent else ("", names.ROOT)
            new_dn = f"{new_rdn},{parent_dn}" if parent_dn else new_rdn
            new_key = key_of(new_dn)
            if len(new_key) != len(parent_key) + 1:
                raise LdapRefusal(INVALID_DN, "invalid RDN")
            if new_key != entry.key and new_key in self._entries:
                raise LdapRefusal(ALREADY_EXISTS)
            if parent_key[-len(entry.key) :] == entry.key:
                raise LdapRefusal(UNWILLING, "an entry cannot move below itself")
            self.move(entry, new_dn)
            if delete_old:
                for name, value in names.parse_rdn(names.split(dn)[0]):
                    self._change(entry, DELETE, name, [value.encode()], lenient=True)
            for name, value in names.parse_rdn(new_rdn):
                self._change(entry, ADD, name, [value.encode()], lenient=True)
            self._touch(entry, by)
            self.tell(("rename", dn, new_dn))
            self._keep(entry)

    def forget(self, entry: Entry) -> None:
        """Take one entry out."""
        del self._entries[entry.key]
        self._children[entry.key[1:]].pop(entry.key)

    def move(self, entry: Entry, new_dn: str) -> None:
        """Put an entry, and what is below it, in another place."""
        new_key = key_of(new_dn)
        moved = list(self.below(entry.key))
        old_depth, old_dns = len(entry.key), {e.key: e.dn for e in moved}
        for one in reversed(moved):
            self.forget(one)
        for one in moved:
            own = len(one.key) - old_depth
            rdns = names.split(old_dns[one.key])[:own]
            one.dn, one.key = ",".join([*rdns, new_dn]), one.key[:own] + new_key
            self._place(one)

    def _change(self, entry: Entry, operation: int, name: str, values: list[bytes], *, lenient: bool = False) -> None:
        key = attribute_key(name)
        if key in KEPT_BY_SERVER:
            raise LdapRefusal(CONSTRAINT_VIOLATION, f"{name}: no user modification allowed")
        if key == "userpassword" and operation != DELETE:
            values = [passwords.protect(value) for value in values]
        present, compared = list(entry.values(key)), entry.compared(key)
        if operation == REPLACE:
            left = values
        elif operation == ADD:
            if not values:
                raise LdapRefusal(INVALID_SYNTAX, f"{name}: no values given")
            new = [value for value in values if value_key(value.decode("utf-8", "replace")) not in compared]
            if len(new) < len(values) and not lenient:
                raise LdapRefusal(VALUE_EXISTS, f"{name}: value already exists")
            left = present + new
        else:
            gone = {value_key(value.decode("utf-8", "replace")) for value in values}
            if not lenient and (not present or not gone <= compared):
                raise LdapRefusal(NO_SUCH_ATTRIBUTE, f"{name}: no such value")
            left = [value for value in present if values and value_key(value.decode("utf-8", "replace")) not in gone]
        if left:
            entry.put(entry.attributes[key].name if key in entry.attributes else name, left)
        else:
            entry.attributes.pop(key, None)

    def _check(self, entry: Entry, rdn_code: int = NAMING_VIOLATION) -> None:
        if not entry.values("objectclass"):
            raise LdapRefusal(CLASS_VIOLATION, "no objectClass attribute")
        for attribute, value in entry.key[0]:
            if value not in entry.compared(attribute):
                raise LdapRefusal(rdn_code, f"value of naming attribute {attribute} is not present in entry")

    def _touch(self, entry: Entry, by: str) -> None:
        entry.put("modifyTimestamp", [now_text().encode()])
        entry.put("modifiersName", [by.encode()])

    def _place(self, entry: Entry) -> None:
        self._entries[entry.key] = entry
        self._children.setdefault(entry.key[1:], {})[entry.key] = None

    def _keep(self, entry: Entry) -> None:
        self._place(entry)
        self.tell(("put", entry))
