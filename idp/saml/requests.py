"""What a service provider asks for: a sign-in (SAML Core §3.4.1), a sign-out (§3.7.1), or how ours of it went (§3.7.2)."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from lxml import etree

from idp import clock
from idp.saml.contexts import EXACT, WantedContext
from idp.saml.names import SUCCESS, tag
from idp.saml.xml_reading import Unreadable, children, only_child, text_of

SECONDS_OLD, SECONDS_AHEAD = 300, 60
LONGEST_CLASSES = 1000  # characters: they travel along in an address
_ID = re.compile(r"[A-Za-z_][A-Za-z0-9._-]{7,127}")  # an NCName that nobody hits by chance
_INDEX = re.compile(r"[0-9]{1,5}")
_TRUE, _FALSE = ("true", "1"), ("false", "0")


@dataclass(frozen=True)
class AuthnRequest:
    """A request for a sign-in. `consumer_url`, `consumer_index`: where the answer is wanted; `name_format`: how the person is to be named."""

    id: str
    consumer_url: str | None
    consumer_index: int | None
    binding: str | None
    force: bool
    passive: bool
    context: WantedContext
    name_format: str | None
    names_subject: bool


@dataclass(frozen=True)
class LogoutRequest:
    """A request to end the session of the person of this name, or those of these indexes."""

    id: str
    name_id: str
    session_indexes: tuple[str, ...]


def issuer_of(root: etree._Element) -> str:
    """Who says to have sent a message. Raises Unreadable."""
    issuer = text_of(only_child(root, "saml:Issuer"))
    if not issuer or len(issuer) > 1024:
        raise Unreadable("no Issuer")
    return issuer


def check_frame(root: etree._Element, name: str, here: str, *, is_signed: bool) -> None:
    """Raises Unreadable when a message is not of this kind, not for this address, or not of now (§3.2.1). Who signs names the address
    (Bindings §3.4.5.2)."""
    if root.tag != tag(name) or root.get("Version") != "2.0":
        raise Unreadable(f"not a {name} of SAML 2.0")
    if not _ID.fullmatch(root.get("ID") or ""):
        raise Unreadable("the ID is none")
    destination = root.get("Destination")
    if destination != here and (destination is not None or is_signed):
        raise Unreadable("the Destination is another address")
    issued = read_time(root.get("IssueInstant"))
    if not -timedelta(seconds=SECONDS_AHEAD) <= clock.now() - issued <= timedelta(seconds=SECONDS_OLD):
        raise Unreadable("the IssueInstant is not now: the clocks differ, or the message is old")


def read_authn_request(root: etree._Element) -> AuthnRequest:
    """The request in a message whose frame is right. Raises Unreadable."""
    policy = only_child(root, "samlp:NameIDPolicy")
    index, url = root.get("AssertionConsumerServiceIndex"), root.get("AssertionConsumerServiceURL")
    if index is not None and (url is not None or not _INDEX.fullmatch(index)):
        raise Unreadable("AssertionConsumerServiceIndex and -URL exclude each other")
    return AuthnRequest(
        id=root.get("ID") or "",
        consumer_url=url,
        consumer_index=None if index is None else int(index),
        binding=root.get("ProtocolBinding"),
        force=_flag(root, "ForceAuthn"),
        passive=_flag(root, "IsPassive"),
        context=_context(root),
        name_format=None if policy is None else policy.get("Format"),
        names_subject=only_child(root, "saml:Subject") is not None,
    )


def read_logout_request(root: etree._Element) -> LogoutRequest:
    """The request in a message whose frame is right. Raises Unreadable."""
    until = root.get("NotOnOrAfter")
    if until is not None and read_time(until) <= clock.now():
        raise Unreadable("the request is too old")
    name = text_of(only_child(root, "saml:NameID"))
    if not name:
        raise Unreadable("no NameID")
    return LogoutRequest(root.get("ID") or "", name, tuple(text_of(one) for one in children(root, "samlp:SessionIndex")))


def says_success(root: etree._Element) -> bool:
    """Whether a response says that all went well. Raises Unreadable."""
    status = only_child(root, "samlp:Status")
    code = None if status is None else only_child(status, "samlp:StatusCode")
    return code is not None and code.get("Value") == SUCCESS and only_child(code, "samlp:StatusCode") is None


def read_time(written: str | None) -> datetime:
    """An instant (SAML Core §1.3.3: UTC). Raises Unreadable."""
    try:
        instant = datetime.fromisoformat(written or "")
    except ValueError:
        raise Unreadable("a time is none") from None
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant


def _flag(root: etree._Element, name: str) -> bool:
    written = root.get(name, "false")
    if written not in (*_TRUE, *_FALSE):
        raise Unreadable(f"{name} is neither true nor false")
    return written in _TRUE


def _context(root: etree._Element) -> WantedContext:
    wanted = only_child(root, "samlp:RequestedAuthnContext")
    if wanted is None:
        return WantedContext()
    classes = tuple(text_of(one) for one in children(wanted, "saml:AuthnContextClassRef"))
    if not classes or len(" ".join(classes)) > LONGEST_CLASSES:
        raise Unreadable("RequestedAuthnContext names no class, or too many")
    return WantedContext(classes, wanted.get("Comparison", EXACT))
