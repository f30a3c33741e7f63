"""POST /device_authorization (RFC 8628 §3.1, §3.2): a device without a browser gets a code for its person to type elsewhere."""

from authlib.oauth2.rfc6749 import InvalidScopeError, OAuth2Error, UnauthorizedClientError
from flask import Blueprint, Response
from limits import parse_many

from clients.profiles import profile_of
from clients.registry import RegisteredClient
from idp.database import in_transaction
from idp.oidc import client_answers, device_authorizations
from idp.oidc.client_authentication import authenticate_client
from idp.oidc.client_limits import check_waiting
from idp.oidc.grants.device_code import GRANT_TYPE
from idp.oidc.resource_indicators import read_resources
from idp.settings import current_settings
from idp.web.address_limits import is_within
from idp.web.csrf import csrf_exempt
from idp.web.viewer import anyone

LIMITS = parse_many("120/minute;2000/hour")  # by address, where a whole office may have its devices
blueprint = Blueprint("device_authorization", __name__)
csrf_exempt(blueprint)


class TooMany(OAuth2Error):  # type: ignore[misc]
    """More devices wait than could be real."""

    error = "temporarily_unavailable"
    status_code = 429


@blueprint.post("/device_authorization")
@anyone
def device_authorization() -> Response:
    """The codes, and where the short one is typed."""
    client = None
    try:
        if not is_within("device_authorization", LIMITS):
            raise TooMany(description="too many requests of this address")
        form = client_answers.require_form()
        client = authenticate_client(form)
        begun = _begin(client, form)
    except OAuth2Error as error:
        return client_answers.refused(error, client, "device_authorization")
    page = f"{current_settings().issuer}/device"
    told = {
        "device_code": begun.device_code,
        "user_code": begun.user_code,
        "verification_uri": page,
        "verification_uri_complete": f"{page}?user_code={begun.user_code}",
        "expires_in": begun.expires_in,
        "interval": begun.interval,
    }
    return client_answers.told(told, client)


def _begin(client: RegisteredClient, form: dict[str, str]) -> device_authorizations.Begun:
    # Nothing ties the answer to the device in front of the person (RFC 8628 §5.4): not for clients of a strict profile.
    if GRANT_TYPE not in client.metadata.grant_types or profile_of(client.metadata).pushed_requests_only:
        raise UnauthorizedClientError(description="the client is not registered for this grant_type")
    check_waiting(client, "device")
    resource = read_resources(client, form.get("resource"))
    scope = " ".join(name for name in dict.fromkeys(form.get("scope", "openid").split()) if name in client.scopes)
    if not scope:
        raise InvalidScopeError(description="none of the scopes is one of the client's")
    try:
        return in_transaction(lambda connection: device_authorizations.begin(connection, client, scope, resource))
    except device_authorizations.TooManyWait:
        raise TooMany(description="too many devices wait for an answer") from None
