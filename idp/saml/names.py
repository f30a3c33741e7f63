"""Names of SAML 2.0 as they stand in its messages."""

PROTOCOL = "urn:oasis:names:tc:SAML:2.0:protocol"
ASSERTION = "urn:oasis:names:tc:SAML:2.0:assertion"
METADATA = "urn:oasis:names:tc:SAML:2.0:metadata"
SIGNATURE = "http://www.w3.org/2000/09/xmldsig#"
PREFIXES = {"samlp": PROTOCOL, "saml": ASSERTION, "md": METADATA, "ds": SIGNATURE}

POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
BASIC_NAMES = "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"
URI_NAMES = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"

# How a person is named: our word, and the format of SAML Core §8.3.
PERSISTENT, TRANSIENT, EMAIL, USERNAME = "persistent", "transient", "email", "username"
UNSPECIFIED = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
FORMATS = {
    PERSISTENT: "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
    TRANSIENT: "urn:oasis:names:tc:SAML:2.0:nameid-format:transient",
    EMAIL: "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
    USERNAME: UNSPECIFIED,
}

STATUS = "urn:oasis:names:tc:SAML:2.0:status:"
SUCCESS, REQUESTER, RESPONDER = STATUS + "Success", STATUS + "Requester", STATUS + "Responder"


def tag(name: str) -> str:
    """`samlp:Response` as lxml writes it."""
    prefix, _, local = name.partition(":")
    return f"{{{PREFIXES[prefix]}}}{local}"
