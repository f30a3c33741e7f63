"""Who decides what comes next in a sign-in: this table, and nothing else. Steps never lead to one another."""

import enum
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from idp import clock
from idp.credentials.factors import Held
from idp.login.password_end import SOON
from idp.sessions import assurance
from idp.sessions.browser_sessions import LiveSession
from idp.sessions.sign_in_request import SignInRequest

FRESH = timedelta(minutes=15)
NOTHING = Held()


class Step(enum.StrEnum):
    """What a person may have to do before they are let through."""

    REFUSED = "refused"
    PASSWORD = "password"
    CHOOSE_ACCOUNT = "choose_account"
    ACTIVATE = "activate"
    SECOND_FACTOR = "second_factor"
    ENROLL = "enroll"
    ENROLL_PASSKEY = "enroll_passkey"
    RECOVERY_CODES = "recovery_codes"
    NOTICE = "notice"
    PASSWORD_END = "password_end"
    CONTINUE = "continue"


@dataclass(frozen=True)
class Standing:
    """Where a person stands in a sign-in: what is wanted, what was proved, and what they have."""

    wanted: SignInRequest
    session: LiveSession | None
    administrator: bool = False
    held: Held = NOTHING
    awaits_activation: bool = False
    notice_read: bool = False

    @property
    def acr(self) -> str:
        """What was proved."""
        return self.session.acr if self.session else ""

    @property
    def needed(self) -> str:
        """What must be proved: what was asked for, or more where the session or a role demands it."""
        return max(self.wanted.minimum_acr, self.session.required_acr if self.session else "", assurance.AAL2 if self.administrator else "")

    @property
    def is_too_old(self) -> bool:
        """Whether what was proved was proved before the instant that counts."""
        not_before = self.wanted.not_before
        return self.session is not None and not_before is not None and self.session.auth_time < not_before

    @property
    def is_stale_for_enrolling(self) -> bool:
        """Whether a factor would be enrolled on the strength of what was proved long ago, perhaps by somebody else."""
        return self.session is not None and self.must_enroll and clock.now() - self.session.auth_time >= FRESH

    @property
    def used_recovery_code(self) -> bool:
        """Whether a recovery code stood in for the phone."""
        return self.session is not None and assurance.RECOVERY in self.session.amr.split()

    @property
    def lacks_proof(self) -> bool:
        """Whether one more factor must be proved."""
        return not assurance.is_enough(self.acr, self.needed)

    @property
    def must_use_passkey(self) -> bool:
        """Whether only a passkey brings this person further."""
        return self.lacks_proof and self.needed == assurance.AAL3 and (self.held.passkey or self.is_strong)

    @property
    def must_enroll(self) -> bool:
        """Whether the person has nothing that would prove what is needed. Who has another factor shows that one first."""
        if not self.lacks_proof:
            return False
        return not self.held.second_factor or (self.must_use_passkey and not self.held.passkey)

    @property
    def is_test(self) -> bool:
        """Whether this is a made-up person with whom an application is checked: they have nothing to prove more with."""
        return self.session is not None and self.session.amr == assurance.TEST

    @property
    def password_ends_soon(self) -> bool:
        """Whether the directory said that the password ends within days, and the person has not read it in this sign-in."""
        session = self.session
        if session is None or session.password_ends_at is None or session.password_end_told:
            return False
        return session.password_ends_at - clock.now() <= SOON

    @property
    def is_strong(self) -> bool:
        """Whether two factors were proved."""
        return assurance.is_enough(self.acr, assurance.AAL2)


RULES: tuple[tuple[Step, Callable[[Standing], bool]], ...] = (
    (Step.REFUSED, lambda standing: standing.wanted.minimum_acr not in assurance.OFFERED),
    (Step.REFUSED, lambda standing: standing.is_test and standing.lacks_proof),
    (Step.PASSWORD, lambda standing: standing.session is None or standing.is_too_old or standing.is_stale_for_enrolling),
    (Step.CHOOSE_ACCOUNT, lambda standing: standing.wanted.select_account),
    # The first factor is not enrolled with a password alone, which somebody else may know, where officers hand out slips.
    (Step.ACTIVATE, lambda standing: standing.must_enroll and standing.awaits_activation),
    (Step.ENROLL_PASSKEY, lambda standing: standing.must_enroll and standing.needed == assurance.AAL3),
    (Step.ENROLL, lambda standing: standing.must_enroll),
    (Step.SECOND_FACTOR, lambda standing: standing.lacks_proof),
    # An administrator who has lost the phone gets a new one before anything else; nobody else is held up.
    (Step.ENROLL, lambda standing: standing.administrator and standing.used_recovery_code),
    (Step.RECOVERY_CODES, lambda standing: standing.held.codes_pending and standing.is_strong),
    (Step.NOTICE, lambda standing: not standing.notice_read),
    (Step.PASSWORD_END, lambda standing: standing.password_ends_soon),
)


def next_step(standing: Standing) -> Step:
    """The first step of the table whose condition holds; none: go on to where the person was going."""
    return next((step for step, holds in RULES if holds(standing)), Step.CONTINUE)
