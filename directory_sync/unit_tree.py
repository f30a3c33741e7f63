"""The directory's unit tree, understood: which entries are units, at which level, and to which of them a person belongs."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from directory_sync.directory_text import Flaw, clean
from idp.people.models import Level
from idp.people.names import fold
from idp.wire.distinguished_names import Dn, NotADn, normalize, parent_text

ATTRIBUTES = ("entryUUID", "ou", "description")
LONGEST_CODE = 64
_COMMUNE_CODE, _DISTRICT_CODE = re.compile(r"[A-Z]?\d{5}"), re.compile(r"\d{3}")
_GROUP_LEVELS = {"cap tinh": Level.PROVINCE, "cap huyen": Level.DISTRICT, "cap xa": Level.COMMUNE}


@dataclass(frozen=True, slots=True)
class UnitRecord:
    """One unit as the directory has it; `parent_key` is the entryUUID of the unit above."""

    source_key: str
    code: str | None
    name: str
    level: Level
    parent_key: str | None


@dataclass(frozen=True)
class UnitTree:
    """All units of one read, parents before children, and the way from a DN to its unit."""

    units: tuple[UnitRecord, ...]
    by_dn: dict[Dn, str]
    by_code: dict[str, str]
    print: bytes
    _known_parents: dict[str, str | None] = field(default_factory=dict)

    def unit_above(self, dn: str) -> str | None:
        """The key of the nearest unit above an entry."""
        parent = parent_text(dn)
        if parent not in self._known_parents:
            self._known_parents[parent] = self._nearest(parent)
        return self._known_parents[parent]

    def _nearest(self, dn: str) -> str | None:
        try:
            key = normalize(dn)
        except NotADn:
            return None
        return next((self.by_dn[key[depth:]] for depth in range(len(key)) if key[depth:] in self.by_dn), None)


def understand_units(entries: Iterable[tuple[str, dict[str, list[bytes]]]]) -> UnitTree:
    """The unit tree of all organizationalUnit entries (DN, attributes).

    A directory also keeps accounts and groups in organizational units. Where units carry codes (`description`), one without a
    code and without coded units above or below it is none of the province's.
    """
    read = sorted(_read(entries), key=lambda unit: len(unit[0]))
    coded = {key for key, _, code, _ in read if code}
    around = coded | {key[depth:] for key in coded for depth in range(1, len(key))}
    levels: dict[Dn, Level] = {}
    by_dn: dict[Dn, str] = {}
    units = []
    for key, source_key, code, name in read:
        above = next((key[depth:] for depth in range(1, len(key)) if key[depth:] in by_dn), None)
        if coded and key not in around and not _has_coded_above(key, coded):
            continue
        levels[key] = _level(code, name, levels.get(above) if above else None)
        by_dn[key] = source_key
        units.append(UnitRecord(source_key, code, name, levels[key], by_dn[above] if above else None))
    codes = _unique_codes(units)
    told = "\n".join(f"{code}={key}" for code, key in sorted(codes.items()))
    return UnitTree(tuple(units), by_dn, codes, hashlib.sha256(told.encode()).digest()[:8])


def _read(entries: Iterable[tuple[str, dict[str, list[bytes]]]]) -> Iterator[tuple[Dn, str, str | None, str]]:
    for dn, attributes in entries:
        flaws: set[Flaw] = set()
        key = clean(_first(attributes, "entryuuid"), flaws)
        code = clean(_first(attributes, "description"), flaws)
        name = clean(_first(attributes, "ou"), flaws)
        if key and name:
            yield normalize(dn), key, code if code and len(code) <= LONGEST_CODE else None, name


def _first(attributes: dict[str, list[bytes]], name: str) -> bytes:
    return next(iter(attributes.get(name, ())), b"")


def _has_coded_above(key: Dn, coded: set[Dn]) -> bool:
    return any(key[depth:] in coded for depth in range(1, len(key)))


def _level(code: str | None, name: str, inherited: Level | None) -> Level:
    """By the shape of the national code: 5 digits a commune (a letter may stand before them), 3 a district; else as the unit above; else the province."""
    if code and _COMMUNE_CODE.fullmatch(code):
        return Level.COMMUNE
    if code and _DISTRICT_CODE.fullmatch(code):
        return Level.DISTRICT
    group = _GROUP_LEVELS.get(fold(name))
    return group or inherited or Level.PROVINCE


def _unique_codes(units: list[UnitRecord]) -> dict[str, str]:
    codes: dict[str, str | None] = {}
    for unit in units:
        if unit.code:
            codes[unit.code] = None if unit.code in codes else unit.source_key
    return {code: key for code, key in codes.items() if key}
