"""Why a client is not registered as it wants to be (RFC 7591 §3.2.2)."""

from idp.errors import Refusal


class InvalidMetadata(Refusal):
    """Something that a client may not be registered with (`invalid_client_metadata`)."""

    reason = "invalid_client_metadata"


class InvalidRedirectUri(InvalidMetadata):
    """A redirect URI that a client may not register (`invalid_redirect_uri`)."""

    reason = "invalid_redirect_uri"
