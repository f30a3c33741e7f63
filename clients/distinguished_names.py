"""Distinguished names of certificates as clients register them (RFC 4514), compared by what they mean."""

import re

from cryptography import x509
from cryptography.x509.oid import NameOID

LONGEST = 1000
_AFTER_COMMA = re.compile(r"(?<!\\) *, *(?=[A-Za-z0-9.]+=)")  # as OpenSSL prints names
_ALSO = {"emailAddress": NameOID.EMAIL_ADDRESS, "E": NameOID.EMAIL_ADDRESS, "serialNumber": NameOID.SERIAL_NUMBER}


def read_name(written: str) -> x509.Name:
    """The name that a text tells (RFC 4514). Raises ValueError."""
    if len(written) > LONGEST:
        raise ValueError("too long")
    name = x509.Name.from_rfc4514_string(_AFTER_COMMA.sub(",", written.strip()), _ALSO)
    if not list(name):
        raise ValueError("empty")
    return name


def same_name(written: str, subject: x509.Name) -> bool:
    """Whether a certificate's subject is the one that was registered: the same parts in the same order, however they are encoded."""
    try:
        return _parts(read_name(written)) == _parts(subject)
    except ValueError:
        return False


def _parts(name: x509.Name) -> list[frozenset[tuple[str, str]]]:
    # Case and inner spaces do not tell names apart (RFC 5280 §7.1).
    return [frozenset((one.oid.dotted_string, " ".join(str(one.value).casefold().split())) for one in rdn) for rdn in name.rdns]
