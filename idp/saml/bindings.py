"""How SAML messages travel through a browser: in the query of a redirect, or in a form (SAML Bindings §3.4, §3.5)."""

import base64
import binascii
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote_plus, unquote_plus

from lxml import etree

from idp.saml.keys import LoadedKey
from idp.saml.signatures import RSA_SHA256, BadSignature, is_signed, sign_query, verified, verify_query
from idp.saml.xml_reading import LARGEST_MESSAGE, Unreadable, read_xml

# Octets. SAML Bindings §3.4.3 says 80; Apache's mod_auth_mellon and others put the whole address there that somebody wanted to see.
LONGEST_RELAY_STATE = 512
LONGEST_QUERY = 16 * 1024
KINDS = ("SAMLRequest", "SAMLResponse")
DEFLATE = "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE"


@dataclass(frozen=True)
class Received:
    """A message as it came, not yet believed: `root` is what it says, `kind` SAMLRequest or SAMLResponse. `signed`: the octets that a
    signature of the query is over; without one the signature, if any, is in the XML."""

    kind: str
    root: etree._Element
    relay_state: str | None
    signed: bytes = b""
    algorithm: str = ""
    signature: str = ""

    @property
    def is_signed(self) -> bool:
        """Whether it claims to be signed."""
        return bool(self.signature) or is_signed(self.root)

    def proved(self, certificates: Sequence[str]) -> etree._Element:
        """What one of these certificates signed; only this is to be read. Raises BadSignature."""
        if not certificates:
            raise BadSignature("there is no certificate in the metadata")
        if self.signature:
            if is_signed(self.root):
                raise BadSignature("signed twice")
            verify_query(self.signed, self.algorithm, self.signature, certificates)
            return self.root
        return verified(self.root, certificates)


def read_query(query: bytes) -> Received:
    """A message in the query of a redirect. Raises Unreadable."""
    if len(query) > LONGEST_QUERY:
        raise Unreadable("the query is too long")
    try:
        written = query.decode("ascii")
    except UnicodeDecodeError:
        raise Unreadable("the query is not ASCII") from None
    raw: dict[str, str] = {}
    for part in written.split("&"):
        name, _, value = part.partition("=")
        if name in raw:
            raise Unreadable("a parameter is there twice")
        raw[name] = value
    values = {name: _unquoted(value) for name, value in raw.items()}
    if values.get("SAMLEncoding", DEFLATE) != DEFLATE:
        raise Unreadable("the encoding is not DEFLATE")
    kind = _kind(values)
    # Signed is what was sent, octet by octet, in this order (§3.4.4.1); written anew it might differ.
    names = [name for name in (kind, "RelayState", "SigAlg") if name in raw]
    signed = "&".join(f"{name}={raw[name]}" for name in names).encode()
    root = read_xml(_inflated(_decoded(values[kind])))
    return Received(kind, root, _relay_state(values), signed, values.get("SigAlg", ""), values.get("Signature", ""))


def read_form(form: dict[str, str]) -> Received:
    """A message in a form. Raises Unreadable."""
    kind = _kind(form)
    return Received(kind, read_xml(_decoded(form[kind])), _relay_state(form))


def redirect_to(url: str, kind: str, message: etree._Element, relay_state: str | None, key: LoadedKey) -> str:
    """The URL that carries a message, signed."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = base64.b64encode(deflate.compress(etree.tostring(message)) + deflate.flush()).decode()
    parts = [(kind, packed), *([("RelayState", relay_state)] if relay_state else []), ("SigAlg", RSA_SHA256)]
    query = "&".join(f"{name}={quote_plus(value)}" for name, value in parts)
    return f"{url}{'&' if '?' in url else '?'}{query}&Signature={quote_plus(sign_query(query, key))}"


def query_of(url: str) -> dict[str, str]:
    """The parameters of a URL's query, each once. For tests and for whoever looks at an address."""
    return dict(parse_qsl(url.partition("?")[2]))


def _kind(values: dict[str, str]) -> str:
    kinds = [kind for kind in KINDS if kind in values]
    if len(kinds) != 1:
        raise Unreadable("neither a request nor a response, or both")
    return kinds[0]


def _relay_state(values: dict[str, str]) -> str | None:
    relay_state = values.get("RelayState")
    if relay_state is not None and (len(relay_state.encode()) > LONGEST_RELAY_STATE or not relay_state.isprintable()):
        raise Unreadable("RelayState is too long, or holds what cannot be seen")
    return relay_state


def _decoded(written: str) -> bytes:
    try:
        return base64.b64decode("".join(written.split()), validate=True)
    except (binascii.Error, ValueError):
        raise Unreadable("not base64") from None


def _inflated(packed: bytes) -> bytes:
    inflate = zlib.decompressobj(-15)
    try:
        raw = inflate.decompress(packed, LARGEST_MESSAGE + 1)
    except zlib.error:
        raise Unreadable("not DEFLATE") from None
    if len(raw) > LARGEST_MESSAGE or not inflate.eof or inflate.unused_data:
        raise Unreadable("too large, or cut off")
    return raw


def _unquoted(written: str) -> str:
    try:
        return unquote_plus(written, errors="strict")
    except UnicodeDecodeError:
        raise Unreadable("a parameter is not UTF-8") from None
