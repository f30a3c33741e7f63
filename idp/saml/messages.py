"""The messages that we write: a response with an assertion, a response without one, the two of a sign-out (SAML Core §2, §3)."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from lxml import etree

from idp import clock
from idp.saml.keys import LoadedKey
from idp.saml.names import ASSERTION, BASIC_NAMES, BEARER, PROTOCOL, SUCCESS, URI_NAMES, tag
from idp.saml.signatures import sign

SECONDS, SECONDS_BEFORE = 120, 30  # how long an assertion may be shown, and by how much the other clock may be behind
_NAMESPACES = {"samlp": PROTOCOL, "saml": ASSERTION}


@dataclass(frozen=True)
class NameId:
    """How a party knows a person."""

    format: str
    value: str


@dataclass(frozen=True)
class Facts:
    """What an assertion says. `in_response_to` None: nobody asked. `session_ends`: after it the party asks again."""

    issuer: str
    audience: str
    recipient: str
    in_response_to: str | None
    name_id: NameId
    session_index: str
    context: str
    authenticated_at: datetime
    session_ends: datetime
    attributes: Mapping[str, Sequence[str]]


def new_id() -> str:
    """An identifier that is never used again: 160 random bits."""
    return "_" + secrets.token_hex(20)


def written_time(instant: datetime) -> str:
    """As SAML writes it."""
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def response_with(facts: Facts, key: LoadedKey) -> bytes:
    """A response with the assertion, each signed: whoever looks at one alone is not fooled by what stands beside it."""
    response = _response(facts.issuer, facts.recipient, facts.in_response_to)
    _status(response, (SUCCESS,))
    response.append(sign(_assertion(facts), key))
    return bytes(etree.tostring(sign(response, key)))


def response_without(issuer: str, recipient: str, in_response_to: str | None, status: Sequence[str], key: LoadedKey) -> bytes:
    """A response that says why there is no assertion, signed. `status`: the codes from the outer to the inner."""
    response = _response(issuer, recipient, in_response_to)
    _status(response, status)
    return bytes(etree.tostring(sign(response, key)))


def logout_request(issuer: str, party: str, to: str, name_id: NameId, session_index: str, request_id: str) -> etree._Element:
    """A request to end the person's session at a party, named as in the assertion; the query that carries it is signed."""
    request = _message("samlp:LogoutRequest", issuer, to, None, request_id)
    request.set("NotOnOrAfter", written_time(clock.now() + timedelta(seconds=SECONDS)))
    _name(request, name_id, issuer, party)
    _text(request, "samlp:SessionIndex", session_index)
    return request


def logout_response(issuer: str, to: str, in_response_to: str, status: Sequence[str]) -> etree._Element:
    """How a sign-out went that a party asked for."""
    response = _message("samlp:LogoutResponse", issuer, to, in_response_to, new_id())
    _status(response, status)
    return response


def visible(value: str) -> str:
    """A value without what XML cannot hold."""
    return "".join(c for c in value if c in "\t\n" or (c >= " " and not "\ud800" <= c <= "\udfff" and c not in "\ufffe\uffff"))


def _response(issuer: str, recipient: str, in_response_to: str | None) -> etree._Element:
    return _message("samlp:Response", issuer, recipient, in_response_to, new_id())


def _message(name: str, issuer: str, to: str, in_response_to: str | None, message_id: str) -> etree._Element:
    told = {"ID": message_id, "Version": "2.0", "IssueInstant": written_time(clock.now()), "Destination": to}
    message = etree.Element(tag(name), told | ({"InResponseTo": in_response_to} if in_response_to else {}), nsmap=_NAMESPACES)
    _text(message, "saml:Issuer", issuer)
    return message


def _status(response: etree._Element, codes: Sequence[str]) -> None:
    place = etree.SubElement(response, tag("samlp:Status"))
    for code in codes:
        place = etree.SubElement(place, tag("samlp:StatusCode"), {"Value": code})


def _assertion(facts: Facts) -> etree._Element:
    now = clock.now()
    until = written_time(now + timedelta(seconds=SECONDS))
    assertion = etree.Element(
        tag("saml:Assertion"), {"ID": new_id(), "Version": "2.0", "IssueInstant": written_time(now)}, nsmap={"saml": ASSERTION}
    )
    _text(assertion, "saml:Issuer", facts.issuer)
    subject = etree.SubElement(assertion, tag("saml:Subject"))
    _name(subject, facts.name_id, facts.issuer, facts.audience)
    bearer = etree.SubElement(subject, tag("saml:SubjectConfirmation"), {"Method": BEARER})
    told = {"NotOnOrAfter": until, "Recipient": facts.recipient} | ({"InResponseTo": facts.in_response_to} if facts.in_response_to else {})
    etree.SubElement(bearer, tag("saml:SubjectConfirmationData"), told)
    before = written_time(now - timedelta(seconds=SECONDS_BEFORE))
    conditions = etree.SubElement(assertion, tag("saml:Conditions"), {"NotBefore": before, "NotOnOrAfter": until})
    _text(etree.SubElement(conditions, tag("saml:AudienceRestriction")), "saml:Audience", facts.audience)
    statement = etree.SubElement(
        assertion, tag("saml:AuthnStatement"),
        {"AuthnInstant": written_time(facts.authenticated_at), "SessionIndex": facts.session_index,
         "SessionNotOnOrAfter": written_time(facts.session_ends)},
    )  # fmt: skip
    _text(etree.SubElement(statement, tag("saml:AuthnContext")), "saml:AuthnContextClassRef", facts.context)
    _attributes(assertion, facts.attributes)
    return assertion


def _name(parent: etree._Element, name_id: NameId, issuer: str, party: str) -> None:
    """Who is meant, always with the same qualifiers: a pairwise name is one of this party alone (§8.3.7), and parties compare them."""
    _text(parent, "saml:NameID", name_id.value, Format=name_id.format, NameQualifier=issuer, SPNameQualifier=party)


def _attributes(assertion: etree._Element, attributes: Mapping[str, Sequence[str]]) -> None:
    if not attributes:
        return
    statement = etree.SubElement(assertion, tag("saml:AttributeStatement"))
    for name, values in attributes.items():
        kind = URI_NAMES if name.startswith(("urn:", "http://", "https://")) else BASIC_NAMES
        attribute = etree.SubElement(statement, tag("saml:Attribute"), {"Name": visible(name), "NameFormat": kind})
        for value in values:
            _text(attribute, "saml:AttributeValue", value)


def _text(parent: etree._Element, name: str, value: str, **attributes: str) -> None:
    etree.SubElement(parent, tag(name), attributes).text = visible(value)
