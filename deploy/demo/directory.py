"""Which directory the demo reads: the embedded one, or one that somebody else runs."""

from deploy.demo.plan import HOST, Directory, Plan
from directory_sync.demo import province
from directory_sync.demo.ldap_server import open_province


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


def run(plan: Plan) -> None:
    """Serve the embedded directory until stopped; what is changed in it over LDAP is kept in the demo's folder."""
    with open_province(plan.folder / "directory.jsonl", plan.staff, plan.directory_port) as server:
        server.serve_forever()
