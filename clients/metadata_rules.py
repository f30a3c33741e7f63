"""What a client may be registered with, and why the rest is refused (RFC 7591 §2, §3.2.2): the rules in the order they are looked at."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import replace

from flask_babel import gettext as _

from clients.address_rules import with_addresses
from clients.forward_auth_origins import check_origins
from clients.key_rules import with_keys
from clients.metadata import ACR, FAPI2, FAPI2_MESSAGE_SIGNING, JWT, OPAQUE, PUBLIC, SCOPES, ClientMetadata
from clients.path_rules import check_rules
from clients.profile_rules import with_profile
from clients.refusals import InvalidMetadata
from clients.registry import is_client_id
from clients.resources import is_identifier

LONGEST_NAME, LONGEST_TEXT, MOST_CONTACTS, MOST_RESOURCES = 100, 255, 10, 50
LONGEST_AGE = 366 * 86400  # seconds
AUTHORIZATION_CODE, REFRESH_TOKEN, CLIENT_CREDENTIALS = "authorization_code", "refresh_token", "client_credentials"
DEVICE_CODE, TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:device_code", "urn:ietf:params:oauth:grant-type:token-exchange"
GRANT_TYPES = (AUTHORIZATION_CODE, REFRESH_TOKEN, CLIENT_CREDENTIALS, DEVICE_CODE, TOKEN_EXCHANGE)
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_CONTACT = re.compile(r"[^\s@<>\"]{1,64}@[A-Za-z0-9.-]{1,255}|\+?[0-9 ().-]{3,30}|https://[\x21-\x7e]{1,200}")

__all__ = ["GRANT_TYPES", "InvalidMetadata", "acr_of", "checked", "clean_name", "clean_scope", "is_contact"]


def clean_name(name: str) -> str:
    """The name in NFC without what cannot be seen: control characters and those that turn the direction of writing would let a
    name show as another one. Raises InvalidMetadata when nothing is left or it is too long."""
    visible = "".join(" " if unicodedata.category(c) == "Cc" else c for c in name if unicodedata.category(c) not in _UNSEEN - {"Cc"})
    cleaned = unicodedata.normalize("NFC", " ".join(visible.split()))
    if not cleaned or len(cleaned) > LONGEST_NAME:
        raise InvalidMetadata(_("Tên ứng dụng cần có từ 1 đến %(n)s ký tự.", n=LONGEST_NAME))
    return cleaned


def clean_scope(scope: str, of_resources: Iterable[str] = (), *, of_people: bool = True) -> str:
    """The scopes, each once, ours first in our order, `openid` always among them; then those that resources define. A client that
    nobody signs in to (`of_people` False) has those of resources alone. Raises InvalidMetadata for one that nobody knows."""
    asked = set(scope.split())
    further = asked & set(of_resources)
    unknown = asked - set(SCOPES) - further
    if unknown:
        raise InvalidMetadata(_("Phạm vi thông tin không có: %(names)s.", names=" ".join(sorted(unknown))[:200]))
    ours = [name for name in SCOPES if name in asked or name == "openid"] if of_people else []
    return " ".join([*ours, *sorted(further)])


def is_contact(written: str) -> bool:
    """Whether somebody can be reached by this: a mail address, a phone number or a page."""
    return _CONTACT.fullmatch(written) is not None


def acr_of(written: str) -> str:
    """The `acr` value of `aal2` or of its full name. Raises InvalidMetadata."""
    value = ACR.get(written, written)
    if value not in ACR.values():
        raise InvalidMetadata(_("Mức xác thực là aal1, aal2 hoặc aal3."))
    return value


def checked(wanted: ClientMetadata, *, scopes_of_resources: Iterable[str] = ()) -> ClientMetadata:
    """The metadata as it may be kept: its profile's settings put in, everything looked at. Raises InvalidMetadata or
    InvalidRedirectUri, with the reason in words."""
    if wanted.client_id is not None and not is_client_id(wanted.client_id):
        raise InvalidMetadata(_("Mã ứng dụng gồm 1–64 ký tự: chữ không dấu, số, dấu . _ ~ -"))
    if wanted.profile not in ("", FAPI2, FAPI2_MESSAGE_SIGNING):
        raise InvalidMetadata(_("Bộ quy tắc là %(names)s, hoặc để trống.", names=f"{FAPI2}, {FAPI2_MESSAGE_SIGNING}"))
    told = with_profile(_with_grants(_with_facts(wanted, scopes_of_resources)))
    return with_keys(with_addresses(told))


def _with_facts(wanted: ClientMetadata, scopes_of_resources: Iterable[str]) -> ClientMetadata:
    if wanted.default_max_age is not None and not 0 <= wanted.default_max_age <= LONGEST_AGE:
        raise InvalidMetadata(_("default_max_age từ 0 đến %(n)s giây.", n=LONGEST_AGE))
    if len(wanted.contacts) > MOST_CONTACTS or not all(is_contact(contact) for contact in wanted.contacts):
        raise InvalidMetadata(_("Liên hệ là địa chỉ thư, số điện thoại hoặc địa chỉ https, tối đa %(n)s.", n=MOST_CONTACTS))
    for text in (wanted.software_id, wanted.software_version):
        if text is not None and (not 0 < len(text) <= LONGEST_TEXT or not text.isprintable()):
            raise InvalidMetadata(_("software_id và software_version dài tối đa %(n)s ký tự.", n=LONGEST_TEXT))
    if wanted.access_token_format not in (OPAQUE, JWT):
        raise InvalidMetadata(_("Dạng mã truy cập là opaque hoặc jwt."))
    if len(wanted.resources) > MOST_RESOURCES or not all(is_identifier(resource) for resource in wanted.resources):
        raise InvalidMetadata(_("Mã tài nguyên là URI tuyệt đối, không có dấu #, tối đa %(n)s.", n=MOST_RESOURCES))
    if len(wanted.token_exchange_from) > MOST_RESOURCES or not all(is_client_id(one) for one in wanted.token_exchange_from):
        raise InvalidMetadata(_("token_exchange_from gồm mã ứng dụng, tối đa %(n)s.", n=MOST_RESOURCES))
    return replace(
        wanted,
        client_name=clean_name(wanted.client_name),
        scope=clean_scope(wanted.scope, scopes_of_resources, of_people=bool({AUTHORIZATION_CODE, DEVICE_CODE} & set(wanted.grant_types))),
        minimum_acr=acr_of(wanted.minimum_acr),
        default_acr_values=tuple(dict.fromkeys(map(acr_of, wanted.default_acr_values))),
        resources=tuple(dict.fromkeys(wanted.resources)),
        forward_auth_origins=check_origins(wanted.forward_auth_origins, wanted.redirect_uris),
        path_rules=check_rules(wanted.path_rules),
    )


def _with_grants(wanted: ClientMetadata) -> ClientMetadata:
    """RFC 7591 §2.1: `code` and authorization_code go together; implicit and hybrid are off."""
    asked = set(wanted.grant_types)
    if not asked or not asked <= set(GRANT_TYPES):
        raise InvalidMetadata(_("grant_types gồm một hoặc nhiều trong: %(names)s.", names=", ".join(GRANT_TYPES)))
    if asked == {REFRESH_TOKEN}:
        raise InvalidMetadata(_("refresh_token chỉ có nghĩa bên cạnh một cách cấp mã khác."))
    if asked & {CLIENT_CREDENTIALS, TOKEN_EXCHANGE} and wanted.token_endpoint_auth_method == PUBLIC:
        raise InvalidMetadata(_("Ứng dụng không tự chứng minh được thì không được cấp mã cho chính mình hoặc đổi mã."))
    expected = ("code",) if AUTHORIZATION_CODE in asked else ()
    if wanted.response_types not in (expected, ("code",)):
        raise InvalidMetadata(_("response_types là code, cùng với grant_types authorization_code."))
    if AUTHORIZATION_CODE in asked and not wanted.redirect_uris:
        raise InvalidMetadata(_("Cần ít nhất một địa chỉ trả về."), reason="invalid_redirect_uri")
    if wanted.token_endpoint_auth_method == PUBLIC and not wanted.require_pkce:
        raise InvalidMetadata(_("Ứng dụng không giữ được khóa bí mật thì luôn phải dùng PKCE."))
    return replace(wanted, grant_types=tuple(grant for grant in GRANT_TYPES if grant in asked), response_types=expected)
