"""One LDAP connection to the demo directory: who is bound, what they may do, and the answer to each request."""

from collections.abc import Callable, Iterator
from itertools import islice

from directory_sync.demo import passwords, requests
from directory_sync.demo.entries import OPERATIONAL, Entry, LdapRefusal, Tree, key_of
from idp.wire import ber, messages
from idp.wire.ber import Malformed
from idp.wire.distinguished_names import attribute_key, value_key
from idp.wire.messages import Control

OPERATIONS_ERROR, PROTOCOL_ERROR, SIZE_LIMIT, COMPARE_FALSE, COMPARE_TRUE, METHOD_NOT_SUPPORTED = 1, 2, 4, 5, 6, 7
UNKNOWN_CRITICAL_CONTROL, NO_SUCH_OBJECT, INVALID_CREDENTIALS, NOT_ALLOWED, UNWILLING = 12, 32, 49, 50, 53
SIMPLE = 0x80
PASSWORD_POLICY = b"1.3.6.1.4.1.42.2.27.8.5.1"
ACCOUNT_LOCKED = Control(PASSWORD_POLICY, False, b"\x30\x03\x81\x01\x01")
START_TLS, WHO_AM_I = b"1.3.6.1.4.1.1466.20037", b"1.3.6.1.4.1.4203.1.11.3"
KNOWN_CONTROLS = frozenset({messages.PAGED_RESULTS, PASSWORD_POLICY})
ANSWER_TAGS = {0x60: 0x61, 0x63: 0x65, 0x66: 0x67, 0x68: 0x69, 0x4A: 0x6B, 0x6C: 0x6D, 0x6E: 0x6F, 0x77: 0x78}
MOST_OPEN_SEARCHES = 8


class Conversation:
    """The state of one connection. `writers` and `readers` are the DNs of the accounts that may change or read everything."""

    def __init__(self, tree: Tree, writers: frozenset[str], readers: frozenset[str]) -> None:
        self._tree = tree
        self._writers, self._readers = {key_of(dn) for dn in writers}, {key_of(dn) for dn in readers | writers}
        self._bound: Entry | None = None
        self._open_searches: dict[bytes, Iterator[Entry]] = {}
        self._searches = 0
        self._deeds: dict[int, Callable[[bytes, int, int], bytes]] = {
            0x66: self._modify, 0x68: self._add, 0x4A: self._delete, 0x6C: self._rename, 0x6E: self._compare, 0x77: self._extended,
        }  # fmt: skip

    def answer(self, data: bytes) -> Iterator[bytes]:
        """The messages that answer one request; raises EOFError when the client says goodbye, Malformed when it is no LDAP."""
        message_id, tag, start, end = messages.read_envelope(data, 0, len(data))
        controls = messages.read_controls(data, end, len(data))
        if tag == messages.UNBIND_REQUEST:
            raise EOFError
        if tag not in ANSWER_TAGS:
            return  # abandon has no answer, and here nothing takes long enough to be abandoned
        try:
            if any(control.critical and control.oid not in KNOWN_CONTROLS for control in controls):
                raise LdapRefusal(UNKNOWN_CRITICAL_CONTROL, "critical control is not available")
            if tag == messages.SEARCH_REQUEST:
                yield from self._search(message_id, requests.read_search(data, start, end), controls)
            elif tag == 0x60:
                yield self._bind(message_id, data, start, end, controls)
            else:
                yield messages.message(message_id, self._deeds[tag](data, start, end))
        except LdapRefusal as refusal:
            yield messages.message(message_id, result(ANSWER_TAGS[tag], refusal.code, refusal.text, refusal.matched))
        except Malformed as fault:
            yield messages.message(message_id, result(ANSWER_TAGS[tag], PROTOCOL_ERROR, str(fault)))

    def _bind(self, message_id: int, data: bytes, start: int, end: int, controls: list[Control]) -> bytes:
        self._bound, self._open_searches = None, {}
        version, dn, method, secret = requests.read_bind(data, start, end)
        if version != 3:
            raise LdapRefusal(PROTOCOL_ERROR, "only LDAP version 3 is spoken here")
        if method != SIMPLE:
            raise LdapRefusal(METHOD_NOT_SUPPORTED, "only simple binds are taken here")
        if dn and not secret:
            raise LdapRefusal(UNWILLING, "unauthenticated bind (DN with no password) disallowed")
        if dn:
            entry = self._tree.find(key_of(dn))
            right = entry is not None and any(passwords.is_right(secret, stored) for stored in entry.values("userpassword"))
            if entry is None or not right or entry.values("pwdaccountlockedtime"):
                told = right and any(control.oid == PASSWORD_POLICY for control in controls)
                refused = result(0x61, INVALID_CREDENTIALS)
                return messages.message(message_id, refused, *((ACCOUNT_LOCKED,) if told else ()))
            self._bound = entry
        return messages.message(message_id, result(0x61, 0))

    def _require_writer(self) -> str:
        if self._bound is None or self._bound.key not in self._writers:
            raise LdapRefusal(NOT_ALLOWED, "no write access")
        return self._bound.dn

    def _may_read(self, entry: Entry) -> bool:
        return self._bound is not None and (self._bound.key in self._readers or self._bound.key == entry.key)

    def _search(self, message_id: int, search: requests.Search, controls: list[Control]) -> Iterator[bytes]:
        if not search.base and search.scope == messages.BASE:
            yield messages.message(message_id, encode_entry(self._root(), search))
            yield messages.message(message_id, result(0x65, 0))
            return
        if self._bound is None:
            raise LdapRefusal(NOT_ALLOWED, "bind first")
        size, cookie = next((messages.read_paging(c.value) for c in controls if c.oid == messages.PAGED_RESULTS), (0, b""))
        found = self._open_searches.pop(cookie, None) if cookie else iter(self._find(search))
        if found is None:
            raise LdapRefusal(UNWILLING, "paged results cookie is invalid or old")
        for entry in islice(found, size or search.size_limit or None):
            yield messages.message(message_id, encode_entry(entry, search))
        following = next(found, None)
        if size and following is not None:
            cookie = self._keep_open(following, found)
            yield messages.message(message_id, result(0x65, 0), messages.paging(0, cookie))
        else:
            answer = result(0x65, SIZE_LIMIT if following is not None else 0)
            yield messages.message(message_id, answer, *((messages.paging(0, b""),) if size else ()))

    def _keep_open(self, following: Entry, found: Iterator[Entry]) -> bytes:
        self._searches += 1
        cookie = self._searches.to_bytes(4, "big")
        self._open_searches[cookie] = iter([following, *found])
        while len(self._open_searches) > MOST_OPEN_SEARCHES:
            self._open_searches.pop(next(iter(self._open_searches)))
        return cookie

    def _find(self, search: requests.Search) -> list[Entry]:
        with self._tree.lock:
            base = self._tree.require(search.base or self._tree.suffix)
            if search.scope == messages.BASE:
                candidates: Iterator[Entry] = iter([base])
            elif search.scope == messages.ONE_LEVEL:
                candidates = iter(self._tree.children(base.key))
            else:
                candidates = self._tree.below(base.key)
            return [entry for entry in candidates if self._may_read(entry) and search.matches(entry)]

    def _root(self) -> Entry:
        root = Entry("", ())
        for name, values in {
            "objectClass": ["top"], "namingContexts": [self._tree.suffix], "supportedLDAPVersion": ["3"],
            "supportedControl": sorted(oid.decode() for oid in KNOWN_CONTROLS), "supportedExtension": [WHO_AM_I.decode()],
            "vendorName": ["Hợp Nhất demo directory"],
        }.items():  # fmt: skip
            root.put(name, [value.encode() for value in values])
        return root

    def _add(self, data: bytes, start: int, end: int) -> bytes:
        by = self._require_writer()
        self._tree.add(*requests.read_add(data, start, end), by)
        return result(0x69, 0)

    def _modify(self, data: bytes, start: int, end: int) -> bytes:
        by = self._require_writer()
        self._tree.modify(*requests.read_modify(data, start, end), by)
        return result(0x67, 0)

    def _delete(self, data: bytes, start: int, end: int) -> bytes:
        self._require_writer()
        self._tree.delete(ber.to_text(data, start, end))
        return result(0x6B, 0)

    def _rename(self, data: bytes, start: int, end: int) -> bytes:
        by = self._require_writer()
        self._tree.rename(*requests.read_rename(data, start, end), by)
        return result(0x6D, 0)

    def _compare(self, data: bytes, start: int, end: int) -> bytes:
        dn, name, value = requests.read_compare(data, start, end)
        if self._bound is None:
            raise LdapRefusal(NOT_ALLOWED, "bind first")
        entry = self._tree.require(dn)
        if not self._may_read(entry):
            raise LdapRefusal(NO_SUCH_OBJECT)
        key = attribute_key(name)
        same = key != "userpassword" and value_key(value.decode("utf-8", "replace")) in entry.compared(key)
        return result(0x6F, COMPARE_TRUE if same else COMPARE_FALSE)

    def _extended(self, data: bytes, start: int, end: int) -> bytes:
        name = requests.read_extended(data, start, end)
        if name == WHO_AM_I:
            return result(0x78, 0, extra=ber.octets(f"dn:{self._bound.dn}" if self._bound else "", 0x8B))
        if name == START_TLS:
            return result(0x78, PROTOCOL_ERROR, "TLS is not offered: this directory listens on loopback only")
        return result(0x78, PROTOCOL_ERROR, "unsupported extended operation")


def result(tag: int, code: int, text: str = "", matched: str = "", extra: bytes = b"") -> bytes:
    """An operation's result (RFC 4511 §4.1.9)."""
    return ber.element(tag, ber.integer(code, ber.ENUMERATED), ber.octets(matched), ber.octets(text), extra)


def encode_entry(entry: Entry, search: requests.Search) -> bytes:
    """A search result entry with the attributes asked for: all but operational ones unless `+` or their names are given."""
    asked = {attribute_key(name) for name in search.attributes}
    ordinary, operational = not asked or "*" in asked, "+" in asked
    parts = []
    for key, attribute in [*entry.attributes.items()]:
        if key == "userpassword" or not (key in asked or (operational if key in OPERATIONAL else ordinary)):
            continue
        values = () if search.types_only else (ber.octets(value) for value in attribute.values)
        parts.append(ber.element(ber.SEQUENCE, ber.octets(attribute.name), ber.element(ber.SET, *values)))
    if entry.dn and (operational or "entrydn" in asked):
        parts.append(ber.element(ber.SEQUENCE, ber.octets("entryDN"), ber.element(ber.SET, ber.octets(entry.dn))))
    return ber.element(messages.SEARCH_ENTRY, ber.octets(entry.dn), ber.element(ber.SEQUENCE, *parts))
