"""The form of an application: what it asks for, how it is read, and what goes together with a chosen method."""

from dataclasses import asdict
from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from clients import resources
from clients.key_rules import TLS_NAMES
from clients.lifetimes import BOUNDS
from clients.metadata import (
    ACR,
    AUTH_METHODS,
    FAPI2,
    FAPI2_MESSAGE_SIGNING,
    JWT,
    OPAQUE,
    PUBLIC,
    SCOPES,
    SIGNING_ALGORITHMS,
    TLS_CLIENT_AUTH,
    ClientMetadata,
)
from clients.metadata_rules import GRANT_TYPES
from clients.refusals import InvalidMetadata
from idp.compact_jws import UnreadableJwt, strict_json
from idp.console.words import assurance_words
from idp.database import reader

TEXTS = (
    "client_name", "application_type", "client_uri", "initiate_login_uri", "logo_uri", "policy_uri", "tos_uri", "backchannel_logout_uri",
    "frontchannel_logout_uri", "minimum_acr", "subject_type", "sector_identifier_uri", "token_endpoint_auth_method", "jwks_uri",
    "tls_client_auth_subject_dn", "profile", "access_token_format", "id_token_signed_response_alg", "userinfo_signed_response_alg",
)  # fmt: skip
LISTS = ("redirect_uris", "post_logout_redirect_uris", "contacts", "resources")
TICKS = (
    "require_pkce", "require_consent", "dpop_bound_access_tokens", "tls_client_certificate_bound_access_tokens",
    "require_pushed_authorization_requests", "require_signed_request_object",
)  # fmt: skip
ALWAYS = frozenset({"client_name", "application_type", "subject_type", "profile", "access_token_format"})  # "" is no wish to have none
# What the page of an application tells in words; the rest is listed by its name.
SHOWN = frozenset({
    *TEXTS, *LISTS, "client_id", "scope", "require_pkce", "require_consent", "grant_types", "response_types", "jwks",
    "dpop_bound_access_tokens", "tls_client_certificate_bound_access_tokens", "require_pushed_authorization_requests",
    "require_signed_request_object", *BOUNDS,
})  # fmt: skip
METHOD_WORDS = {
    "client_secret_basic": _l("Khóa bí mật, gửi trong tiêu đề (client_secret_basic)"),
    "client_secret_post": _l("Khóa bí mật, gửi trong nội dung (client_secret_post)"),
    "client_secret_jwt": _l("Ký bằng khóa bí mật, không gửi khóa (client_secret_jwt)"),
    "private_key_jwt": _l("Ký bằng khóa riêng của ứng dụng (private_key_jwt)"),
    "tls_client_auth": _l("Chứng thư TLS do tổ chức tin cậy cấp (tls_client_auth)"),
    "self_signed_tls_client_auth": _l("Chứng thư TLS tự ký (self_signed_tls_client_auth)"),
    "none": _l("Không giữ được khóa: ứng dụng một trang hoặc di động (none)"),
}
GRANT_WORDS = {
    "authorization_code": _l("cán bộ đăng nhập vào ứng dụng"),
    "refresh_token": _l("làm mới mã truy cập"),
    "client_credentials": _l("ứng dụng tự làm việc, không thay mặt ai"),
    "urn:ietf:params:oauth:grant-type:device_code": _l("đăng nhập cho thiết bị không có trình duyệt"),
    "urn:ietf:params:oauth:grant-type:token-exchange": _l("đổi mã truy cập để gọi hệ thống khác thay mặt cán bộ"),
}
SCOPE_WORDS = {
    "openid": _l("bắt buộc"), "profile": _l("họ tên, tên đăng nhập"), "email": _l("thư điện tử công vụ"), "phone": _l("số điện thoại"),
    "address": _l("địa chỉ"), "staff": _l("mã cán bộ, loại, chức vụ, đơn vị"), "offline_access": _l("làm việc khi cán bộ không có mặt"),
}  # fmt: skip


def choices() -> dict[str, Any]:
    """What the form offers to choose from."""
    further = sorted({scope for resource in resources.all_resources(reader()) for scope in resource.scopes})
    return {
        "scopes": [(scope, SCOPE_WORDS.get(scope, "")) for scope in (*SCOPES, *further)],
        "grants": [(grant, GRANT_WORDS[grant]) for grant in GRANT_TYPES],
        "methods": [(method, METHOD_WORDS[method]) for method in AUTH_METHODS],
        "algorithms": [(alg, alg) for alg in SIGNING_ALGORITHMS],
        "levels": [(acr, assurance_words(acr)) for acr in ACR.values()],
        "profiles": [
            ("", _("Thông thường")),
            (FAPI2, _("FAPI 2.0: yêu cầu gửi trước, mã gắn với khóa")),
            (FAPI2_MESSAGE_SIGNING, _("FAPI 2.0 có ký: yêu cầu và trả lời đều được ký")),
        ],
        "formats": [(OPAQUE, _("Kín: chỉ máy chủ này đọc được")), (JWT, _("JWT: hệ thống nhận tự đọc được (RFC 9068)"))],
        "applications": [("web", _("Chạy trên máy chủ hoặc trình duyệt (web)")), ("native", _("Cài trên máy hoặc điện thoại (native)"))],
        "subjects": [("public", _("Một mã chung cho mọi ứng dụng (public)")), ("pairwise", _("Mã riêng cho từng ứng dụng (pairwise)"))],
    }


def values_of(metadata: ClientMetadata) -> dict[str, Any]:
    """What is registered, for the form."""
    return {**asdict(metadata), "scope": metadata.scope.split()}


def further_of(metadata: ClientMetadata) -> list[tuple[str, str]]:
    """What else is registered of a client, by its name, where it is not what it would be anyway: for the page that shows all."""
    usual = asdict(ClientMetadata("", ()))
    return [
        (name, ", ".join(value) if isinstance(value, tuple) else "✓" if value is True else str(value))
        for name, value in asdict(metadata).items()
        if name not in SHOWN and value != usual[name]
    ]


def asked() -> dict[str, Any]:
    """The form as it was filled in, for showing it again."""
    return {
        **request.form.to_dict(),
        **{name: _lines(name) for name in LISTS},
        **{name: request.form.getlist(name) for name in ("scope", "grant_types")},
        **{name: bool(request.form.get(name)) for name in TICKS},
        "jwks_written": request.form.get("jwks", ""),
    }


def given() -> dict[str, Any]:
    """The metadata that the form gives; what it does not show stays as it is. Raises InvalidMetadata for keys that are none."""
    form = request.form
    told: dict[str, Any] = {name: form[name].strip() or (form[name] if name in ALWAYS else None) for name in TEXTS if name in form}
    told |= {name: _lines(name) for name in LISTS if name in form}
    told |= {name: bool(form.get(name)) for name in TICKS}
    told["scope"] = " ".join(form.getlist("scope"))
    if "grants_shown" in form:
        told["grant_types"] = tuple(form.getlist("grant_types"))
        told["response_types"] = ("code",)
    if "jwks" in form:
        told["jwks"] = _keys(form["jwks"])
    return fitting(told)


def fitting(told: dict[str, Any]) -> dict[str, Any]:
    """What belongs to another method than the chosen one goes."""
    method = told.get("token_endpoint_auth_method")
    if method == PUBLIC:
        told["require_pkce"] = True
    if method is not None and method != TLS_CLIENT_AUTH:
        told |= {f"tls_client_auth_{name}": None for name in TLS_NAMES}
    if method is not None and not method.endswith("_jwt"):
        told["token_endpoint_auth_signing_alg"] = None
    return told


def _keys(written: str) -> dict[str, Any] | None:
    if not written.strip():
        return None
    try:
        told = strict_json(written.encode("utf-8", "replace"))
    except UnreadableJwt:
        raise InvalidMetadata(_('Khóa công khai là JSON dạng {"keys": […]} hoặc một khóa {"kty": …}.')) from None
    return told if "keys" in told else {"keys": [told]}


def _lines(name: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in request.form.get(name, "").splitlines() if line.strip())
