"""Rules of what is tried on administrators: words in a search, defaults of a fresh installation, fields nobody may set, backups, logs."""

import gzip
import json
import sys
from base64 import b32decode, b64encode
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from structlog._config import BoundLoggerLazyProxy

from idp import audit, backup, clock
from idp.app import create_app
from idp.clock import ManualClock
from idp.credentials.printed_codes import new_code
from idp.database import Record, in_transaction, reader, table_of
from idp.oidc import key_rotation
from idp.oidc.signing_keys import keys
from idp.people.models import Person
from idp.people.roster import require_person
from idp.roles.models import Role
from idp.sealing import SealBroken, SealingKeys, new_key
from tests.support.bind_directory import PASSWORD, BindDirectory
from tests.support.installation import FreshContextClient, close, settings_for
from tests.support.machine import Machine
from tests.support.people import add_person, add_unit
from tests.support.relying_party import register_party
from tests.support.sign_in import Visitor, code_on, enrolled_phone, official
from tests.support.signed_in import browser_of, send_form, sign_in, words_of
from wsgi import build

_p = table_of(Person)
HOSTILE = (
    "'",
    '"',
    ";",
    "%",
    "_",
    "\\",
    "' OR 1=1 --",
    "%27",
    "{}",
    '{"$ne": null}',
    "\u0000x",
    "name; DROP TABLE person",
    "1) UNION SELECT 1--",
)
SEARCHES = (
    "/console/people?q={}", "/console/people?unit={}", "/console/people?state={}", "/console/people?sort={}&order={}", "/console/sessions?q={}",
    "/console/audit?q={}", "/console/audit?actor={}", "/console/audit?event={}", "/console/audit?client={}", "/console/audit?address={}",
    "/console/clients?q={}", "/console/systems?q={}", "/console/systems?sort={}", "/console/failures?q={}", "/console/leavings?q={}",
    "/console/enrollment/people?q={}", "/console/enrollment/tree?sort={}", "/console/people?after={}", "/console/audit?after={}",
)  # fmt: skip


def test_no_word_in_a_search_a_filter_or_a_sort_is_an_error_or_more_than_a_word(app: Flask) -> None:
    """ADM-009"""
    add_person("nhan", "Người Ẩn Danh")
    browser = browser_of(app, Role.IT_ADMIN)
    before = reader().execute(select(func.count()).select_from(_p)).scalar_one()
    for path in SEARCHES:
        for word in HOSTILE:
            answer = browser.get(path.replace("{}", "x").partition("?")[0], query_string=path.partition("?")[2].replace("={}", "=") and {
                pair.partition("=")[0]: word for pair in path.partition("?")[2].split("&")
            })  # fmt: skip
            assert answer.status_code in (200, 303, 400, 404), (path, word, answer.status_code)
            if path == SEARCHES[0]:
                assert "Người Ẩn Danh" not in words_of(answer), "neither wildcard nor condition: nobody is called that"
    assert "Người Ẩn Danh" in words_of(browser.get("/console/people", query_string={"q": "ẩn danh"}))
    assert reader().execute(select(func.count()).select_from(_p)).scalar_one() == before


def test_no_filter_of_the_api_is_an_error_or_more_than_a_word(app: Flask) -> None:
    """ADM-009: unknown parameters, a sort for instance, are refused by name."""
    machine = Machine(app, Role.IT_ADMIN)
    add_person("nhan", "Người Ẩn Danh")
    for word in HOSTILE:
        for path, name in (
            ("/people", "q"),
            ("/people", "unit"),
            ("/people", "after"),
            ("/audit", "event"),
            ("/units", "after"),
            ("/clients", "after"),
        ):
            answer = machine.call("GET", f"{path}?{name}={_quoted(word)}")
            assert answer.status_code in (200, 400, 404), (path, name, word)
            assert "Ẩn Danh" not in json.dumps(answer.get_json(), ensure_ascii=False)
        assert machine.call("GET", f"/people?sort={_quoted(word)}").status_code == 400


def _quoted(word: str) -> str:
    return "".join(f"%{byte:02X}" for byte in word.encode())


DEFAULTS = ("admin", "administrator", "root", "hopnhat", "test", "demo", "quantri")
NOT_THERE = (
    "/setup", "/install", "/admin", "/login", "/console/setup", "/debug", "/console/debug", "/_debug", "/.git/config", "/.git/HEAD", "/.env",
    "/backup", "/backup.gz", "/hopnhat.sqlite", "/static/../wsgi.py", "/static/%2e%2e/%2e%2e/pyproject.toml", "/server-status", "/swagger",
    "/phpinfo.php", "/actuator/env", "/wsgi.py", "/settings",
)  # fmt: skip


def test_a_fresh_installation_knows_nobody_and_shows_nothing_to_strangers(database_url: str, directory: BindDirectory) -> None:
    """ADM-013"""
    app = build(settings_for(database_url, **directory.settings(), metrics_token="dài-và-bí-mật-0123456789"))
    app.test_client_class = FreshContextClient
    with app.app_context():
        for name in (
            "person",
            "role_grant",
            "client",
            "client_secret",
            "emergency_account",
            "initial_access_token",
            "api_grant",
            "officer_code",
        ):
            assert reader().execute(select(func.count()).select_from(Record.metadata.tables[name])).scalar_one() == 0, name
        for name in DEFAULTS:
            visitor = Visitor(app)
            visitor.asks()
            visitor.types_password(name, name)
            assert visitor.session() is None, name
        stranger: dict[str, Any] = {"environ_base": {"REMOTE_ADDR": "203.0.113.9"}}
        browser = app.test_client()
        for path in (*NOT_THERE, "/emergency"):
            assert browser.get(path, **stranger).status_code == 404, path
        assert browser.get("/metrics", **stranger).status_code in (401, 403, 404)
        assert [browser.get(path, **stranger).get_data() for path in ("/healthz", "/readyz")] == [b"ok\n", b"ok\n"], "no detail"
        for path in ("/console", "/console/people", "/account"):
            assert browser.get(path, **stranger).status_code in (302, 303), path
        debugger = browser.get("/sign-in?__debugger__=yes&cmd=resource&f=debugger.js", **stranger)
        assert "debugger" not in debugger.content_type
        assert b"Werkzeug" not in debugger.get_data()
    close(app)


def test_a_fault_of_ours_shows_no_traceback_and_opens_no_debugger(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """ADM-013: also where the environment asks Flask for it."""
    monkeypatch.setenv("FLASK_DEBUG", "1")
    app = create_app(settings_for(database_url))

    def fail() -> str:
        raise RuntimeError("bí mật trong lỗi")

    app.view_functions["health.healthz"] = fail
    answer = app.test_client().get("/healthz")
    assert answer.status_code == 500
    for word in ("bí mật trong lỗi", "Traceback", "RuntimeError", "debugger", "console", "SECRET"):
        assert word not in words_of(answer), word
    close(app)


def test_nobody_s_secrets_are_read_from_a_backup_without_the_keys(app: Flask, tmp_path: Path) -> None:
    """ADM-015"""
    person_id = add_person("vmsinh")
    codes = [new_code() for _number in range(3)]
    seed, party = enrolled_phone(person_id, codes=codes), register_party()
    browser = sign_in(app, person_id)
    session = next(str(cookie.value) for cookie in (browser._cookies or {}).values())
    in_transaction(lambda c: key_rotation.create(c, "ES256", active_from=clock.now(), actor="cli:test"))
    private = [key.key.as_dict(private=True) for key in keys(anew=True)]
    backup.write_backup(tmp_path / "b")
    kept = gzip.decompress((tmp_path / "b").read_bytes())
    raw = b32decode(seed + "=" * (-len(seed) % 8))
    secrets = [seed, raw.hex(), b64encode(raw).decode(), party.secret, session, *(str(code.code) for code in codes)]
    secrets += [str(code.code).replace("-", "") for code in codes]
    secrets += [str(part) for one in private for name, part in one.items() if name in ("d", "p", "q", "k")]
    assert private
    assert [name for name in secrets if str(name).encode() in kept] == []
    assert raw not in kept
    assert b"vmsinh" in kept, "the file was read as it is"
    sealed = reader().execute(select(Record.metadata.tables["totp_credential"].c.sealed_secret)).scalar_one()
    with pytest.raises(SealBroken):
        SealingKeys(new_key()).open(sealed, "anything")


def test_what_was_restored_without_its_key_signs_nobody_in(app: Flask, tmp_path: Path, directory: BindDirectory) -> None:
    """ADM-015: restoring needs the key."""
    person_id = official(directory)
    seed = enrolled_phone(person_id)
    in_transaction(lambda c: key_rotation.create(c, "ES256", active_from=clock.now(), actor="cli:test"))
    backup.write_backup(tmp_path / "b")
    other = create_app(settings_for(f"sqlite:///{tmp_path / 'other.sqlite'}", sealing_keys=new_key(), **directory.settings()))
    with other.app_context():
        backup.restore(tmp_path / "b")
        assert require_person(reader(), person_id)
        visitor = Visitor(other)
        visitor.asks()
        visitor.types_password()
        visitor.sends(code=code_on(seed))
        found = visitor.session()
        assert found is None or found.acr.endswith("aal1")
        with pytest.raises(SealBroken):
            keys(anew=True)
    close(other)


FORBIDDEN: dict[str, Any] = {
    "is_admin": "1", "agency_id": "far", "unit_id": "far", "sub": "mine", "subject": "mine", "ldap_dn": "cn=x", "source_key": "x",
    "mfa_verified": "1", "state": "active", "username": "admin", "role": "it_admin", "permissions": "grant_roles", "acr": "urn:hopnhat:aal3",
}  # fmt: skip


def test_fields_that_nobody_may_set_are_passed_over_by_pages_and_refused_by_the_api(app: Flask) -> None:
    """ADM-003: with deeds that are allowed, so that nothing but the fields is in the way."""
    unit = add_unit("Sở Y tế")
    person_id = add_person("nhan", unit_id=unit)
    browser, before = browser_of(app, Role.HR_OFFICER, unit_of_role=unit, unit_id=unit), require_person(reader(), person_id)._mapping
    path = f"/console/people/{person_id}"
    assert send_form(browser, f"{path}/sign_out", {**FORBIDDEN, "reason": "Máy bị mất"}).status_code == 303
    assert send_form(browser, f"{path}/suspend", {**FORBIDDEN, "reason": "Nghỉ việc"}).status_code == 303
    assert send_form(browser, f"{path}/restore", {**FORBIDDEN, "reason": "Trở lại"}).status_code == 303
    after = require_person(reader(), person_id)._mapping
    changed = {name for name in before if before[name] != after[name]}
    assert changed <= {"state_reason", "state_changed_at", "browser_round"}, changed
    assert after["state"] == "active"
    assert reader().execute(select(func.count()).select_from(Record.metadata.tables["role_grant"])).scalar_one() == 1
    machine = Machine(app, Role.HR_OFFICER, unit=unit)
    for name, value in FORBIDDEN.items():
        assert machine.call("POST", f"/people/{person_id}/suspend", {"reason": "Nghỉ việc hẳn", name: value}).status_code == 400, name
    assert require_person(reader(), person_id).state == "active"


def _let_loggers_begin_anew() -> None:
    """A logger keeps the file that it first wrote to, that of another test perhaps."""
    for module in list(sys.modules.values()):
        log = getattr(module, "_log", None)
        if isinstance(log, BoundLoggerLazyProxy):
            vars(log).pop("bind", None)


def test_no_secret_of_a_whole_visit_is_in_the_logs_at_their_fullest_nor_in_the_trail_nor_in_the_figures(
    database_url: str, directory: BindDirectory, capfd: pytest.CaptureFixture[str], time: ManualClock
) -> None:
    """ADM-011"""
    _let_loggers_begin_anew()
    app = create_app(settings_for(database_url, log_level="DEBUG", **directory.settings()))
    app.test_client_class = FreshContextClient
    with app.app_context():
        person_id = official(directory)
        codes = [new_code() for _number in range(3)]
        seed, party = enrolled_phone(person_id, codes=codes), register_party()
        visitor, used = Visitor(app), code_on(seed)
        visitor.asks()
        visitor.types_password(password="sai-mật-khẩu-này")
        visitor.types_password()
        visitor.sends(code="000000")
        visitor.sends(code=used)
        cookie = str(visitor.cookie())
        code = party.code(visitor.browser, scope="openid offline_access")
        told = party.redeem(visitor.browser, code).get_json()
        party.redeem(visitor.browser, code)
        for path, form in (
            ("/introspect", {"token": told["access_token"]}),
            ("/token", {"grant_type": "x", "client_secret": party.secret}),
        ):
            visitor.browser.post(path, data=form, auth=(party.client_id, party.secret))
        visitor.browser.get("/userinfo", headers={"Authorization": f"Bearer {told['access_token']}x"})
        visitor.browser.get(f"/authorize?client_id=nobody&code={code}&state={cookie}")
        trail = json.dumps([dict(row._mapping) for row in reader().execute(select(table_of(audit.AuditEvent)))], default=str)
        figures = app.test_client().get("/metrics").get_data(as_text=True)
        written = capfd.readouterr()
        everything = written.out + written.err + trail + figures
        secrets = [PASSWORD, "sai-mật-khẩu-này", seed, cookie, code, party.secret, *(str(one.code) for one in codes)]
        secrets += [told[name] for name in ("access_token", "refresh_token", "id_token")]
        assert '"event"' in written.err, "it was logged"
        assert [secret for secret in secrets if str(secret) in everything] == []
        assert f'"{used}"' not in everything
    close(app)
    _let_loggers_begin_anew()
