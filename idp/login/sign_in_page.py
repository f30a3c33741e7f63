"""The sign-in page, which the password and the passkey share: what it shows, first and after something did not work."""

from flask import make_response, request
from werkzeug.wrappers import Response

from idp.credentials import passkey_ceremony
from idp.login.known_accounts import known_here
from idp.login.visit import Visit, page
from idp.sessions import sign_in_request
from idp.settings import current_settings

RETRY_SECONDS = "30"
CHANGE_PATH = "/sign-in/password"


def show_sign_in(visit: Visit, username: str = "", *, errors: dict[str, str] | None = None, shared_pc: bool = False) -> str:
    """The form for the password, with a button for a passkey where there can be any."""
    browser = request.cookies.get(sign_in_request.browser_cookie_name(), "")
    ask = passkey_ceremony.request_options(passkey_ceremony.SIGN_IN, browser, verified=True) if passkey_ceremony.are_possible() else None
    known = () if visit.standing.session else known_here()
    return page(
        "sign_in.html", visit, known=known, idle_minutes=current_settings().session_shared_pc_idle_seconds // 60,
        username=username, errors=errors or {}, shared_pc=shared_pc, ask=ask,
        restarted=bool(request.args.get("restarted")) and not errors, again=visit.standing.session is not None,
    )  # fmt: skip


def refuse_sign_in(visit: Visit, username: str, errors: dict[str, str], status: int, *, shared_pc: bool) -> Response:
    """The same page, saying what is wrong."""
    response = make_response(show_sign_in(visit, username, errors=errors, shared_pc=shared_pc), status)
    if status == 503:
        response.headers["Retry-After"] = RETRY_SECONDS
    return response
