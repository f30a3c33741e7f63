"""Everybody known of a source in 120 bytes a person, and who of them was seen: a run holds all of them at once, millions perhaps."""

import uuid
from array import array
from collections.abc import Iterable, Iterator, Mapping, MutableSet
from typing import NamedTuple

DIGEST_BYTES, ID_BYTES = 32, 16
_EMPTY, _LEAST = 0, 8


class KnownPerson(NamedTuple):
    """What is known of a person, as far as comparing needs it."""

    person_id: uuid.UUID
    digest: bytes | None
    state: str
    state_reason: str | None
    locked: bool


class CompactPeople(Mapping[str, KnownPerson]):
    """People by the source's key, put one after another into a few long arrays and found through a table of their hashes.

    Filled once, by `add`; a key must not come twice.
    """

    def __init__(self) -> None:
        self._keys, self._ends = bytearray(), array("Q", [0])
        self._ids, self._digests = bytearray(), bytearray()
        self._standings: dict[tuple[str, str | None, bool, bool], int] = {}  # state, reason, locked, and whether there is a digest
        self._standing_of = array("H")
        self._told: list[tuple[str, str | None, bool, bool]] = []
        self._table = array("I", bytes(4 * _LEAST))

    def add(self, key: str, person_id: uuid.UUID, digest: bytes | None, state: str, state_reason: str | None, locked: bool) -> None:
        """Put one person in."""
        self._keys += key.encode()
        self._ends.append(len(self._keys))
        self._ids += person_id.bytes
        self._digests += (digest or b"").ljust(DIGEST_BYTES, b"\0")[:DIGEST_BYTES]
        standing = (state, state_reason, locked, digest is not None)
        number = self._standings.get(standing)
        if number is None:
            number = self._standings[standing] = len(self._told)
            self._told.append(standing)
        self._standing_of.append(number)
        if 3 * len(self) > 2 * len(self._table):
            self._grow()
        else:
            self._place(hash(key), len(self))

    def _grow(self) -> None:
        self._table = array("I", bytes(8 * len(self._table)))
        for position in range(len(self)):
            self._place(hash(self._key(position)), position + 1)

    def _place(self, slot: int, number: int) -> None:
        mask = len(self._table) - 1
        slot &= mask
        while self._table[slot] != _EMPTY:
            slot = (slot + 1) & mask
        self._table[slot] = number

    def _key(self, position: int) -> str:
        return self._keys[self._ends[position] : self._ends[position + 1]].decode()

    def position(self, key: str) -> int:
        """Where somebody stands, -1 when nobody has the key."""
        if not self._standing_of:  # a first run asks for everybody, and knows nobody
            return -1
        table, keys, ends = self._table, self._keys, self._ends
        mask, wanted = len(table) - 1, key.encode()
        slot = hash(key) & mask
        while number := table[slot]:
            if keys[ends[number - 1] : ends[number]] == wanted:
                return number - 1
            slot = (slot + 1) & mask
        return -1

    def has_digest(self, key: str, digest: bytes) -> bool:
        """Whether somebody has the key, and read like this when they were last understood."""
        position = self.position(key)
        kept = self._digests[position * DIGEST_BYTES : (position + 1) * DIGEST_BYTES]
        return position >= 0 and kept == digest.ljust(DIGEST_BYTES, b"\0")

    def _at(self, position: int) -> KnownPerson:
        state, reason, locked, has_digest = self._told[self._standing_of[position]]
        digest = bytes(self._digests[position * DIGEST_BYTES : (position + 1) * DIGEST_BYTES]) if has_digest else None
        return KnownPerson(
            uuid.UUID(bytes=bytes(self._ids[position * ID_BYTES : (position + 1) * ID_BYTES])), digest, state, reason, locked
        )

    def __getitem__(self, key: str) -> KnownPerson:
        position = self.position(key)
        if position < 0:
            raise KeyError(key)
        return self._at(position)

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self.position(key) >= 0

    def __len__(self) -> int:
        return len(self._standing_of)

    def __iter__(self) -> Iterator[str]:
        return map(self._key, range(len(self)))

    def standings(self) -> Iterator[tuple[str, str, str | None, bool]]:
        """Key, state, reason and whether locked, of everybody, without what costs time to make."""
        for position, number in enumerate(self._standing_of):
            yield self._key(position), *self._told[number][:3]


class Seen(MutableSet[str]):
    """The keys that were read: a mark beside whoever is known, and the others by name."""

    def __init__(self, known: CompactPeople) -> None:
        self._known, self._marks = known, bytearray(len(known))
        self._others: set[str] = set()
        self._count = 0

    def add(self, value: str) -> None:
        """Mark a key as read."""
        position = self._known.position(value)
        if position < 0:
            self._others.add(value)
        elif not self._marks[position]:
            self._marks[position] = 1
            self._count += 1

    def update(self, values: Iterable[str]) -> None:
        """Mark several keys as read."""
        for value in values:
            self.add(value)

    def discard(self, value: str) -> None:
        """Take a mark away."""
        position = self._known.position(value)
        self._others.discard(value)
        if position >= 0 and self._marks[position]:
            self._marks[position] = 0
            self._count -= 1

    def __contains__(self, value: object) -> bool:
        if not isinstance(value, str):
            return False
        position = self._known.position(value)
        return bool(self._marks[position]) if position >= 0 else value in self._others

    def __len__(self) -> int:
        return self._count + len(self._others)

    def __iter__(self) -> Iterator[str]:
        yield from (key for key, mark in zip(self._known, self._marks, strict=True) if mark)
        yield from self._others
