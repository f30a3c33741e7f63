"""The doors of an application: its page, the way in, the way out, and where the provider says that somebody is out."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import cast

from flask import Blueprint, abort, current_app, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from clients.demo.local_sessions import LIFETIME_SECONDS, LocalSession, LocalSessions
from clients.demo.logout_token import LogoutTokenRefused, LogoutTokenVerifier
from clients.demo.provider import UNREACHABLE, AnswerUnknown, Provider, RefreshRefused, SignInRefused
from clients.demo.relying_party import ACR_WORDS, RelyingParty
from clients.demo.shown_work import TIMEZONE, WORK

FOLDER = str(Path(__file__).parent)
STARTED_SIGN_INS_KEPT = 3
NO_STORE = {"Cache-Control": "no-store"}
blueprint = Blueprint("pages", __name__)


@dataclass(frozen=True)
class Parts:
    """What the doors of one running application share."""

    party: RelyingParty
    provider: Provider
    sessions: LocalSessions
    verifier: LogoutTokenVerifier


def _parts() -> Parts:
    return cast("Parts", current_app.extensions["demo"])


def _cookie() -> str | None:
    return request.cookies.get(_parts().party.cookie_name)


@blueprint.get("/")
def home() -> str:
    """The desk of whoever is signed in; else a welcome with the way in."""
    person = _parts().sessions.find(_cookie())
    if person is None:
        return render_template("welcome.html", message=None)
    work = WORK[_parts().party.look.work](datetime.now(TIMEZONE).date())
    return render_template("desk.html", person=person, work=work, assurance=ACR_WORDS.get(person.acr, "Không rõ"))


@blueprint.get("/sign-in")
def sign_in() -> Response:
    """Start a sign-in at the provider."""
    _forget_abandoned_sign_ins()
    return _parts().provider.ask_to_sign_in()


@blueprint.get("/callback")
def callback() -> Response:
    """Take the provider's answer and begin a local session; an older one of this browser ends. Who comes by the back button to an
    answer of before, and is signed in, finds their desk."""
    sessions = _parts().sessions
    try:
        cookie = sessions.start(_parts().provider.signed_in(form_token=secrets.token_urlsafe(16)))
    except AnswerUnknown:
        if sessions.find(_cookie()) is None:
            raise
        return redirect(url_for("pages.home"), 303)
    if cookie is None:
        raise SignInRefused("Phiên đăng nhập vừa kết thúc. Vui lòng đăng nhập lại.")
    sessions.end(_cookie())
    response = redirect(url_for("pages.home"), 303)
    response.set_cookie(_parts().party.cookie_name, cookie, max_age=LIFETIME_SECONDS, httponly=True, samesite="Lax")
    return response


@blueprint.post("/refresh")
def refresh() -> Response:
    """Use the refresh token: the facts are new, or the person is out."""
    cookie, person = _signed_in_form()
    if person.refresh_token is None:
        abort(404)
    try:
        _parts().sessions.replace(cookie, _parts().provider.refreshed(person))
    except RefreshRefused:
        _parts().sessions.end(cookie)
        raise SignInRefused("Hệ thống xác thực không còn xác nhận người này. Phiên làm việc đã kết thúc.") from None
    return redirect(url_for("pages.home"), 303)


@blueprint.post("/sign-out")
def sign_out() -> Response:
    """End the local session and go on to the provider, which ends all others."""
    cookie, person = _signed_in_form()
    _parts().sessions.end(cookie)
    response = _parts().provider.ask_to_sign_out(person)
    response.delete_cookie(_parts().party.cookie_name, httponly=True, samesite="Lax")
    return response


@blueprint.get("/signed-out")
def signed_out() -> str:
    """Where people come back to; the state tells whether they left from here."""
    known = _parts().provider.came_back_signed_out()
    return render_template("welcome.html", message="Đã đăng xuất khỏi tất cả ứng dụng." if known else None)


@blueprint.post("/backchannel-logout")
def backchannel_logout() -> tuple[dict[str, str], int, dict[str, str]]:
    """The provider says that somebody is out (Back-Channel Logout 1.0 §2.8): their local sessions end at once."""
    try:
        out = _parts().verifier.verify(request.form.get("logout_token", ""))
    except LogoutTokenRefused as refused:
        current_app.logger.warning("logout token refused: %s", refused)
        return {"error": "invalid_request", "error_description": "the logout token is not valid"}, 400, NO_STORE
    ended = _parts().sessions.end_all_of(sid=out.sid, subject=out.subject)
    current_app.logger.info("logout token accepted, local sessions ended: %d", ended)
    return {}, 200, NO_STORE


@blueprint.app_errorhandler(SignInRefused)
def refused(reason: SignInRefused) -> tuple[str, int]:
    """Say why nobody is signed in, with the way to try again."""
    return render_template("welcome.html", message=str(reason)), 403


@blueprint.app_errorhandler(UNREACHABLE)
def unreachable(error: Exception) -> tuple[str, int]:
    """Say that the provider does not answer."""
    current_app.logger.warning("provider not reached: %s", type(error).__name__)
    return render_template("welcome.html", message="Không kết nối được hệ thống xác thực. Vui lòng thử lại sau ít phút."), 503


def _signed_in_form() -> tuple[str, LocalSession]:
    """The cookie and the person whose own page sent this form; a form of any other page does not know the form token."""
    cookie = _cookie()
    person = _parts().sessions.find(cookie)
    if cookie is None or person is None:
        raise SignInRefused("Phiên làm việc đã kết thúc. Vui lòng đăng nhập lại.")
    if not secrets.compare_digest(request.form.get("form_token", "").encode(), person.form_token.encode()):
        abort(400)
    return cookie, person


def _forget_abandoned_sign_ins() -> None:
    """Keep the newest few started sign-ins only: each takes room in a cookie that holds 4 KB."""
    started = [key for key in session if key.startswith("_state_")]
    for key in started[: max(0, len(started) - STARTED_SIGN_INS_KEPT + 1)]:
        session.pop(key)
