"""What changed, by content synchronization (RFC 4533, refreshOnly): OpenLDAP with syncprov, and others that speak it."""

from directory_sync.source.dialect import Dialect
from directory_sync.source.ldap import Directory
from directory_sync.source.reading import ReadIncomplete
from directory_sync.source.way import DELETIONS_UNTOLD, UNITS_CHANGED, CookieRefused, Told, Way
from idp.wire import messages, replication
from idp.wire.ber import Malformed
from idp.wire.distinguished_names import NotADn, normalize
from idp.wire.replication import State

NO_LIMIT = 2**31 - 1  # asked for by name: who asks for none gets the server's soft limit
NOTHING_WANTED = ("1.1",)  # RFC 4511 §4.5.1.8


def _now(directory: Directory, _: Dialect) -> bytes | None:
    """The state of the server's content, as syncprov keeps it at the top of the database and takes it for a cookie."""
    root = directory.read_entry("", ("supportedControl", "namingContexts"))
    if replication.SYNC_REQUEST not in root.get("supportedcontrol", []):
        return None
    context = _context(directory.base_dn, root.get("namingcontexts", []))
    csns = directory.read_entry(context, ("contextCSN",)).get("contextcsn", []) if context else []
    return b"rid=000,csn=" + b";".join(sorted(csns)) if csns else None


def _context(base_dn: str, contexts: list[bytes]) -> str | None:
    try:
        base = normalize(base_dn)
        found = [text for text in (value.decode("utf-8", "replace") for value in contexts) if _holds(text, base)]
    except NotADn:
        return None
    return max(found, key=len, default=None)


def _holds(context: str, base: tuple[object, ...]) -> bool:
    key = normalize(context)
    return bool(key) and base[-len(key) :] == key


def _since(directory: Directory, dialect: Dialect, cookie: bytes) -> Told:
    """People who changed, and who is gone as far as the server says so by name. Units first, so that what changes meanwhile is
    told again next time rather than never."""
    units = _ask(directory, dialect.units, NOTHING_WANTED, cookie)
    told = _ask(directory, dialect.people, dialect.attributes, cookie)
    if units.entries:
        told.wishes.add(UNITS_CHANGED)
    told.cookie = units.cookie
    return told


def _ask(directory: Directory, wanted: bytes, attributes: tuple[str, ...], cookie: bytes) -> Told:
    told = Told(cookie)
    request = messages.search(directory.base_dn, messages.SUBTREE, wanted, attributes, NO_LIMIT)
    try:
        for tag, content, controls in directory.answers(request, replication.sync_request(cookie)):
            if tag == messages.SEARCH_ENTRY:
                _note_entry(told, content, next((c.value for c in controls if c.oid == replication.SYNC_STATE), None))
            elif tag == replication.INTERMEDIATE_RESPONSE:
                info = replication.read_intermediate(content, 0, len(content))
                told.gone.update(info.deleted if info else ())
            elif tag == messages.SEARCH_DONE:
                _note_end(told, messages.read_result(content, 0, len(content)).code, controls)
            else:
                raise ReadIncomplete("referral")
    except Malformed:
        raise ReadIncomplete("malformed_answer") from None
    return told


def _note_entry(told: Told, content: bytes, state: bytes | None) -> None:
    if state is None:
        raise CookieRefused  # a server that answers as if it had not been asked for what changed
    how, key = replication.read_sync_state(state)
    if how == State.DELETE:
        told.gone.add(key)
    elif how != State.PRESENT:
        told.entries.append(content)


def _note_end(told: Told, code: int, controls: list[messages.Control]) -> None:
    done = next((c.value for c in controls if c.oid == replication.SYNC_DONE), None)
    if code or done is None:
        raise CookieRefused
    cookie, all_gone_named = replication.read_sync_done(done)
    told.cookie = cookie or told.cookie  # none when nothing has changed
    if not all_gone_named:
        told.wishes.add(DELETIONS_UNTOLD)  # the server's memory of deletions does not reach back so far


SYNC_REPLICATION = Way("syncrepl", _now, _since)
