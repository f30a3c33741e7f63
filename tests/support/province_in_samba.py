"""The people whom the demo introduces, and their units, in a real Active Directory, as the demo is told about it."""

from typing import Any

import ldap3

from directory_sync.demo import province
from directory_sync.demo.entries import Tree
from tests.support.samba import ADMIN, ADMIN_PASSWORD, BASE, READER, READER_PASSWORD, Samba

NORMAL_ACCOUNT, DISABLED = 512, 514  # userAccountControl
FACTS = ("displayName", "title", "employeeType", "employeeNumber", "departmentNumber", "mail", "mobile", "telephoneNumber")


def fill(domain: Samba) -> None:
    """Put them into the domain, each with the password that the demo tells."""
    tree = Tree(province.BASE_DN)
    province.fill(tree)
    usernames = {account.username for account in province.DEMO_ACCOUNTS}
    people = [entry for entry in tree.below(tree.suffix_key) if entry.text("uid") in usernames]
    above = {entry.key[depth:] for entry in people for depth in range(1, len(entry.key) - len(tree.suffix_key))}
    with domain.as_admin() as admin:
        for key in sorted(above, key=len):
            unit = tree.find(key)
            assert unit
            admin.add(_below(unit.dn), ["organizationalUnit"], {"description": unit.text("description")})
        for entry in people:
            _add_person(admin, entry)


def _add_person(admin: Any, entry: Any) -> None:
    username = entry.text("uid")
    facts = {name: entry.text(name.lower()) for name in FACTS}
    account = {
        "sAMAccountName": username, "userPrincipalName": f"{username}@hagiang.test", "userAccountControl": str(NORMAL_ACCOUNT),
        "unicodePwd": f'"{province.password_of(username)}"'.encode("utf-16-le"),
    }  # fmt: skip
    _rdn, _, parent = _below(entry.dn).partition(",")
    admin.add(f"CN={username},{parent}", ["user"], {name: value for name, value in {**facts, **account}.items() if value})


def _below(dn: str) -> str:
    return dn.removesuffix(province.BASE_DN) + BASE


def demo_settings() -> dict[str, str]:
    """The variables that lead a demo there."""
    return {
        "DEMO_LDAP_URL": "ldap://127.0.0.1",
        "DEMO_LDAP_BASE_DN": BASE,
        "DEMO_LDAP_BIND_DN": READER,
        "DEMO_LDAP_BIND_PASSWORD": READER_PASSWORD,
        "DEMO_LDAP_ADMIN_DN": ADMIN,
        "DEMO_LDAP_ADMIN_PASSWORD": ADMIN_PASSWORD,
    }


def disable(domain: Samba, username: str) -> None:
    """What an administrator of the domain does when somebody must not get in any more."""
    with domain.as_admin() as admin:
        admin.search(BASE, f"(sAMAccountName={username})", attributes=["cn"])
        found = next(entry["dn"] for entry in admin.response if "dn" in entry)
        admin.modify(found, {"userAccountControl": [(ldap3.MODIFY_REPLACE, [str(DISABLED)])]})
