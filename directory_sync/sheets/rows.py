"""The rows of a file, understood: what each says of a person, or what is wrong with it, told cell by cell."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, NamedTuple

from directory_sync.directory_text import Flaw, clean
from directory_sync.personal_marks import mark_of
from directory_sync.staff_record import CATEGORIES, LONGEST_CODE, LONGEST_STATUS
from idp.people.models import StaffCategory
from idp.people.names import fold, username_key

LONGEST_TEXT, LONGEST_DECISION = 255, 200
EARLIEST, LATEST = date(1900, 1, 1), date(2100, 1, 1)
_FIRST_SERIAL = date(1899, 12, 30)  # day 0 of a spreadsheet, which takes 1900 for a leap year
_DAY = re.compile(r"(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{4})", re.ASCII)
_ISO_DAY, _SERIAL = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII), re.compile(r"[1-9][0-9]{3,4}")
_PERSONAL_ID, _PHONE = re.compile(r"\d{12}"), re.compile(r"\+?[0-9 .()\-]{8,20}")
_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
GENDERS = frozenset({"nam", "nu", "male", "female", "m", "f", "0", "1", "khac"})
_CATEGORIES = (
    CATEGORIES
    | {str(one): one.value for one in StaffCategory}
    | {"cb": "can_bo", "cc": "cong_chuc", "vc": "vien_chuc", "hd": "hop_dong", "nguoi lao dong": "hop_dong"}
)
LEFT = frozenset({"thoi viec", "nghi viec", "da nghi viec", "nghi huu", "da nghi huu", "da nghi", "cham dut hop dong", "buoc thoi viec", "tu tran", "chuyen di", "left", "retired"})  # fmt: skip


class Mistake(NamedTuple):
    """What is wrong with a row: the field, a stable word, and what stands there."""

    field: str
    word: str
    value: str = ""


@dataclass(slots=True)
class SheetRow:
    """One row as it was understood. `key`: by which it is found again; `facts`: what it says; `mark`: of the personal number, which is
    itself let go of here."""

    line: int
    key: str | None = None
    facts: dict[str, str] = field(default_factory=dict)
    unit_code: str | None = None
    mark: bytes | None = None
    effective_on: date | None = None
    decision: str | None = None
    has_left: bool = False
    mistakes: list[Mistake] = field(default_factory=list)


def read_rows(
    rows: Sequence[tuple[int, Sequence[str]]], columns: Sequence[str], key_field: str, units: Mapping[str, str | None]
) -> list[SheetRow]:
    """The rows of a table. `columns`: the field of each column; `units`: the open units by code, None where several have it."""
    found = [
        _row(line, {name: cell for name, cell in zip(columns, cells, strict=False) if name and cell}, key_field, units)
        for line, cells in rows
    ]
    _tell_doubles(found)
    return found


def _row(line: int, cells: Mapping[str, str], key_field: str, units: Mapping[str, str | None]) -> SheetRow:
    row = SheetRow(line)
    for name, text in cells.items():
        _READERS[name](row, name, text)
    if row.unit_code is not None and units.get(row.unit_code) is None:
        row.mistakes.append(Mistake("unit_code", "unit_not_unique" if row.unit_code in units else "no_such_unit", row.unit_code))
    if row.effective_on is not None and not row.decision:
        row.mistakes.append(Mistake("decision", "no_decision"))
    key = row.mark.hex() if key_field == "personal_id" and row.mark else row.facts.get(key_field)
    row.key = username_key(key) if key and key_field in ("mail", "username") else key
    if not row.key or len(row.key) > LONGEST_CODE:
        row.key = None
        if not any(one.field == key_field for one in row.mistakes):
            row.mistakes.append(Mistake(key_field, "no_key"))
    return row


def _tell_doubles(rows: Sequence[SheetRow]) -> None:
    """Two rows of one key, or of one personal number, are both wrong: nobody can say which is meant."""
    keys, marks = Counter(row.key for row in rows if row.key), Counter(row.mark for row in rows if row.mark)
    for row in rows:
        if row.key and keys[row.key] > 1:
            row.mistakes.append(Mistake("", "key_twice"))
        elif row.mark and marks[row.mark] > 1:
            row.mistakes.append(Mistake("personal_id", "id_twice"))


def read_day(text: str) -> date | None:
    """A day as people write it (24/11/2026), as machines do, or as the number that a spreadsheet keeps; None when it is none."""
    try:
        if found := _DAY.fullmatch(text):
            return date(int(found[3]), int(found[2]), int(found[1]))
        if found := _ISO_DAY.fullmatch(text[:10]):
            return date(int(found[1]), int(found[2]), int(found[3]))
        if _SERIAL.fullmatch(text):
            return _FIRST_SERIAL + timedelta(days=int(text))
    except ValueError:
        pass
    return None


def _text(longest: int) -> Any:
    def read(row: SheetRow, name: str, text: str) -> None:
        found = clean(text.encode("utf-8", "replace"), set[Flaw]())
        if found and len(found) > longest:
            row.mistakes.append(Mistake(name, "too_long"))
        elif found:
            row.facts[name] = found

    return read


def _name(row: SheetRow, name: str, text: str) -> None:
    _text(LONGEST_TEXT)(row, name, text)
    if any(sign.isdigit() for sign in row.facts.get(name, "")):
        row.mistakes.append(Mistake(name, "not_a_name", row.facts.pop(name)))


def _day(row: SheetRow, name: str, text: str) -> None:
    day = read_day(text)
    if day is None or not EARLIEST <= day <= LATEST:
        row.mistakes.append(Mistake(name, "no_day", text))
    elif name == "effective_on":
        row.effective_on = day


def _birth(row: SheetRow, name: str, text: str) -> None:
    if not re.fullmatch(r"(19|20)[0-9]{2}", text):  # of older people often only the year is known
        _day(row, name, text)


def _personal_id(row: SheetRow, name: str, text: str) -> None:
    digits = text.replace(" ", "")
    if digits.isascii() and digits.isdigit() and len(digits) in (10, 11):  # a spreadsheet took it for a number and dropped the zeros
        digits = digits.zfill(12)
    if not digits.isascii() or not _PERSONAL_ID.fullmatch(digits):
        row.mistakes.append(Mistake(name, "no_personal_id"))
    else:
        row.mark = mark_of(digits.encode())


def _gender(row: SheetRow, name: str, text: str) -> None:
    if fold(text) not in GENDERS:
        row.mistakes.append(Mistake(name, "no_gender", text))


def _category(row: SheetRow, name: str, text: str) -> None:
    found = _CATEGORIES.get(fold(text))
    if found is None:
        row.mistakes.append(Mistake(name, "no_category", text))
    else:
        row.facts[name] = found


def _unit(row: SheetRow, _name: str, text: str) -> None:
    row.unit_code = text


def _decision(row: SheetRow, _name: str, text: str) -> None:
    if len(text) > LONGEST_DECISION:
        row.mistakes.append(Mistake("decision", "too_long"))
    row.decision = text[:LONGEST_DECISION]


def _mail(row: SheetRow, name: str, text: str) -> None:
    if not _MAIL.fullmatch(text) or len(text) > LONGEST_TEXT or not username_key(text):
        row.mistakes.append(Mistake(name, "no_mail", text))
    else:
        row.facts[name] = text


def _phone(row: SheetRow, name: str, text: str) -> None:
    if not _PHONE.fullmatch(text):
        row.mistakes.append(Mistake(name, "no_phone", text))
    else:
        row.facts[name] = text


def _status(row: SheetRow, _name: str, text: str) -> None:
    row.has_left = fold(text) in LEFT
    if not row.has_left:
        _text(LONGEST_STATUS)(row, "employment_status", text)


def _username(row: SheetRow, name: str, text: str) -> None:
    if not username_key(text) or len(text) > LONGEST_TEXT:
        row.mistakes.append(Mistake(name, "no_username", text))
    else:
        row.facts[name] = text


_READERS: dict[str, Any] = {
    "staff_code": _text(LONGEST_CODE), "personal_id": _personal_id, "name": _name, "birth": _birth, "gender": _gender,
    "staff_category": _category, "unit_code": _unit, "title": _text(LONGEST_TEXT), "effective_on": _day, "decision": _decision,
    "username": _username, "mail": _mail, "phone": _phone, "status": _status,
}  # fmt: skip
