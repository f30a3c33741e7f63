"""Authentication contexts of SAML and our own levels (SAML Core §3.3.2.2.1)."""

from dataclasses import dataclass

from clients.metadata import ACR
from idp.sessions import assurance

PASSWORD = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
TWO_FACTORS = "https://refeds.org/profile/mfa"
LEVELS = {
    "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified": assurance.AAL1,
    "urn:oasis:names:tc:SAML:2.0:ac:classes:Password": assurance.AAL1,
    PASSWORD: assurance.AAL1,
    TWO_FACTORS: assurance.AAL2,
    "urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorContract": assurance.AAL2,
    "urn:oasis:names:tc:SAML:2.0:ac:classes:TimeSyncToken": assurance.AAL2,
    **{value: value for value in ACR.values()},
}
TOLD = {assurance.AAL1: PASSWORD, assurance.AAL2: TWO_FACTORS, assurance.AAL3: assurance.AAL3}
EXACT, MINIMUM, BETTER = "exact", "minimum", "better"


class NoSuchContext(Exception):
    """Nothing that is asked for can be proved here."""


@dataclass(frozen=True)
class WantedContext:
    """What a request asks for: one of these classes, by this comparison. Nothing asked for: no classes."""

    classes: tuple[str, ...] = ()
    comparison: str = EXACT

    def least_acr(self) -> str | None:
        """The least assurance that meets it; None when nothing is asked. Raises NoSuchContext."""
        if not self.classes:
            return None
        known = [LEVELS[one] for one in self.classes if one in LEVELS]
        if not known or self.comparison not in (EXACT, MINIMUM, BETTER):
            raise NoSuchContext
        if self.comparison == BETTER:  # stronger than each of them
            above = [level for level in assurance.OFFERED if level > max(known)]
            if not above or len(known) != len(self.classes):
                raise NoSuchContext
            return min(above)
        return min(known)

    def told(self, acr: str) -> str:
        """The class to name in the assertion, of somebody who has proved `acr`: one that was asked for, where only these will do."""
        if self.classes and self.comparison == EXACT:
            met = [one for one in self.classes if one in LEVELS and LEVELS[one] <= acr]
            if met:
                return max(met, key=lambda one: LEVELS[one])
        return TOLD.get(acr, PASSWORD)
