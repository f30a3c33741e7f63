"""Addresses that a client may register: absolute, exact, https (plain http on loopback only), nothing hidden in them."""

import ipaddress
import re
from collections.abc import Iterable
from urllib.parse import SplitResult, urlsplit

from flask_babel import gettext as _

from clients.refusals import InvalidMetadata, InvalidRedirectUri
from idp.outbound import is_public
from idp.settings import LOOPBACK_HOSTS, current_settings

LONGEST_URI = 2000
MOST_URIS = 50
NATIVE = "native"
_VISIBLE_ASCII = re.compile(r"[\x21-\x7e]+")
_HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")
_LIKE_A_NUMBER = re.compile(r"(.*\.)?(\d+|0[xX][0-9A-Fa-f]*)\.?")  # browsers read such a host as an IPv4 address
_PRIVATE_SCHEME = re.compile(r"[a-z][a-z0-9-]*(\.[a-z0-9-]+)+:/(/[A-Za-z0-9.-]+([/?].*)?|[^/].*)?")
_LOOPBACK_PORT = re.compile(r"(http://(?:127\.0\.0\.1|\[::1\]|localhost)):(\d{1,5})(?=[/?]|$)")
HIGHEST_PORT = 65535
_FORBIDDEN_CHARACTERS = frozenset('\\*"<>^`{|}')

__all__ = [
    "InvalidRedirectUri",
    "check_for_production",
    "check_published_uri",
    "check_redirect_uris",
    "check_uri",
    "check_uris",
    "is_registered",
]


def check_uri(uri: str, refused: type[InvalidMetadata] = InvalidRedirectUri) -> str:
    """The address as given. Raises InvalidRedirectUri (or `refused`) when codes or logout messages must not be sent to it.

    What is registered is compared byte for byte afterwards (RFC 9700 §4.1.3), so a wildcard, a fragment or user
    information could only mislead (RFC 6749 §3.1.2, RFC 9700 §2.1).
    """
    wrong = _fault(uri)
    if wrong is not None:
        raise refused(_("Địa chỉ “%(uri)s” không dùng được: %(why)s.", uri=uri[:200], why=wrong))
    return uri


def check_uris(uris: tuple[str, ...], refused: type[InvalidMetadata] = InvalidRedirectUri) -> tuple[str, ...]:
    """The addresses, each once, in their order. Raises InvalidRedirectUri (or `refused`)."""
    if len(uris) > MOST_URIS:
        raise refused(_("Đăng ký tối đa %(n)s địa chỉ.", n=MOST_URIS))
    return tuple(dict.fromkeys(check_uri(uri, refused) for uri in uris))


def check_redirect_uris(uris: tuple[str, ...], application_type: str) -> tuple[str, ...]:
    """As `check_uris`; a native application may also use a private-use scheme, named like a domain turned round (RFC 8252 §7.1).
    Raises InvalidRedirectUri."""
    own = tuple(uri for uri in uris if application_type == NATIVE and _is_private_scheme(uri))
    check_uris(tuple(uri for uri in uris if uri not in own))
    if len(uris) > MOST_URIS:
        raise InvalidRedirectUri(_("Đăng ký tối đa %(n)s địa chỉ.", n=MOST_URIS))
    return tuple(dict.fromkeys(uris))


def check_published_uri(uri: str, *, public_only: bool = False) -> str:
    """An address that a client publishes for people or for us to read. Raises InvalidMetadata, as well for one that leads into a
    private network, unless the operator allows its host (HOPNHAT_OUTBOUND_ALLOW) and not `public_only`: whoever looks at it must not be led there."""
    check_uri(uri.partition("#")[0], InvalidMetadata)
    parts = urlsplit(uri)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    if not public_only and {host, f"{host}:{port}"} & current_settings().outbound_allow:
        return uri
    if parts.scheme != "https" or _is_private(host):
        raise InvalidMetadata(_("Địa chỉ “%(uri)s” không dùng được: phải dùng https và nằm ngoài mạng nội bộ.", uri=uri[:200]))
    return uri


def check_for_production(uris: Iterable[str], application_type: str) -> None:
    """Where real work is done, a code goes over plain http only to an application that is installed where the browser runs (RFC 8252
    §7.3). Raises InvalidRedirectUri."""
    plain = [uri for uri in uris if application_type != NATIVE and uri.lower().startswith("http://")]
    if plain:
        raise InvalidRedirectUri(
            _(
                "Địa chỉ “%(uri)s” chỉ có trên chính máy đang mở nó nên không dùng chính thức được: ghi địa chỉ https của máy chủ, hoặc chọn môi trường thử nghiệm.",
                uri=plain[0][:200],
            )
        )


def is_registered(uri: str, registered: frozenset[str], application_type: str) -> bool:
    """Whether a redirect URI is one of the client's, byte for byte; on loopback a native application listens at any port (RFC 8252
    §7.3), since it cannot know which one will be free."""
    if uri in registered:
        return True
    if application_type != NATIVE or not uri.startswith("http://"):
        return False
    found = _LOOPBACK_PORT.match(uri)
    if found is None or not 0 < int(found.group(2)) <= HIGHEST_PORT:
        return False
    return any(
        one.startswith("http://") and _LOOPBACK_PORT.sub(r"\1", one, count=1) == found.group(1) + uri[found.end() :] for one in registered
    )


def _fault(uri: str) -> str | None:  # noqa: PLR0911 - a list of faults
    """What is wrong with an address, in words; None when nothing is."""
    if len(uri) > LONGEST_URI or not _VISIBLE_ASCII.fullmatch(uri) or _FORBIDDEN_CHARACTERS & set(uri):
        return str(_("chỉ gồm ký tự ASCII nhìn thấy được, không có * hay \\, dài tối đa %(n)s ký tự", n=LONGEST_URI))
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        return str(_("không phải là một địa chỉ"))
    if parts.scheme not in ("https", "http") or not uri.startswith((f"{parts.scheme}://", f"{parts.scheme.upper()}://")):
        return str(_("phải bắt đầu bằng https://"))
    if "#" in uri:
        return str(_("không được có phần sau dấu #"))
    if "@" in parts.netloc or port == 0 or not _is_host(parts):
        return str(_("tên máy chủ không hợp lệ hoặc có thông tin đăng nhập"))
    if parts.scheme == "http" and parts.hostname not in LOOPBACK_HOSTS:
        return str(_("phải dùng https (http chỉ dùng cho 127.0.0.1, [::1] và localhost)"))
    if {".", ".."} & set(parts.path.split("/")):
        return str(_("đường dẫn không được có đoạn . hoặc .."))
    return None


def _is_private_scheme(uri: str) -> bool:
    if len(uri) > LONGEST_URI or not _VISIBLE_ASCII.fullmatch(uri) or _FORBIDDEN_CHARACTERS & set(uri) or {"#", "@"} & set(uri):
        return False
    return _PRIVATE_SCHEME.fullmatch(uri) is not None


def _is_host(parts: SplitResult) -> bool:
    host = parts.hostname or ""
    if parts.netloc.startswith("[") or _LIKE_A_NUMBER.fullmatch(host):
        try:
            return bool(ipaddress.IPv6Address(host) if parts.netloc.startswith("[") else ipaddress.IPv4Address(host))
        except ValueError:
            return False
    return _HOST_NAME.fullmatch(host) is not None and ".." not in host


def _is_private(host: str) -> bool:
    if host == "localhost" or host.endswith((".localhost", ".local")):
        return True
    try:
        return not is_public(host)
    except ValueError:
        return False  # a name: resolved and looked at before anything is fetched there
