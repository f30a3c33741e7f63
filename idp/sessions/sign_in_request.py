"""What somebody wants a sign-in for: a sealed value in the URL parameter `flow`, of use in the browser that it was made in only.

Nothing is stored before a password was right, so that opening the sign-in page a thousand times leaves nothing behind.
"""

import json
import zlib
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from flask import redirect, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from idp import clock
from idp.errors import Refusal
from idp.opaque_tokens import digest, new_token
from idp.sealing import SealBroken, current_keys
from idp.sessions import assurance
from idp.settings import current_settings

CONTEXT = "sign-in request"
SIGN_IN_PATH = "/sign-in"
LONG_BYTES = 800  # an address of this length is packed: proxies and old browsers take no long ones


@dataclass(frozen=True)
class SignInRequest:
    """`return_to` and `cancel_to` are paths on this server; `payload` belongs to whoever asks and is not read here.

    `not_before`: the person must have proved themselves at or after this instant (`prompt=login`, `max_age`). `leads_to`: the
    URL of another site that `return_to` will redirect to, if known: browsers must be told before the last form is sent.
    """

    return_to: str
    cancel_to: str | None = None
    client_name: str | None = None
    minimum_acr: str = assurance.AAL1
    not_before: datetime | None = None
    login_hint: str | None = None
    select_account: bool = False
    leads_to: str | None = None
    payload: dict[str, Any] = field(default_factory=dict)
    started_at: datetime = field(default_factory=clock.now)


class FlowUnusable(Refusal):
    """The sign-in cannot go on from this URL: it was changed, cut short, or made in another browser."""

    reason = "flow_unusable"


class FlowExpired(Refusal):
    """The sign-in was started too long ago. `request` is what it was for: it can be begun again at once."""

    reason = "flow_expired"

    def __init__(self, message: str, expired: SignInRequest) -> None:
        super().__init__(message)
        self.request = expired


def begin(wanted: SignInRequest, *, path: str = SIGN_IN_PATH, **more: str) -> Response:
    """Send the browser to the sign-in page (303), or another of our pages that is part of it. `more` are further query parameters
    of that page."""
    binding, is_new = _binding()
    query = "".join(f"&{name}={quote(value, safe='')}" for name, value in more.items())
    response = redirect(f"{path}?flow={_seal(wanted, binding)}{query}", 303)
    response.headers["Cache-Control"] = "no-store"
    if is_new:
        https = current_settings().is_https
        response.set_cookie(browser_cookie_name(), binding, path="/", secure=https, httponly=True, samesite="Lax")
    return response


def begin_again(expired: SignInRequest) -> Response:
    """Begin an expired sign-in anew, for the same application; the page says so."""
    return begin(replace(expired, started_at=clock.now()), restarted="1")


def browser_cookie_name() -> str:
    """The cookie that binds a started sign-in to one browser."""
    return "__Host-hopnhat-browser" if current_settings().is_https else "hopnhat_browser"


def _binding() -> tuple[str, bool]:
    value = request.cookies.get(browser_cookie_name())
    return (value, False) if value else (new_token(), True)


def _seal(wanted: SignInRequest, binding: str) -> str:
    facts = {
        "b": digest(binding).hex(),
        "r": wanted.return_to,
        "c": wanted.cancel_to,
        "n": wanted.client_name,
        "a": wanted.minimum_acr,
        "t": wanted.not_before and wanted.not_before.timestamp(),
        "h": wanted.login_hint,
        "s": wanted.select_account,
        "l": wanted.leads_to,
        "p": wanted.payload,
        "i": wanted.started_at.timestamp(),
    }
    # Escaped as ASCII, so that even a lone surrogate that somebody sent in a parameter comes back as it was.
    written = json.dumps(facts, separators=(",", ":")).encode()
    return current_keys().seal_text(zlib.compress(written) if len(written) > LONG_BYTES else written, CONTEXT)


def open_flow(sealed: str) -> SignInRequest:
    """What this sign-in is for. Raises FlowUnusable or FlowExpired, with words that say what to do."""
    try:
        written = current_keys().open_text(sealed, CONTEXT)
        facts = json.loads(written if written.startswith(b"{") else zlib.decompress(written))  # we ourselves have packed it
    except SealBroken:
        raise FlowUnusable(_("Đường dẫn đăng nhập không dùng được. Mở lại ứng dụng cần vào để bắt đầu đăng nhập mới.")) from None
    # Whoever sends their own link to somebody else must not have them sign in for the sender (session fixation by link).
    value = request.cookies.get(browser_cookie_name())
    if value is None or digest(value).hex() != facts["b"]:
        raise FlowUnusable(
            _(
                "Lượt đăng nhập này được bắt đầu ở trình duyệt khác, hoặc trình duyệt không nhận cookie. "
                "Mở lại ứng dụng cần vào ngay trên trình duyệt này."
            ),
            reason="flow_of_another_browser",
        )
    wanted = SignInRequest(
        return_to=facts["r"],
        cancel_to=facts["c"],
        client_name=facts["n"],
        minimum_acr=facts["a"],
        not_before=_instant(facts["t"]),
        login_hint=facts["h"],
        select_account=facts["s"],
        leads_to=facts["l"],
        payload=facts["p"],
        started_at=_instant(facts["i"]) or clock.now(),
    )
    if clock.now() - wanted.started_at >= timedelta(seconds=current_settings().sign_in_seconds):
        raise FlowExpired(_("Lượt đăng nhập đã hết hạn. Mở lại ứng dụng cần vào để bắt đầu đăng nhập mới."), wanted)
    return wanted


def _instant(timestamp: float | None) -> datetime | None:
    return None if timestamp is None else datetime.fromtimestamp(timestamp, UTC)
