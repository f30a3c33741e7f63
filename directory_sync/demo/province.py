"""The invented province: Hà Giang's real units and people who do not exist, always the same, with the flaws of a real directory."""

import random
import unicodedata
import uuid
from dataclasses import dataclass
from pathlib import Path

from directory_sync.demo import passwords
from directory_sync.demo import province_words as words
from directory_sync.demo.entries import Entry, Tree, key_of
from idp.people.names import fold, split_name
from idp.wire.distinguished_names import escape

VERSION = 1  # another number: a directory kept from before is made anew
STAFF = 300
BASE_DN = "dc=hagiang,dc=gov,dc=vn"
ADMIN_DN, ADMIN_PASSWORD = f"cn=admin,{BASE_DN}", "demo-quan-tri-danh-ba"
SYNC_DN, SYNC_PASSWORD = f"cn=idp-sync,ou=Services,{BASE_DN}", "demo-chi-doc-danh-ba"
MAIL_DOMAIN = "hagiang.gov.vn"
CREATED = "20260105010000Z"
NAMESPACE = uuid.UUID("b6a1c6de-6a53-5c0b-9f4c-2f0d6a0b7c11")
UNITS_FILE = Path(__file__).with_name("province_units.txt")


@dataclass(frozen=True)
class DemoAccount:
    """One of the people the demo introduces: what they are for this system, and how they sign in."""

    role: str
    username: str
    password: str
    name: str
    title: str
    unit_code: str


def _introduce(role: str, username: str, name: str, title: str, unit_code: str) -> DemoAccount:
    return DemoAccount(role, username, password_of(username), name, title, unit_code)


def password_of(username: str) -> str:
    """The password of everybody in the demo."""
    return f"Demo-{username}"


DEMO_ACCOUNTS = (
    _introduce("staff", "maivt", "Vàng Thị Mai", "Chuyên viên", "VP.3"),
    _introduce("newcomer", "paoga", "Giàng A Páo", "Công chức Văn hóa - Xã hội", "00715"),
    _introduce("it_admin", "hungnd", "Nguyễn Đức Hùng", "Trưởng phòng Công nghệ thông tin", "STT.3"),
    _introduce("hr_officer", "hahtt", "Hoàng Thị Thu Hà", "Phó Trưởng phòng Tổ chức - Cán bộ", "SNV.2"),
    _introduce("leader", "datlv", "Lù Văn Đạt", "Phó Chánh Văn phòng", "VP.0"),
    _introduce("auditor", "minhtq", "Trần Quang Minh", "Thanh tra viên chính", "TTR.3"),
)


@dataclass(frozen=True)
class DemoUnit:
    """One unit; `kind` decides titles and categories, `share` how many of the people work there."""

    code: str
    name: str
    dn: str
    kind: str
    share: float


def _unit(code: str, name: str, parent_dn: str, kind: str, share: float = 0) -> DemoUnit:
    return DemoUnit(code, name, f"ou={escape(name)},{parent_dn}", kind, share)


def read_places() -> list[tuple[str, str, list[tuple[str, str]]]]:
    """The districts (code, name) with their communes."""
    districts: list[tuple[str, str, list[tuple[str, str]]]] = []
    for line in UNITS_FILE.read_text(encoding="utf-8").splitlines():
        code, _, name = line.strip().partition(" ")
        if line.startswith("  "):
            districts[-1][2].append((code, name))
        elif not line.startswith("#"):
            districts.append((code, name, []))
    return districts


def units(staff: int) -> list[DemoUnit]:
    """The unit tree for so many people, parents first: all agencies and districts, and as many communes as can be staffed."""
    top = _unit("02", "Cấp tỉnh", BASE_DN, "group")
    found = [top]
    for code, name in words.DEPARTMENTS.items():
        department = _unit(code, name, top.dn, "office")
        found += [department, *(_unit(f"{code}.{n}", name, department.dn, "office", 0.7) for n, name in enumerate(words.DIVISIONS))]
    for code, name in words.PROVINCE_SERVICES.items():
        found.append(_unit(code, name, top.dn, "health" if code in ("BVDK", "BVYH", "CDC") else "school", 4))
    middle = _unit("H", "Cấp huyện", BASE_DN, "group")
    found.append(middle)
    for code, name, communes in read_places():
        district = _unit(code, name, middle.dn, "office")
        found += [district, *(_unit(f"{code}.{n}", name, district.dn, "office", 1) for n, name in enumerate(words.DISTRICT_OFFICES))]
        found.append(_unit(f"{code}.YT", words.DISTRICT_HEALTH, district.dn, "health", 1.5))
        wanted = max(3, round(len(communes) * min(1.0, staff / 500)))
        for number, (commune_code, commune_name) in enumerate(communes):
            if (number * wanted) % len(communes) < wanted or commune_code == "00715":
                found += _commune(commune_code, commune_name, district.dn, number)
    return found


def _commune(code: str, name: str, district_dn: str, number: int) -> list[DemoUnit]:
    office = _unit(code, "UBND " + name[0].lower() + name[1:], district_dn, "commune", 1.2)
    if number % 3:
        return [office]
    school = words.SCHOOLS[number // 3 % len(words.SCHOOLS)]
    return [office, _unit(f"{code}.1", f"{school} {name.split(maxsplit=1)[1]}", office.dn, "school", 1.5)]


def fill(tree: Tree, staff: int = STAFF) -> None:
    """Put the whole province into an empty tree."""
    _put(tree, BASE_DN, {"objectClass": ["top", "dcObject", "organization"], "dc": ["hagiang"], "o": ["Tỉnh Hà Giang"]})
    _put(tree, ADMIN_DN, _account("admin", ADMIN_PASSWORD))
    _put(tree, f"ou=Services,{BASE_DN}", {"objectClass": ["organizationalUnit"], "ou": ["Services"]})
    _put(tree, SYNC_DN, _account("idp-sync", SYNC_PASSWORD))
    all_units = units(staff)
    for unit in all_units:
        _put(tree, unit.dn, {"objectClass": ["organizationalUnit"], "ou": [unit.name], "description": [unit.code]})
    maker = _Maker(random.Random(24112026))  # noqa: S311 - the same people every time
    by_code = {unit.code: unit for unit in all_units}
    for account in DEMO_ACCOUNTS:
        _put(tree, *maker.introduced(account, by_code[account.unit_code]))
    for unit, people in _staffing(all_units, staff - len(DEMO_ACCOUNTS)):
        for _ in range(people):
            _put(tree, *maker.anybody(unit))


def _account(name: str, password: str) -> dict[str, list[str]]:
    stored = passwords.protect(password.encode(), uuid.uuid5(NAMESPACE, name).bytes[:8]).decode()
    return {"objectClass": ["organizationalRole", "simpleSecurityObject"], "cn": [name], "userPassword": [stored]}


def _put(tree: Tree, dn: str, attributes: dict[str, list[str]]) -> None:
    entry = Entry(dn, key_of(dn))
    kept = {"entryUUID": [str(uuid.uuid5(NAMESPACE, dn))], "createTimestamp": [CREATED], "modifyTimestamp": [CREATED]}
    for name, values in (attributes | kept).items():
        entry.put(name, [value.encode() for value in values])
    tree.put(entry)


def _staffing(all_units: list[DemoUnit], staff: int) -> list[tuple[DemoUnit, int]]:
    homes = [unit for unit in all_units if unit.share]
    whole, passed, given, found = sum(unit.share for unit in homes), 0.0, 0, []
    for unit in homes:
        passed += unit.share
        until = round(staff * passed / whole)
        found.append((unit, until - given))
        given = until
    return found


class _Maker:
    """Makes people one after another; keeps what must stay unique."""

    def __init__(self, rng: random.Random) -> None:
        self._rng, self._serial = rng, 0
        self._usernames = {account.username: 1 for account in DEMO_ACCOUNTS}

    def introduced(self, account: DemoAccount, unit: DemoUnit) -> tuple[str, dict[str, list[str]]]:
        """One of the people the demo introduces: nothing is wrong with them."""
        self._serial += 1
        attributes = self._attributes(account.username, account.name, account.title, "công chức", unit)
        return f"uid={account.username},{unit.dn}", attributes

    def anybody(self, unit: DemoUnit) -> tuple[str, dict[str, list[str]]]:
        """One more person of a unit, with a flaw now and then."""
        self._serial += 1
        name = self._name()
        username = self._username(name)
        title, category = self._work(unit)
        attributes = self._attributes(username, name, title, category, unit)
        rdn = self._spoil(attributes, name) or f"uid={username}"
        return f"{rdn},{unit.dn}", attributes

    def _name(self) -> str:
        people = self._rng.choices((0, 1, 2), [weight for weight, _ in words.PEOPLES])[0]
        woman = self._rng.random() < 0.55
        parts = (words.PEOPLES[people][1], words.MIDDLE_NAMES[people][woman], words.GIVEN_NAMES[people][woman])
        return " ".join(self._rng.choice(part.split(",")) for part in parts)

    def _username(self, name: str) -> str:
        parts = [fold(word) for word in name.split()]
        wished = parts[-1] + "".join(word[0] for word in parts[:-1])
        self._usernames[wished] = times = self._usernames.get(wished, 0) + 1
        return wished if times == 1 else f"{wished}{times}"

    def _work(self, unit: DemoUnit) -> tuple[str, str]:
        leads = unit.name == "Lãnh đạo"
        titles = {"health": words.HEALTH_TITLES, "school": words.SCHOOL_TITLES, "commune": words.COMMUNE_TITLES}.get(
            unit.kind, words.LEADER_TITLES if leads else words.OFFICE_TITLES
        )
        title = self._rng.choice(titles)
        if unit.kind in ("health", "school"):
            return title, self._rng.choices(["viên chức", "hợp đồng"], [9, 1])[0]
        elected = leads or "Chủ tịch" in title
        return title, "cán bộ" if elected else self._rng.choices(["công chức", "hợp đồng"], [9, 1])[0]

    def _attributes(self, username: str, name: str, title: str, category: str, unit: DemoUnit) -> dict[str, list[str]]:
        parts = split_name(name)
        stored = passwords.protect(password_of(username).encode(), uuid.uuid5(NAMESPACE, username).bytes[:8]).decode()
        return {
            "objectClass": ["top", "person", "organizationalPerson", "inetOrgPerson"],
            "uid": [username], "cn": [name], "sn": [parts.family or name], "givenName": [f"{parts.middle or ''} {parts.given}".strip()],
            "displayName": [name], "title": [title], "employeeType": [category], "employeeNumber": [f"HG{self._serial:05d}"],
            "departmentNumber": [unit.code], "ou": [unit.name], "mail": [f"{username}@{MAIL_DOMAIN}"],
            "mobile": [f"09{self._rng.randrange(10**8):08d}"], "businessCategory": ["dang-cong-tac"], "userPassword": [stored],
        }  # fmt: skip

    def _spoil(self, attributes: dict[str, list[str]], name: str) -> str | None:
        """Give every so-many-th person the flaws that real directories have; return an RDN when it is one of them."""
        serial = self._serial
        for every, missing in ((41, "mail"), (47, "employeeNumber"), (53, "title"), (59, "mobile"), (97, "departmentNumber")):
            if serial % every == 7:
                attributes.pop(missing)
        if serial % 29 == 3:
            attributes |= {key: [unicodedata.normalize("NFD", attributes[key][0])] for key in ("cn", "sn", "givenName", "displayName")}
        if serial % 31 == 5:
            attributes["pwdAccountLockedTime"] = ["000001010000Z"]
        if serial % 37 == 11:
            attributes["title"] = [words.ODD_TITLES[serial // 37 % len(words.ODD_TITLES)]]
        if serial % 61 == 13:
            attributes["displayName"] = attributes["cn"] = [name.replace(" ", "  ", 1) + " "]
        if serial % 67 == 17:
            attributes["businessCategory"] = ["nghi-thai-san"]
        if serial % 89 == 19:
            attributes["employeeNumber"] = [f"HG{serial - 3:05d}"]
        if serial % 43 == 23:
            family, _, rest = name.partition(" ")
            odd = (f"{family}, {rest} #{serial}", f'"{rest}" <{serial}>; {family}', f"#{serial} {name} + 1")[serial // 43 % 3]
            attributes["cn"] = [*attributes["cn"], odd]
            return f"cn={escape(odd)}"
        return None
