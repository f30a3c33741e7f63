"""Active Directory: keyed by objectGUID; its names for what we read, and its ways of keeping somebody out."""

import uuid
from typing import Any

from directory_sync.known import KnownPeople, reads_as_before
from directory_sync.source import ldap
from directory_sync.source.dialect import Dialect, UnitEntry
from directory_sync.source.ldap import Directory
from directory_sync.source.reading import Reading, Unreadable
from directory_sync.staff_record import digest_of, has_expired, understand
from idp.wire import messages, replication
from idp.wire.ber import Malformed

ATTRIBUTES = (
    "objectGUID", "sAMAccountName", "userPrincipalName", "displayName", "cn", "title", "mail", "mobile", "telephoneNumber",
    "employeeNumber", "employeeID", "employeeType", "departmentNumber", "businessCategory", "userAccountControl", "lockoutTime",
    "accountExpires", "msDS-User-Account-Control-Computed", "whenChanged",
)  # fmt: skip
UNIT_ATTRIBUTES = ("objectGUID", "ou", "description")
GUID_OCTETS = 16
# A computer is a user there; what Windows itself needs (Administrator, krbtgt, Domain Controllers) belongs to no staff.
_OURS = messages.none_of(messages.equals("isCriticalSystemObject", "TRUE"))
_USERS = (messages.equals("objectClass", "user"), messages.none_of(messages.equals("objectClass", "computer")), _OURS)


def active_directory(directory: Directory) -> Dialect:
    """How this domain is read; the account that reads is nobody's."""
    return Dialect(
        people=messages.all_of(*_USERS, messages.none_of(_account(directory.bind_dn))),
        units=messages.all_of(messages.equals("objectClass", "organizationalUnit"), _OURS),
        attributes=ATTRIBUTES,
        unit_attributes=UNIT_ATTRIBUTES,
        take_in=take_in,
        read_unit=read_unit,
        with_key=lambda key: messages.equals("objectGUID", uuid.UUID(key).bytes_le),
        controls=(replication.DOMAIN_SCOPE,),
    )


def _account(name: str) -> bytes:
    """The filter of an account by whatever it binds as: a DN, name@domain or DOMAIN\\name."""
    if "=" in name:
        return messages.equals("distinguishedName", name)
    return messages.equals("userPrincipalName" if "@" in name else "sAMAccountName", name.rpartition("\\")[2])


def key_of(values: list[bytes]) -> str:
    """An objectGUID as a UUID is written; empty when it is none."""
    return str(uuid.UUID(bytes_le=values[0])) if values and len(values[0]) == GUID_OCTETS else ""


def read_unit(entry: bytes) -> UnitEntry:
    """A unit under the names that OpenLDAP has for the same. Raises Malformed."""
    dn, attributes = ldap.read_entry(entry)
    return dn, attributes | {"entryuuid": [key_of(attributes.get("objectguid", [])).encode()]}


def take_in(entry: bytes, known: KnownPeople, reading: Reading) -> None:
    """Add one entry of a person to the reading; one without a key is listed instead. Raises Malformed."""
    dn, attributes = ldap.read_entry(entry)
    key = key_of(attributes.get("objectguid", []))
    if not key or "\0" in dn:
        reading.unreadable.append(Unreadable(dn.replace("\0", ""), "no_entry_uuid"))
        return
    # An account that ends on a day reads the same before and after: the day's passing is part of what was read.
    over = b"expired" if has_expired(attributes.get("accountexpires", [])) else b""
    digest = digest_of(entry + over, reading.tree.unit_above(dn), reading.tree)
    reading.seen.add(key)
    if not reads_as_before(known, key, digest):
        reading.fresh[key] = understand(dn, _under_our_names(attributes), key, digest, reading.tree)


def _under_our_names(attributes: dict[str, list[bytes]]) -> dict[str, Any]:
    """sAMAccountName is what people sign in to Windows with; userPrincipalName, mostly but not always their mail address, too."""
    renamed = {"uid": attributes.get("samaccountname", []), "alias": attributes.get("userprincipalname", [])}
    return attributes | renamed | {"employeenumber": attributes.get("employeenumber") or attributes.get("employeeid", [])}


def require_key(attributes: dict[str, list[bytes]]) -> str:
    """The key of an entry that must have one. Raises Malformed."""
    key = key_of(attributes.get("objectguid", []))
    if not key:
        raise Malformed("an entry without objectGUID")
    return key
