"""What travels as `state` while somebody signs in for a SAML application: sealed; which request, and where its answer goes."""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from idp import clock
from idp.saml.contexts import WantedContext
from idp.sealing import SealBroken, current_keys
from idp.settings import current_settings

CONTEXT = "saml state"
LONGEST = 6000


class StateUnusable(Exception):
    """Not a state of ours, or too old."""


@dataclass(frozen=True)
class SignInState:
    """One request under way. `request_id` None: it began here. `name_kind`: how the person is to be named. `force`: they were to prove
    anew who they are."""

    client: str
    request_id: str | None
    consumer_url: str
    relay_state: str | None
    name_kind: str
    classes: tuple[str, ...]
    comparison: str
    code_verifier: str
    started: float
    force: bool = False

    @property
    def context(self) -> WantedContext:
        """What was asked for."""
        return WantedContext(self.classes, self.comparison)


def seal_state(state: SignInState) -> str:
    """The value of the parameter `state`."""
    return current_keys().seal_text(json.dumps(asdict(state), separators=(",", ":")).encode(), CONTEXT)


def open_state(sealed: str) -> SignInState:
    """What a state says. Raises StateUnusable."""
    try:
        facts = json.loads(current_keys().open_text(sealed[: LONGEST + 1], CONTEXT))
    except SealBroken:
        raise StateUnusable("not ours") from None
    state = SignInState(**{**facts, "classes": tuple(facts["classes"])})
    if clock.now() - datetime.fromtimestamp(state.started, UTC) >= timedelta(seconds=current_settings().sign_in_seconds):
        raise StateUnusable("too old")
    return state
