"""Signatures of SAML: in the XML (by signxml) and over the query of a redirect (SAML Bindings §3.4.4.1)."""

import base64
import binascii
from collections.abc import Sequence

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from lxml import etree
from signxml import DigestAlgorithm, SignatureConfiguration, SignatureConstructionMethod, SignatureMethod, XMLSigner, XMLVerifier
from signxml.algorithms import CanonicalizationMethod
from signxml.exceptions import SignXMLException

from idp.saml.keys import LoadedKey
from idp.saml.names import tag

RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
_MORE = "http://www.w3.org/2001/04/xmldsig-more#"
# SHA-1 is not among them (RFC 9231, NIST SP 800-131A).
HASHES: dict[str, type[hashes.SHA256 | hashes.SHA384 | hashes.SHA512]] = {
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}
METHODS = frozenset({
    SignatureMethod.RSA_SHA256, SignatureMethod.RSA_SHA384, SignatureMethod.RSA_SHA512,
    SignatureMethod.ECDSA_SHA256, SignatureMethod.ECDSA_SHA384, SignatureMethod.ECDSA_SHA512,
})  # fmt: skip
DIGESTS = frozenset({DigestAlgorithm.SHA256, DigestAlgorithm.SHA384, DigestAlgorithm.SHA512})
SIGNATURE_HERE = "placeholder"  # where signxml puts it


class BadSignature(Exception):
    """The signature is missing, not of this sender, or of something else than the whole message. The text is for the operator."""


def sign(element: etree._Element, key: LoadedKey) -> etree._Element:
    """The element with its signature, enveloped, after its issuer (SAML Core §5.4)."""
    issuer = element.find(tag("saml:Issuer"))
    assert issuer is not None
    issuer.addnext(etree.Element(tag("ds:Signature"), {"Id": SIGNATURE_HERE}, nsmap={"ds": "http://www.w3.org/2000/09/xmldsig#"}))
    signer = XMLSigner(
        method=SignatureConstructionMethod.enveloped, signature_algorithm=SignatureMethod.RSA_SHA256, digest_algorithm=DigestAlgorithm.SHA256,
        c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
    )  # fmt: skip
    return signer.sign(element, key=key.private_key, cert=[key.certificate], reference_uri=f"#{element.get('ID')}", id_attribute="ID")


def is_signed(root: etree._Element) -> bool:
    """Whether the message itself claims to be signed."""
    return root.find(tag("ds:Signature")) is not None


def verified(root: etree._Element, certificates: Sequence[str]) -> etree._Element:
    """What was signed, by one of these certificates (PEM): the whole message, and nothing but it is to be read from here on. Raises
    BadSignature.

    One signature, a direct child of the root, with one reference, to the root: what a wrapping attack moves elsewhere in the document is
    not found there, and what it puts in its place is not what was signed.
    """
    if len(list(root.iter(tag("ds:Signature")))) != 1 or len(root.findall(tag("ds:Signature"))) != 1:
        raise BadSignature("not exactly one signature, in its place")
    expected = SignatureConfiguration(location="./", expect_references=1, signature_methods=METHODS, digest_algorithms=DIGESTS)
    for certificate in certificates:
        try:
            result = XMLVerifier().verify(root, x509_cert=certificate, id_attribute="ID", expect_config=expected)
        except (SignXMLException, InvalidSignature, ValueError, etree.XMLSyntaxError):
            continue
        assert not isinstance(result, list)
        signed = result.signed_xml
        if signed is None or signed.tag != root.tag or signed.get("ID") != root.get("ID") or not root.get("ID"):
            raise BadSignature("something else than the message is signed")
        return signed
    raise BadSignature("the signature is of none of the certificates in the metadata")


def sign_query(query: str, key: LoadedKey) -> str:
    """The signature over the query of a redirect, in base64."""
    return base64.b64encode(key.private_key.sign(query.encode(), padding.PKCS1v15(), hashes.SHA256())).decode()


def verify_query(signed: bytes, algorithm: str, signature: str, certificates: Sequence[str]) -> None:
    """Raises BadSignature when `signed`, the octets of the query as they came, was signed by none of these certificates (PEM)."""
    kind, _, name = algorithm.removeprefix(_MORE).partition("-")
    if not algorithm.startswith(_MORE) or kind not in ("rsa", "ecdsa") or name not in HASHES:
        raise BadSignature("the algorithm is not taken")
    try:
        written = base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        raise BadSignature("the signature is not base64") from None
    for certificate in certificates:
        public = x509.load_pem_x509_certificate(certificate.encode()).public_key()
        try:
            if kind == "rsa" and isinstance(public, rsa.RSAPublicKey):
                public.verify(written, signed, padding.PKCS1v15(), HASHES[name]())
                return
            if kind == "ecdsa" and isinstance(public, ec.EllipticCurvePublicKey):
                public.verify(written, signed, ec.ECDSA(HASHES[name]()))
                return
        except InvalidSignature:
            continue
    raise BadSignature("the signature is of none of the certificates in the metadata")
