"""A SAML application of the tests: it writes its metadata and its requests itself, signs them, and reads what comes back with suspicion."""

import base64
import re
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from html import unescape
from typing import Any
from urllib.parse import parse_qs, quote_plus, unquote_plus, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID
from flask.testing import FlaskClient
from lxml import etree
from signxml import SignatureConfiguration, XMLSigner, XMLVerifier
from signxml.algorithms import CanonicalizationMethod
from sqlalchemy import Connection, insert
from werkzeug.test import TestResponse

from clients.entry import EVERYBODY
from clients.metadata import ACR
from clients.registration import Registered
from clients.saml_models import SamlSigningKey
from idp import clock
from idp.database import in_transaction, new_id, table_of
from idp.saml.keys import _context, published_keys
from idp.saml.parties import Options, client_of, register_party
from idp.saml.party_metadata import read_metadata
from idp.sealing import current_keys

P, A, M, D = (
    "urn:oasis:names:tc:SAML:2.0:protocol", "urn:oasis:names:tc:SAML:2.0:assertion", "urn:oasis:names:tc:SAML:2.0:metadata",
    "http://www.w3.org/2000/09/xmldsig#",
)  # fmt: skip
NAMES = {"samlp": P, "saml": A, "md": M, "ds": D}
ISSUER = "http://127.0.0.1:8000"
SSO, SLO = ISSUER + "/saml/sso", ISSUER + "/saml/slo"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"


@lru_cache(maxsize=8)
def key_pair(owner: str) -> tuple[rsa.RSAPrivateKey, str]:
    """A private key and its certificate in PEM, one for each owner in the whole run."""
    private = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, owner)])
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(private.public_key()).serial_number(7)
        .not_valid_before(long_ago).not_valid_after(long_ago + timedelta(days=7300)).sign(private, hashes.SHA256())
    )  # fmt: skip
    return private, certificate.public_bytes(serialization.Encoding.PEM).decode()


@dataclass
class Party:
    """One application. `signed`: its metadata promises signed requests and brings a certificate."""

    host: str = "hoso.example.vn"
    signed: bool = True
    with_sign_out: bool = True
    formats: tuple[str, ...] = ()
    registered: Registered | None = None
    owner: str = ""
    asked: list[str] = field(default_factory=list)

    @property
    def entity_id(self) -> str:
        return f"https://{self.host}/saml"

    @property
    def acs(self) -> str:
        return f"https://{self.host}/acs"

    @property
    def slo(self) -> str:
        return f"https://{self.host}/slo"

    def metadata(self, **more: str) -> bytes:
        """Its metadata; `acs`, `slo`, `extra` replace parts."""
        _key, pem = key_pair(self.owner or self.host)
        der = "".join(pem.splitlines()[1:-1])
        keys = f'<md:KeyDescriptor use="signing"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{der}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>'
        slo = (
            f'<md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="{more.get("slo", self.slo)}"/>'
        )
        formats = "".join(f"<md:NameIDFormat>{one}</md:NameIDFormat>" for one in self.formats)
        return f"""<md:EntityDescriptor xmlns:md="{M}" xmlns:ds="{D}" entityID="{self.entity_id}" {more.get("root", "")}>
<md:SPSSODescriptor AuthnRequestsSigned="{str(self.signed).lower()}" protocolSupportEnumeration="{P}">{keys if self.signed else ""}
{slo if self.with_sign_out else ""}{formats}
<md:AssertionConsumerService index="0" isDefault="true" Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="{more.get("acs", self.acs)}"/>
<md:AssertionConsumerService index="7" Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="{self.acs}/hai"/>{more.get("extra", "")}
</md:SPSSODescriptor></md:EntityDescriptor>""".encode()

    def register(self, scope: str = "openid profile email staff", minimum_acr: str = ACR["aal1"], **options: Any) -> "Party":
        """Register it as an administrator would."""
        facts = read_metadata(self.metadata())

        def write(connection: Connection) -> Registered:
            put_signing_key(connection)
            wanted = client_of(f"Hồ sơ {self.host}", scope=scope, minimum_acr=minimum_acr)
            return register_party(connection, facts, wanted, Options(**options), actor="cli:t", entry=(EVERYBODY,))

        self.registered = in_transaction(write)
        return self

    def message(self, name: str = "AuthnRequest", inner: str = "", **attributes: str) -> str:
        """A message as text; attributes win, "" leaves one out."""
        message_id = attributes.pop("ID", f"_id{len(self.asked):08d}abcdef")
        self.asked.append(message_id)
        issuer = attributes.pop("issuer", self.entity_id)
        here = SSO if name == "AuthnRequest" else SLO
        told = {
            "ID": message_id,
            "Version": "2.0",
            "IssueInstant": clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
            "Destination": here,
            **attributes,
        }
        written = " ".join(f'{attribute}="{value}"' for attribute, value in told.items() if value != "")
        return f'<samlp:{name} xmlns:samlp="{P}" xmlns:saml="{A}" {written}><saml:Issuer>{issuer}</saml:Issuer>{inner}</samlp:{name}>'

    def query(
        self, message: str, relay_state: str | None = "r-1", *, kind: str = "SAMLRequest", signed: bool | None = None, owner: str = ""
    ) -> str:
        """A message as the query of a redirect, signed by its own key or by another's."""
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        packed = base64.b64encode(packer.compress(message.encode()) + packer.flush()).decode()
        query = f"{kind}={quote_plus(packed)}" + (f"&RelayState={quote_plus(relay_state)}" if relay_state is not None else "")
        if not (self.signed if signed is None else signed):
            return query
        query += f"&SigAlg={quote_plus(RSA_SHA256)}"
        private, _pem = key_pair(owner or self.owner or self.host)
        signature = private.sign(query.encode(), padding.PKCS1v15(), hashes.SHA256())
        return query + "&Signature=" + quote_plus(base64.b64encode(signature).decode())

    def signed_xml(self, message: str, owner: str = "") -> bytes:
        """A message with a signature in it, as the POST binding has it."""
        root = etree.fromstring(message)
        root.find(f"{{{A}}}Issuer").addnext(etree.Element(f"{{{D}}}Signature", {"Id": "placeholder"}))
        private, pem = key_pair(owner or self.owner or self.host)
        signer = XMLSigner(c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0)
        return bytes(etree.tostring(signer.sign(root, key=private, cert=pem, reference_uri="#" + root.get("ID"), id_attribute="ID")))

    def ask(self, browser: FlaskClient, message: str | None = None, **how: Any) -> TestResponse:
        """Send the browser to /saml/sso by redirect and follow our own steps; the page that posts the answer, or whatever else is shown."""
        return follow(browser, browser.get("/saml/sso?" + self.query(message or self.message(), **how)))

    def post(self, browser: FlaskClient, message: bytes, relay_state: str = "r-1") -> TestResponse:
        """The same by a form."""
        form = {"SAMLRequest": base64.b64encode(message).decode(), "RelayState": relay_state}
        return follow(browser, browser.post("/saml/sso", data=form))


def follow(browser: FlaskClient, response: TestResponse) -> TestResponse:
    """Go on while the answer is a redirect to ourselves that needs nobody."""
    while response.status_code in (302, 303):
        parts = urlsplit(response.headers["Location"])
        if (parts.netloc and f"{parts.scheme}://{parts.netloc}" != ISSUER) or parts.path.startswith("/sign-in"):
            return response
        response = browser.get(f"{parts.path}?{parts.query}")
    return response


@dataclass(frozen=True)
class Answer:
    """A posted response: where it goes, and its document, after both signatures were verified by the certificate of our metadata."""

    to: str
    relay_state: str | None
    root: Any

    def text(self, path: str) -> str:
        found = self.root.xpath(path, namespaces=NAMES)
        assert len(found) == 1, (path, found)
        return str(found[0] if isinstance(found[0], str) else found[0].text)

    @property
    def status(self) -> list[str]:
        return [code.get("Value").rpartition(":")[2] for code in self.root.iter(f"{{{P}}}StatusCode")]

    @property
    def attributes(self) -> dict[str, list[str]]:
        return {one.get("Name"): [value.text for value in one] for one in self.root.iter(f"{{{A}}}Attribute")}


def answer_in(page: TestResponse) -> Answer:
    """The response in the page that posts it. Fails unless response and assertion are signed, each whole."""
    assert page.status_code == 200, (page.status_code, page.text)
    action = re.search(r'<form method="post" action="([^"]+)"', page.text)
    fields = dict(re.findall(r'<input type="hidden" name="(SAMLResponse|RelayState)" value="([^"]*)"', page.text))
    assert action, page.text
    raw = base64.b64decode(fields["SAMLResponse"])
    root = verified(raw)
    for assertion in root.findall(f"{{{A}}}Assertion"):
        assert verified(etree.tostring(assertion)).get("ID") == assertion.get("ID")
    state = fields.get("RelayState")
    return Answer(unescape(action[1]), None if state is None else unescape(state), root)


def verified(raw: bytes) -> Any:
    """What our own key signed of a document: its root."""
    _private, pem = key_pair("idp")
    config = SignatureConfiguration(location="./")
    result = XMLVerifier().verify(raw, x509_cert=pem, id_attribute="ID", expect_config=config)
    assert not isinstance(result, list)
    signed: Any = result.signed_xml
    assert signed.get("ID") == etree.fromstring(raw).get("ID")
    return signed


def put_signing_key(connection: Connection) -> None:
    """Let the installation sign by a key that the whole run shares."""
    if published_keys(connection):
        return
    key_id = new_id()
    private, pem = key_pair("idp")
    raw = private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    row = {
        "id": key_id, "certificate": pem, "sealed_private_key": current_keys().seal(raw, _context(key_id)), "created_at": clock.now(),
        "used_from": clock.now(), "retired_at": None,
    }  # fmt: skip
    connection.execute(insert(table_of(SamlSigningKey)), row)


def inflated(url: str, kind: str) -> Any:
    """The message in a redirect of ours, whose signature over the query was verified."""
    query = urlsplit(url).query
    signed, _, signature = query.partition("&Signature=")
    _private, pem = key_pair("idp")
    key: Any = x509.load_pem_x509_certificate(pem.encode()).public_key()
    key.verify(base64.b64decode(unquote_plus(signature)), signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    return etree.fromstring(zlib.decompress(base64.b64decode(parse_qs(query)[kind][0]), -15))
