"""The metadata of a service provider (SAML Metadata §2.4): who it is, where it may be answered, by which keys it signs."""

import base64
import binascii
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from flask_babel import gettext as _
from lxml import etree

from clients.redirect_uris import check_uri
from clients.refusals import InvalidMetadata
from idp import clock
from idp.saml.names import FORMATS, METADATA, POST, PROTOCOL, REDIRECT, tag
from idp.saml.xml_reading import LARGEST_METADATA, Unreadable, children, only_child, read_xml, text_of

LONGEST_ENTITY_ID, MOST_ADDRESSES, LEAST_RSA_BITS = 1024, 50, 2048


@dataclass(frozen=True)
class Consumer:
    """An address that assertions may be posted to, by its index (AssertionConsumerService)."""

    index: int
    url: str
    is_default: bool


@dataclass(frozen=True)
class PartyFacts:
    """What the metadata says. `certificates`: PEM, of the keys that sign for it; `sign_out_url`: where it takes a LogoutRequest by
    redirect, and `sign_out_answer_url` a LogoutResponse; "" where it takes none."""

    entity_id: str
    consumers: tuple[Consumer, ...]
    certificates: tuple[str, ...] = ()
    sign_out_url: str = ""
    sign_out_answer_url: str = ""
    signs_requests: bool = False
    formats: tuple[str, ...] = ()

    def kept(self) -> dict[str, Any]:
        """As it is kept in its row."""
        return asdict(self)

    def consumer_at(self, url: str) -> Consumer | None:
        """The address, when it is one of the registered ones, byte for byte."""
        return next((one for one in self.consumers if one.url == url), None)

    def consumer_of(self, index: int) -> Consumer | None:
        """The address of this index."""
        return next((one for one in self.consumers if one.index == index), None)

    @property
    def default_consumer(self) -> Consumer:
        """Where an answer goes that names no address."""
        return next((one for one in self.consumers if one.is_default), self.consumers[0])


def facts_from(kept: dict[str, Any]) -> PartyFacts:
    """The facts of a row."""
    told: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in kept.items()}
    return PartyFacts(**(told | {"consumers": tuple(Consumer(**one) for one in kept["consumers"])}))


def read_metadata(raw: bytes) -> PartyFacts:
    """The facts of one EntityDescriptor. Raises InvalidMetadata, with the reason in words."""
    try:
        return _read(read_xml(raw, LARGEST_METADATA))
    except Unreadable as unreadable:
        raise InvalidMetadata(_("Siêu dữ liệu SAML không đọc được: %(why)s.", why=str(unreadable))) from None


def _read(root: etree._Element) -> PartyFacts:
    if root.tag != tag("md:EntityDescriptor"):
        raise InvalidMetadata(_("Siêu dữ liệu phải là một EntityDescriptor của đúng một ứng dụng."))
    entity_id = (root.get("entityID") or "").strip()
    if not entity_id or len(entity_id) > LONGEST_ENTITY_ID or not entity_id.isprintable() or " " in entity_id:
        raise InvalidMetadata(_("entityID thiếu hoặc quá dài."))
    descriptor = only_child(root, "md:SPSSODescriptor")
    if descriptor is None or PROTOCOL not in (descriptor.get("protocolSupportEnumeration") or "").split():
        raise InvalidMetadata(_("Siêu dữ liệu không mô tả một ứng dụng SAML 2.0 (SPSSODescriptor)."))
    _refuse_expired(root)
    _refuse_expired(descriptor)
    sign_out = next((one for one in children(descriptor, "md:SingleLogoutService") if one.get("Binding") == REDIRECT), None)
    where = "" if sign_out is None else check_uri(sign_out.get("Location") or "")
    answered = "" if sign_out is None else check_uri(sign_out.get("ResponseLocation") or where)
    formats = tuple(text for one in children(descriptor, "md:NameIDFormat") if (text := text_of(one)) in FORMATS.values())
    signs = descriptor.get("AuthnRequestsSigned") in ("true", "1")
    certificates = _certificates(descriptor)
    if signs and not certificates:
        raise InvalidMetadata(_("Ứng dụng nói sẽ ký yêu cầu nhưng siêu dữ liệu không có chứng thư ký."))
    return PartyFacts(entity_id, _consumers(descriptor), certificates, where, answered, signs, formats)


def _refuse_expired(element: etree._Element) -> None:
    written = element.get("validUntil")
    if written is None:
        return
    try:
        until = datetime.fromisoformat(written)
    except ValueError:
        raise Unreadable("validUntil is no time") from None
    if until.tzinfo is None or until <= clock.now():
        raise InvalidMetadata(_("Siêu dữ liệu đã hết hạn (validUntil)."))


def _consumers(descriptor: etree._Element) -> tuple[Consumer, ...]:
    found = []
    for element in children(descriptor, "md:AssertionConsumerService"):
        if element.get("Binding") != POST:
            continue
        index = element.get("index") or ""
        if not index.isascii() or not index.isdecimal() or len(index) > 5:
            raise Unreadable("an AssertionConsumerService has no index")
        found.append(Consumer(int(index), check_uri(element.get("Location") or ""), element.get("isDefault") in ("true", "1")))
    if not found:
        raise InvalidMetadata(_("Siêu dữ liệu không có địa chỉ nhận kết quả bằng HTTP-POST (AssertionConsumerService)."))
    if len(found) > MOST_ADDRESSES or len({one.index for one in found}) != len(found):
        raise Unreadable("too many AssertionConsumerService, or two of one index")
    return tuple(found)


def _certificates(descriptor: etree._Element) -> tuple[str, ...]:
    found = []
    for key in children(descriptor, "md:KeyDescriptor"):
        if key.get("use") in (None, "signing"):
            found += [
                _certificate(text_of(one)) for one in key.iterfind(f"{tag('ds:KeyInfo')}/{tag('ds:X509Data')}/{tag('ds:X509Certificate')}")
            ]
    return tuple(dict.fromkeys(found))


def _certificate(written: str) -> str:
    try:
        certificate = x509.load_der_x509_certificate(base64.b64decode("".join(written.split()), validate=True))
        public = certificate.public_key()
    except (ValueError, binascii.Error, UnsupportedAlgorithm, x509.InvalidVersion):
        raise Unreadable("a certificate cannot be read") from None
    if isinstance(public, rsa.RSAPublicKey) and public.key_size < LEAST_RSA_BITS:
        raise InvalidMetadata(_("Khóa RSA trong chứng thư ngắn hơn 2048 bit."))
    if not isinstance(public, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        raise InvalidMetadata(_("Chứng thư ký phải dùng khóa RSA hoặc EC."))
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


__all__ = ["METADATA", "Consumer", "PartyFacts", "facts_from", "read_metadata"]
