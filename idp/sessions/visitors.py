"""Who looks at a page, for the guards of `idp.web.viewer`: the live session with what its person may do; and the way to sign in."""

from datetime import datetime
from urllib.parse import quote

from flask import Flask, current_app, request
from werkzeug.wrappers import Response

from idp.roles.permissions import permissions_of
from idp.sessions import assurance, browser_sessions, sign_in_request
from idp.sessions.sign_in_request import SignInRequest
from idp.web.viewer import Viewer

AFTER_A_FORM = "/account"  # a form cannot be sent again by a redirect; where its page is not known


def find_viewer() -> Viewer | None:
    """The person signed in to this browser, with their permissions as they are at this moment."""
    live = browser_sessions.current()
    if live is None:
        return None
    return Viewer(
        person_id=live.person_id,
        session_id=live.session_id,
        subject=live.subject,
        name=live.name,
        unit_name=live.unit_name,
        acr=live.acr,
        auth_time=live.auth_time,
        shared_pc=live.shared_pc,
        permissions=permissions_of(live.person_id),
        is_test=live.amr == assurance.TEST,
    )


def ask_to_sign_in(minimum_acr: str | None, not_before: datetime | None) -> Response:
    """Send the browser to the sign-in page, which leads back to the page asked for."""
    return_to = request.full_path.removesuffix("?") if request.method == "GET" else page_of_form()
    return sign_in_request.begin(SignInRequest(return_to=return_to, minimum_acr=minimum_acr or assurance.AAL1, not_before=not_before))


def page_of_form() -> str:
    """The page that a form stood on: the address that it was sent to or, where nothing can be read there, the nearest one above it."""
    routes, path = current_app.create_url_adapter(request), request.path
    while routes is not None and path.count("/") > 1:
        if routes.test(path, method="GET"):
            return quote(path)
        path = path.rpartition("/")[0]
    return AFTER_A_FORM


def set_up_visitors(app: Flask) -> None:
    """Tell the guards who looks and how to ask for a sign-in."""
    app.extensions["hopnhat.find_viewer"] = find_viewer
    app.extensions["hopnhat.ask_to_sign_in"] = ask_to_sign_in
