"""What `hopnhat doctor` examines, and what to do about each finding."""

import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from cryptography import x509
from flask import Flask, current_app
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from idp import audit, clock, schema
from idp.credentials import password
from idp.database import reader, table_of
from idp.jobs import JobLease
from idp.oidc import subjects
from idp.oidc.key_material import KINDS
from idp.oidc.key_rotation import sealing_context
from idp.oidc.models import SigningKey
from idp.outbound import OutboundFailed, OutboundRefused, fetch
from idp.sealing import SealBroken, current_keys
from idp.settings import current_settings
from idp.web.health import PROBE

Finding = tuple[str, str]  # name of the check; what to do, empty when all is well
MORE_CHECKS = "hopnhat.doctor_checks"
WORKER_SILENT = timedelta(minutes=5)
EARLIEST = datetime(2026, 1, 1, tzinfo=UTC)
KEY_OVERDUE = timedelta(days=2)
_leases, _signing_keys = table_of(JobLease), table_of(SigningKey)


def _database() -> str:
    try:
        return "" if schema.is_current() else "Run `hopnhat db upgrade`."
    except DBAPIError:
        return "The database does not answer: check HOPNHAT_DATABASE_URL and that the server runs."


def _clock() -> str:
    return "" if clock.now() > EARLIEST else "The system clock is wrong: set up time synchronisation; TOTP codes depend on it."


def _keys() -> str:
    now, days = clock.now(), current_settings().signing_key_days
    rows = reader().execute(select(_signing_keys).where(_signing_keys.c.removed_at.is_(None))).all()
    for row in rows:
        try:
            current_keys().open(row.sealed_private_key, sealing_context(row.id))
        except SealBroken:
            return f"Signing key {row.id} was sealed by a key that HOPNHAT_SEALING_KEYS does not hold: put that one back."
    if not subjects.is_readable():
        return "The key of pairwise subjects was sealed by a key that HOPNHAT_SEALING_KEYS does not hold: put that one back."
    for alg in KINDS:
        signing = [
            row.active_from for row in rows if row.alg == alg and row.active_from <= now and not (row.retired_at and row.retired_at <= now)
        ]
        if not signing:
            return f"No {alg} key is in use: run `hopnhat db upgrade`, which makes what is missing."
        if days and max(signing) < now - timedelta(days=days) - KEY_OVERDUE:
            return f"The {alg} key is due for rotation: let `hopnhat worker` run, or run `hopnhat keys rotate --alg {alg}`."
    return ""


def _directory() -> str:
    settings = current_settings()
    if not settings.ldap_url:
        return "No directory: set HOPNHAT_LDAP_URL, _BIND_DN, _BIND_PASSWORD and _BASE_DN; nobody can sign in without."
    if settings.ldap_ca_file and not settings.ldap_ca_file.is_file():
        return "HOPNHAT_LDAP_CA_FILE names a file that does not exist."
    try:
        password.verify(None, "asked by hopnhat doctor")  # for a name that cannot exist: counts against nobody
    except password.DirectoryUnavailable:
        return "The directory does not answer its service account: check HOPNHAT_LDAP_URL, _BIND_DN, _BIND_PASSWORD and _CA_FILE."
    except password.WrongPassword:
        return ""
    return ""


def _worker() -> str:
    newest = reader().execute(select(func.max(_leases.c.next_run_at))).scalar()
    if newest is None or newest < clock.now() - WORKER_SILENT:
        return "No worker has run for five minutes: start `hopnhat worker`; without it no client is told of a sign-out, nothing is synced."
    return ""


def _audit() -> str:
    if not schema.is_append_only():
        return "A trigger that keeps the audit trail append-only is gone: find out who dropped it, run `hopnhat audit verify`."
    newest = audit.verify_newest(reader())
    return "" if newest else "The newest events do not fit the hash chain: run `hopnhat audit verify`, which names the first one."


def _client_certificates() -> str:
    settings = current_settings()
    if settings.client_certificate_header and not settings.trusted_proxies:
        return "HOPNHAT_CLIENT_CERTIFICATE_HEADER is not believed without HOPNHAT_TRUSTED_PROXIES."
    file = settings.client_certificate_ca_file
    try:
        if file is not None:
            x509.load_pem_x509_certificates(file.read_bytes())
    except (OSError, ValueError):
        return "HOPNHAT_CLIENT_CERTIFICATE_CA_FILE names a file that holds no certificates (PEM)."
    return ""


def _proxy() -> str:
    settings = current_settings()
    if not settings.trusted_proxies:
        return ""
    try:
        told = fetch(settings.issuer + "/healthz", accept="text/plain", is_ours=True, headers={PROBE: "1"})
    except (OutboundRefused, OutboundFailed):
        return ""  # not to be reached from here: nothing is known of it
    return "" if told.body.strip() != b"underscores" else (
        "The proxy in front hands on header names with underscores, by which a stranger speaks in its place (X_Forwarded_For): let it drop "
        "them, see docs/proxy.md."
    )  # fmt: skip


def _outbound() -> str:
    file = current_settings().outbound_ca_file
    try:
        ssl.create_default_context(cafile=str(file) if file else None)
    except (OSError, ssl.SSLError):
        return "HOPNHAT_OUTBOUND_CA_FILE cannot be read as certificates."
    return ""


CHECKS: tuple[tuple[str, Callable[[], str]], ...] = (
    ("database", _database),
    ("clock", _clock),
    ("signing keys", _keys),
    ("directory", _directory),
    ("worker", _worker),
    ("audit trail", _audit),
    ("outbound certificates", _outbound),
    ("client certificates", _client_certificates),
    ("proxy", _proxy),
)


def add_check(app: Flask, name: str, check: Callable[[], str]) -> None:
    """Let the doctor of this application look at this as well."""
    app.extensions.setdefault(MORE_CHECKS, []).append((name, check))


def examine() -> list[Finding]:
    """Run every check; one that cannot run because another failed says so."""
    findings = []
    for name, check in (*CHECKS, *current_app.extensions.get(MORE_CHECKS, ())):
        try:
            findings.append((name, check()))
        except DBAPIError:
            findings.append((name, "Could not be checked: see the database first."))
    return findings
