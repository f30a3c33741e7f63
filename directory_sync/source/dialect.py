"""What differs between kinds of directories: how people and units are asked for, and how an entry is taken in."""

from collections.abc import Callable
from dataclasses import dataclass

from directory_sync.known import KnownPeople
from directory_sync.source.ldap import Directory
from directory_sync.source.reading import ReadIncomplete, Reading
from directory_sync.unit_tree import UnitTree, understand_units
from idp.wire.ber import Malformed
from idp.wire.messages import Control

UnitEntry = tuple[str, dict[str, list[bytes]]]


@dataclass(frozen=True)
class Dialect:
    """How one kind of directory is read. `people`, `units`: filters; `with_key`: the filter of whom one key names; `take_in`: adds an
    entry of a person to a reading, understood when it is new or reads differently; `controls` go with every search."""

    people: bytes
    units: bytes
    attributes: tuple[str, ...]
    unit_attributes: tuple[str, ...]
    take_in: Callable[[bytes, KnownPeople, Reading], None]
    read_unit: Callable[[bytes], UnitEntry]
    with_key: Callable[[str], bytes]
    controls: tuple[Control, ...] = ()


def read_units(directory: Directory, dialect: Dialect) -> UnitTree:
    """The whole unit tree. Raises ReadIncomplete."""
    pages = directory.pages(dialect.units, dialect.unit_attributes, *dialect.controls)
    try:
        return understand_units(dialect.read_unit(entry) for page in pages for entry in page)
    except Malformed:
        raise ReadIncomplete("malformed_answer") from None
