"""What changed in a domain: DirSync of what the reading account may see, else by uSNChanged. A cookie is good at one server only."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from directory_sync.source import ldap
from directory_sync.source.active_directory import ATTRIBUTES, require_key
from directory_sync.source.dialect import Dialect
from directory_sync.source.ldap import Directory
from directory_sync.source.reading import ReadIncomplete
from directory_sync.source.way import DELETIONS_UNTOLD, UNITS_CHANGED, CookieRefused, Told, Way
from idp import clock
from idp.wire import messages, replication
from idp.wire.ber import Malformed
from idp.wire.distinguished_names import NotADn, normalize
from idp.wire.messages import Control

ASKED_AT_ONCE = 100  # keys in one filter
SHOWN = ("objectGUID", "isDeleted", "objectClass")
CONSTRUCTED = "msDS-User-Account-Control-Computed"  # made up when asked for: no change is ever told of it
WATCHED = ("name", "isDeleted", "objectClass", "ou", "description", *(name for name in ATTRIBUTES if name != CONSTRUCTED))
_PEOPLE_OR_UNITS = messages.any_of(messages.equals("objectClass", "user"), messages.equals("objectClass", "organizationalUnit"))
_NOBODY = messages.equals("objectClass", "domainDNS")
_FROM_1601 = datetime(1601, 1, 1, tzinfo=UTC)
ROOT = ("supportedControl", "defaultNamingContext", "dsServiceName", "highestCommittedUSN")
Entry = tuple[str, dict[str, list[bytes]]]


def _server(directory: Directory, root: dict[str, list[bytes]]) -> bytes:
    """The database that answers (invocationId): a cookie, or a number, means nothing in another one, nor after a restore."""
    name = next(iter(root.get("dsservicename", [])), b"").decode("utf-8", "replace")
    found = directory.read_entry(name, ("invocationId",)).get("invocationid", []) if name else []
    return found[0].hex().encode() if found else b""


def _now_by_dirsync(directory: Directory, _: Dialect) -> bytes | None:
    root = directory.read_entry("", ROOT)
    server = _server(directory, root)
    if not server or replication.DIRSYNC not in root.get("supportedcontrol", []):
        return None
    try:
        cookie, _nobody = _dirsync(directory, _context(root), _NOBODY, b"")
    except CookieRefused:
        return None
    return b" ".join([server, _moment(), cookie.hex().encode()])


def _since_by_dirsync(directory: Directory, dialect: Dialect, cookie: bytes) -> Told:
    root = directory.read_entry("", ROOT)
    before, value = _parts(cookie, _server(directory, root))
    now = _moment()
    following, entries = _dirsync(directory, _context(root), _PEOPLE_OR_UNITS, bytes.fromhex(value.decode()))
    told = Told(b" ".join([_server(directory, root), now, following.hex().encode()]))
    _sort_out(told, directory, dialect, entries, _context(root), (before, now))
    return told


def _dirsync(directory: Directory, context: str, wanted: bytes, cookie: bytes) -> tuple[bytes, list[Entry]]:
    """The next cookie and what changed, of the whole domain: DirSync knows no other base. Raises CookieRefused."""
    found: list[Entry] = []
    more = True
    while more:
        more = False
        request = messages.search(context, messages.SUBTREE, wanted, WATCHED)
        for answer in _answers(directory, request, replication.dirsync(cookie)):
            if answer.tag == messages.SEARCH_ENTRY:
                found.append(ldap.read_entry(answer.content))
            for control in answer.controls:
                if control.oid == replication.DIRSYNC:
                    more, cookie = replication.read_dirsync(control.value)
    return cookie, found


def _now_by_usn(directory: Directory, _: Dialect) -> bytes | None:
    root = directory.read_entry("", ROOT)
    server, usn = _server(directory, root), next(iter(root.get("highestcommittedusn", [])), b"")
    return b" ".join([server, _moment(), usn]) if server and usn.isdigit() else None


def _since_by_usn(directory: Directory, dialect: Dialect, cookie: bytes) -> Told:
    root = directory.read_entry("", ROOT)
    before, value = _parts(cookie, _server(directory, root))
    usn, now = next(iter(root.get("highestcommittedusn", [])), b""), _moment()
    if not (usn.isdigit() and value.isdigit()) or int(usn) < int(value):
        raise CookieRefused
    told = Told(b" ".join([_server(directory, root), now, usn]))
    wanted = messages.all_of(_PEOPLE_OR_UNITS, messages.at_least("uSNChanged", str(int(value) + 1)))
    request = messages.search(_context(root), messages.SUBTREE, wanted, SHOWN)
    answers = _answers(directory, request, replication.SHOW_DELETED, replication.DOMAIN_SCOPE)
    entries = [ldap.read_entry(answer.content) for answer in answers if answer.tag == messages.SEARCH_ENTRY]
    _sort_out(told, directory, dialect, entries, _context(root), (before, now))
    return told


def _answers(directory: Directory, request: bytes, *controls: Control) -> Iterator[ldap.Answer]:
    try:
        for answer in directory.answers(request, *controls):
            if answer.tag == messages.SEARCH_DONE and messages.read_result(answer.content, 0, len(answer.content)).code:
                raise CookieRefused
            yield answer
    except Malformed:
        raise ReadIncomplete("malformed_answer") from None


def _sort_out(
    told: Told, directory: Directory, dialect: Dialect, entries: Sequence[Entry], context: str, span: tuple[bytes, bytes]
) -> None:
    """Who of those is gone, and the whole entries of the others; also of those whose account has ended meanwhile."""
    base, keys = normalize(directory.base_dn), []
    for dn, attributes in entries:
        key = require_key(attributes)
        if attributes.get("isdeleted", [b""])[0].upper() == b"TRUE":
            told.gone.add(key)
        elif any(value.lower() == b"organizationalunit" for value in attributes.get("objectclass", [])) or _is_unit(dn):
            told.wishes.add(UNITS_CHANGED)
        elif _stands_below(dn, base):
            keys.append(key)
        else:
            told.gone.add(key)  # moved to where this province's staff are not
    if not _sees_deleted(directory, context):
        told.wishes.add(DELETIONS_UNTOLD)
    ended = messages.all_of(messages.at_least("accountExpires", span[0]), messages.at_most("accountExpires", span[1]))
    wanted = [ended, *(_any_of_keys(dialect, keys[start : start + ASKED_AT_ONCE]) for start in range(0, len(keys), ASKED_AT_ONCE))]
    for part in wanted:
        for page in directory.pages(messages.all_of(dialect.people, part), dialect.attributes, *dialect.controls):
            told.entries.extend(page)


def _any_of_keys(dialect: Dialect, keys: Sequence[str]) -> bytes:
    return messages.any_of(*map(dialect.with_key, keys))


def _is_unit(dn: str) -> bool:
    return dn[:3].lower() == "ou="


def _stands_below(dn: str, base: tuple[object, ...]) -> bool:
    try:
        return normalize(dn)[-len(base) :] == base
    except NotADn:
        return False


def _sees_deleted(directory: Directory, context: str) -> bool:
    """Whether this account may see what was deleted: by default only administrators may."""
    return bool(directory.read_entry(f"CN=Deleted Objects,{context}", ("cn",), replication.SHOW_DELETED).get("cn"))


def _context(root: dict[str, list[bytes]]) -> str:
    return next(iter(root.get("defaultnamingcontext", [])), b"").decode("utf-8", "replace")


def _moment() -> bytes:
    """Now, as accountExpires counts: tenths of a microsecond since 1601."""
    return str(int((clock.now() - _FROM_1601).total_seconds() * 10**7)).encode()


def _parts(cookie: bytes, server: bytes) -> tuple[bytes, bytes]:
    """When the cookie was taken, and its value. Raises CookieRefused when it is another server's."""
    parts = cookie.split(b" ")
    if len(parts) != 3 or not server or parts[0] != server:
        raise CookieRefused
    return parts[1], parts[2]


DIRSYNC = Way("dirsync", _now_by_dirsync, _since_by_dirsync)
UPDATE_NUMBERS = Way("usn", _now_by_usn, _since_by_usn)
