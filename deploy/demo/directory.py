"""Which directory the demo reads: the embedded one, or one that somebody else runs."""

import sys

from deploy.demo.plan import HOST, Directory, Plan
from directory_sync.demo import province


def directory_of(plan: Plan) -> Directory:
    """Where the directory is, and its two accounts."""
    return plan.directory or Directory(
        url=f"ldap://{HOST}:{plan.directory_port}",
        base_dn=province.BASE_DN,
        bind_dn=province.SYNC_DN,
        bind_password=province.SYNC_PASSWORD,
        admin_dn=province.ADMIN_DN,
        admin_password=province.ADMIN_PASSWORD,
    )


def command(plan: Plan) -> list[str]:
    """How the embedded directory is started; what is changed in it over LDAP is kept in the demo's folder."""
    where = ["--file", str(plan.folder / "directory.jsonl"), "--staff", str(plan.staff), "--port", str(plan.directory_port)]
    return [sys.executable, "-m", "directory_sync.demo.ldap_server", *where]
