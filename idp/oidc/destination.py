"""Where the answer to an authorization request goes; and the refusal that is sent there."""

from dataclasses import dataclass

import structlog
from flask_babel import gettext as _

from clients.profiles import profile_of
from clients.redirect_uris import is_registered
from clients.registry import RegisteredClient, find_client
from idp.errors import Refusal

QUERY, FORM_POST, QUERY_JWT, FORM_POST_JWT = "query", "form_post", "query.jwt", "form_post.jwt"
# What may be asked for, and what it means: "jwt" is the default of the code flow (JARM §2.3.4).
RESPONSE_MODES = {QUERY: QUERY, FORM_POST: FORM_POST, "jwt": QUERY_JWT, QUERY_JWT: QUERY_JWT, FORM_POST_JWT: FORM_POST_JWT}
SIGNED_MODES = {QUERY: QUERY_JWT, FORM_POST: FORM_POST_JWT, QUERY_JWT: QUERY_JWT, FORM_POST_JWT: FORM_POST_JWT}
LOGGED = 255
_log = structlog.get_logger()


@dataclass(frozen=True)
class Destination:
    """An address found among the client's own, by exact comparison, and how to send there. `pushed`: the digest of the pushed
    request that this will be the one answer to."""

    client: RegisteredClient
    redirect_uri: str
    response_mode: str
    state: str | None
    pushed: bytes | None = None


class RequestRefused(Exception):
    """The answer is an error, sent to the client (RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.6). `description` is ASCII for
    its developer and holds nothing of the request."""

    def __init__(self, destination: Destination, error: str, description: str) -> None:
        super().__init__(error)
        self.destination, self.error, self.description = destination, error, description


def require_client(parameters: dict[str, str]) -> RegisteredClient:
    """The client that asks. Raises Refusal, for a page: nobody is told anything at an address that an unknown client names."""
    client = find_client(parameters.get("client_id", ""))
    if client is None:
        _tell_operators(parameters)
        raise Refusal(
            _("Ứng dụng gửi yêu cầu đăng nhập chưa được đăng ký hoặc đã ngừng kết nối. Báo cho bộ phận quản lý ứng dụng đó."),
            reason="client_unknown",
        )
    return client


def destination_of(client: RegisteredClient, parameters: dict[str, str], pushed: bytes | None = None) -> Destination:
    """Where the answer to these parameters goes. Raises Refusal when that is not certain (RFC 9700 §4.11)."""
    redirect_uri = parameters.get("redirect_uri", "")
    profile = profile_of(client.metadata)
    known = is_registered(redirect_uri, client.redirect_uris, client.metadata.application_type)
    if not known or (profile.https_redirects_only and not redirect_uri.startswith("https://")):
        _tell_operators(parameters)
        raise _unknown_address(client) if redirect_uri else _missing_address(client)
    mode = RESPONSE_MODES.get(parameters.get("response_mode", QUERY), QUERY)
    if profile.signed_responses_only:
        mode = SIGNED_MODES[mode]
    return Destination(client, redirect_uri, mode, parameters.get("state"), pushed)


def _unknown_address(client: RegisteredClient) -> Refusal:
    words = _(
        "Ứng dụng “%(name)s” yêu cầu trả kết quả về một địa chỉ (redirect_uri) chưa đăng ký. Báo cho bộ phận quản lý ứng dụng đó.",
        name=client.client_name,
    )
    return Refusal(words, reason="redirect_uri_unknown")


def _missing_address(client: RegisteredClient) -> Refusal:
    words = _(
        "Yêu cầu của ứng dụng “%(name)s” thiếu địa chỉ trả kết quả (redirect_uri). Báo cho bộ phận quản lý ứng dụng đó.",
        name=client.client_name,
    )
    return Refusal(words, reason="redirect_uri_missing")


def refusal_at(client: RegisteredClient, parameters: dict[str, str], error: str, description: str) -> RequestRefused:
    """The refusal of a request whose parameters do not count, sent to the redirect URI among them when it is one of the client's.
    Raises Refusal when it is not."""
    try:
        to = destination_of(client, parameters)
    except Refusal:
        _log.info("authorization.unreadable", client_id=client.client_id, error=error, why=description)
        raise unreadable(error) from None
    return RequestRefused(to, error, description)


def unreadable(reason: str) -> Refusal:
    """The page for a request that cannot be read, when nobody else can be told."""
    if reason == "invalid_request_uri":
        # Most often somebody went back, or had the page open for long.
        return Refusal(_("Lượt đăng nhập này đã xong hoặc đã hết hạn. Mở lại ứng dụng cần vào để bắt đầu đăng nhập mới."), reason=reason)
    message = _("Yêu cầu đăng nhập mà ứng dụng gửi đến không đọc được. Mở lại ứng dụng; nếu vẫn lỗi, báo cho bộ phận quản lý ứng dụng.")
    return Refusal(message, reason=reason)


def _tell_operators(parameters: dict[str, str]) -> None:
    """What was sent, for whoever has to find the difference to what is registered; without the query, which may hold a secret."""
    address = parameters.get("redirect_uri", "").partition("?")[0]
    _log.info("authorization.unanswerable", client_id=parameters.get("client_id", "")[:LOGGED], redirect_uri=address[:LOGGED])
