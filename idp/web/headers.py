"""Headers of every answer: what the browser may load and where forms may lead, and that no page is kept or framed."""

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, g
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge
from werkzeug.middleware.proxy_fix import ProxyFix

from idp.at_hand import these_notes, this_request
from idp.settings import Settings
from idp.web.csrf import SAFE_METHODS, is_exempt
from idp.web.sheets import INLINE_SHEET_HASH

HSTS = "max-age=63072000; includeSubDomains"
PERMISSIONS = "camera=(), geolocation=(), microphone=(), payment=(), usb=(), interest-cohort=()"
MOST_FIELDS = 200
LARGEST_REQUEST = 128 * 1024  # bytes; the one door that takes files raises it, after its guard
DEFAULT_POLICY = {
    "default-src": "'none'",
    "style-src": f"'self' {INLINE_SHEET_HASH}",
    "img-src": "data:",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
}


def set_policy(**directives: str | None) -> None:
    """Change directives of the Content-Security-Policy for this answer: `set_policy(script_src="'sha256-…'")`.

    Underscores stand for hyphens; None leaves the directive out, which allows everything that `default-src` does not cover.
    """
    policy = g.setdefault("policy", dict(DEFAULT_POLICY))
    for name, value in directives.items():
        policy.pop(name.replace("_", "-"), None)
        if value is not None:
            policy[name.replace("_", "-")] = value


def forms_may_lead_to(*urls: str) -> None:
    """Let forms of this page end at the origins of these URLs as well.

    Browsers apply `form-action` to the redirects that follow a form, so a sign-in page whose last step redirects to a client
    must name that client's origin here, and a form_post page the redirect URI's.
    """
    origins = {f"{parts.scheme}://{parts.netloc}" if parts.netloc else f"{parts.scheme}:" for parts in map(urlsplit, urls) if parts.scheme}
    set_policy(form_action=" ".join(["'self'", *sorted(origins)]))


def forms_may_lead_anywhere() -> None:
    """Leave `form-action` out: for pages that end in a redirect to a client whose origin is not known here."""
    set_policy(form_action=None)


def show_own_pictures() -> None:
    """Let this page show pictures of this server."""
    set_policy(img_src="'self' data:")


def shown_elsewhere() -> None:
    """This answer is shown at the address of an application: how long that is reached over TLS only is not ours to promise."""
    g.shown_elsewhere = True


def _written(policy: dict[str, str]) -> str:
    return "; ".join(f"{name} {value}" for name, value in policy.items())


_DEFAULT_WRITTEN = _written(DEFAULT_POLICY)
NOT_FRAMED = ("X-Frame-Options", "DENY")
_ALWAYS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Permissions-Policy", PERMISSIONS),
    NOT_FRAMED,
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cache-Control", "no-store"),
)


def set_headers(response: Response, https: bool) -> Response:
    """Put the headers on one answer; what the door has set itself stays."""
    headers = response.headers
    present = {name.lower() for name, _ in headers}  # once: asking for each one goes through all of them every time
    notes = these_notes()
    policy = notes.get("policy")
    wanted = [("Content-Security-Policy", _written(policy) if policy is not None else _DEFAULT_WRITTEN), *_ALWAYS]
    if policy is not None and "frame-ancestors" not in policy:
        wanted.remove(NOT_FRAMED)
    if https and "shown_elsewhere" not in notes:
        wanted.append(("Strict-Transport-Security", HSTS))
    # Constants, which need none of the checks of `add`: they would take a tenth of a bare request.
    headers._list += [pair for pair in wanted if pair[0].lower() not in present]
    return response


class OwnAddress:
    """WSGI middleware: the address of this server is the issuer's, whatever the Host header says, so that nothing built from
    it can be poisoned."""

    def __init__(self, wsgi_app: Callable[..., Iterable[bytes]], issuer: str) -> None:
        parts = urlsplit(issuer)
        self._wsgi_app, self._scheme, self._host = wsgi_app, parts.scheme, parts.netloc

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer the request as if it had been sent to the issuer's address."""
        environ["HTTP_HOST"], environ["wsgi.url_scheme"] = self._host, self._scheme
        return self._wsgi_app(environ, start_response)


def _refuse_unreadable_address() -> None:
    # A browser escapes what is not ASCII; Werkzeug breaks on such bytes as soon as somebody looks at request.args. No text of
    # ours holds a NUL, and PostgreSQL breaks on one.
    asked = this_request()
    query = asked.query_string
    if not query.isascii() or b"%00" in query or "\0" in asked.path:
        raise BadRequest


def _refuse_too_many_fields() -> None:
    # Exempt endpoints read the body themselves, and more strictly: whoever looks at request.form before them leaves them nothing.
    asked = this_request()
    if asked.method in SAFE_METHODS or is_exempt():
        return
    if asked.mimetype == "application/x-www-form-urlencoded" and len(asked.form) > MOST_FIELDS:
        raise RequestEntityTooLarge


def set_up_headers(app: Flask, settings: Settings) -> None:
    """Limits of requests, trusted proxies, the server's own address, and headers on all answers."""
    app.config["MAX_CONTENT_LENGTH"] = app.config["MAX_FORM_MEMORY_SIZE"] = LARGEST_REQUEST
    app.config["MAX_FORM_PARTS"] = MOST_FIELDS
    if settings.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.trusted_proxies, x_proto=0, x_host=0)  # type: ignore[method-assign]
    app.wsgi_app = OwnAddress(app.wsgi_app, settings.issuer)  # type: ignore[method-assign]
    app.before_request(_refuse_unreadable_address)
    app.before_request(_refuse_too_many_fields)
    app.after_request(lambda response: set_headers(response, settings.is_https))
