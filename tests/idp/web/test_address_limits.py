"""Rules of counting what an address does."""

import time

import pytest
from flask import Flask
from limits import parse
from limits.strategies import FixedWindowRateLimiter

from idp.web import address_limits
from idp.web.address_limits import OwnMemory

LIMIT = parse("3/minute")


def test_an_address_gets_what_the_limit_says_and_others_are_counted_apart() -> None:
    limiter = FixedWindowRateLimiter(OwnMemory())
    assert [limiter.hit(LIMIT, "sign-in", "10.0.0.1") for _ in range(5)] == [True, True, True, False, False]
    assert limiter.hit(LIMIT, "sign-in", "10.0.0.2")


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("2001:db8:0:1::1", "2001:db8:0:1::/64"),
        ("2001:db8:0:1:ffff:ffff:ffff:ffff", "2001:db8:0:1::/64"),
        ("2001:db8:0:2::1", "2001:db8:0:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("unknown", "unknown"),
    ],
)
def test_whoever_has_a_network_of_ipv6_is_counted_once_and_not_by_each_of_its_addresses(address: str, counted: str) -> None:
    """LOG-013."""
    with Flask(__name__).test_request_context("/", environ_base={"REMOTE_ADDR": address}):
        assert address_limits.counted_address() == counted


def test_a_count_is_forgotten_when_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = OwnMemory()
    assert [memory.incr("key", 60) for _ in range(2)] == [1, 2]
    now = time.time()
    monkeypatch.setattr("time.time", lambda: now + 61)
    assert memory.incr("key", 60) == 1


def test_a_flood_of_addresses_takes_no_more_memory_than_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """LOG-037."""
    monkeypatch.setattr(address_limits, "MOST_COUNTS", 100)
    memory = OwnMemory()
    for number in range(1000):
        memory.incr(f"address {number}", 60)
    assert len(memory._counts) <= 100
