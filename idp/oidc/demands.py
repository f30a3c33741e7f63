"""What an authorization request demands of the person's authentication, and whether a session meets it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from idp import clock
from idp.oidc.administrators import holds_role
from idp.oidc.authorization_request import AuthorizationRequest
from idp.oidc.destination import RequestRefused
from idp.sessions import assurance
from idp.sessions.browser_sessions import LiveSession

HIGHEST = assurance.OFFERED[-1]


@dataclass(frozen=True)
class Demand:
    """At least this assurance, proved at or after `not_before`; `select_account`: the person is to choose who they are."""

    minimum_acr: str
    not_before: datetime | None
    select_account: bool


def demand_of(request: AuthorizationRequest) -> Demand:
    """What this request demands when it arrives. Raises RequestRefused when nobody could meet it."""
    now = clock.now()
    not_before = now if "login" in request.prompt else None
    if not_before is None and request.max_age is not None:
        not_before = now - timedelta(seconds=request.max_age)
    return Demand(_minimum_acr(request), not_before, "select_account" in request.prompt)


def demand_after_sign_in(request: AuthorizationRequest, not_before: datetime | None) -> Demand:
    """What it demands when the person comes back from signing in: the client's present policy, and the instant set before."""
    return Demand(_minimum_acr(request), not_before, select_account=False)


def for_person(demand: Demand, live: LiveSession | None) -> Demand:
    """The demand on this person: who holds a role needs two factors, whatever the client asks."""
    if live is None or assurance.is_enough(live.acr, assurance.AAL2) or assurance.is_enough(demand.minimum_acr, assurance.AAL2):
        return demand
    return replace(demand, minimum_acr=assurance.AAL2) if holds_role(live.person_id) else demand


def is_met(demand: Demand, live: LiveSession | None) -> bool:
    """Whether the session is enough as it stands."""
    if live is None or demand.select_account or not assurance.is_enough(live.acr, demand.minimum_acr):
        return False
    return demand.not_before is None or live.auth_time >= demand.not_before


def acr_told(request: AuthorizationRequest, live: LiveSession) -> str:
    """The `acr` of the ID token: what the session has proved; where certain values are essential, the highest of them that it
    includes (OpenID Connect Core §5.5.1.1), unless that is below what this client or a holder of a role must have."""
    if not request.acr_is_essential or not request.acr_values or live.acr in request.acr_values:
        return live.acr
    included = [value for value in request.acr_values if value in assurance.ALL and request.client.minimum_acr <= value <= live.acr]
    return live.acr if not included or holds_role(live.person_id) else max(included)


def _minimum_acr(request: AuthorizationRequest) -> str:
    known = [value for value in request.acr_values if value in assurance.ALL]
    if request.acr_is_essential and request.acr_values:
        if not known or min(known) > HIGHEST:
            raise _unmet(request)
        return max(min(known), request.client.minimum_acr)
    if request.client.minimum_acr > HIGHEST:
        raise _unmet(request)
    return max(_wished_acr(request, known), request.client.minimum_acr)


def _wished_acr(request: AuthorizationRequest, known: list[str]) -> str:
    """Voluntary values stand in order of preference: the first that is offered is met by asking the person, and so is the highest
    we have when all of them are above it. A passkey, which not everybody has, is not demanded of somebody while the client would
    take less as well. Where nobody may be asked, `acr` just says what is so."""
    if not known or "none" in request.prompt:
        return assurance.AAL1
    reachable = [value for value in known if value < assurance.AAL3] or [value for value in known if value <= HIGHEST]
    return reachable[0] if reachable else HIGHEST


def _unmet(request: AuthorizationRequest) -> RequestRefused:
    return RequestRefused(request.to, "unmet_authentication_requirements", "the requested acr is not offered")
