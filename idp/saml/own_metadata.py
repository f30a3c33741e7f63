"""Our own metadata as an identity provider (SAML Metadata §2.4.3)."""

import base64

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from lxml import etree
from sqlalchemy import Connection

from idp.saml.keys import published_keys
from idp.saml.names import FORMATS, METADATA, PERSISTENT, POST, PROTOCOL, REDIRECT, SIGNATURE, TRANSIENT, tag
from idp.settings import current_settings

_NAMESPACES = {"md": METADATA, "ds": SIGNATURE}


def entity_id() -> str:
    """Who we are: also where our metadata is."""
    return current_settings().issuer + "/saml/metadata"


def sign_in_url() -> str:
    """Where requests for a sign-in go."""
    return current_settings().issuer + "/saml/sso"


def sign_out_url() -> str:
    """Where requests for a sign-out go, and the answers to ours."""
    return current_settings().issuer + "/saml/slo"


def metadata(connection: Connection) -> etree._Element:
    """The EntityDescriptor, with the certificates of all keys that sign or will."""
    root = etree.Element(tag("md:EntityDescriptor"), {"entityID": entity_id()}, nsmap=_NAMESPACES)
    # A request without a signature is taken from a party whose metadata does not promise one: the answer goes to its own address anyway.
    told = {"protocolSupportEnumeration": PROTOCOL, "WantAuthnRequestsSigned": "false"}
    descriptor = etree.SubElement(root, tag("md:IDPSSODescriptor"), told)
    for row in published_keys(connection):
        key = etree.SubElement(descriptor, tag("md:KeyDescriptor"), {"use": "signing"})
        data = etree.SubElement(etree.SubElement(key, tag("ds:KeyInfo")), tag("ds:X509Data"))
        etree.SubElement(data, tag("ds:X509Certificate")).text = _der(row.certificate)
    etree.SubElement(descriptor, tag("md:SingleLogoutService"), {"Binding": REDIRECT, "Location": sign_out_url()})
    for kind in (PERSISTENT, TRANSIENT):
        etree.SubElement(descriptor, tag("md:NameIDFormat")).text = FORMATS[kind]
    for binding in (REDIRECT, POST):
        etree.SubElement(descriptor, tag("md:SingleSignOnService"), {"Binding": binding, "Location": sign_in_url()})
    return root


def _der(pem: str) -> str:
    return base64.b64encode(x509.load_pem_x509_certificate(pem.encode()).public_bytes(serialization.Encoding.DER)).decode()
