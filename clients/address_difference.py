"""How an address that an application sent differs from those that it registered: part by part, and sign by sign."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from urllib.parse import SplitResult, unquote, urlsplit

USUAL_PORTS = {"https": 443, "http": 80}
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
WEIGHTS = {"host": 100, "path": 20, "loopback": 10, "query": 8, "port": 6, "scheme": 4}  # what is less than these is a slip
Marked = list[tuple[str, bool]]


@dataclass(frozen=True)
class Difference:
    """One part that differs. `part`: scheme, host, host_case, loopback, port, slash, path_case, encoding, path, query, fragment, text."""

    part: str
    received: str
    registered: str


def nearest(received: str, registered: Sequence[str]) -> str | None:
    """The registered address that this one was most probably meant to be; None when nothing is registered."""
    return min(registered, key=lambda uri: _distance(received, uri), default=None)


def differences(received: str, registered: str) -> list[Difference]:
    """What differs, in the order of an address; empty when they are the same."""
    if received == registered:
        return []
    try:
        sent, kept = urlsplit(received), urlsplit(registered)
        ports = _port(sent), _port(kept)
    except ValueError:
        return [Difference("text", received, registered)]
    found = [
        _if_other("scheme", sent.scheme, kept.scheme),
        _host(sent, kept),
        _if_other("port", *(str(port or "") for port in ports)) if sent.port or kept.port else None,  # else the scheme says it
        _path(sent.path, kept.path),
        _if_other("query", sent.query, kept.query),
        _if_other("fragment", sent.fragment, kept.fragment),
    ]
    # Nothing of it, and not the same: a port that goes without saying, capitals of the scheme, a space, a name before the host.
    return [one for one in found if one] or [Difference("text", received, registered)]


def marked(received: str, registered: str) -> tuple[Marked, Marked]:
    """Both addresses in pieces, each with whether it differs from the other."""
    sent: Marked = []
    kept: Marked = []
    for word, from_1, to_1, from_2, to_2 in SequenceMatcher(None, received, registered, autojunk=False).get_opcodes():
        is_other = word != "equal"
        sent += [(received[from_1:to_1], is_other)] if to_1 > from_1 else []
        kept += [(registered[from_2:to_2], is_other)] if to_2 > from_2 else []
    return sent, kept


def _distance(received: str, registered: str) -> tuple[int, int]:
    weight = sum(WEIGHTS.get(one.part, 1) for one in differences(received, registered))
    return weight, abs(len(received) - len(registered))


def _if_other(part: str, sent: str, kept: str) -> Difference | None:
    return Difference(part, sent, kept) if sent != kept else None


def _port(parts: SplitResult) -> int | None:
    return parts.port or USUAL_PORTS.get(parts.scheme)


def _host(sent: SplitResult, kept: SplitResult) -> Difference | None:
    names = sent.hostname or "", kept.hostname or ""
    if names[0] == names[1]:
        written = sent.netloc.rpartition("@")[2], kept.netloc.rpartition("@")[2]
        is_case = written[0] != written[1] and written[0].lower() == written[1].lower()
        return Difference("host_case", *written) if is_case else None
    return Difference("loopback" if set(names) <= LOOPBACK else "host", *names)


def _path(sent: str, kept: str) -> Difference | None:
    if sent == kept:
        return None
    if sent.rstrip("/") == kept.rstrip("/"):
        return Difference("slash", sent, kept)
    if sent.lower() == kept.lower():
        return Difference("path_case", sent, kept)
    return Difference("encoding" if unquote(sent) == unquote(kept) else "path", sent, kept)
