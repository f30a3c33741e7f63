"""Rules of `hopnhat doctor`: each check says what to do, and notices what it is for."""

from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import text
from werkzeug.serving import WSGIRequestHandler

from idp import audit, clock, jobs
from idp.app import create_app
from idp.database import in_transaction
from idp.doctor import examine
from idp.doctor_advice import advice
from idp.jobs import Job
from idp.roles.models import Role
from tests.support.installation import Databases, close, settings_for
from tests.support.served import served
from tests.support.services import free_port
from tests.support.signed_in import add_official


def _remedy(check: str) -> str:
    return dict(examine())[check]


def test_it_advises_two_administrators_and_a_mail_server_and_finds_no_fault_in_having_neither(app: Flask) -> None:
    assert "role grant PERSON it_admin" in dict(advice())["administrators"]
    assert "are not sent" in dict(advice())["mail"]
    add_official(Role.IT_ADMIN, unit_id=None)
    assert dict(advice())["administrators"].startswith("One alone")
    add_official(Role.IT_ADMIN, unit_id=None)
    assert dict(advice())["administrators"] == ""
    assert "administrators" not in dict(examine())


def test_a_worker_that_is_silent_for_five_minutes_is_noticed(app: Flask, time: clock.ManualClock) -> None:
    assert "hopnhat worker" in _remedy("worker")
    jobs.ensure_leases([Job("sync", 60, lambda: None, lease_seconds=30)])
    assert _remedy("worker") == ""
    time.advance(minutes=6)
    assert "hopnhat worker" in _remedy("worker")


def test_a_dropped_trigger_of_the_audit_trail_is_noticed(app: Flask) -> None:
    assert _remedy("audit trail") == ""
    _drop_trigger(app)
    assert "append-only" in _remedy("audit trail")


def test_a_changed_event_at_the_end_of_the_chain_is_noticed(app: Flask) -> None:
    for _ in range(3):
        in_transaction(lambda c: audit.record(c, audit.Event.PERSON_ADDED, actor="cli:test"))
    in_transaction(audit.link_events)
    assert _remedy("audit trail") == ""
    create = _drop_trigger(app)
    in_transaction(
        lambda c: c.execute(
            text("UPDATE audit_event SET actor = 'cli:somebody' WHERE id IN (SELECT event_id FROM audit_link WHERE position = 2)")
        )
    )
    in_transaction(lambda c: c.execute(text(create)))
    assert "hash chain" in _remedy("audit trail")


def test_without_a_directory_it_says_which_settings_are_missing(app: Flask) -> None:
    assert "HOPNHAT_LDAP_URL" in _remedy("directory")


def test_certificates_of_clients_that_nobody_would_believe_are_noticed(database_url: str, tmp_path: Path) -> None:
    broken = tmp_path / "x.pem"
    broken.write_text("no certificate")
    wrong: list[dict[str, Any]] = [
        {"client_certificate_header": "X-Client-Certificate"}, {"client_certificate_ca_file": broken},
        {"client_certificate_ca_file": tmp_path / "missing.pem"},
    ]  # fmt: skip
    for given in ({}, *wrong):
        application = create_app(settings_for(database_url, **given))
        with application.app_context():
            assert bool(_remedy("client certificates")) is bool(given), given
        close(application)


def _drop_trigger(app: Flask) -> str:
    if app.config["SQLALCHEMY_DATABASE_URI"].startswith("sqlite"):
        in_transaction(lambda c: c.execute(text("DROP TRIGGER audit_event_no_update")))
        return (
            "CREATE TRIGGER audit_event_no_update BEFORE UPDATE ON audit_event BEGIN SELECT RAISE(ABORT, 'audit_event is append-only'); END"
        )
    in_transaction(lambda c: c.execute(text("DROP TRIGGER audit_event_append_only ON audit_event")))
    return "CREATE TRIGGER audit_event_append_only BEFORE UPDATE OR DELETE ON audit_event FOR EACH ROW EXECUTE FUNCTION refuse_change()"


def test_a_proxy_that_hands_on_names_with_underscores_is_noticed(sqlite_databases: Databases) -> None:
    for proxies, drops, noticed in ((1, True, False), (1, False, True), (0, False, False)):
        port = free_port()
        app = create_app(settings_for(sqlite_databases.fresh(), issuer=f"http://127.0.0.1:{port}", trusted_proxies=proxies))
        with served(app, port, WSGIRequestHandler if drops else _UnderscoresPass), app.app_context():
            assert ("underscores" in _remedy("proxy")) is noticed, (proxies, drops)
        close(app)
    assert b"ok" in app.test_client().get("/healthz").get_data()


class _UnderscoresPass(WSGIRequestHandler):
    """As our own server does: names with underscores, which the server of these tests drops, arrive as if written with hyphens."""

    def make_environ(self) -> Any:
        """All that was sent."""
        return super().make_environ() | {f"HTTP_{name.replace('-', '_').upper()}": value for name, value in self.headers.items()}
