"""What a run has read and understood, on its way to where it is applied: of everybody new at once, millions perhaps, only where each
stands is in memory; the facts are in a file without a name, which is gone with the process, whatever ends it."""

import marshal
import tempfile
from array import array
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping, MutableMapping, Sequence
from typing import IO, Any

from directory_sync.compact_keys import CompactKeys
from directory_sync.directory_text import Flaw
from directory_sync.staff_record import StaffRecord

WITHOUT_REFERENCES = 2  # the version of marshal's format that does not look for what occurs twice


class RecordSpool(MutableMapping[str, StaffRecord]):
    """Records by the source's key, in the order in which they came; one that comes again takes the place of the first.

    The file is made with the first record: readable by its owner only, and without a name before anything is in it.
    """

    def __init__(self) -> None:
        self._keys = CompactKeys()
        self._starts, self._sizes = array("Q"), array("I")
        self._flawed: set[int] = set()
        self._file: IO[bytes] | None = None
        self._end, self._taken_out, self._is_at_end = 0, 0, True

    def __setitem__(self, key: str, record: StaffRecord) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="hopnhat-sync-")  # noqa: SIM115 - it lives as long as the spool
        if not self._is_at_end:
            self._file.seek(self._end)
            self._is_at_end = True
        packed = _pack(record)
        self._file.write(packed)
        position = self._keys.add(key)
        if position == len(self._sizes):
            self._starts.append(self._end)
            self._sizes.append(len(packed))
        else:
            self._taken_out -= not self._sizes[position]
            self._starts[position], self._sizes[position] = self._end, len(packed)
        self._end += len(packed)
        if record.flaws:
            self._flawed.add(position)
        elif position in self._flawed:
            self._flawed.remove(position)

    def __getitem__(self, key: str) -> StaffRecord:
        position = self._keys.find(key)
        if position < 0 or not self._sizes[position]:
            raise KeyError(key)
        return self.at(position)

    def __delitem__(self, key: str) -> None:
        position = self._keys.find(key)
        if position < 0 or not self._sizes[position]:
            raise KeyError(key)
        self._sizes[position] = 0
        self._flawed.discard(position)
        self._taken_out += 1

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self.position(key) >= 0

    def __len__(self) -> int:
        return len(self._sizes) - self._taken_out

    def __iter__(self) -> Iterator[str]:
        return (self._keys.at(position) for position, size in enumerate(self._sizes) if size)

    def position(self, key: str) -> int:
        """Where somebody's record stands, -1 when there is none."""
        position = self._keys.find(key)
        return position if position >= 0 and self._sizes[position] else -1

    def at(self, position: int) -> StaffRecord:
        """The record at a place."""
        assert self._file is not None
        self._is_at_end = False
        self._file.seek(self._starts[position])
        return _unpack(self._file.read(self._sizes[position]))

    def without(self, known: Container[str]) -> "SpooledRecords":
        """The records of all whose key is not among those known."""
        if not known:
            return SpooledRecords(self, array("I", (place for place, size in enumerate(self._sizes) if size)))
        return SpooledRecords(self, array("I", (self.position(key) for key in self if key not in known)))

    def is_flawed(self, position: int) -> bool:
        """Whether something is wrong with the entry at a place."""
        return position in self._flawed


class SpooledRecords(Sequence[StaffRecord]):
    """Some of the records in a spool, each read when it is asked for."""

    def __init__(self, spool: RecordSpool, places: "array[int]") -> None:
        self._spool, self._places = spool, places

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[StaffRecord]:
        return map(self._spool.at, self._places)

    def __getitem__(self, index: Any) -> Any:
        chosen = self._places[index]
        return [self._spool.at(place) for place in chosen] if isinstance(index, slice) else self._spool.at(chosen)

    def only(self, wanted: Callable[[StaffRecord], bool]) -> "SpooledRecords":
        """Those that are wanted."""
        return SpooledRecords(self._spool, array("I", (place for place in self._places if wanted(self._spool.at(place)))))

    def to_look_at(self, keys: Iterable[str]) -> list[StaffRecord]:
        """Those with a flaw or one of these keys, without a look at all others."""
        wanted = {place for key in keys if (place := self._spool.position(key)) >= 0}
        return [self._spool.at(place) for place in self._places if place in wanted or self._spool.is_flawed(place)]


def only(records: Sequence[StaffRecord], wanted: Callable[[StaffRecord], bool]) -> Sequence[StaffRecord]:
    """Those that are wanted, where they are."""
    return records.only(wanted) if isinstance(records, SpooledRecords) else [record for record in records if wanted(record)]


def newcomers_in(fresh: Mapping[str, StaffRecord], known: Collection[str]) -> Sequence[StaffRecord]:
    """Of what was understood the records of those not known, where they are."""
    return fresh.without(known) if isinstance(fresh, RecordSpool) else [record for key, record in fresh.items() if key not in known]


def to_look_at(records: Sequence[StaffRecord], keys: Collection[str]) -> list[StaffRecord]:
    """Those with a flaw or one of these keys."""
    if isinstance(records, SpooledRecords):
        return records.to_look_at(keys)
    return [record for record in records if record.flaws or record.source_key in keys]


def _pack(record: StaffRecord) -> bytes:
    plain: Any = record if not record.flaws else record._replace(flaws=frozenset(map(str, record.flaws)))  # type: ignore[arg-type]
    return marshal.dumps(tuple(plain), WITHOUT_REFERENCES)


def _unpack(packed: bytes) -> StaffRecord:
    record = StaffRecord._make(marshal.loads(packed))  # noqa: S302 - bytes of this process, from a file that nobody else can open
    return record._replace(flaws=frozenset(map(Flaw, record.flaws))) if record.flaws else record
