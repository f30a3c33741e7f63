"""What a profile demands of a client, at every endpoint, in one table: FAPI 2.0 Security Profile and Message Signing."""

from dataclasses import dataclass, replace

from clients.metadata import (
    AUTH_METHODS,
    FAPI2,
    FAPI2_MESSAGE_SIGNING,
    PRIVATE_KEY_JWT,
    SELF_SIGNED_TLS_CLIENT_AUTH,
    TLS_CLIENT_AUTH,
    ClientMetadata,
)


@dataclass(frozen=True)
class Profile:
    """The rules on top of what the client itself has registered. Sections are of FAPI 2.0 Security Profile unless others are named.

    `signing_algorithms`: what may sign anything that the client sends or is sent; None leaves the choice to the registration.
    """

    # What a client may be registered with (§5.3.2.1, §5.3.2.2, §5.4)
    auth_methods: tuple[str, ...] = AUTH_METHODS
    signing_algorithms: tuple[str, ...] | None = None
    https_redirects_only: bool = False  # loopback too
    # The authorization request (§5.3.2.2) and its answer
    pushed_requests_only: bool = False
    pkce: bool = False
    signed_requests_only: bool = False  # Message Signing §5.3.1
    complete_request_objects: bool = False  # say from whom, for whom and for when (Message Signing §5.3.1)
    signed_responses_only: bool = False  # Message Signing §5.4.1
    longest_code_seconds: int | None = None
    # Tokens (§5.3.2.1)
    sender_constrained_tokens: bool = False
    assertion_audience_is_issuer: bool = False  # one string, nothing else
    rotates_refresh_tokens: bool = True


_FAPI2 = Profile(
    auth_methods=(PRIVATE_KEY_JWT, TLS_CLIENT_AUTH, SELF_SIGNED_TLS_CLIENT_AUTH),
    signing_algorithms=("PS256", "ES256", "EdDSA"),
    https_redirects_only=True,
    pushed_requests_only=True,
    pkce=True,
    complete_request_objects=True,
    longest_code_seconds=60,
    sender_constrained_tokens=True,
    assertion_audience_is_issuer=True,
    rotates_refresh_tokens=False,
)
PROFILES = {
    "": Profile(),
    FAPI2: _FAPI2,
    FAPI2_MESSAGE_SIGNING: replace(_FAPI2, signed_requests_only=True, signed_responses_only=True),
}


def profile_of(metadata: ClientMetadata) -> Profile:
    """The rules of the client's profile; those of "" demand nothing."""
    return PROFILES[metadata.profile]
