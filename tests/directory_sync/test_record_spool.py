"""Rules of where a run keeps what it has read: in order, in little memory, and nowhere once the process is gone."""

import os
import tracemalloc
from pathlib import Path

import pytest

from directory_sync.directory_text import Flaw
from directory_sync.record_spool import RecordSpool, newcomers_in, only, to_look_at
from directory_sync.staff_record import StaffRecord


def _record(number: int, **other: object) -> StaffRecord:
    facts = StaffRecord(
        f"{number:036d}", bytes([number % 256]) * 32, f"uid=nguoi{number},dc=tinh", f"nguoi{number}", f"nguoi{number}", None, None, "",
        f"HG{number}", "cong_chuc", "Nguyễn Thị Ơn\0", "Chuyên viên", None, "unit", number % 3 == 0, frozenset(),
        b"20260105010203Z" if number % 2 else None, None, bytes(32) if number % 5 == 0 else None,
    )  # fmt: skip
    return facts._replace(**other)  # type: ignore[arg-type]


def _both(count: int) -> tuple[RecordSpool, dict[str, StaffRecord]]:
    spool, plain = RecordSpool(), {record.source_key: record for record in map(_record, range(count))}
    spool.update(plain)
    return spool, plain


def test_it_holds_what_a_dictionary_would_in_the_same_order() -> None:
    spool, plain = _both(500)
    for number in (3, 499, 7):
        key = f"{number:036d}"
        spool[key] = plain[key] = plain[key]._replace(name="Giàng", flaws=frozenset({Flaw.NO_MAIL, Flaw.NO_UNIT}))
    for number in (0, 250):
        del spool[f"{number:036d}"], plain[f"{number:036d}"]
    assert list(spool.items()) == list(plain.items())
    assert (len(spool), "nobody" in spool, spool.get("nobody")) == (498, False, None)
    spool[f"{0:036d}"] = _record(0)
    assert len(spool) == 499
    with pytest.raises(KeyError):
        spool["nobody"]
    with pytest.raises(KeyError):
        spool.pop(f"{250:036d}")


def test_newcomers_are_those_not_known_and_each_is_read_when_asked_for() -> None:
    spool, plain = _both(100)
    known = set(list(plain)[::2])
    joins = newcomers_in(spool, known)
    assert list(joins) == newcomers_in(plain, known) == [record for key, record in plain.items() if key not in known]
    read = list(joins)
    assert (joins[0], joins[-1], joins[1:3]) == (read[0], read[-1], read[1:3])
    assert list(only(joins, lambda one: one.locked)) == [one for one in read if one.locked]
    assert list(newcomers_in(spool, ())) == list(plain.values())
    del spool[read[0].source_key]
    assert len(newcomers_in(spool, ())) == 99


def test_what_has_to_be_looked_at_is_what_has_a_flaw_or_is_named() -> None:
    spool, plain = _both(50)
    flawed, named = f"{20:036d}", f"{30:036d}"
    for records in (spool, plain):
        records[flawed] = records[flawed]._replace(flaws=frozenset({Flaw.NO_MAIL}))
    for newcomers in (newcomers_in(spool, {f"{40:036d}"}), newcomers_in(plain, {f"{40:036d}"})):
        assert [one.source_key for one in to_look_at(newcomers, {named, f"{40:036d}", "nobody"})] == [flawed, named]


def test_the_file_is_its_owners_and_has_no_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    spool, _plain = _both(3)
    assert spool._file is not None
    told = os.fstat(spool._file.fileno())
    assert (list(tmp_path.iterdir()), told.st_nlink, told.st_mode & 0o777) == ([], 0, 0o600)


def test_who_is_new_takes_no_more_than_two_hundred_bytes_of_memory() -> None:
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    spool = RecordSpool()
    for number in range(20_000):
        spool[f"{number:036d}"] = _record(number)
    joins = newcomers_in(spool, ())
    assert sum(1 for _ in joins) == 20_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (peak - before) / 20_000 < 200
