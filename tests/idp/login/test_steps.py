"""The table that decides the next step, as a table."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from idp import clock
from idp.credentials.factors import Held
from idp.database import new_id
from idp.login.steps import RULES, Standing, Step, next_step
from idp.login.visit import PATHS
from idp.sessions.assurance import AAL1, AAL2, AAL3
from idp.sessions.browser_sessions import LiveSession
from idp.sessions.sign_in_request import SignInRequest
from tests.conftest import START

NOW, EARLIER, LATER = START, START - timedelta(hours=1), START + timedelta(seconds=1)
PWD, BOTH, CODE = (AAL1, "pwd"), (AAL2, "pwd otp mfa"), (AAL2, "pwd recovery mfa")
KEY, ALONE = (AAL2, "pwd hwk user mfa"), (AAL3, "hwk user mfa")
READ, ADMIN, SLIP = {"notice_read": True}, {"administrator": True}, {"awaits_activation": True}
TOTP, CODES = {"held": Held(phone=True)}, {"held": Held(phone=True, codes_pending=True)}
SECURITY_KEY, PASSKEY, TOTP_AND_PASSKEY = (
    {"held": Held(key=True)}, {"held": Held(key=True, passkey=True)}, {"held": Held(phone=True, key=True, passkey=True)},
)  # fmt: skip


def live(proved: tuple[str, str], auth_time: Any = NOW) -> LiveSession:
    acr, amr = proved
    return LiveSession(new_id(), new_id(), "s", "Vàng Mí Sính", "vmsinh", None, acr, amr, auth_time, False, NOW, LATER)


def demanding(session: LiveSession) -> LiveSession:
    return replace(session, required_acr=AAL2)


def ending(session: LiveSession, days: int) -> LiveSession:
    return replace(session, password_ends_at=NOW + timedelta(days=days))


@pytest.mark.parametrize(
    ("wanted", "proved", "has", "step"),
    [
        # nobody is signed in yet, or not recently enough
        ({}, None, {}, Step.PASSWORD),
        ({"minimum_acr": AAL2}, None, {}, Step.PASSWORD),
        ({"select_account": True}, None, {}, Step.PASSWORD),
        ({"not_before": LATER}, live(PWD), READ, Step.PASSWORD),
        ({"not_before": LATER}, live(BOTH), TOTP | READ, Step.PASSWORD),
        ({"not_before": NOW}, live(PWD), READ, Step.CONTINUE),
        ({"not_before": LATER, "minimum_acr": AAL2}, live(PWD), TOTP | READ, Step.PASSWORD),
        # a password is enough
        ({}, live(PWD), READ, Step.CONTINUE),
        ({}, live(PWD), TOTP | READ, Step.CONTINUE),
        ({}, live(BOTH), TOTP | READ, Step.CONTINUE),
        ({}, live(PWD, EARLIER), READ, Step.CONTINUE),
        # step-up asks for the second factor only, at once when there is none for one to enrol
        ({"minimum_acr": AAL2}, live(PWD, EARLIER), TOTP | READ, Step.SECOND_FACTOR),
        ({"minimum_acr": AAL2}, live(PWD), TOTP, Step.SECOND_FACTOR),
        ({"minimum_acr": AAL2}, live(PWD), READ, Step.ENROLL),
        ({"minimum_acr": AAL2}, live(PWD, EARLIER), READ, Step.PASSWORD),
        ({"minimum_acr": AAL2}, live(BOTH), TOTP | READ, Step.CONTINUE),
        # administrators always show two factors, and replace a lost phone
        ({}, live(PWD), ADMIN | TOTP | READ, Step.SECOND_FACTOR),
        ({}, live(PWD), ADMIN | READ, Step.ENROLL),
        ({}, live(BOTH), ADMIN | TOTP | READ, Step.CONTINUE),
        ({}, live(CODE), ADMIN | TOTP | READ, Step.ENROLL),
        ({}, live(CODE), TOTP | READ, Step.CONTINUE),
        # the sheet and the notice come last, the sheet for those only who have shown the factor it belongs to
        ({"minimum_acr": AAL2}, live(BOTH), CODES, Step.RECOVERY_CODES),
        ({}, live(PWD), CODES | READ, Step.CONTINUE),
        ({}, live(PWD), {}, Step.NOTICE),
        ({"minimum_acr": AAL2}, live(BOTH), TOTP, Step.NOTICE),
        # somebody is signed in, but the application wants to know who it is
        ({"select_account": True}, live(PWD), READ, Step.CHOOSE_ACCOUNT),
        ({"select_account": True, "minimum_acr": AAL2}, live(PWD), TOTP | READ, Step.CHOOSE_ACCOUNT),
        # a key is a second factor like any other; a passkey alone is more than two
        ({"minimum_acr": AAL2}, live(PWD), SECURITY_KEY | READ, Step.SECOND_FACTOR),
        ({"minimum_acr": AAL2}, live(PWD, EARLIER), PASSKEY | READ, Step.SECOND_FACTOR),
        ({}, live(PWD), ADMIN | SECURITY_KEY | READ, Step.SECOND_FACTOR),
        ({}, live(ALONE), ADMIN | PASSKEY | READ, Step.CONTINUE),
        ({"minimum_acr": AAL2}, live(ALONE), PASSKEY | READ, Step.CONTINUE),
        ({"not_before": LATER}, live(ALONE), PASSKEY | READ, Step.PASSWORD),
        # where only a passkey will do, whoever has another factor shows that before making one
        ({"minimum_acr": AAL3}, None, {}, Step.PASSWORD),
        ({"minimum_acr": AAL3}, live(PWD), READ, Step.ENROLL_PASSKEY),
        ({"minimum_acr": AAL3}, live(PWD), TOTP | READ, Step.SECOND_FACTOR),
        ({"minimum_acr": AAL3}, live(PWD), SECURITY_KEY | READ, Step.SECOND_FACTOR),
        ({"minimum_acr": AAL3}, live(BOTH), TOTP | READ, Step.ENROLL_PASSKEY),
        ({"minimum_acr": AAL3}, live(KEY), SECURITY_KEY | READ, Step.ENROLL_PASSKEY),
        ({"minimum_acr": AAL3}, live(BOTH, EARLIER), TOTP | READ, Step.PASSWORD),
        ({"minimum_acr": AAL3}, live(PWD), PASSKEY | READ, Step.SECOND_FACTOR),
        ({"minimum_acr": AAL3}, live(BOTH, EARLIER), TOTP_AND_PASSKEY | READ, Step.SECOND_FACTOR),
        ({"minimum_acr": AAL3}, live(ALONE, EARLIER), PASSKEY | READ, Step.CONTINUE),
        # a session may demand more than the application: from a day on, of everybody
        ({}, demanding(live(PWD)), READ, Step.ENROLL),
        ({}, demanding(live(PWD, EARLIER)), READ, Step.PASSWORD),
        ({}, demanding(live(PWD)), TOTP | READ, Step.SECOND_FACTOR),
        ({}, demanding(live(BOTH)), TOTP | READ, Step.CONTINUE),
        # where slips are handed out, the first factor needs one, and only that
        ({"minimum_acr": AAL2}, live(PWD), SLIP | READ, Step.ACTIVATE),
        ({"minimum_acr": AAL3}, live(PWD), SLIP | READ, Step.ACTIVATE),
        ({"minimum_acr": AAL2}, live(PWD, EARLIER), SLIP | READ, Step.PASSWORD),
        ({}, live(PWD), ADMIN | SLIP | READ, Step.ACTIVATE),
        ({}, live(PWD), SLIP | READ, Step.CONTINUE),
        # a password that ends within days is told of last, once a sign-in
        ({}, ending(live(PWD), days=5), READ, Step.PASSWORD_END),
        ({}, ending(live(PWD), days=5), {}, Step.NOTICE),
        ({"minimum_acr": AAL2}, ending(live(PWD), days=0), TOTP | READ, Step.SECOND_FACTOR),
        ({}, ending(live(PWD), days=6), READ, Step.CONTINUE),
        ({}, replace(ending(live(PWD), days=0), password_end_told=True), READ, Step.CONTINUE),
        # nobody can meet it
        ({"minimum_acr": "made up"}, live(BOTH), TOTP | READ, Step.REFUSED),
        ({"minimum_acr": ""}, live(BOTH), TOTP | READ, Step.REFUSED),
    ],
)
def test_the_next_step_is_that_of_the_table(
    time: clock.ManualClock, wanted: dict[str, Any], proved: LiveSession | None, has: dict[str, Any], step: Step
) -> None:
    assert next_step(Standing(SignInRequest("/x", **wanted), proved, **has)) is step


def test_the_table_in_the_documentation_is_the_one_that_decides() -> None:
    documented = (Path(__file__).resolve().parents[3] / "docs" / "steps.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| `?([^|`]+)`? \|", documented, re.MULTILINE)
    assert [step for step, _page in rows] == [*(step.value for step, _holds in RULES), Step.CONTINUE.value]
    assert all(PATHS[Step(step)] == page for step, page in rows[:-1])
