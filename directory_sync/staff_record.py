"""What the directory says of one person, understood: plain facts in NFC, and what is wrong with the entry."""

import hashlib
import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from directory_sync.directory_text import Flaw, clean, tidy
from directory_sync.unit_tree import UnitTree
from idp import clock
from idp.people.models import StaffCategory
from idp.people.names import fold, username_key

ATTRIBUTES = (
    "entryUUID", "uid", "displayName", "cn", "title", "mail", "mobile", "telephoneNumber", "employeeNumber", "employeeType",
    "departmentNumber", "businessCategory", "pwdAccountLockedTime", "nsAccountLock", "loginDisabled", "userAccountControl", "lockoutTime",
    "modifyTimestamp", "whenChanged",
)  # fmt: skip
UNDERSTANDING = b"2"  # another number when this module reads entries differently: then every entry is understood anew
ACCOUNT_DISABLED = 0x2  # of userAccountControl, [MS-ADTS] 2.2.16
NOT_LOCKED = frozenset({b"", b"0"})
LOCKED_OUT = 0x10  # of msDS-User-Account-Control-Computed, [MS-ADTS] 3.1.1.4.5.17
LOCKOUT_NOW = "msds-user-account-control-computed"
LONGEST_NUMBER, LONGEST_TICKS = 10, 19
NEVER = 2_650_467_744_000_000_000  # the year 10000
NO_FLAWS: frozenset[Flaw] = frozenset()  # one for all, since an empty one of their own is a sixth of what is kept of somebody
_FROM_1601 = datetime(1601, 1, 1, tzinfo=UTC)
_UTC_TIME = re.compile(rb"[0-9]{14}(?:[.,][0-9]{1,6})?Z")
LONGEST_NAME, LONGEST_KEY, LONGEST_CODE, LONGEST_STATUS = 255, 255, 64, 32
CATEGORIES = {
    "can bo": StaffCategory.CAN_BO.value,
    "cong chuc": StaffCategory.CONG_CHUC.value,
    "vien chuc": StaffCategory.VIEN_CHUC.value,
    "hop dong": StaffCategory.HOP_DONG.value,
    "nguoi lao dong hop dong": StaffCategory.HOP_DONG.value,
}


class StaffRecord(NamedTuple):
    """The facts of one person. `unit_key` is the entryUUID of their unit; `locked`: the directory lets them in no more, for good or for
    a time.

    A tuple, because there are tens of thousands in memory at once.
    """

    source_key: str
    digest: bytes
    directory_dn: str
    username: str | None
    username_key: str | None
    mail: str | None
    mail_key: str | None
    phone: str | None
    staff_code: str | None
    staff_category: str | None
    name: str
    title: str | None
    employment_status: str | None
    unit_key: str | None
    locked: bool
    flaws: frozenset[Flaw]
    changed: bytes | None = None  # when the entry was changed, as the directory writes it
    alias_key: str | None = None  # another name that the directory takes at sign-in
    personal_mark: bytes | None = None  # a keyed digest of the personal identification number

    @property
    def changed_at(self) -> datetime | None:
        """When the entry was changed: a generalized time in UTC (RFC 4517 §3.3.13), with or without fractions."""
        value = self.changed
        if value is None or not _UTC_TIME.fullmatch(value):
            return None
        try:
            return datetime(*map(int, (value[:4], *(value[at : at + 2] for at in range(4, 14, 2)))), tzinfo=UTC)  # type: ignore[misc,arg-type]
        except ValueError:
            return None


def digest_of(raw: bytes, unit_key: str | None, tree: UnitTree) -> bytes:
    """32 bytes that stay the same as long as everything does from which the facts follow: the entry as it came over the wire,
    its unit, and this module. Whoever has the same digest as before need not be understood again."""
    return hashlib.sha256(UNDERSTANDING + (unit_key.encode() if unit_key else tree.print) + raw).digest()


def understand(dn: str, attributes: dict[str, list[bytes]], source_key: str, digest: bytes, tree: UnitTree) -> StaffRecord:
    """The facts of an entry; `attributes` by lower-case name."""
    flaws: set[Flaw] = set()

    def text(name: str, longest: int = LONGEST_NAME) -> str | None:
        values = attributes.get(name)
        found = clean(values[0], flaws) if values else None
        if found and len(found) > longest:
            flaws.add(Flaw.TOO_LONG)
            return None
        return found

    def common(name: str, longest: int = LONGEST_NAME) -> str | None:
        """What many have alike: understood once, and kept once."""
        values = attributes.get(name)
        if not values:
            return None
        found, wrong = tidy(values[0])
        if wrong:
            flaws.update(wrong)
        if found and len(found) > longest:
            flaws.add(Flaw.TOO_LONG)
            return None
        return found

    username = text("uid", LONGEST_KEY)
    mail = _mail(attributes.get("mail", []), username, flaws)
    code, title = text("employeenumber", LONGEST_CODE), common("title")
    category = _category(common("employeetype") or "")
    unit_key = _unit(dn, common("departmentnumber"), tree, flaws)
    name = text("displayname") or text("cn")
    key, mail_key = _key(username), _key(mail)
    if not (username and key and mail and code and title and category and name and unit_key):
        flaws |= {
            flaw
            for flaw, value in (
                (Flaw.NO_USERNAME, username), (Flaw.UNUSABLE_USERNAME, key or not username), (Flaw.NO_MAIL, mail), (Flaw.NO_STAFF_CODE, code),
                (Flaw.NO_TITLE, title), (Flaw.UNKNOWN_CATEGORY, category), (Flaw.NO_NAME, name), (Flaw.NO_UNIT, unit_key),
            )
            if not value
        }  # fmt: skip
    return StaffRecord(
        source_key, digest, dn, username, key, mail, mail_key,
        text("mobile", LONGEST_CODE) or text("telephonenumber", LONGEST_CODE), code, category, name or username or source_key, title,
        common("businesscategory", LONGEST_STATUS), unit_key, _is_locked(attributes), frozenset(flaws) if flaws else NO_FLAWS,
        _changed(attributes),
        alias_key=_key(text("alias", LONGEST_KEY)),
    )  # fmt: skip


@lru_cache(maxsize=256)
def _category(text: str) -> str | None:
    return CATEGORIES.get(fold(text))


def _key(text: str | None) -> str | None:
    """The key of a name, as the same object when it is the same text: there are tens of thousands in memory."""
    key = username_key(text) if text else None
    return text if key == text else key


def _mail(values: list[bytes], username: str | None, flaws: set[Flaw]) -> str | None:
    """The address that goes with the username when there are several, else the first."""
    if len(values) == 1:
        text = clean(values[0], flaws)
        return text if text and "@" in text and len(text) <= LONGEST_KEY else None
    found = [text for text in (clean(value, flaws) for value in values) if text and "@" in text and len(text) <= LONGEST_KEY]
    if len(found) > 1:
        flaws.add(Flaw.SEVERAL_MAILS)
    return next((text for text in found if username and text.lower().startswith(username.lower() + "@")), found[0] if found else None)


def _unit(dn: str, code: str | None, tree: UnitTree, flaws: set[Flaw]) -> str | None:
    """Where the entry hangs in the tree; for one that hangs outside of it, the unit whose code it carries."""
    hangs, named = tree.unit_above(dn), tree.by_code.get(code or "")
    if hangs and named and hangs != named:
        flaws.add(Flaw.OTHER_UNIT)
    return hangs or named


_LOCKS = frozenset(
    {"pwdaccountlockedtime", "nsaccountlock", "logindisabled", "useraccountcontrol", LOCKOUT_NOW, "lockouttime", "accountexpires"}
)


def _is_locked(attributes: dict[str, list[bytes]]) -> bool:
    """Whether the directory has locked or disabled the account: password policy of OpenLDAP (for good or for a time), of 389 and
    of eDirectory, and Active Directory. Also a lock for a time ends what the person has: whoever set it off may be somebody else,
    who sits in a session. It is gone from the entry with the next password that the directory takes, and a sync brings them back."""

    if _LOCKS.isdisjoint(attributes):
        return False

    def values(name: str) -> list[bytes]:
        return attributes.get(name, [])

    return (
        any(values("pwdaccountlockedtime"))
        or any(value.lower() == b"true" for name in ("nsaccountlock", "logindisabled") for value in values(name))
        or any(value.isdigit() and len(value) <= LONGEST_NUMBER and int(value) & ACCOUNT_DISABLED for value in values("useraccountcontrol"))
        or _is_locked_out(values(LOCKOUT_NOW), values("lockouttime"))
        or has_expired(values("accountexpires"))
    )


def _is_locked_out(now: list[bytes], since: list[bytes]) -> bool:
    """Whether too many wrong passwords keep somebody out of a domain: at this moment, where it says so, else ever since."""
    if now and now[0].lstrip(b"-").isdigit():
        return bool(int(now[0][: LONGEST_NUMBER + 1]) & LOCKED_OUT)
    return any(value not in NOT_LOCKED for value in since)


def has_expired(values: list[bytes]) -> bool:
    """Whether an account has ended: accountExpires, in tenths of a microsecond since 1601; 0 and very large ones are never."""
    if not values or not values[0].isdigit():
        return False
    ticks = int(values[0][:LONGEST_TICKS])
    return 0 < ticks < NEVER and _FROM_1601 + timedelta(microseconds=ticks // 10) <= clock.now()


def _changed(attributes: dict[str, list[bytes]]) -> bytes | None:
    found = attributes.get("modifytimestamp") or attributes.get("whenchanged")
    return found[0] if found else None
