"""Rules of how everybody known is kept in little room."""

import tracemalloc
import uuid

import pytest

from directory_sync.compact_people import CompactPeople, KnownPerson, Seen


def _many(count: int) -> tuple[CompactPeople, dict[str, KnownPerson]]:
    compact, plain = CompactPeople(), {}
    for number in range(count):
        person = KnownPerson(
            uuid.UUID(int=number), None if number % 7 == 0 else bytes([number % 256]) * 32, "active", None, number % 3 == 0
        )
        key = str(uuid.uuid5(uuid.NAMESPACE_OID, str(number))) if number % 2 else f"khóa-{number}"
        compact.add(key, *person)
        plain[key] = person
    return compact, plain


def test_it_holds_what_a_dictionary_would() -> None:
    compact, plain = _many(3000)
    assert dict(compact) == plain
    assert len(compact) == 3000
    assert "nobody" not in compact
    assert compact.get("nobody") is None
    with pytest.raises(KeyError):
        compact["nobody"]
    assert sorted(compact.standings()) == sorted((key, one.state, one.state_reason, one.locked) for key, one in plain.items())


def test_a_digest_is_that_of_the_one_with_the_key() -> None:
    compact, plain = _many(300)
    for key, person in plain.items():
        assert not compact.has_digest(key, b"no" * 16)
        assert person.digest is None or compact.has_digest(key, person.digest)
    assert not compact.has_digest("nobody", bytes(32))


def test_who_was_seen_is_counted_once_whether_known_or_not() -> None:
    compact, plain = _many(100)
    fresh = {"new", "newer"}
    seen, wanted = Seen(compact, fresh), {*list(plain)[::2], *fresh}
    for _ in range(2):
        seen.update(wanted)
    assert (set(seen), len(seen)) == (wanted, len(wanted))
    assert all((key in seen) == (key in wanted) for key in (*plain, "new", "other"))
    for key in (next(iter(plain)), "other"):
        seen.discard(key)
    assert set(seen) == wanted - {next(iter(plain))}


def test_who_is_known_and_reads_differently_is_seen_once() -> None:
    compact, plain = _many(10)
    changed = next(iter(plain))
    seen = Seen(compact, {changed, "new"})
    seen.update({changed, "new"})
    assert (set(seen), len(seen)) == ({changed, "new"}, 2)


def test_a_person_takes_no_more_than_two_hundred_bytes() -> None:
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    held = CompactPeople()
    digest = bytes(32)
    for number in range(40_000):
        held.add(f"{number:036d}", uuid.UUID(int=number), digest, "active", None, False)
    seen = Seen(held, set())
    seen.update(f"{number:036d}" for number in range(40_000))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(seen) == 40_000
    assert (peak - before) / 40_000 < 200
