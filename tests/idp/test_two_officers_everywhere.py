"""Rules of every path on which a deed waits for a second word: while the first does not count, or the second is the first, nothing is done."""

import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert

from clients import drafts
from clients.registry import find_client
from directory_sync import reorganisations
from directory_sync.approvals import Officer, give_word
from directory_sync.models import PlanPart, PlanState, RunState, SyncPlan, SyncRun
from directory_sync.reorganisation_file import SchemeRow
from directory_sync.reorganisation_models import Origin, RoleFate
from idp import access, clock
from idp.api.access import propose as propose_api_role
from idp.console.proposal_kinds import KINDS, Kind
from idp.database import in_transaction, new_id, reader, table_of
from idp.enrollment import parameters
from idp.people.unit_models import SuccessionKind
from idp.roles import proposals, two_officers
from idp.roles.grants import grant, revoke
from idp.roles.models import Role
from idp.web.formats import today
from tests.support.emergencies import emergency
from tests.support.installation import close, settings_for
from tests.support.machine import Machine
from tests.support.people import add_person, add_unit
from tests.support.relying_party import register_party
from tests.support.signed_in import add_official, csrf_token, sign_in
from wsgi import build


@pytest.fixture
def app(database_url: str) -> Iterator[Flask]:
    """The whole application, runs and reorganisations with it."""
    built = build(settings_for(database_url))
    with built.app_context():
        yield built
    close(built)


REASON = "đã đối chiếu với quyết định"
Ask = Callable[[Flask, str], Any]
Agree = Callable[[FlaskClient, Any], bool]


@dataclass(frozen=True)
class Flow:
    """How somebody asks, and how a second person at the console agrees; True: it is done now."""

    ask: Ask
    agree: Agree


def send(browser: FlaskClient, path: str, **form: Any) -> None:
    browser.post(path, data={"csrf_token": csrf_token(browser, "/console/roles/new"), **form})


def _ask_for_role(_app: Flask, actor: str) -> uuid.UUID:
    key = add_person(f"n{new_id().hex[-8:]}")
    content = {"person_id": str(key), "role": "it_admin", "unit_id": None, "from": None, "until": None}
    return in_transaction(lambda c: proposals.propose(c, "role.grant", key, content, reason=REASON, actor=actor))


def _ask_for_everybody(_app: Flask, actor: str) -> uuid.UUID:
    client = find_client(register_party().client_id)
    assert client
    content = {"client_id": client.client_id, "valid_from": None, "valid_to": None}
    return in_transaction(lambda c: proposals.propose(c, "client.entry_everybody", client.key, content, reason=REASON, actor=actor))


def _ask_for_api_role(app: Flask, actor: str) -> uuid.UUID:
    name = Machine(app).client_id
    return in_transaction(lambda c: propose_api_role(c, name, Role.AUDITOR, unit_id=None, reason=REASON, actor=actor))


def _agree_to_proposal(browser: FlaskClient, key: uuid.UUID) -> bool:
    send(browser, f"/console/proposals/{key}/approve", shown=proposals.require(reader(), key).digest)
    return bool(proposals.require(reader(), key).state == "approved")


def _ask_for_help(_app: Flask, actor: str) -> uuid.UUID:
    key = add_official(Role.AUDITOR)
    in_transaction(lambda c: two_officers.agree(c, key, "unlock", reason=REASON, actor=actor, is_first=lambda _row: False))
    return key


def _agree_to_help(browser: FlaskClient, key: uuid.UUID) -> bool:
    send(browser, f"/console/people/{key}/help/unlock", reason=REASON, checked="1")
    return any(row.state == "approved" and row.subject == str(key) for row in proposals.decided_lately(reader(), 20))


def _ask_for_draft(_app: Flask, actor: str) -> uuid.UUID:
    unit = add_unit("Sở Y tế", code="H27.5")
    answers = {
        "client_name": "Một cửa", "owner": "H27.5", "purpose": "Nhận hồ sơ", "contact_1": "an@hagiang.gov.vn",
        "contact_2": "binh@hagiang.gov.vn", "environment": "production", "kind": "server", "redirect_uris": "https://mot-cua.test/cb",
        "client_uri": "https://mot-cua.test/", "scope": ["profile"], "minimum_acr": "urn:hopnhat:aal1", "subject_type": "public",
        "entry_units": "H27.5",
    }  # fmt: skip

    def do(c: Any) -> uuid.UUID:
        key = drafts.begin(c, actor=actor)
        drafts.keep(c, key, answers)
        drafts.submit(c, key, actor=actor, entry=[], owner=unit)
        return key

    return in_transaction(do)


def _agree_to_draft(browser: FlaskClient, key: uuid.UUID) -> bool:
    shown = re.search(r'name="shown" value="([^"]+)"', browser.get(f"/console/drafts/{key}/check").get_data(as_text=True))
    send(browser, f"/console/drafts/{key}/approve", shown=shown.group(1) if shown else "")
    return bool(drafts.require_draft(reader(), key).state == "connected")


def _ask_for_parameters(_app: Flask, actor: str) -> int:
    day = today() + timedelta(days=5)
    return in_transaction(lambda c: parameters.propose(c, parameters.in_force(c), day, reason=REASON, actor=actor))


def _agree_to_parameters(browser: FlaskClient, version: int) -> bool:
    send(browser, f"/console/enrollment/parameters/{version}/approve")
    return any(row.version == version and row.approved_at for row in parameters.list_versions(reader()))


def _ask_for_scheme(_app: Flask, actor: str) -> int:
    row = SchemeRow(1, SuccessionKind.NEW, None, None, "S9", "Sở Khoa học", RoleFate.END)
    told = {"name": "Lập sở", "decision": "1/NQ", "effective_on": today(), "origin": Origin.FILE}
    return in_transaction(lambda c: reorganisations.propose(c, [row], actor=actor, **told))  # type: ignore[arg-type]


def _agree_to_scheme(browser: FlaskClient, number: int) -> bool:
    send(browser, f"/console/reorganisations/{number}/approve")
    return bool(reorganisations.require_reorganisation(reader(), number).state == "approved")


def _ask_for_plan(_app: Flask, actor: str) -> int:
    now, key, number = clock.now(), new_id(), int(new_id().int % 10**6)
    run = {
        "id": key, "number": number, "source": "ldap", "kind": "full", "started_by": "cli:t", "started_at": now, "state": RunState.STOPPED,
        "finished_at": now, "reason": "too_many_changed people=3 of=4",
    }  # fmt: skip
    plan = {
        "run_id": key, "number": number, "source": "ldap", "state": PlanState.WAITING.value, "part": PlanPart.WHOLE.value,
        "words_wanted": 2, "typed_number": 3, "created_at": now, "expires_at": now + timedelta(hours=24),
    }  # fmt: skip
    kind, _colon, person = actor.partition(":")
    first = Officer(actor, uuid.UUID(person) if kind == "person" else None, add_unit(f"Sở {number}"))

    def do(c: Any) -> int:
        c.execute(insert(table_of(SyncRun)), run)
        c.execute(insert(table_of(SyncPlan)), plan)
        give_word(c, number, first, typed="3", reason=REASON)
        return number

    return in_transaction(do)


def _agree_to_plan(browser: FlaskClient, number: int) -> bool:
    send(browser, f"/console/sync/{number}/approve", typed="3", reason=REASON, part="whole")
    found = reader().execute(table_of(SyncPlan).select().where(table_of(SyncPlan).c.number == number)).one()
    return bool(found.state == PlanState.APPROVED)


FLOWS = {
    "a role of an administrator": Flow(_ask_for_role, _agree_to_proposal),
    "an application for everybody": Flow(_ask_for_everybody, _agree_to_proposal),
    "a role of a program": Flow(_ask_for_api_role, _agree_to_proposal),
    "help for who holds a role": Flow(_ask_for_help, _agree_to_help),
    "an application for real work": Flow(_ask_for_draft, _agree_to_draft),
    "parameters of the tracker": Flow(_ask_for_parameters, _agree_to_parameters),
    "a reorganisation": Flow(_ask_for_scheme, _agree_to_scheme),
    "a plan beyond the limits": Flow(_ask_for_plan, _agree_to_plan),
}


every_flow = pytest.mark.parametrize("flow", FLOWS.values(), ids=[name.replace(" ", "-") for name in FLOWS])


@every_flow
@pytest.mark.parametrize("end", ["suspended", "without-the-role"])
def test_nothing_is_done_on_the_word_of_who_is_away_or_has_lost_the_role(app: Flask, flow: Flow, end: str) -> None:
    asker, chief, other = (add_official(Role.IT_ADMIN, unit_id=add_unit(f"Sở {number}")) for number in range(3))
    about = flow.ask(app, f"person:{asker}")
    if end == "suspended":
        in_transaction(lambda c: access.withdraw(c, asker, reason="Thôi việc", actor="cli:test"))
    else:
        in_transaction(lambda c: revoke(c, asker, Role.IT_ADMIN, actor="cli:test"))
    assert not flow.agree(sign_in(app, chief), about)
    if end == "suspended":
        in_transaction(lambda c: access.restore(c, asker, reason="Trở lại", actor="cli:test"))
    else:
        in_transaction(lambda c: grant(c, asker, Role.IT_ADMIN, actor="cli:test"))
    assert flow.agree(sign_in(app, other), about), "back at work, with the role"


@every_flow
def test_who_opened_the_envelope_is_not_the_second_person_for_what_was_asked_by_it(app: Flask, flow: Flow) -> None:
    opener, other = add_official(Role.IT_ADMIN), add_official(Role.IT_ADMIN)
    about = flow.ask(app, emergency(opened_by=opener))
    assert not flow.agree(sign_in(app, opener), about)
    assert flow.agree(sign_in(app, other), about)


def test_every_kind_of_proposal_says_who_may_still_ask_for_it(app: Flask) -> None:
    unsaid = Kind("", lambda _v, _r: False, lambda _r: [], None).proposer_may
    assert [name for name, kind in KINDS.items() if kind.proposer_may is unsaid] == []
