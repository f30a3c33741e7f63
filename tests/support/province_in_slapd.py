"""The demo's province in a real OpenLDAP, as the demo is told about it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from directory_sync.demo import province
from directory_sync.demo.entries import Tree
from tests.support import slapd

KEPT_BY_SERVER = {"entryuuid", "createtimestamp", "modifytimestamp", "pwdaccountlockedtime"}


@contextmanager
def province_in_slapd(folder: Path) -> Iterator[dict[str, str]]:
    """Run slapd with the demo's people in it; yields the variables that lead a demo there."""
    with slapd.slapd(folder) as server:
        _load(server)
        yield {
            "DEMO_LDAP_URL": server.url,
            "DEMO_LDAP_BASE_DN": slapd.BASE_DN,
            "DEMO_LDAP_BIND_DN": slapd.SYNC_DN,
            "DEMO_LDAP_BIND_PASSWORD": slapd.SYNC_PASSWORD,
            "DEMO_LDAP_ADMIN_DN": slapd.ADMIN_DN,
            "DEMO_LDAP_ADMIN_PASSWORD": slapd.ADMIN_PASSWORD,
        }


def _load(server: slapd.Slapd) -> None:
    tree = Tree(province.BASE_DN)
    province.fill(tree)
    there_already = {province.BASE_DN, province.ADMIN_DN, province.SYNC_DN}
    with slapd.administrator(server) as directory:
        for entry in tree.below(tree.suffix_key):
            if entry.dn in there_already:
                continue
            facts = {a.name: list(a.values) for key, a in entry.attributes.items() if key not in KEPT_BY_SERVER}
            if "uid" in facts:  # this slapd does not know the hash that the embedded directory uses
                facts["userPassword"] = [province.password_of(facts["uid"][0].decode()).encode()]
            classes = [value.decode() for value in facts.pop("objectClass")]
            directory.add(entry.dn, classes, facts)
