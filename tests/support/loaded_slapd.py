"""A real OpenLDAP with a whole directory in it, loaded from LDIF in one go, whose limits and access rules can be changed while it runs."""

import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.services import find_program, free_port, running

ADMIN_PASSWORD, CONFIG_PASSWORD = "quan-tri", "cau-hinh"
CONFIGURATION = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload ppolicy
moduleload memberof
moduleload refint
moduleload syncprov
loglevel none
threads 4
database config
rootdn cn=config
rootpw {config_password}
database monitor
database mdb
suffix "{suffix}"
rootdn "cn=quan-tri,{suffix}"
rootpw {admin_password}
directory {folder}/data
maxsize 2147483648
dbnosync
index objectClass,entryUUID,entryCSN,uid,employeeNumber,member,memberOf,manager eq
index modifyTimestamp eq
limits dn.exact="{reader}" size.soft=500 size.hard=unlimited size.prtotal=unlimited time=unlimited
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="{reader}" read by * none
overlay memberof
memberof-refint TRUE
overlay refint
refint_attributes manager
overlay ppolicy
overlay syncprov
"""


@dataclass(frozen=True)
class LoadedSlapd:
    """Where it listens, and how it is changed."""

    url: str
    suffix: str
    folder: Path
    pid: int

    def change(self, ldif: str | Path, *, configuration: bool = False) -> None:
        """Apply change records; a refused one raises."""
        who, password = ("cn=config", CONFIG_PASSWORD) if configuration else (f"cn=quan-tri,{self.suffix}", ADMIN_PASSWORD)
        given = ldif.read_bytes() if isinstance(ldif, Path) else ldif.encode()
        command = [find_program("ldapmodify"), "-x", "-H", self.url, "-D", who, "-w", password]
        done = subprocess.run(command, input=given, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
        if done.returncode:
            raise RuntimeError(f"ldapmodify ended with {done.returncode}: {done.stderr.decode()[-500:]}")

    def entries(self) -> str:
        """Everything in it as LDIF, unfolded, its own attributes included."""
        command = [
            find_program("slapcat", "/usr/sbin/slapcat"),
            "-F",
            str(self.folder / "slapd.d"),
            "-b",
            self.suffix,
            "-o",
            "ldif-wrap=no",
        ]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@contextmanager
def loaded_slapd(folder: Path, ldif: Path | Iterable[str], suffix: str, reader: str) -> Iterator[LoadedSlapd]:
    """Run slapd with the entries of a file, or of these records. `reader`: the account that may read all of it."""
    for name in ("data", "slapd.d"):
        (folder / name).mkdir(parents=True)
    text = CONFIGURATION.format(folder=folder, suffix=suffix, reader=reader, admin_password=ADMIN_PASSWORD, config_password=CONFIG_PASSWORD)
    (folder / "slapd.conf").write_text(text)
    if not isinstance(ldif, Path):
        (folder / "given.ldif").write_text("".join(ldif), encoding="utf-8")
        ldif = folder / "given.ldif"
    options = ["-f", str(folder / "slapd.conf")]
    add = [find_program("slapadd", "/usr/sbin/slapadd"), "-q", "-w", *options, "-b", suffix, "-l", str(ldif)]
    subprocess.run(add, check=True, capture_output=True)
    convert = [find_program("slaptest", "/usr/sbin/slaptest"), *options, "-F", str(folder / "slapd.d")]
    subprocess.run(convert, check=True, capture_output=True)
    port = free_port()
    command = [find_program("slapd", "/usr/sbin/slapd"), "-F", str(folder / "slapd.d"), "-h", f"ldap://127.0.0.1:{port}", "-d", "0"]
    with running(command, port, folder / "slapd.log") as process:
        yield LoadedSlapd(f"ldap://127.0.0.1:{port}", suffix, folder, process.pid)
