"""Everybody known of a source in 110 bytes a person, and who of them was seen: a run holds all of them at once, millions perhaps."""

import uuid
from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping, MutableSet
from typing import NamedTuple

from directory_sync.compact_keys import CompactKeys

DIGEST_BYTES, ID_BYTES = 32, 16


class KnownPerson(NamedTuple):
    """What is known of a person, as far as comparing needs it."""

    person_id: uuid.UUID
    digest: bytes | None
    state: str
    state_reason: str | None
    locked: bool


class CompactPeople(Mapping[str, KnownPerson]):
    """People by the source's key, put one after another into a few long arrays. Filled once, by `add`; a key must not come twice."""

    def __init__(self) -> None:
        self._keys = CompactKeys()
        self._ids, self._digests = bytearray(), bytearray()
        self._standings: dict[tuple[str, str | None, bool, bool], int] = {}  # state, reason, locked, and whether there is a digest
        self._standing_of = array("H")
        self._told: list[tuple[str, str | None, bool, bool]] = []

    def add(self, key: str, person_id: uuid.UUID, digest: bytes | None, state: str, state_reason: str | None, locked: bool) -> None:
        """Put one person in."""
        self._keys.add(key)
        self._ids += person_id.bytes
        self._digests += (digest or b"").ljust(DIGEST_BYTES, b"\0")[:DIGEST_BYTES]
        standing = (state, state_reason, locked, digest is not None)
        number = self._standings.get(standing)
        if number is None:
            number = self._standings[standing] = len(self._told)
            self._told.append(standing)
        self._standing_of.append(number)

    def position(self, key: str) -> int:
        """Where somebody stands, -1 when nobody has the key."""
        return self._keys.find(key)

    def has_digest(self, key: str, digest: bytes) -> bool:
        """Whether somebody has the key, and read like this when they were last understood."""
        position = self._keys.find(key)
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
        return iter(self._keys)

    def standings(self) -> Iterator[tuple[str, str, str | None, bool]]:
        """Key, state, reason and whether locked, of everybody, without what costs time to make."""
        for key, number in zip(self._keys, self._standing_of, strict=True):
            yield key, *self._told[number][:3]


class Seen(MutableSet[str]):
    """The keys that were read: a mark beside whoever is known; the others are those whose records are `fresh`, since whoever is not known
    is understood."""

    def __init__(self, known: CompactPeople, fresh: Collection[str]) -> None:
        self._known, self._marks, self._fresh = known, bytearray(len(known)), fresh
        self._count = 0

    def add(self, value: str) -> None:
        """Mark a key as read."""
        position = self._known.position(value)
        if position >= 0 and not self._marks[position]:
            self._marks[position] = 1
            self._count += 1

    def update(self, values: Iterable[str]) -> None:
        """Mark several keys as read."""
        for value in values:
            self.add(value)

    def discard(self, value: str) -> None:
        """Take a mark away."""
        position = self._known.position(value)
        if position >= 0 and self._marks[position]:
            self._marks[position] = 0
            self._count -= 1

    def __contains__(self, value: object) -> bool:
        if not isinstance(value, str):
            return False
        position = self._known.position(value)
        return bool(self._marks[position]) if position >= 0 else value in self._fresh

    def __len__(self) -> int:
        return self._count + (sum(key not in self._known for key in self._fresh) if self._known else len(self._fresh))

    def __iter__(self) -> Iterator[str]:
        yield from (key for key, mark in zip(self._known, self._marks, strict=True) if mark)
        yield from (key for key in self._fresh if key not in self._known)
