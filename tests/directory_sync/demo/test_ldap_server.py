"""Rules of the demo's directory: the LDAP tools of Debian and ldap3 get along with it, and it lets nobody do what they may not."""

import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ldap3
import pytest

from directory_sync.demo import province
from directory_sync.demo.ldap_server import DirectoryServer, open_province
from idp.wire.distinguished_names import escape

BASE = province.BASE_DN
PEOPLE = {account.role: account for account in province.DEMO_ACCOUNTS}
NEW_DN = f"uid=moi,ou=Sở Nội vụ,ou=Cấp tỉnh,{BASE}"


@contextmanager
def running(file: Path) -> Iterator[DirectoryServer]:
    with open_province(file, 300) as server:
        server.start()
        yield server
        server.shutdown()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[DirectoryServer]:
    with running(tmp_path / "directory.jsonl") as started:
        yield started


def connect(server: DirectoryServer, dn: str | None = None, password: str | None = None) -> Any:
    connection = ldap3.Connection(ldap3.Server(server.url, get_info=ldap3.NONE, connect_timeout=3), dn, password, receive_timeout=10)
    connection.bind()
    return connection


@pytest.fixture
def admin(server: DirectoryServer) -> Any:
    return connect(server, province.ADMIN_DN, province.ADMIN_PASSWORD)


@pytest.fixture
def reader(server: DirectoryServer) -> Any:
    return connect(server, province.SYNC_DN, province.SYNC_PASSWORD)


def code(connection: Any) -> int:
    return int(connection.result["result"])


def dn_of(reader: Any, username: str) -> str:
    reader.search(BASE, f"(uid={username})", attributes=["1.1"])
    return str(reader.entries[0].entry_dn)


def tool(server: DirectoryServer, name: str, *arguments: str, ldif: str = "", by: tuple[str, str] | None = None) -> tuple[int, str]:
    dn, password = by or (province.ADMIN_DN, province.ADMIN_PASSWORD)
    done = subprocess.run(
        [name, "-x", "-H", server.url, "-D", dn, "-w", password, *arguments],
        check=False,
        input=ldif,
        capture_output=True,
        text=True,
        timeout=20,
    )
    return done.returncode, done.stdout + done.stderr


def test_three_hundred_people_are_read_page_by_page(reader: Any) -> None:
    found = reader.extend.standard.paged_search(BASE, "(objectClass=person)", attributes=["uid", "entryUUID"], paged_size=70)
    assert len({entry["raw_attributes"]["entryUUID"][0] for entry in found}) == 300


@pytest.mark.parametrize("account", province.DEMO_ACCOUNTS, ids=lambda account: account.role)
def test_the_people_the_demo_introduces_sign_in(server: DirectoryServer, reader: Any, account: province.DemoAccount) -> None:
    dn = dn_of(reader, account.username)
    assert code(connect(server, dn, account.password)) == 0
    assert code(connect(server, dn, account.password + "x")) == 49


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("(uid=MaiVT)", True), ("(uid=mai*)", True), ("(uid=*vt)", True), ("(uid=m*i*t)", True), ("(uid=vt*)", False), ("(title=*)", True),
        ("(nosuch=*)", False), ("(&(uid=maivt)(objectClass=person))", True), ("(&(uid=maivt)(objectClass=organizationalUnit))", False),
        ("(|(uid=nobody)(uid=maivt))", True), ("(!(uid=maivt))", False), ("(employeeNumber>=HG00001)", True),
        ("(employeeNumber<=HG00000)", False), ("(displayName=vàng  thị MAI)", True), ("(userPassword=*)", False),
        ("(cn:caseExactMatch:=Vàng Thị Mai)", False), ("(entryUUID=*)", True),
    ],
)  # fmt: skip
def test_filters_match_as_they_should(reader: Any, wanted: str, found: bool) -> None:
    dn = dn_of(reader, "maivt")
    reader.search(dn, wanted, ldap3.BASE, attributes=["uid"])
    assert (code(reader), len(reader.entries)) == (0, int(found))


def test_scopes_reach_as_far_as_they_say(reader: Any) -> None:
    reader.search(f"ou=Cấp tỉnh,{BASE}", "(objectClass=*)", ldap3.BASE)
    assert len(reader.entries) == 1
    reader.search(f"ou=Cấp tỉnh,{BASE}", "(objectClass=organizationalUnit)", ldap3.LEVEL)
    one_level = len(reader.entries)
    reader.search(f"ou=Cấp tỉnh,{BASE}", "(objectClass=organizationalUnit)", ldap3.SUBTREE)
    assert 20 < one_level < len(reader.entries)


def test_operational_attributes_are_given_when_asked_for_and_the_password_never(reader: Any) -> None:
    dn = dn_of(reader, "maivt")
    shown = {}
    for asked in (["*"], ["+"], ["*", "+"], ["entryUUID"], ["userPassword"], ["1.1"]):
        reader.search(dn, "(objectClass=*)", ldap3.BASE, attributes=asked)
        shown["".join(asked)] = {name.lower() for name, values in reader.response[0]["raw_attributes"].items() if values}
    assert "uid" in shown["*"]
    assert not shown["*"] & {"entryuuid", "modifytimestamp"}
    assert shown["+"] >= {"entryuuid", "createtimestamp", "modifytimestamp", "entrydn"}
    assert "uid" not in shown["+"]
    assert shown["*+"] == shown["*"] | shown["+"]
    assert shown["entryUUID"] == {"entryuuid"}
    assert shown["userPassword"] == shown["1.1"] == set()
    assert not any("userpassword" in names for names in shown.values())


def test_anonymous_clients_read_the_root_only(server: DirectoryServer) -> None:
    anonymous = connect(server)
    anonymous.search("", "(objectClass=*)", ldap3.BASE, attributes=["namingContexts"])
    assert anonymous.entries[0].namingContexts.value == BASE
    anonymous.search(BASE, "(uid=maivt)")
    assert (code(anonymous), anonymous.entries) == (50, [])


def test_a_person_reads_only_themselves_and_changes_nothing(server: DirectoryServer, reader: Any) -> None:
    dn, other = dn_of(reader, "maivt"), dn_of(reader, "hungnd")
    person = connect(server, dn, PEOPLE["staff"].password)
    person.search(BASE, "(objectClass=person)", attributes=["uid"])
    assert [entry.entry_dn for entry in person.entries] == [dn]
    person.compare(other, "title", "Chuyên viên")
    assert code(person) == 32
    changes: tuple[Callable[[], Any], ...] = (
        lambda: person.modify(dn, {"title": [(ldap3.MODIFY_REPLACE, ["Giám đốc"])]}),
        lambda: person.delete(other),
        lambda: person.add(NEW_DN, ["inetOrgPerson"], {"sn": "M", "cn": "M"}),
        lambda: person.modify_dn(dn, "uid=x"),
    )
    for change in changes:
        change()
        assert code(person) == 50


def test_the_reading_account_changes_nothing(reader: Any) -> None:
    reader.delete(dn_of(reader, "maivt"))
    assert code(reader) == 50


def test_a_dn_without_password_is_no_sign_in(server: DirectoryServer, reader: Any) -> None:
    dn = dn_of(reader, "maivt")
    with socket.create_connection(("127.0.0.1", server.server_address[1])) as raw:
        name = dn.encode()
        bind = b"\x02\x01\x03\x04\x81" + bytes([len(name)]) + name + b"\x80\x00"
        body = b"\x02\x01\x01\x60\x81" + bytes([len(bind)]) + bind
        raw.sendall(b"\x30\x81" + bytes([len(body)]) + body)
        assert raw.recv(1000)[7:10] == b"\x0a\x01\x35"


def test_a_locked_person_is_refused_like_a_wrong_password_and_a_policy_aware_client_learns_why(admin: Any, server: DirectoryServer) -> None:
    dn = dn_of(admin, "maivt")
    admin.modify(dn, {"pwdAccountLockedTime": [(ldap3.MODIFY_ADD, ["000001010000Z"])]})
    assert code(connect(server, dn, PEOPLE["staff"].password)) == 49
    status, output = tool(server, "ldapwhoami", "-e", "ppolicy", by=(dn, PEOPLE["staff"].password))
    assert status == 49
    assert "Account locked" in output
    status, output = tool(server, "ldapwhoami", "-e", "ppolicy", by=(dn, "guessed"))
    assert (status, "Account locked" in output) == (49, False)


@pytest.mark.parametrize(
    ("deed", "expected"),
    [
        (lambda c: c.delete(f"uid=nobody,{BASE}"), 32),
        (lambda c: c.delete(f"ou=Cấp tỉnh,{BASE}"), 66),
        (lambda c: c.add(f"ou=Cấp tỉnh,{BASE}", ["organizationalUnit"], {"ou": "Cấp tỉnh"}), 68),
        (lambda c: c.add(f"uid=a,ou=Không có,{BASE}", ["inetOrgPerson"], {"uid": "a", "sn": "A", "cn": "A"}), 32),
        (lambda c: c.add(f"uid=a,{BASE}", ["inetOrgPerson"], {"uid": "b", "sn": "A", "cn": "A"}), 64),
        (lambda c: c.add(f"uid=a,{BASE}", ["inetOrgPerson"], {"uid": "a", "entryUUID": "x"}), 19),
        (lambda c: c.modify(dn_of(c, "maivt"), {"uid": [(ldap3.MODIFY_DELETE, [])]}), 67),
        (lambda c: c.modify(dn_of(c, "maivt"), {"street": [(ldap3.MODIFY_DELETE, [])]}), 16),
        (lambda c: c.modify(dn_of(c, "maivt"), {"title": [(ldap3.MODIFY_ADD, ["CHUYÊN VIÊN"])]}), 20),
        (lambda c: c.modify(dn_of(c, "maivt"), {"objectClass": [(ldap3.MODIFY_DELETE, [])]}), 65),
        (lambda c: c.modify_dn(f"ou=Cấp tỉnh,{BASE}", "ou=Cấp tỉnh", new_superior=f"ou=Sở Y tế,ou=Cấp tỉnh,{BASE}"), 53),
        (lambda c: c.modify_dn(f"ou=Cấp tỉnh,{BASE}", "ou=Cấp huyện"), 68),
        (lambda c: c.search(f"ou=Không có,{BASE}", "(objectClass=*)"), 32),
        (lambda c: c.search(BASE, "(objectClass=person)", size_limit=5), 4),
        (lambda c: c.search(BASE, "(objectClass=*)", controls=[("1.2.3.4", True, None)]), 12),
        (lambda c: c.extended("1.3.6.1.4.1.4203.1.11.1"), 2),
        (lambda c: c.compare(dn_of(c, "maivt"), "title", "chuyên viên"), 6),
        (lambda c: c.compare(dn_of(c, "maivt"), "title", "Giám đốc"), 5),
    ],
)
def test_result_codes_are_those_of_rfc_4511(admin: Any, deed: Any, expected: int) -> None:
    deed(admin)
    assert code(admin) == expected


def test_a_modification_happens_whole_or_not_at_all(admin: Any) -> None:
    dn = dn_of(admin, "maivt")
    admin.modify(dn, {"title": [(ldap3.MODIFY_REPLACE, ["Trưởng phòng"])], "street": [(ldap3.MODIFY_DELETE, [])]})
    admin.search(dn, "(objectClass=*)", ldap3.BASE, attributes=["title"])
    assert admin.entries[0].title.value == "Chuyên viên"


def test_debians_tools_play_a_personnel_change(server: DirectoryServer, reader: Any) -> None:
    classes = "objectClass: inetOrgPerson\nuid: moi\ncn: Lê Văn Mới\nsn: Lê\nuserPassword: Matkhau-1\n"
    assert tool(server, "ldapadd", ldif=f"dn: {NEW_DN}\n{classes}")[0] == 0
    assert code(connect(server, NEW_DN, "Matkhau-1")) == 0
    odd = f"uid=moi,ou={escape('Phòng Chuyên môn, nghiệp vụ')},ou=Sở Y tế,ou=Cấp tỉnh,{BASE}"
    assert tool(server, "ldapmodrdn", "-s", odd.partition(",")[2], NEW_DN, "uid=moi")[0] == 0
    change = f"dn: {odd}\nchangetype: modify\nreplace: title\ntitle: Văn thư\n-\nadd: mobile\nmobile: 0912345678\n-\ndelete: cn\n-\nadd: cn\ncn: Lê Mới\n"
    assert tool(server, "ldapmodify", ldif=change)[0] == 0
    status, output = tool(server, "ldapsearch", "-LLL", "-o", "ldif-wrap=no", "-b", odd, "-s", "base", "(mobile=*)", "mobile", "title")
    assert (status, "mobile: 0912345678" in output) == (0, True)
    assert tool(server, "ldappasswd", "-s", "x", odd)[0] != 0
    assert tool(server, "ldapdelete", odd)[0] == 0
    assert tool(server, "ldapdelete", odd)[0] == 32
    assert tool(server, "ldapdelete", "nonsense")[0] == 34
    assert tool(server, "ldapsearch", "-ZZ", "-b", BASE)[0] == 1


def test_a_renamed_unit_takes_its_people_along_and_they_keep_their_entry_uuid(admin: Any, server: DirectoryServer) -> None:
    dn = dn_of(admin, "maivt")
    admin.search(dn, "(objectClass=*)", ldap3.BASE, attributes=["entryUUID"])
    before = admin.entries[0].entryUUID.value
    unit = dn[dn.index("ou=Văn phòng Ủy ban") :]
    admin.modify_dn(unit, "ou=Văn phòng tỉnh", delete_old_dn=True)
    moved = dn_of(admin, "maivt")
    admin.search(moved, "(objectClass=*)", ldap3.BASE, attributes=["entryUUID"])
    assert moved == dn.replace("Văn phòng Ủy ban nhân dân tỉnh", "Văn phòng tỉnh")
    assert admin.entries[0].entryUUID.value == before
    assert code(connect(server, moved, PEOPLE["staff"].password)) == 0


def test_a_change_survives_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "directory.jsonl"
    with running(file) as server:
        admin = connect(server, province.ADMIN_DN, province.ADMIN_PASSWORD)
        admin.delete(dn_of(admin, "paoga"))
        admin.modify_dn(dn_of(admin, "maivt"), "uid=mai.vt")
        admin.add(NEW_DN, ["inetOrgPerson"], {"uid": "moi", "cn": "Mới", "sn": "Lê", "jpegPhoto": b"\xff\xd8\x00"})
    with file.open("a") as torn:
        torn.write('{"put": "uid=kh')
    for _ in range(2):
        with running(file) as server:
            reader = connect(server, province.SYNC_DN, province.SYNC_PASSWORD)
            reader.search(BASE, "(|(uid=paoga)(uid=maivt)(uid=mai.vt)(uid=moi))", attributes=["uid", "jpegPhoto"])
            assert sorted(entry.entry_dn.partition(",")[0] for entry in reader.entries) == ["uid=mai.vt", "uid=moi"]
            assert connect(server, NEW_DN.replace("uid=moi", "uid=paoga"), "x").result["result"] == 49


def test_the_same_province_comes_out_every_time_and_has_the_flaws_of_a_real_one(reader: Any) -> None:
    reader.search(BASE, "(objectClass=person)", attributes=["*", "pwdAccountLockedTime"])
    people = [entry["raw_attributes"] for entry in reader.response]
    numbers = [person["employeeNumber"][0] for person in people if "employeeNumber" in person]
    names = [person["displayName"][0] for person in people]
    assert len(numbers) < len(people)
    assert len(set(numbers)) < len(numbers)
    assert len(set(names)) < len(names)
    assert any(b"\xcc\x81" in name for name in names)
    assert any(b"  " in name for name in names)
    assert any("pwdAccountLockedTime" in person for person in people)
    assert any("mail" not in person for person in people)
    assert any("title" not in person for person in people)
    rdns = [entry["dn"].partition(",ou=")[0] for entry in reader.response]
    for odd in ("\\,", "\\#", '\\"', "\\<"):
        assert any(odd in rdn for rdn in rdns), odd


@pytest.mark.parametrize(
    "nonsense", [b"GET / HTTP/1.1\r\n\r\n", b"\x30\x84\xff\xff\xff\xff", b"\x30\x80\x00\x00", b"\x30\x05\x02\x01\x01\x63\x00"]
)
def test_nonsense_is_refused_and_others_go_on(server: DirectoryServer, reader: Any, nonsense: bytes) -> None:
    with socket.create_connection(("127.0.0.1", server.server_address[1])) as raw:
        raw.sendall(nonsense)
        raw.shutdown(socket.SHUT_WR)
        while raw.recv(1000):
            pass
    assert dn_of(reader, "maivt")


def test_it_listens_on_loopback_only(server: DirectoryServer) -> None:
    with pytest.raises(ValueError, match="loopback"):
        DirectoryServer(server.tree, frozenset(), frozenset(), host="0.0.0.0")
