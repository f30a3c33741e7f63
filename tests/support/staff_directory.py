"""A personnel office and its directory: people come, change, move and go over LDAP, and a sync follows."""

from typing import Any

import ldap3
from sqlalchemy import select

from directory_sync import ledger, plans
from directory_sync.approvals import Officer, give_word
from directory_sync.asked import carry_out_plan
from directory_sync.models import PlanPart
from directory_sync.run import RunReport, run_sync
from idp.database import in_transaction, reader, table_of
from idp.people.models import Person, Unit
from idp.wire.distinguished_names import escape
from tests.support.slapd import BASE_DN, SYNC_DN, SYNC_PASSWORD, Slapd, administrator

TOP = f"ou=Cấp tỉnh,{BASE_DN}"
DEPARTMENT = f"ou=Sở Nội vụ,{TOP}"
DISTRICT = f"ou=Huyện Đồng Văn,{BASE_DN}"
COMMUNE = f"ou={escape('UBND xã Lũng Cú, Đồng Văn')},{DISTRICT}"
LOCKED = "000001010000Z"


class StaffDirectory:
    """The nouns and verbs of a personnel office, done over LDAP."""

    def __init__(self, server: Slapd) -> None:
        self.server, self.admin = server, administrator(server)

    def add_unit(self, dn: str, code: str | None = None) -> None:
        """A new unit."""
        self.admin.add(dn, ["organizationalUnit"], {"description": code} if code else {})

    def add_person(self, username: str, name: str, unit: str = DEPARTMENT, *, rdn: str | None = None, **attributes: Any) -> str:
        """A new person; an attribute given as None is left out. Return the DN."""
        dn = f"{rdn or f'uid={escape(username)}'},{unit}"
        facts = {
            "uid": username, "cn": name, "sn": name.split(maxsplit=1)[0], "displayName": name, "title": "Chuyên viên", "employeeType": "công chức",
            "employeeNumber": f"HG-{username}", "mail": f"{username}@hagiang.gov.vn", "userPassword": "mat-khau",
        } | attributes  # fmt: skip
        self.admin.add(dn, ["inetOrgPerson"], {name: value for name, value in facts.items() if value is not None})
        return dn

    def change(self, dn: str, **attributes: Any) -> None:
        """Other values for some attributes; None removes one."""
        self.admin.modify(dn, {name: [(ldap3.MODIFY_REPLACE, [] if value is None else [value])] for name, value in attributes.items()})

    def move(self, dn: str, unit: str, rdn: str | None = None) -> str:
        """A person, or a unit, to another place or name."""
        new_rdn = rdn or dn.partition(",")[0]
        self.admin.modify_dn(dn, new_rdn, new_superior=unit)
        return f"{new_rdn},{unit}"

    def remove(self, dn: str) -> None:
        """Somebody, or an empty unit, is gone."""
        self.admin.delete(dn)

    def entry_uuid(self, dn: str) -> str:
        """The name that the directory itself gave an entry."""
        self.admin.search(dn, "(objectClass=*)", ldap3.BASE, attributes=["entryUUID"])
        return str(self.admin.entries[0].entryUUID.value)


def ldap_settings(server: Slapd, **given: Any) -> dict[str, Any]:
    """The settings that point an installation at the server; keyword arguments win."""
    found = {"ldap_url": server.url, "ldap_bind_dn": SYNC_DN, "ldap_bind_password": SYNC_PASSWORD, "ldap_base_dn": BASE_DN}
    return {**found, **given}


def sync(**given: Any) -> RunReport:
    """One run, started by an operator."""
    return run_sync(started_by="cli:test", **given)


def approve(number: int, part: PlanPart = PlanPart.WHOLE) -> RunReport:
    """Plan NUMBER approved by as many officers of different units as it wants, and carried out."""
    plan = plans.require_plan(reader(), number)
    units = reader().execute(select(table_of(Unit).c.id)).scalars().all()
    for unit_id in units[: max(1, plan.words_wanted) if part == PlanPart.WHOLE else 1]:
        officer = Officer(f"cli:{unit_id}", unit_id=unit_id)
        word = {"typed": str(plan.typed_number), "reason": "đã kiểm tra với Phòng Nội vụ", "part": part}
        in_transaction(lambda c, officer=officer, word=word: give_word(c, number, officer, **word))  # type: ignore[misc]
    return carry_out_plan(plans.require_plan(reader(), number), "cli:test")


def person(username: str, **also: Any) -> Any:
    """The one person with this username, as remembered."""
    p = table_of(Person)
    return reader().execute(select(p).where(p.c.username == username, *(p.c[name] == value for name, value in also.items()))).one()


def everybody() -> dict[str, Any]:
    """All people remembered, by entryUUID."""
    return {row.source_key: row for row in reader().execute(select(table_of(Person)))}


def unit(name: str) -> Any:
    """The one unit with this name, as remembered."""
    u = table_of(Unit)
    return reader().execute(select(u).where(u.c.name == name)).one()


def changes_of(number: int) -> list[Any]:
    """What run NUMBER wrote down."""
    return list(ledger.list_changes(reader(), ledger.require_run(reader(), number).id, most=1000))
