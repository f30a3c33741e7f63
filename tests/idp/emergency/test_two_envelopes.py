"""Rules of the two envelopes: both are needed, two people keep and open them, and nobody else's guessing keeps these two out."""

import re
import uuid
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from idp import access
from idp.clock import ManualClock
from idp.database import in_transaction, reader, table_of
from idp.emergency import accounts, sessions
from idp.emergency.cli import group
from idp.emergency.models import EmergencyAccount
from idp.emergency.sealed_password import GROUP, SELECTS, is_in, plain
from idp.errors import Refusal
from idp.roles.models import Role
from tests.idp.emergency.test_emergency import OTHER, SEALED, SECOND, TWO, WRONG, enter, envelope, inside
from tests.support.people import add_person
from tests.support.signed_in import add_official, send_form, words_of
from tests.support.trail import events, kinds

__all__ = ["envelope"]
_a = table_of(EmergencyAccount)
_OF_PRINT = re.compile(r"(?:[A-Z0-9]{4}-){7}[A-Z0-9]{4}")


def like(sealed: Any) -> str:
    """A password that begins as this one does and goes on otherwise: of somebody who has seen a corner of the paper."""
    signs, other = str(sealed.password).replace("-", ""), str(WRONG.password).replace("-", "")
    start = signs[:SELECTS] + other[SELECTS:29]
    return next(text for last in _signs() for text in _ended(start, last) if plain(text))


def _signs() -> str:
    return "BCFGHJKLMNPQRTVX2346789"


def _ended(start: str, last: str) -> list[str]:
    return [start + last + one + two for one in _signs() for two in _signs()]


def test_one_envelope_opens_nothing_and_both_open_in_either_order(app: Flask, envelope: str) -> None:
    browser, second = app.test_client(), str(SECOND.password)
    for first, other in (
        (envelope, ""),
        (envelope, envelope),
        (second, second),
        (envelope, str(OTHER.password)),
        (str(WRONG.password), second),
    ):
        assert enter(browser, first, second=other).status_code == 400, (first, other)
    assert kinds("emergency.begun") == []
    assert enter(browser, second, second=envelope).status_code == 303


def test_what_is_typed_again_for_what_is_sensitive_is_both(app: Flask, envelope: str, time: ManualClock) -> None:
    person_id, browser = add_person("nhan"), inside(app, envelope)
    time.advance(minutes=6)
    assert enter(browser, envelope, second="").status_code == 400
    assert browser.get(f"/console/people/{person_id}/suspend").headers["Location"] == "/emergency"
    assert enter(browser, envelope).status_code == 303
    assert browser.get(f"/console/people/{person_id}/suspend").status_code == 200


def test_two_people_at_work_say_that_they_open_it_and_are_written_down(app: Flask, envelope: str) -> None:
    gone = add_person("gone")
    in_transaction(lambda c: access.withdraw(c, gone, reason="Thôi việc", actor="cli:test"))
    browser = app.test_client()
    for first, second, field in (
        ("lan.nt", "lan.nt", "second_opener"), ("nobody", "minh.tv", "first_opener"), ("lan.nt", "", "second_opener"), ("gone", "minh.tv", "second_opener"),
    ):  # fmt: skip
        answer = enter(browser, envelope, first_opener=first, second_opener=second)
        assert (answer.status_code, f'href="#{field}"' in words_of(answer)) == (400, True), (first, second)
        assert first in words_of(answer), "what was typed stays"
    assert kinds("emergency.begun", "emergency.refused") == []
    assert enter(browser, envelope).status_code == 303
    (use,) = sessions.lately(reader())
    assert (use.first_name, use.second_name) == ("Nguyễn Thị Lan", "Trần Văn Minh")
    (begun,) = events("emergency.begun")
    assert len(begun.detail["opened_by"]) == 2


def test_whose_names_there_are_is_not_told_to_who_has_not_both_papers(app: Flask, envelope: str) -> None:
    browser = app.test_client()
    answers = {words_of(enter(browser, str(WRONG.password), first_opener=name)).count(name) for name in ("lan.nt", "nobody")}
    assert answers == {1}
    assert "Không có ai" not in words_of(enter(browser, str(WRONG.password), first_opener="nobody"))


def test_the_guessing_of_another_keeps_nobody_out_from_the_same_address_either(app: Flask, envelope: str) -> None:
    guesser = app.test_client()
    told = [enter(guesser, str(WRONG.password), second=str(OTHER.password)).status_code for _try in range(14)]
    assert told == [400] * 10 + [429] * 4
    assert len(kinds("emergency.refused")) == 10, "the trail is not flooded"
    assert enter(app.test_client(), envelope).status_code == 303


def test_who_has_seen_a_part_of_both_papers_tries_three_times_and_then_waits_longer_and_longer(
    app: Flask, envelope: str, time: ManualClock
) -> None:
    browser, near = app.test_client(), like(SEALED)
    assert is_in(SEALED.hash, plain(near) or "") is False
    for rest in (16, 61):
        assert [enter(browser, near).status_code for _try in range(4)] == [400, 400, 400, 429]
        assert enter(browser, envelope).status_code == 429, "of this account the right ones wait as well"
        time.advance(minutes=rest)
    assert enter(browser, envelope).status_code == 303


def test_another_account_is_not_kept_waiting_by_the_tries_at_one(app: Flask, envelope: str) -> None:
    holders = add_person("a.b"), add_person("c.d")
    in_transaction(lambda c: accounts.create(c, "Huyện", (WRONG, OTHER), holders, actor="cli:test"))
    browser, near = app.test_client(), like(SEALED)
    assert [enter(browser, near).status_code for _try in range(4)][-1] == 429
    assert enter(browser, str(WRONG.password), second=str(OTHER.password)).status_code == 303


def test_who_saw_both_corners_has_81_bits_to_guess_and_less_than_twenty_tries_a_day() -> None:
    bits = (30 - SELECTS) * 4.52
    tries_of_a_year = 3 + 365 * 24 / 4 * 3
    assert bits > 80
    assert tries_of_a_year / 2**bits < 1e-18
    assert SELECTS % GROUP == 0


def test_an_account_sealed_before_there_were_two_still_opens_and_is_reported_until_it_is_sealed_anew(app: Flask, envelope: str) -> None:
    older = dict.fromkeys(("second_hash", "selector", "second_selector", "first_holder", "second_holder"))
    in_transaction(lambda c: c.execute(update(_a).values(**older)))
    assert "one envelope" in accounts.advice()
    admin = add_official(Role.IT_ADMIN)
    assert admin
    assert enter(app.test_client(), envelope, second="").status_code == 303
    runner = app.test_cli_runner()
    assert runner.invoke(group, ["seal", "Phòng máy chủ"]).exit_code == 2, "who keeps them must be said"
    assert runner.invoke(group, ["seal", "Phòng máy chủ", "--holder", "lan.nt", "--holder", "minh.tv"]).exit_code == 0
    assert enter(app.test_client(), envelope, second="").status_code == 400
    assert "single" not in {accounts.state_of(row) for row in accounts.kept(reader())}


def test_an_account_is_made_for_two_different_people_at_work(app: Flask) -> None:
    one, gone = add_person("mot"), add_person("gone")
    in_transaction(lambda c: access.withdraw(c, gone, reason="Thôi việc", actor="cli:test"))
    for holders in ((one, one), (one, gone), (one, uuid.uuid4())):
        with pytest.raises(Refusal, match="hai người"):
            in_transaction(lambda c, holders=holders: accounts.create(c, "Két", TWO, holders, actor="cli:test"))  # type: ignore[misc]


def test_an_account_whose_keeper_has_left_is_reported(app: Flask, envelope: str) -> None:
    keeper = accounts.require(reader(), "Phòng máy chủ").second_holder
    in_transaction(lambda c: access.withdraw(c, keeper, reason="Thôi việc", actor="cli:test"))
    assert "no longer at work" in accounts.advice()


def test_who_opened_it_is_given_no_role_by_it(app: Flask, envelope: str) -> None:
    browser = inside(app, envelope)
    form = {"role": "hr_officer", "unit": "", "reason": "Giao việc tạm"}
    own = send_form(browser, "/console/roles/new", {**form, "person": "lan.nt"})
    assert own.status_code == 403 or "chính mình" in words_of(own)
    assert kinds("role.granted", "proposal.made") == []


def test_the_commands_create_test_seal_and_retire(app: Flask, time: ManualClock) -> None:
    runner = app.test_cli_runner()
    keepers = ["--holder", "lan.nt", "--holder", "minh.tv"]
    add_person("lan.nt", "Nguyễn Thị Lan")
    add_person("minh.tv", "Trần Văn Minh")
    assert "emergency create" in accounts.advice()
    assert runner.invoke(group, ["create", "Két", "--holder", "lan.nt"]).exit_code == 2
    printed = runner.invoke(group, ["create", "Két", *keepers]).output
    one, two = _OF_PRINT.findall(printed)
    assert "kept by Nguyễn Thị Lan" in printed
    assert runner.invoke(group, ["create", "Két", *keepers]).exit_code == 1
    assert one not in runner.invoke(group, ["list", "--json"]).output
    time.advance(hours=24 * 181)
    assert "180 days" in accounts.advice()
    assert runner.invoke(group, ["test", "Két", "--password", str(SEALED.password), "--second", two]).exit_code == 1
    assert "this sealed password works" in runner.invoke(group, ["test", "Két"], input=f"{two}\n\n").output
    assert '"untested"' in runner.invoke(group, ["list", "--json"]).output, "one of two is not all"
    assert "both" in runner.invoke(group, ["test", "Két"], input=f"{one}\n{two}\n").output
    assert '"ready"' in runner.invoke(group, ["list", "--json"]).output
    assert "HOPNHAT_SMTP_URL" in accounts.advice()
    sealed = runner.invoke(group, ["seal", "Két"]).output
    assert "Nguyễn Thị Lan" in sealed, "the same two keep them"
    assert not {one, two} & set(_OF_PRINT.findall(sealed))
    assert runner.invoke(group, ["test", "Két", "--password", one, "--second", ""]).exit_code == 1
    assert runner.invoke(group, ["retire", "Két"]).exit_code == 0
    assert runner.invoke(group, ["test", "Két", "--password", one, "--second", ""]).exit_code == 1
    assert kinds("emergency.retired") == ["emergency.retired"]
