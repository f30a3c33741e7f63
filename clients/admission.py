"""What is looked at before a client that nobody of the ministry has seen may register itself."""

from flask_babel import gettext as _

from clients.metadata import ClientMetadata
from clients.metadata_rules import CLIENT_CREDENTIALS, TOKEN_EXCHANGE, checked
from clients.offers import auth_methods
from clients.redirect_uris import check_published_uri
from clients.refusals import InvalidMetadata
from clients.sector import check_sector
from idp.outbound import OutboundFailed, OutboundRefused, resolve


def admitted(wanted: ClientMetadata) -> ClientMetadata:
    """The metadata, for registering. Outside a transaction: names are resolved, and the list of its sector is fetched. Raises
    InvalidMetadata or InvalidRedirectUri."""
    told = checked(wanted)
    if told.token_endpoint_auth_method not in auth_methods():
        raise InvalidMetadata(_("%(field)s là một trong: %(names)s.", field="token_endpoint_auth_method", names=", ".join(auth_methods())))
    if {CLIENT_CREDENTIALS, TOKEN_EXCHANGE} & set(told.grant_types):
        raise InvalidMetadata(_("Cách cấp mã này do quản trị viên đăng ký."))
    for uri in (told.client_uri, told.backchannel_logout_uri, told.frontchannel_logout_uri):
        if uri is not None:
            check_published_uri(uri)
    # What this server itself will ask or tell: refused now rather than when it is due.
    for uri in (told.jwks_uri, told.backchannel_logout_uri, *told.request_uris):
        _check_reach(uri)
    check_sector(told)
    return wanted


def _check_reach(uri: str | None) -> None:
    try:
        if uri is not None:
            resolve(uri)
    except OutboundRefused as refused:
        raise InvalidMetadata(_("Địa chỉ “%(uri)s” không dùng được: %(why)s.", uri=uri[:200] if uri else "", why=str(refused))) from None
    except OutboundFailed:
        return  # no address yet: whoever registers it may be about to set it up
