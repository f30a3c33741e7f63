"""Metadata from where an application publishes it: through the outbound guard, never larger than what is read."""

from idp.outbound import OutboundFailed, fetch
from idp.saml.xml_reading import LARGEST_METADATA


def fetch_metadata(url: str) -> bytes:
    """The document. Raises OutboundRefused or OutboundFailed."""
    answer = fetch(url, accept="application/samlmetadata+xml, application/xml, text/xml", largest=LARGEST_METADATA)
    if answer.status != 200:
        raise OutboundFailed(f"the answer is {answer.status}")
    return answer.body
