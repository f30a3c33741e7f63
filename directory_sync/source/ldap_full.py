"""Reads an LDAP directory whole, page by page; understands only entries that are new or differ from what was understood before."""

from directory_sync.known import KnownPeople
from directory_sync.source import ldap
from directory_sync.source.ldap import Directory
from directory_sync.source.reading import Alive, Kind, Progress, ReadIncomplete, Reading, Source, Unreadable
from directory_sync.staff_record import ATTRIBUTES, digest_of, understand
from directory_sync.unit_tree import ATTRIBUTES as UNIT_ATTRIBUTES
from directory_sync.unit_tree import understand_units
from idp.settings import current_settings
from idp.wire import messages
from idp.wire.ber import Malformed

SOURCE = "ldap"
LONGEST_KEY = 64  # what the column holds
PEOPLE = messages.any_of(messages.equals("objectClass", "person"), messages.equals("objectClass", "inetOrgPerson"))
UNITS = messages.equals("objectClass", "organizationalUnit")


def whole_directory() -> Source:
    """The directory of the settings, read whole."""
    return Source(SOURCE, _read_directory, Kind.FULL)


def _read_directory(known: KnownPeople, alive: Alive, progress: Progress) -> Reading:
    with ldap.connected(ldap.access_from(current_settings())) as directory:
        return read_whole(directory, known, alive, progress)


def read_whole(directory: Directory, known: KnownPeople, alive: Alive, progress: Progress) -> Reading:
    """Everything below the base. Raises ReadIncomplete."""
    try:
        tree = understand_units(_decode(entry) for page in directory.pages(UNITS, UNIT_ATTRIBUTES) for entry in page)
        reading = Reading(tree, set(), {})
        for page in directory.pages(PEOPLE, ATTRIBUTES):
            alive()
            for entry in page:
                take_in(entry, known, reading)
            progress("read", len(reading.seen))
    except Malformed:
        raise ReadIncomplete("malformed_answer") from None
    return reading


def _decode(entry: bytes) -> tuple[str, dict[str, list[bytes]]]:
    dn, position = messages.read_entry_name(entry, 0, len(entry))
    return dn, messages.read_attributes(entry, position, len(entry))


def take_in(entry: bytes, known: KnownPeople, reading: Reading) -> None:
    """Add one entry of a person to the reading; one without a key that can be kept is listed instead."""
    dn, position = messages.read_entry_name(entry, 0, len(entry))
    digest = digest_of(entry, reading.tree.unit_above(dn), reading.tree)
    attributes = None if known else messages.read_attributes(entry, position, len(entry))
    raw_key = (
        next(iter(attributes.get("entryuuid", ())), b"")
        if attributes
        else messages.read_first_value(entry, position, len(entry), "entryuuid")
    )
    key = raw_key.decode("ascii", "replace")
    if not key or len(key) > LONGEST_KEY or not key.isprintable() or "\0" in dn:
        reading.unreadable.append(Unreadable(dn.replace("\0", ""), "unusable_key" if key else "no_entry_uuid"))
        return
    reading.seen.add(key)
    person = known.get(key)
    if person is None or person.digest != digest:
        attributes = attributes or messages.read_attributes(entry, position, len(entry))
        reading.fresh[key] = understand(dn, attributes, key, digest, reading.tree)
