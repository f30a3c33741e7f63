"""Forged forms: every POST of a page carries a token bound to the browser; machine endpoints are exempt and say so."""

import base64
from typing import NoReturn
from urllib.parse import unquote, urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import Blueprint, Flask, Request, Response, current_app, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFProtect, validate_csrf
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import MapAdapter, RequestRedirect
from wtforms.validators import ValidationError

from idp.at_hand import this_request
from idp.errors import Refusal
from idp.settings import Settings

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class ForgedForm(Refusal):
    """A form that is not ours, or has waited too long; nothing of it was looked at."""

    reason = "csrf"


class _Protection(CSRFProtect):
    def _error_response(self, reason: str) -> NoReturn:  # noqa: ARG002 - the person is told what to do, not what we compare
        raise forged_form()


protection = _Protection()
_exempt_blueprints: set[str] = set()
_machine_blueprints: set[str] = set()


def csrf_exempt(blueprint: Blueprint, *, answers_pages: bool = False) -> None:
    """Exempt a blueprint whose callers are programs: it is asked for no token and its refusals are JSON.

    `answers_pages`: programs or other sites may post to it, yet a person sees the answer (`/authorize`): refusals stay pages.
    """
    protection.exempt(blueprint)
    _exempt_blueprints.add(blueprint.name)
    if not answers_pages:
        _machine_blueprints.add(blueprint.name)


def require_csrf_token() -> None:
    """Check the token inside an exempt blueprint, for the one form there that a person fills in. Raises Refusal."""
    try:
        validate_csrf(request.form.get("csrf_token"))
    except ValidationError:
        raise forged_form() from None


def forged_form() -> ForgedForm:
    """The refusal of a form that is not ours or has waited too long: what to do is the same."""
    return ForgedForm(_("Trang này đã mở quá lâu hoặc trình duyệt chặn cookie. Quay lại trang trước, tải lại trang rồi gửi lại."))


def is_machine_request() -> bool:
    """Whether the caller is a program, which wants JSON instead of pages."""
    blueprint = request.blueprint or _blueprint_of_other_method()
    if blueprint:
        return blueprint in _machine_blueprints
    accepted = request.accept_mimetypes
    return accepted.accept_json and not accepted.accept_html


def _blueprint_of_other_method() -> str | None:
    """Whose the path is when only the method is wrong."""
    wrong = request.routing_exception
    adapter = current_app.create_url_adapter(request)
    if not isinstance(wrong, MethodNotAllowed) or not wrong.valid_methods or adapter is None:
        return None
    method = min(wrong.valid_methods)
    try:
        endpoint = _endpoint_of(adapter, method)
    except NotFound:
        return None
    return endpoint.rpartition(".")[0]


def _endpoint_of(adapter: MapAdapter, method: str) -> str:
    """Who answers this path by another method, there or where the path is a shorter way of writing another one."""
    try:
        return str(adapter.match(method=method)[0])
    except RequestRedirect as elsewhere:
        return str(adapter.match(unquote(urlsplit(elsewhere.new_url).path), method=method)[0])


def _secret_key(settings: Settings) -> list[str]:
    keys = []
    for written in settings.sealing_keys.get_secret_value().split(","):
        material = base64.b64decode(written.partition(":")[2])
        keys.append(HKDF(hashes.SHA256(), 32, None, b"hopnhat page cookie").derive(material).hex())
    return keys


class _PageCookie(SecureCookieSessionInterface):
    """Flask's session, which here holds the token only. Nothing is made ready for a request that brings none."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """What the browser brought, or an empty one."""
        if self.get_cookie_name(app) not in request.environ.get("HTTP_COOKIE", ""):
            return self.session_class()
        return super().open_session(app, request)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Give the browser what has changed; one that nobody looked at has not."""
        if session.accessed or session.modified:
            super().save_session(app, session, response)


def set_up_csrf(app: Flask, settings: Settings) -> None:
    """The page cookie and the token in it. The first sealing key signs, the others still verify."""
    newest, *older = _secret_key(settings)
    app.secret_key, app.config["SECRET_KEY_FALLBACKS"] = newest, older
    app.config.update(
        SESSION_COOKIE_NAME="__Host-hopnhat_page" if settings.is_https else "hopnhat_page",
        SESSION_COOKIE_SECURE=settings.is_https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        WTF_CSRF_TIME_LIMIT=None,  # the token lives as long as the browser's cookie: a slow line must not lose the step
        WTF_CSRF_SSL_STRICT=False,  # it asks for a Referer, which our Referrer-Policy does not send; Sec-Fetch-Site is looked at below
    )
    app.session_interface = _PageCookie()
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False  # it looks at requests that change nothing as well; ours asks for the method first
    protection.init_app(app)
    app.before_request(_refuse_forged)


def _refuse_forged() -> None:
    if this_request().method in SAFE_METHODS or is_exempt():
        return
    protection.protect(apply_exemptions=True)
    if request.headers.get("Sec-Fetch-Site") == "cross-site":
        raise forged_form()


def is_exempt() -> bool:
    """Whether the endpoint of this request is asked for no token."""
    return this_request().blueprint in _exempt_blueprints
