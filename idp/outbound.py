"""Requests that the server itself makes to addresses which clients registered: never into our own network (SSRF)."""

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import SplitResult, urlencode, urlsplit

import urllib3
from urllib3.exceptions import HTTPError

from idp.settings import current_settings

CONNECT_SECONDS, READ_SECONDS, LARGEST_ANSWER = 3.0, 5.0, 64 * 1024
PATIENT_SECONDS = 1.0
TOO_LARGE = "the answer is too large or too slow"
# Networks that reach IPv4 addresses in disguise: NAT64, 6to4, Teredo.
_DISGUISES = tuple(map(ipaddress.ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")))


class OutboundRefused(Exception):
    """We do not send anything to this address. The text holds no secret."""


class OutboundFailed(Exception):
    """The other side could not be reached, or did not answer in time. The text holds no secret."""


class OutboundBusy(OutboundFailed):
    """Another request waits for a server that does not answer soon; nothing is said about this one."""


@dataclass(frozen=True)
class Fetched:
    """An answer to a GET: its status, media type without parameters, and whole body, which is no larger than was allowed."""

    status: int
    media_type: str
    body: bytes


@dataclass(frozen=True)
class Target:
    """One address, resolved once: what was checked is what is connected to, whatever the name says a moment later."""

    parts: SplitResult
    address: str
    port: int


class _Turn:
    """Whose turn it is to wait for somebody else's server, and since when (monotonic seconds)."""

    def __init__(self) -> None:
        self.taken, self.since = threading.Lock(), float("-inf")


_turn = _Turn()


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """While a request of ours waits for another server, by name or by answer, the others of this process wait for their turn a
    second at most: whoever registers addresses that answer slowly, or not at all, holds up one thread and never all of them.
    Raises OutboundBusy."""
    if not _turn.taken.acquire(timeout=max(0.0, _turn.since + PATIENT_SECONDS - time.monotonic())):
        raise OutboundBusy("another server is being waited for")
    _turn.since = time.monotonic()
    try:
        yield
    finally:
        _turn.taken.release()


def post_form(url: str, fields: dict[str, str], *, public_only: bool = False) -> int:
    """POST a form; return the status of the answer. Redirects are not followed. `public_only` as in `resolve`. Raises OutboundRefused or OutboundFailed."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    status, _headers, _body = _send("POST", resolve(url, public_only=public_only), urlencode(fields), headers, LARGEST_ANSWER)
    return status


def fetch(
    url: str, *, accept: str = "application/json", largest: int = LARGEST_ANSWER, public_only: bool = False, is_ours: bool = False,
    headers: Mapping[str, str] | None = None,
) -> Fetched:  # fmt: skip
    """GET what a client has published; `largest` in bytes, `public_only` and `is_ours` as in `resolve`. Redirects are not followed. Raises OutboundRefused or OutboundFailed,
    also when the answer is larger or takes too long: half of it is worth nothing."""
    with one_at_a_time():
        status, headers, body = _send(
            "GET", resolve(url, public_only=public_only, is_ours=is_ours), None, {"Accept": accept, **(headers or {})}, largest
        )
    if body is None:
        raise OutboundFailed(TOO_LARGE)
    return Fetched(status, headers.get("Content-Type", "").partition(";")[0].strip().lower(), body)


def exchange(method: str, url: str, *, body: bytes | None, headers: dict[str, str], public_only: bool = False) -> Fetched:
    """Send a request with a body of its own, and read what comes back; an answer that is too large has no body. Redirects are not
    followed. Raises OutboundRefused or OutboundFailed."""
    target = resolve(url, public_only=public_only)
    status, answered, received = _send(method, target, body, headers, LARGEST_ANSWER)
    return Fetched(status, answered.get("Content-Type", "").partition(";")[0].strip().lower(), received or b"")


def _send(
    method: str, target: Target, body: str | bytes | None, more: dict[str, str], largest: int
) -> tuple[int, Mapping[str, str], bytes | None]:
    """The status, headers and body of the answer; no body when it is larger than allowed or does not end in time."""
    path = (target.parts.path or "/") + (f"?{target.parts.query}" if target.parts.query else "")
    headers = {"Host": target.parts.netloc, "User-Agent": "hopnhat", "Connection": "close", "Accept-Encoding": "identity", **more}
    pool = _pool(target)
    deadline = time.monotonic() + CONNECT_SECONDS + READ_SECONDS
    try:
        answer = pool.urlopen(
            method, path, body=body, headers=headers, redirect=False, retries=False, preload_content=False, decode_content=False,
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
        )  # fmt: skip
        received = _read(answer, largest, deadline)
        answer.close()
    except (HTTPError, OSError) as error:
        raise OutboundFailed(f"{type(error).__name__} at {target.parts.netloc}") from None
    finally:
        pool.close()
    return int(answer.status), answer.headers, received


def _read(answer: urllib3.BaseHTTPResponse, largest: int, deadline: float) -> bytes | None:
    received = bytearray()
    while part := answer.read(8192):
        received += part
        if len(received) > largest or time.monotonic() > deadline:
            return None
    return bytes(received)


def resolve(url: str, *, public_only: bool = False, is_ours: bool = False) -> Target:
    """Where this URL leads, if we may go there: https to a public address, or an address that the operator allows by
    HOPNHAT_OUTBOUND_ALLOW, which does not count with `public_only`: whoever named the address is known to nobody here. `is_ours`: below our own issuer, which
    the operator has set. Raises
    OutboundRefused or OutboundFailed."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    is_allowed = not public_only and bool({host, f"{host}:{port}"} & current_settings().outbound_allow)
    is_allowed = is_allowed or (is_ours and url.startswith(current_settings().issuer + "/"))
    if parts.scheme not in ("https", "http") or not host or (parts.scheme == "http" and not is_allowed):
        raise OutboundRefused(f"{parts.scheme}://{host} is not https")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        raise OutboundFailed(f"{host} has no address") from None
    addresses = [str(entry[4][0]) for entry in found]
    if not is_allowed and not all(is_public(address) for address in addresses):
        raise OutboundRefused(f"{host} is a private address; HOPNHAT_OUTBOUND_ALLOW does not name it")
    return Target(parts, addresses[0], port)


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the Internet: not loopback, private, link-local, multicast, reserved, or one in disguise."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return is_public(str(ip.ipv4_mapped))
        if any(ip in network for network in _DISGUISES):
            return False
    return ip.is_global and not ip.is_multicast


def _pool(target: Target) -> urllib3.HTTPConnectionPool:
    if target.parts.scheme == "http":
        return urllib3.HTTPConnectionPool(target.address, target.port)
    context = ssl.create_default_context()
    extra = current_settings().outbound_ca_file
    if extra is not None:
        context.load_verify_locations(cafile=extra)
    host = target.parts.hostname
    return urllib3.HTTPSConnectionPool(target.address, target.port, ssl_context=context, server_hostname=host, assert_hostname=host)
