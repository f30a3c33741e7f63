"""Rules of sealing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.sealing import SealBroken, SealingKeys, new_key

KEYS = SealingKeys(new_key(1))


@given(plaintext=st.binary(max_size=200), context=st.text(max_size=40))
def test_what_is_sealed_opens_for_the_same_context(plaintext: bytes, context: str) -> None:
    assert KEYS.open(KEYS.seal(plaintext, context), context) == plaintext
    assert KEYS.open_text(KEYS.seal_text(plaintext, context), context) == plaintext


def test_a_sealed_value_does_not_open_in_another_place() -> None:
    with pytest.raises(SealBroken):
        KEYS.open(KEYS.seal(b"secret", "totp_credential:1"), "totp_credential:2")


@given(position=st.integers(min_value=0, max_value=33), bit=st.integers(min_value=0, max_value=7))
def test_a_changed_bit_breaks_the_seal(position: int, bit: int) -> None:
    sealed = bytearray(KEYS.seal(b"12345", "place"))
    sealed[position] ^= 1 << bit
    with pytest.raises(SealBroken):
        KEYS.open(bytes(sealed), "place")


@given(garbage=st.text(max_size=60))
def test_garbage_is_refused_as_a_broken_seal(garbage: str) -> None:
    with pytest.raises(SealBroken):
        KEYS.open_text(garbage, "place")


def test_a_new_key_in_front_seals_and_the_old_one_still_opens() -> None:
    old, new = new_key(1), new_key(2)
    sealed = SealingKeys(old).seal(b"secret", "place")
    rotated = SealingKeys(f"{new},{old}")
    assert rotated.open(sealed, "place") == b"secret"
    with pytest.raises(SealBroken):
        SealingKeys(old).open(rotated.seal(b"secret", "place"), "place")


@pytest.mark.parametrize(
    "written",
    ["", "x", "1:", "1:AAAA", "0:" + new_key()[2:], "256:" + new_key()[2:], f"{new_key(1)},{new_key(1)}"],
    ids=["empty", "word", "no key", "short key", "number 0", "number 256", "one number twice"],
)
def test_a_key_that_is_not_well_written_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="sealing key"):
        SealingKeys(written)
