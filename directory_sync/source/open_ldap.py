"""OpenLDAP, and whatever names its entries as it does: keyed by entryUUID (RFC 4530)."""

from directory_sync.known import KnownPeople, reads_as_before
from directory_sync.source import ldap
from directory_sync.source.dialect import Dialect
from directory_sync.source.reading import Reading, Unreadable
from directory_sync.staff_record import ATTRIBUTES, digest_of, understand
from directory_sync.unit_tree import ATTRIBUTES as UNIT_ATTRIBUTES
from idp.wire import messages

LONGEST_KEY = 64  # what the column holds
PEOPLE = messages.any_of(messages.equals("objectClass", "person"), messages.equals("objectClass", "inetOrgPerson"))
UNITS = messages.equals("objectClass", "organizationalUnit")


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
    if attributes or not reads_as_before(known, key, digest):
        attributes = attributes or messages.read_attributes(entry, position, len(entry))
        reading.fresh[key] = understand(dn, attributes, key, digest, reading.tree)


OPEN_LDAP = Dialect(
    people=PEOPLE,
    units=UNITS,
    attributes=ATTRIBUTES,
    unit_attributes=UNIT_ATTRIBUTES,
    take_in=take_in,
    read_unit=ldap.read_entry,
    with_key=lambda key: messages.equals("entryUUID", key),
)
