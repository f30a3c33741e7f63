"""Which unit a line of a scheme means: by its code, else by its name where only one bears it."""

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Generic, TypeVar

from directory_sync.unit_tree import UnitRecord

T = TypeVar("T")
COMMITTEE = ("ủy ban nhân dân ", "uỷ ban nhân dân ", "ubnd ")  # lists of the ministry name the place, directories the agency


class NotUnique(LookupError):
    """Several units bear the name, and no code tells which of them is meant."""


def bare_name(name: str) -> str:
    """A unit's name as it is compared: NFC, lower case, single blanks, without "UBND". Tones stay: Tả Lủng is not Tả Lùng."""
    plain = " ".join(unicodedata.normalize("NFC", name).lower().split())
    return next((plain.removeprefix(prefix) for prefix in COMMITTEE if plain.startswith(prefix)), plain)


def bare_code(code: str) -> str:
    """A code without the letters that a directory puts before the national number."""
    digits = code.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    return digits if digits.isdigit() and len(code) - len(digits) <= 1 else code


class Units(Generic[T]):
    """Units to choose from, by code and by name."""

    def __init__(self, units: Iterable[tuple[T, str | None, str]]) -> None:
        self._by_code: dict[str, list[T]] = {}
        self._by_bare_code: dict[str, list[T]] = {}
        self._by_name: dict[str, list[T]] = {}
        for unit, code, name in units:
            if code:
                self._by_code.setdefault(code, []).append(unit)
                self._by_bare_code.setdefault(bare_code(code), []).append(unit)
            self._by_name.setdefault(bare_name(name), []).append(unit)

    def find(self, code: str | None, name: str | None) -> T | None:
        """The unit with this code, else the only one with this name; None when there is none. Raises NotUnique."""
        for found in (
            self._by_code.get(code or "", ()), self._by_bare_code.get(bare_code(code), ()) if code else (),
            self._by_name.get(bare_name(name), ()) if name else (),
        ):  # fmt: skip
            if len(found) > 1:
                raise NotUnique
            if found:
                return found[0]
        return None


def of_records(records: Iterable[UnitRecord]) -> Units[str]:
    """The units of a source, by its keys."""
    return Units((record.source_key, record.code, record.name) for record in records)


def ancestry(key: str | None, parent_of: Callable[[str], str | None] | Mapping[str, str | None]) -> Sequence[str]:
    """A unit and all above it, itself first; a loop ends where it closes."""
    above = parent_of.get if isinstance(parent_of, Mapping) else parent_of
    found: list[str] = []
    while key is not None and key not in found:
        found.append(key)
        key = above(key)
    return found
