"""Rules of recovery codes."""

import re
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from sqlalchemy import select

from idp.app import create_app
from idp.credentials import factors, recovery_codes
from idp.credentials.models import RecoveryCode
from idp.credentials.printed_codes import NewCode
from idp.credentials.totp import WrongCode
from idp.database import in_transaction, new_id, reader, table_of
from tests.support.installation import close, settings_for
from tests.support.people import add_person

SESSION = new_id()
_t = table_of(RecoveryCode)


@pytest.fixture(scope="module")
def sheet() -> list[NewCode]:
    return recovery_codes.new_sheet()


def issue(person_id: uuid.UUID, sheet: list[NewCode], *, confirm: bool = True) -> None:
    in_transaction(lambda c: recovery_codes.issue(c, person_id, SESSION, sheet))
    if confirm:
        assert in_transaction(lambda c: recovery_codes.confirm(c, person_id, SESSION))


def use(person_id: uuid.UUID, typed: str) -> None:
    code_id = recovery_codes.match(reader(), person_id, typed)
    in_transaction(lambda c: recovery_codes.use(c, code_id))


def test_a_sheet_has_ten_codes_without_letters_that_look_alike(sheet: list[NewCode]) -> None:
    assert len({new.code for new in sheet}) == 10
    assert all(re.fullmatch("[2-9A-HJ-NP-Z]{4}-[2-9A-HJ-NP-Z]{4}", new.code) for new in sheet)
    assert all(new.hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$") for new in sheet)


def test_a_code_is_good_once(app: Flask, sheet: list[NewCode]) -> None:
    person_id = add_person()
    issue(person_id, sheet)
    use(person_id, sheet[0].code)
    with pytest.raises(WrongCode):
        use(person_id, sheet[0].code)
    assert recovery_codes.left(reader(), person_id) == 9


@pytest.mark.parametrize("write", [str.lower, lambda code: code.replace("-", ""), lambda code: f" {code.replace('-', ' – ')} "])
def test_case_dashes_and_blanks_do_not_matter(app: Flask, sheet: list[NewCode], write) -> None:  # type: ignore[no-untyped-def]
    person_id = add_person()
    issue(person_id, sheet)
    use(person_id, write(str(sheet[3].code)))


@pytest.mark.parametrize("typed", ["", "AAAA", "AAAA-AAA0", "\0" * 8, "Ä" * 8, "9" * 10_000, "\udcff" * 8, "2222-2222"])
def test_what_is_no_code_is_refused(app: Flask, sheet: list[NewCode], typed: str) -> None:
    person_id = add_person()
    issue(person_id, sheet)
    with pytest.raises(WrongCode):
        use(person_id, typed)


def test_codes_are_good_only_once_their_sheet_is_confirmed(app: Flask, sheet: list[NewCode]) -> None:
    person_id = add_person()
    issue(person_id, sheet, confirm=False)
    assert factors.held_by(reader(), person_id).codes_pending
    with pytest.raises(WrongCode):
        use(person_id, sheet[0].code)
    assert in_transaction(lambda c: recovery_codes.confirm(c, person_id, SESSION))
    assert not in_transaction(lambda c: recovery_codes.confirm(c, person_id, SESSION))
    assert not factors.held_by(reader(), person_id).codes_pending
    use(person_id, sheet[0].code)


def test_codes_are_shown_until_confirmed_and_in_their_session_only(app: Flask, sheet: list[NewCode]) -> None:
    person_id = add_person()
    issue(person_id, sheet, confirm=False)
    for _ in range(2):
        assert sorted(recovery_codes.shown_in(reader(), person_id, SESSION)) == sorted(new.code for new in sheet)
    assert recovery_codes.shown_in(reader(), person_id, new_id()) == []
    assert not in_transaction(lambda c: recovery_codes.confirm(c, person_id, new_id()))
    in_transaction(lambda c: recovery_codes.confirm(c, person_id, SESSION))
    assert recovery_codes.shown_in(reader(), person_id, SESSION) == []


def test_a_confirmed_sheet_is_kept_as_hashes_only(app: Flask, sheet: list[NewCode]) -> None:
    issue(add_person(), sheet)
    for row in reader().execute(select(_t)):
        assert row.sealed_code is None
        assert not any(new.code.replace("-", "") in str(row) for new in sheet)


def test_a_new_sheet_replaces_the_old_one_when_it_is_confirmed(app: Flask, sheet: list[NewCode]) -> None:
    person_id, newer = add_person(), recovery_codes.new_sheet()
    issue(person_id, sheet)
    issue(person_id, newer, confirm=False)
    use(person_id, sheet[0].code)
    in_transaction(lambda c: recovery_codes.confirm(c, person_id, SESSION))
    with pytest.raises(WrongCode):
        use(person_id, sheet[1].code)
    use(person_id, newer[1].code)
    assert recovery_codes.left(reader(), person_id) == 9


def test_nobody_uses_anothers_codes(app: Flask, sheet: list[NewCode]) -> None:
    issue(add_person(), sheet)
    with pytest.raises(WrongCode):
        use(add_person("lvan"), sheet[0].code)


def test_twenty_parallel_uses_of_one_code_have_one_winner(postgresql_url: str, sheet: list[NewCode]) -> None:
    app = create_app(settings_for(postgresql_url))
    with app.app_context():
        person_id = add_person()
        issue(person_id, sheet)

    def use_it(_: int) -> bool:
        with app.app_context():
            try:
                use(person_id, sheet[0].code)
            except WrongCode:
                return False
            return True

    with ThreadPoolExecutor(20) as pool:
        assert sum(pool.map(use_it, range(20))) == 1
    close(app)
