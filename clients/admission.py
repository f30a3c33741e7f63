"""What is looked at before a client that nobody of the ministry has seen may register itself."""

import time

from flask_babel import gettext as _

from clients.metadata import ClientMetadata
from clients.metadata_rules import CLIENT_CREDENTIALS, TOKEN_EXCHANGE, checked
from clients.offers import auth_methods
from clients.redirect_uris import check_published_uri
from clients.refusals import InvalidMetadata
from clients.sector import check_sector
from idp.outbound import PATIENT_SECONDS, OutboundFailed, OutboundRefused, one_at_a_time, resolve


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
            check_published_uri(uri, public_only=told.public_addresses_only)
    # What this server itself will ask or tell: refused now rather than when it is due.
    asked = (told.jwks_uri, told.backchannel_logout_uri, *told.request_uris)
    _check_reach(tuple(uri for uri in asked if uri is not None), told.public_addresses_only)
    check_sector(told)
    return wanted


def _check_reach(uris: tuple[str, ...], public_only: bool) -> None:
    """Raises InvalidMetadata for an address that would be refused; one that is not found, or not soon, is looked at when it is
    due: whoever registers it may be about to set it up."""
    begun = time.monotonic()
    for uri in uris:
        try:
            with one_at_a_time():
                resolve(uri, public_only=public_only)
        except OutboundRefused as refused:
            raise InvalidMetadata(_("Địa chỉ “%(uri)s” không dùng được: %(why)s.", uri=uri[:200], why=str(refused))) from None
        except OutboundFailed:
            pass
        if time.monotonic() - begun > PATIENT_SECONDS:
            return
