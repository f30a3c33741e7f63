"""Prepares the database of the test: schema, the person by way of the directory, the clients, and the suite's files."""

import contextlib
import io
import json
import secrets as random
from pathlib import Path

from ldap3 import MODIFY_REPLACE, SIMPLE, Connection, Server
from sqlalchemy import Connection as DatabaseConnection
from sqlalchemy import update

import wsgi
from clients import initial_access, resources
from clients.metadata import SECRET_METHODS
from clients.resources import Resource
from deploy.conformance.resource_server import PATH, SCOPE
from deploy.conformance.site import Site
from deploy.conformance.suite_clients import wanted_clients
from deploy.conformance.suite_files import REGISTRATION, write_suite_files
from deploy.demo.prepare import step
from deploy.demo.settings_file import write_private
from directory_sync.demo import province
from directory_sync.run import run_sync
from idp import clock, schema
from idp.database import in_transaction, table_of
from idp.opaque_tokens import Secret
from idp.people.models import Person
from idp.people.names import username_key

ACTOR = "system:conformance"
TOKEN_DAYS = 365
PERSON_FILE = Path(__file__).with_name("person.json")
_p = table_of(Person)


def read_person() -> dict[str, str]:
    """The one who signs in: without any role, since a role would ask for a second factor, which the suite has not."""
    person: dict[str, str] = json.loads(PERSON_FILE.read_text(encoding="utf-8"))
    return person


def prepare(site: Site) -> None:
    """Prepare everything, each part only where it is missing."""
    person = read_person()
    with wsgi.build().app_context():
        if not schema.is_current():
            with step("the database gets its tables"):
                schema.upgrade()
        with step("the person comes in from the directory"):
            put_in_directory(site, person)
            run_sync(started_by=ACTOR)
            in_transaction(lambda connection: _acknowledge(connection, person["username"]))
        with step("the clients of the suite are as they should be"):
            in_transaction(lambda connection: add_resource(connection, site))
            secrets = _secrets_before(site)
            _apply_clients(site, secrets)
            kept = secrets.get(REGISTRATION)
            secrets[REGISTRATION] = in_transaction(lambda connection: _registration_token(connection, kept))
            write_private(site.secrets_file, json.dumps(secrets, indent=2) + "\n")
    write_suite_files(site, person, secrets)


def put_in_directory(site: Site, person: dict[str, str]) -> None:
    """Add the person to the embedded directory, or bring their entry to what the file says."""
    unit = next(unit for unit in province.units(province.STAFF) if unit.code == person["unit_code"])
    first, *rest = person["name"].split()
    attributes = {
        "objectClass": ["top", "person", "organizationalPerson", "inetOrgPerson"],
        "uid": person["username"], "cn": person["name"], "displayName": person["name"], "sn": first, "givenName": " ".join(rest),
        "title": person["title"], "employeeType": person["category"], "employeeNumber": person["staff_code"],
        "departmentNumber": person["unit_code"], "mail": person["mail"], "mobile": person["phone"], "userPassword": person["password"],
    }  # fmt: skip
    server = Server(f"ldap://127.0.0.1:{site.directory_port}", get_info="NO_INFO")
    admin = Connection(server, province.ADMIN_DN, province.ADMIN_PASSWORD, authentication=SIMPLE, auto_bind=True)
    dn = f"uid={person['username']},{unit.dn}"
    if not admin.add(dn, attributes=attributes):
        changes = {name: [(MODIFY_REPLACE, [value])] for name, value in attributes.items() if name not in ("uid", "objectClass")}
        admin.modify(dn, changes)
    admin.unbind()


def _apply_clients(site: Site, secrets: dict[str, str]) -> None:
    """Write clients.json, each client that has a secret with one of our choosing, and apply it as an operator would."""
    wanted = wanted_clients(site)
    for entry in wanted:
        if entry["token_endpoint_auth_method"] in SECRET_METHODS:
            entry["client_secret"] = secrets.setdefault(entry["client_id"], random.token_urlsafe())
    file = site.folder / "clients.json"
    write_private(file, json.dumps(wanted, ensure_ascii=False, indent=2) + "\n")
    with contextlib.redirect_stdout(io.StringIO()):
        wsgi.main(["client", "apply", str(file), "--yes"], standalone_mode=False)


def add_resource(connection: DatabaseConnection, site: Site) -> None:
    """The API of the plans of OAuth alone: its scope is what a client asks for there."""
    identifier = f"{site.issuer}{PATH}"
    if resources.find_resource(identifier) is None:
        resources.add(connection, Resource(identifier, "Conformance", (SCOPE,), "", None), actor=ACTOR)


def _registration_token(connection: DatabaseConnection, kept: str | None) -> str:
    """What lets the suite register clients of its own."""
    if kept and initial_access.is_usable(connection, Secret(kept)):
        return kept
    return str(initial_access.issue(connection, note=ACTOR, days=TOKEN_DAYS, uses=None, actor=ACTOR)[1])


def _secrets_before(site: Site) -> dict[str, str]:
    try:
        kept: dict[str, str] = json.loads(site.secrets_file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return kept


def _acknowledge(connection: DatabaseConnection, username: str) -> None:
    """The notice that everybody reads at the first sign-in counts as read: the suite starts with an empty browser each time."""
    unread = update(_p).where(_p.c.username_key == username_key(username), _p.c.notice_acknowledged_at.is_(None))
    connection.execute(unread.values(notice_acknowledged_at=clock.now()))
