"""Addresses that a client may register: absolute, exact, https (plain http on loopback only), nothing hidden in them."""

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

from flask_babel import gettext as _

from idp.errors import Refusal
from idp.settings import LOOPBACK_HOSTS

LONGEST_URI = 2000
MOST_URIS = 50
_VISIBLE_ASCII = re.compile(r"[\x21-\x7e]+")
_HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")
_FORBIDDEN_CHARACTERS = frozenset('\\*"<>^`{|}')


class InvalidRedirectUri(Refusal):
    """An address that a client may not register (RFC 7591 §3.2.2 `invalid_redirect_uri`)."""

    reason = "invalid_redirect_uri"


def check_uri(uri: str) -> str:
    """The address as given. Raises InvalidRedirectUri when codes or logout messages must not be sent to it.

    What is registered is compared byte for byte afterwards (RFC 9700 §4.1.3), so a wildcard, a fragment or user
    information could only mislead (RFC 6749 §3.1.2, RFC 9700 §2.1).
    """
    if len(uri) > LONGEST_URI or not _VISIBLE_ASCII.fullmatch(uri) or _FORBIDDEN_CHARACTERS & set(uri):
        raise _refusal(uri, _("chỉ gồm ký tự ASCII nhìn thấy được, không có * hay \\, dài tối đa %(n)s ký tự", n=LONGEST_URI))
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        raise _refusal(uri, _("không phải là một địa chỉ")) from None
    if parts.scheme not in ("https", "http") or not uri.startswith((f"{parts.scheme}://", f"{parts.scheme.upper()}://")):
        raise _refusal(uri, _("phải bắt đầu bằng https://"))
    if "#" in uri:
        raise _refusal(uri, _("không được có phần sau dấu #"))
    if "@" in parts.netloc or port == 0 or not _is_host(parts):
        raise _refusal(uri, _("tên máy chủ không hợp lệ hoặc có thông tin đăng nhập"))
    if parts.scheme == "http" and parts.hostname not in LOOPBACK_HOSTS:
        raise _refusal(uri, _("phải dùng https (http chỉ dùng cho 127.0.0.1, [::1] và localhost)"))
    if {".", ".."} & set(parts.path.split("/")):
        raise _refusal(uri, _("đường dẫn không được có đoạn . hoặc .."))
    return uri


def check_uris(uris: tuple[str, ...]) -> tuple[str, ...]:
    """The addresses, each once, in their order. Raises InvalidRedirectUri."""
    if len(uris) > MOST_URIS:
        raise InvalidRedirectUri(_("Đăng ký tối đa %(n)s địa chỉ trả về.", n=MOST_URIS))
    return tuple(dict.fromkeys(check_uri(uri) for uri in uris))


def _is_host(parts: SplitResult) -> bool:
    host = parts.hostname or ""
    if parts.netloc.startswith("["):
        try:
            return bool(ipaddress.IPv6Address(host))
        except ValueError:
            return False
    return _HOST_NAME.fullmatch(host) is not None and ".." not in host


def _refusal(uri: str, why: str) -> InvalidRedirectUri:
    return InvalidRedirectUri(_("Địa chỉ “%(uri)s” không dùng được: %(why)s.", uri=uri[:200], why=why))
