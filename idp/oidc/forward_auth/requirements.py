"""What a site, or a part of it, asks of a person beyond being signed in: said in the URL that its proxy asks."""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import request

from clients.lifetimes import longest_age
from clients.metadata import ACR
from idp import clock
from idp.oidc.forward_auth.guarded_site import GuardedSite, NotGuarded
from idp.people.unit_paths import unit_path
from idp.sessions import assurance

_MAX_AGE = re.compile(r"[0-9]{1,6}")


@dataclass(frozen=True)
class Requirements:
    """At least this `acr`, proved at most `max_age` seconds ago, by somebody at work in or below one of these units (by code)."""

    acr: str
    max_age: int | None
    units: frozenset[str]

    def are_proved_by(self, person: Any) -> bool:
        """Whether the person's authentication is enough; if not, signing in again may make it so (RFC 9470)."""
        if not assurance.is_enough(person.acr, self.acr):
            return False
        return self.max_age is None or clock.now() - person.auth_time <= timedelta(seconds=self.max_age)

    def admit(self, person: Any) -> bool:
        """Whether the person belongs here at all."""
        return not self.units or any(step["code"] in self.units for step in unit_path(person.unit_id))

    def written(self) -> dict[str, str]:
        """What a sign-in must bring about, as parameters of its URL."""
        wanted = {"acr": self.acr} if self.acr != assurance.AAL1 else {}
        return wanted | ({"max_age": str(self.max_age)} if self.max_age is not None else {})


def read_requirements(site: GuardedSite, parameters: dict[str, str]) -> Requirements:
    """What these parameters (`acr`, `max_age`, `units`) ask for; never less than the client's own minimum, never more
    than its own age. Raises NotGuarded for
    what nobody could meet or understand, or is left empty: a mistake must not open what it was to close."""
    if any(name in request.args and not parameters.get(name) for name in ("acr", "max_age", "units")):
        raise NotGuarded("acr, max_age or units is empty")
    acr = ACR.get(parameters.get("acr", "aal1"), parameters.get("acr", ""))
    if acr not in assurance.OFFERED:
        raise NotGuarded("acr is none that is offered")
    written = parameters.get("max_age")
    if written is not None and not _MAX_AGE.fullmatch(written):
        raise NotGuarded("max_age is a number of seconds")
    units = frozenset(parameters.get("units", "").split(",")) - {""}
    if "units" in parameters and not units:
        raise NotGuarded("units names no unit")
    max_age = longest_age(site.client.metadata, None if written is None else int(written))
    return Requirements(max(acr, site.client.minimum_acr), max_age, units)
