"""What a client says about itself: the metadata of RFC 7591 §2 and its relatives, names verbatim, and how it is kept."""

from dataclasses import asdict, dataclass, fields
from typing import Any

SCOPES = ("openid", "profile", "email", "phone", "address", "staff", "offline_access")
DEFAULT_SCOPE = "openid profile email"
CLIENT_SECRET_BASIC, CLIENT_SECRET_POST, PUBLIC = "client_secret_basic", "client_secret_post", "none"
CLIENT_SECRET_JWT, PRIVATE_KEY_JWT = "client_secret_jwt", "private_key_jwt"
TLS_CLIENT_AUTH, SELF_SIGNED_TLS_CLIENT_AUTH = "tls_client_auth", "self_signed_tls_client_auth"
AUTH_METHODS = (
    CLIENT_SECRET_BASIC, CLIENT_SECRET_POST, CLIENT_SECRET_JWT, PRIVATE_KEY_JWT, TLS_CLIENT_AUTH, SELF_SIGNED_TLS_CLIENT_AUTH, PUBLIC,
)  # fmt: skip
SECRET_METHODS = frozenset({CLIENT_SECRET_BASIC, CLIENT_SECRET_POST, CLIENT_SECRET_JWT})
SIGNING_ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA", "Ed25519")
ACR = {level: f"urn:hopnhat:{level}" for level in ("aal1", "aal2", "aal3")}
FAPI2, FAPI2_MESSAGE_SIGNING = "fapi2", "fapi2_message_signing"
OPAQUE, JWT = "opaque", "jwt"


@dataclass(frozen=True)
class ClientMetadata:
    """A client as somebody wants it registered. Names are those of RFC 7591 and the specifications that extend it; the last block
    is our own: `minimum_acr`, below it nobody gets in; `profile`, a set of rules on top ("" for none); `resources`, the resource
    indicators it may ask for (RFC 8707); `token_exchange_from`, the clients whose tokens it may exchange (RFC 8693);
    `forward_auth_origins`, the sites that a proxy guards in its name, and `path_rules`, what parts of them ask for; `public_addresses_only`, it came from nobody known here, so that
    HOPNHAT_OUTBOUND_ALLOW opens nothing for it; `widest_scope`, what an administrator left it, beyond which it may not register
    itself; lifetimes in seconds, None: the installation's; `longest_auth_age_seconds`, after which people prove themselves again
    whatever is asked for. `client_id` None: one is made."""

    client_name: str
    redirect_uris: tuple[str, ...]
    post_logout_redirect_uris: tuple[str, ...] = ()
    backchannel_logout_uri: str | None = None
    client_uri: str | None = None
    scope: str = DEFAULT_SCOPE
    token_endpoint_auth_method: str = CLIENT_SECRET_BASIC
    id_token_signed_response_alg: str = "RS256"

    application_type: str = "web"
    contacts: tuple[str, ...] = ()
    logo_uri: str | None = None
    policy_uri: str | None = None
    tos_uri: str | None = None
    initiate_login_uri: str | None = None
    software_id: str | None = None
    software_version: str | None = None
    grant_types: tuple[str, ...] = ("authorization_code", "refresh_token")
    response_types: tuple[str, ...] = ("code",)

    token_endpoint_auth_signing_alg: str | None = None
    jwks: dict[str, Any] | None = None
    jwks_uri: str | None = None
    tls_client_auth_subject_dn: str | None = None
    tls_client_auth_san_dns: str | None = None
    tls_client_auth_san_uri: str | None = None
    tls_client_auth_san_ip: str | None = None
    tls_client_auth_san_email: str | None = None
    tls_client_certificate_bound_access_tokens: bool = False
    dpop_bound_access_tokens: bool = False

    subject_type: str = "public"
    sector_identifier_uri: str | None = None
    default_max_age: int | None = None
    require_auth_time: bool = False
    default_acr_values: tuple[str, ...] = ()
    id_token_encrypted_response_alg: str | None = None
    id_token_encrypted_response_enc: str | None = None
    userinfo_signed_response_alg: str | None = None
    userinfo_encrypted_response_alg: str | None = None
    userinfo_encrypted_response_enc: str | None = None
    introspection_signed_response_alg: str | None = None
    introspection_encrypted_response_alg: str | None = None
    introspection_encrypted_response_enc: str | None = None

    request_uris: tuple[str, ...] = ()
    request_object_signing_alg: str | None = None
    request_object_encryption_alg: str | None = None
    request_object_encryption_enc: str | None = None
    require_signed_request_object: bool = False
    require_pushed_authorization_requests: bool = False
    authorization_signed_response_alg: str | None = None
    authorization_encrypted_response_alg: str | None = None
    authorization_encrypted_response_enc: str | None = None

    backchannel_logout_session_required: bool = False
    frontchannel_logout_uri: str | None = None
    frontchannel_logout_session_required: bool = False

    minimum_acr: str = ACR["aal1"]
    require_pkce: bool = True
    require_consent: bool = False
    profile: str = ""
    access_token_format: str = OPAQUE
    resources: tuple[str, ...] = ()
    token_exchange_from: tuple[str, ...] = ()
    forward_auth_origins: tuple[str, ...] = ()
    path_rules: tuple[str, ...] = ()
    public_addresses_only: bool = False
    widest_scope: str | None = None
    access_token_seconds: int | None = None
    id_token_seconds: int | None = None
    refresh_token_idle_seconds: int | None = None
    refresh_token_seconds: int | None = None
    longest_auth_age_seconds: int | None = None
    client_id: str | None = None


# These have columns of their own; the rest is kept in the column `settings`, each only where it differs from its default.
COLUMNS = frozenset({
    "client_name", "redirect_uris", "post_logout_redirect_uris", "backchannel_logout_uri", "client_uri", "scope",
    "token_endpoint_auth_method", "id_token_signed_response_alg", "minimum_acr",
})  # fmt: skip
_FIELDS = {field.name: field for field in fields(ClientMetadata) if field.name != "client_id"}
_LISTS = frozenset(name for name, field in _FIELDS.items() if str(field.type).startswith("tuple"))


def columns_of(metadata: ClientMetadata) -> dict[str, Any]:
    """The metadata as the columns of its row."""
    written = {name: list(value) if name in _LISTS else value for name, value in asdict(metadata).items() if name in _FIELDS}
    columns = {name: written[name] for name in COLUMNS}
    defaults = {name: field.default for name, field in _FIELDS.items()}
    columns["settings"] = {
        name: value for name, value in written.items() if name not in COLUMNS and getattr(metadata, name) != defaults[name]
    }
    return columns


def from_columns(row: Any) -> ClientMetadata:
    """The metadata that a row of the table `client` keeps."""
    kept = {name: getattr(row, name) for name in COLUMNS}
    kept |= {name: value for name, value in row.settings.items() if name in _FIELDS and name not in COLUMNS}
    told: dict[str, Any] = {name: tuple(value) if name in _LISTS else value for name, value in kept.items()}
    return ClientMetadata(**told, client_id=row.client_id)
