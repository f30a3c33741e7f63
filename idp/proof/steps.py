"""The steps of an integration check, and which of them an application has."""

import enum
from dataclasses import dataclass, field
from typing import Any

from clients.check_models import StepState
from clients.registry import RegisteredClient
from idp.settings import current_settings


class Step(enum.StrEnum):
    """What is looked at, in the order in which it is looked at."""

    DISCOVERY = "discovery"
    ADDRESSES = "addresses"
    TOKEN = "token"
    SIGN_IN = "sign_in"
    LOGOUT = "logout"
    LEAVING = "leaving"


# What is asked of other servers: looked at when somebody asks for it, not at every look at the page.
FETCHED = (Step.DISCOVERY, Step.ADDRESSES)


@dataclass(frozen=True)
class Finding:
    """What one step came to. `word`: what was seen, `facts` fill it in; no secret, and no value of anybody's claims."""

    state: StepState
    word: str
    facts: dict[str, Any] = field(default_factory=dict)


def passed(word: str, **facts: Any) -> Finding:
    """It works."""
    return Finding(StepState.PASSED, word, facts)


def failed(word: str, **facts: Any) -> Finding:
    """It does not, and something must be mended."""
    return Finding(StepState.FAILED, word, facts)


def waiting(word: str, **facts: Any) -> Finding:
    """Somebody must do something first."""
    return Finding(StepState.WAITING, word, facts)


def not_applicable(word: str, **facts: Any) -> Finding:
    """There is nothing to see, or no way to see it."""
    return Finding(StepState.NOT_APPLICABLE, word, facts)


def is_machine(client: RegisteredClient) -> bool:
    """Whether it acts for itself alone: nobody signs in to it."""
    return not client.redirect_uris


def is_guarded_site(client: RegisteredClient) -> bool:
    """Whether a proxy stands in front of it and asks us about every request."""
    return bool(client.metadata.forward_auth_origins)


def is_checkable(client: RegisteredClient) -> bool:
    """Whether there are steps for it at all: a SAML party speaks to a door of ours, which redeems its codes itself."""
    return f"{current_settings().issuer}/saml/answer" not in client.redirect_uris


def steps_of(client: RegisteredClient) -> tuple[Step, ...]:
    """The steps of this application. Of a machine nobody signs in, signs out or leaves."""
    if is_machine(client):
        return (Step.DISCOVERY, Step.ADDRESSES, Step.TOKEN)
    return (Step.DISCOVERY, Step.ADDRESSES, Step.SIGN_IN, Step.LOGOUT, Step.LEAVING)
