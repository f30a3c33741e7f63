"""POST /par (RFC 9126): a client sends its authorization request ahead, authenticated, and gets a reference for the browser."""

from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Error
from flask import Blueprint, Response
from limits import RateLimitItemPerMinute
from sqlalchemy import Connection

from clients.registry import RegisteredClient
from idp.database import in_transaction
from idp.errors import Refusal
from idp.oidc import dpop, pushed_requests
from idp.oidc.arrival import CARRIED, Arrival
from idp.oidc.authorization_request import read_request
from idp.oidc.client_answers import preflight, refused, require_form, told
from idp.oidc.client_authentication import authenticate_client
from idp.oidc.client_limits import check_waiting
from idp.oidc.destination import RequestRefused
from idp.oidc.failure_notes import because, kind_of, remember
from idp.oidc.request_object import RequestObjectRefused, read_request_object
from idp.web.address_limits import is_within
from idp.web.csrf import csrf_exempt
from idp.web.viewer import anyone

LARGEST = 32 * 1024  # bytes: a request object and a client assertion
PATH = "/par"
FOR_PUBLIC_CLIENTS = (RateLimitItemPerMinute(600),)  # a whole agency may sit behind one address
blueprint = Blueprint("par", __name__)
csrf_exempt(blueprint)


@blueprint.post(PATH)
@anyone
def push() -> Response:
    """Take a request in when it is in order; the answer names it for a minute (§2.2)."""
    client = None
    try:
        form = require_form(LARGEST)
        client = authenticate_client(form)
        _check_number(client)
        arrival = _arrival(client, form)
        request_uri = _keep(arrival, dpop.read_proof("POST", PATH, algorithms=dpop.algorithms_for(client)))
    except OAuth2Error as error:
        return refused(error, client, "par")
    return told({"request_uri": request_uri, "expires_in": pushed_requests.LIFE_SECONDS}, client, 201)


@blueprint.route(PATH, methods=["OPTIONS"], provide_automatic_options=False)
@anyone
def preflight_of_push() -> Response:
    """A browser asks whether a script may send a DPoP proof here."""
    return preflight()


def _check_number(client: RegisteredClient) -> None:
    """Nobody can fill the database (§2.3), whoever proves nothing least of all. Raises OAuth2Error."""
    if client.is_public and not is_within(PATH, FOR_PUBLIC_CLIENTS):
        raise OAuth2Error(error="invalid_request", description="too many requests from this address", status_code=429)
    check_waiting(client, "par")


def _arrival(client: RegisteredClient, form: dict[str, str]) -> Arrival:
    """The request, checked as /authorize would check it, so that what is wrong with it is said here (§2.1)."""
    if "request_uri" in form:
        raise InvalidRequestError(description="request_uri cannot be pushed")
    parameters, is_signed = {**form, "client_id": client.client_id}, False
    if "request" in form:
        try:
            found = read_request_object(form["request"], client)
        except RequestObjectRefused as wrong:
            raise _error(wrong.error, wrong.description) from None
        parameters, is_signed = found.parameters, found.is_signed  # nothing beside it counts (§3)
    kept = {name: parameters[name] for name in CARRIED if name in parameters}
    if "registration" in parameters:
        raise _error("registration_not_supported", "the parameter registration is not supported")
    remember(parameters)
    arrival = Arrival(client, kept, is_signed, is_being_pushed=True)
    try:
        read_request(arrival)
    except RequestRefused as wrong:
        raise _error(wrong.error, wrong.description) from None
    except Refusal as refusal:
        because(kind_of(refusal.reason, ""), "the redirect_uri is missing or not registered", client)
        raise InvalidRequestError(description="the redirect_uri is missing or not registered") from None
    return arrival


def _keep(arrival: Arrival, proof: dpop.Proof | None) -> str:
    """The request_uri under which the request is kept, bound to the key of the proof (RFC 9449 §10.1)."""
    parameters = arrival.parameters
    if proof is not None:
        if parameters.get("dpop_jkt", proof.jkt) != proof.jkt:
            raise dpop.InvalidProof(description="the proof is made by another key than dpop_jkt names")
        parameters = {**parameters, "dpop_jkt": proof.jkt}

    def keep(connection: Connection) -> str:
        if proof is not None:
            dpop.spend(connection, proof)
        return pushed_requests.push(connection, arrival.client, parameters, is_signed=arrival.is_signed)

    return in_transaction(keep)


def _error(error: str, description: str) -> OAuth2Error:
    return OAuth2Error(error=error, description=description, status_code=400)
