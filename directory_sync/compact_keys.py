"""Keys of a source, each once and each with its place, in some fifty bytes a key: a run holds those of everybody at once."""

from array import array
from collections.abc import Iterator

_EMPTY, _LEAST, _WIDER = 0, 8, 4


class CompactKeys:
    """Keys put one after another into one long array, and found through a table of their hashes. None is ever taken out."""

    def __init__(self) -> None:
        self._text, self._ends = bytearray(), array("Q", [0])
        self._table = array("I", bytes(4 * _LEAST))

    def add(self, key: str) -> int:
        """Where a key stands; behind all others when it is new."""
        wanted, text, ends, table = key.encode(), self._text, self._ends, self._table
        mask = len(table) - 1
        slot = hash(key) & mask
        while number := table[slot]:
            if text[ends[number - 1] : ends[number]] == wanted:
                return number - 1
            slot = (slot + 1) & mask
        number = len(ends)
        text += wanted
        ends.append(len(text))
        table[slot] = number
        if 3 * number > 2 * mask:
            self._widen()
        return number - 1

    def _widen(self) -> None:
        size = _WIDER * len(self._table)
        table, mask = array("I", bytes(4 * size)), size - 1
        for number, key in enumerate(self, start=1):
            slot = hash(key) & mask
            while table[slot] != _EMPTY:
                slot = (slot + 1) & mask
            table[slot] = number
        self._table = table

    def find(self, key: str) -> int:
        """Where a key stands, -1 when it is not there."""
        ends = self._ends
        if len(ends) == 1:  # a first run asks for everybody, and knows nobody
            return -1
        wanted, text, table = key.encode(), self._text, self._table
        mask = len(table) - 1
        slot = hash(key) & mask
        while number := table[slot]:
            if text[ends[number - 1] : ends[number]] == wanted:
                return number - 1
            slot = (slot + 1) & mask
        return -1

    def at(self, position: int) -> str:
        """The key at a place."""
        return self._text[self._ends[position] : self._ends[position + 1]].decode()

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __iter__(self) -> Iterator[str]:
        return map(self.at, range(len(self)))
