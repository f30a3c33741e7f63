"""The addresses in a registration: where people are led, what they are shown, what this provider itself asks for or tells."""

from dataclasses import replace
from urllib.parse import urlsplit

from flask_babel import gettext as _

from clients.metadata import ClientMetadata
from clients.redirect_uris import NATIVE, check_published_uri, check_redirect_uris, check_uri
from clients.refusals import InvalidMetadata

APPLICATION_TYPES = ("web", NATIVE)
PUBLIC_SUBJECT, PAIRWISE = "public", "pairwise"
LONGEST_REQUEST_URI, MOST_REQUEST_URIS = 512, 20  # OpenID Connect Core §6.2
PUBLISHED = ("logo_uri", "policy_uri", "tos_uri", "initiate_login_uri", "jwks_uri", "sector_identifier_uri")


def with_addresses(wanted: ClientMetadata) -> ClientMetadata:
    """The metadata, each address looked at. Raises InvalidMetadata or InvalidRedirectUri."""
    if wanted.application_type not in APPLICATION_TYPES:
        raise InvalidMetadata(_("application_type là web hoặc native."))
    for name in PUBLISHED:
        if getattr(wanted, name) is not None:
            check_published_uri(getattr(wanted, name), public_only=wanted.public_addresses_only)
    for name in ("client_uri", "backchannel_logout_uri"):
        if getattr(wanted, name) is not None:
            check_uri(getattr(wanted, name), InvalidMetadata)
    if any("#" in (getattr(wanted, name) or "") for name in PUBLISHED):
        raise InvalidMetadata(_("Địa chỉ không được có phần sau dấu #."))
    _check_frontchannel(wanted)
    told = replace(
        wanted,
        redirect_uris=check_redirect_uris(wanted.redirect_uris, wanted.application_type),
        post_logout_redirect_uris=check_redirect_uris(wanted.post_logout_redirect_uris, wanted.application_type),
        request_uris=_checked_request_uris(wanted.request_uris, wanted.public_addresses_only),
    )
    _check_subject(told)
    return told


def _check_frontchannel(wanted: ClientMetadata) -> None:
    """OpenID Connect Front-Channel Logout §2: scheme, host and port of a registered redirect URI."""
    uri = wanted.frontchannel_logout_uri
    if uri is None:
        return
    check_uri(uri, InvalidMetadata)
    if origin_of(uri) not in {origin_of(redirect) for redirect in wanted.redirect_uris}:
        raise InvalidMetadata(_("frontchannel_logout_uri phải cùng máy chủ với một địa chỉ trả về."))


def _checked_request_uris(uris: tuple[str, ...], public_only: bool) -> tuple[str, ...]:
    if len(uris) > MOST_REQUEST_URIS or any(len(uri) > LONGEST_REQUEST_URI for uri in uris):
        raise InvalidMetadata(
            _("request_uris có tối đa %(n)s địa chỉ, mỗi địa chỉ %(m)s ký tự.", n=MOST_REQUEST_URIS, m=LONGEST_REQUEST_URI)
        )
    return tuple(dict.fromkeys(check_published_uri(uri, public_only=public_only) for uri in uris))


def _check_subject(wanted: ClientMetadata) -> None:
    """OpenID Connect Core §8.1: a pairwise subject is for one host, or for all that one published list names."""
    if wanted.subject_type not in (PUBLIC_SUBJECT, PAIRWISE):
        raise InvalidMetadata(_("subject_type là public hoặc pairwise."))
    hosts = {urlsplit(uri).hostname for uri in wanted.redirect_uris}
    if wanted.subject_type == PAIRWISE and wanted.sector_identifier_uri is None and len(hosts) != 1:
        raise InvalidMetadata(_("Mã riêng từng ứng dụng (pairwise) với nhiều máy chủ cần sector_identifier_uri."))


def sector_of(metadata: ClientMetadata) -> str | None:
    """The host for which a pairwise subject is made: of the published list, or of the redirect URIs."""
    uris = [metadata.sector_identifier_uri] if metadata.sector_identifier_uri else sorted(metadata.redirect_uris)[:1]
    return next((urlsplit(uri).hostname for uri in uris), None)


def origin_of(uri: str) -> tuple[str, str | None, int | None]:
    """Scheme, host and port of an address, the default port spelled out."""
    parts = urlsplit(uri)
    return parts.scheme, parts.hostname, parts.port or {"https": 443, "http": 80}.get(parts.scheme)
