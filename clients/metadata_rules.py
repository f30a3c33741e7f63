"""What a client may be registered with, and why the rest is refused (RFC 7591 §2, §3.2.2)."""

import unicodedata
from dataclasses import replace

from flask_babel import gettext as _

from clients.forward_auth_origins import check_origins
from clients.metadata import ACR, AUTH_METHODS, PUBLIC, SCOPES, SIGNING_ALGORITHMS, ClientMetadata
from clients.redirect_uris import check_uri, check_uris
from clients.registry import is_client_id
from idp.errors import Refusal

LONGEST_NAME = 100
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


class InvalidMetadata(Refusal):
    """Something that a client may not be registered with (RFC 7591 §3.2.2 `invalid_client_metadata`)."""

    reason = "invalid_client_metadata"


def clean_name(name: str) -> str:
    """The name in NFC without what cannot be seen: control characters and those that turn the direction of writing would let a
    name show as another one. Raises InvalidMetadata when nothing is left or it is too long."""
    visible = "".join(" " if unicodedata.category(c) == "Cc" else c for c in name if unicodedata.category(c) not in _UNSEEN - {"Cc"})
    cleaned = unicodedata.normalize("NFC", " ".join(visible.split()))
    if not cleaned or len(cleaned) > LONGEST_NAME:
        raise InvalidMetadata(_("Tên ứng dụng cần có từ 1 đến %(n)s ký tự.", n=LONGEST_NAME))
    return cleaned


def clean_scope(scope: str) -> str:
    """The scopes, each once, in our order, `openid` always among them. Raises InvalidMetadata for one we do not know."""
    asked = set(scope.split())
    unknown = asked - set(SCOPES)
    if unknown:
        raise InvalidMetadata(_("Phạm vi thông tin không có: %(names)s.", names=" ".join(sorted(unknown))[:200]))
    return " ".join(name for name in SCOPES if name in asked or name == "openid")


def acr_of(written: str) -> str:
    """The `acr` value of `aal2` or of its full name. Raises InvalidMetadata."""
    value = ACR.get(written, written)
    if value not in ACR.values():
        raise InvalidMetadata(_("Mức xác thực là aal1, aal2 hoặc aal3."))
    return value


def checked(wanted: ClientMetadata) -> ClientMetadata:
    """The metadata as it may be kept. Raises InvalidMetadata or InvalidRedirectUri, with the reason in words."""
    if wanted.client_id is not None and not is_client_id(wanted.client_id):
        raise InvalidMetadata(_("Mã ứng dụng gồm 1–64 ký tự: chữ không dấu, số, dấu . _ ~ -"))
    if wanted.token_endpoint_auth_method not in AUTH_METHODS:
        raise InvalidMetadata(_("Cách xác thực ứng dụng là một trong: %(names)s.", names=", ".join(AUTH_METHODS)))
    if wanted.id_token_signed_response_alg not in SIGNING_ALGORITHMS:
        raise InvalidMetadata(_("Thuật toán ký là một trong: %(names)s.", names=", ".join(SIGNING_ALGORITHMS)))
    if not wanted.redirect_uris:
        raise InvalidMetadata(_("Cần ít nhất một địa chỉ trả về."))
    if wanted.token_endpoint_auth_method == PUBLIC and not wanted.require_pkce:
        raise InvalidMetadata(_("Ứng dụng không giữ được khóa bí mật thì luôn phải dùng PKCE."))
    return replace(
        wanted,
        client_name=clean_name(wanted.client_name),
        redirect_uris=check_uris(wanted.redirect_uris),
        post_logout_redirect_uris=check_uris(wanted.post_logout_redirect_uris),
        backchannel_logout_uri=check_uri(wanted.backchannel_logout_uri) if wanted.backchannel_logout_uri else None,
        client_uri=check_uri(wanted.client_uri) if wanted.client_uri else None,
        scope=clean_scope(wanted.scope),
        minimum_acr=acr_of(wanted.minimum_acr),
        forward_auth_origins=check_origins(wanted.forward_auth_origins, wanted.redirect_uris),
    )
