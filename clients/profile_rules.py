"""What a profile makes of a registration: its settings are put in, and what contradicts it is refused."""

from dataclasses import replace

from flask_babel import gettext as _

from clients.metadata import SELF_SIGNED_TLS_CLIENT_AUTH, TLS_CLIENT_AUTH, ClientMetadata
from clients.profiles import Profile, profile_of
from clients.refusals import InvalidMetadata, InvalidRedirectUri

PREFERRED = "PS256"  # of what a profile leaves: every library for RS256 can do it, with the same keys


def with_profile(wanted: ClientMetadata) -> ClientMetadata:
    """The metadata with all that its profile demands. Raises InvalidMetadata or InvalidRedirectUri when the client cannot do it."""
    if not wanted.profile:
        return wanted
    profile = profile_of(wanted)
    if wanted.token_endpoint_auth_method not in profile.auth_methods:
        raise InvalidMetadata(
            _("Bộ quy tắc %(name)s cần cách xác thực %(methods)s.", name=wanted.profile, methods=", ".join(profile.auth_methods))
        )
    if profile.https_redirects_only and not all(uri.startswith("https://") for uri in wanted.redirect_uris):
        raise InvalidRedirectUri(_("Bộ quy tắc %(name)s chỉ nhận địa chỉ trả về https.", name=wanted.profile))
    bound = wanted.dpop_bound_access_tokens or wanted.tls_client_certificate_bound_access_tokens
    by_certificate = wanted.token_endpoint_auth_method in (TLS_CLIENT_AUTH, SELF_SIGNED_TLS_CLIENT_AUTH)
    to_bind = profile.sender_constrained_tokens and not bound
    forced = replace(
        wanted,
        require_pkce=wanted.require_pkce or profile.pkce,
        require_pushed_authorization_requests=wanted.require_pushed_authorization_requests or profile.pushed_requests_only,
        require_signed_request_object=wanted.require_signed_request_object or profile.signed_requests_only,
        dpop_bound_access_tokens=wanted.dpop_bound_access_tokens or (to_bind and not by_certificate),
        tls_client_certificate_bound_access_tokens=wanted.tls_client_certificate_bound_access_tokens or (to_bind and by_certificate),
    )
    return _with_algorithms(forced, profile)


def _with_algorithms(wanted: ClientMetadata, profile: Profile) -> ClientMetadata:
    if profile.signing_algorithms is None:
        return wanted
    allowed = {*profile.signing_algorithms, *(("Ed25519",) if "EdDSA" in profile.signing_algorithms else ())}
    # Nobody asks for RS256 by leaving the algorithm out: in a profile the default is another one.
    id_token = PREFERRED if wanted.id_token_signed_response_alg == "RS256" else wanted.id_token_signed_response_alg
    response = wanted.authorization_signed_response_alg or (PREFERRED if profile.signed_responses_only else None)
    told = replace(wanted, id_token_signed_response_alg=id_token, authorization_signed_response_alg=response)
    for name in (
        "id_token_signed_response_alg", "authorization_signed_response_alg", "userinfo_signed_response_alg",
        "introspection_signed_response_alg", "request_object_signing_alg", "token_endpoint_auth_signing_alg",
    ):  # fmt: skip
        if getattr(told, name) not in (None, *allowed):
            raise InvalidMetadata(_("%(field)s là một trong: %(names)s.", field=name, names=", ".join(profile.signing_algorithms)))
    return told
