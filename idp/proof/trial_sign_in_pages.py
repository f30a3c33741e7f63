"""/test-sign-in: a made-up person is signed in, once, by a link that an administrator took for the check of one application."""

import uuid

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from clients.registry import RegisteredClient, find_by_key
from idp.database import in_transaction, reader
from idp.errors import NotFound, Refusal
from idp.login.address_limits import limit_forms
from idp.oidc.third_party_login import login_uri
from idp.proof import trial_people
from idp.sessions import assurance, browser_sessions
from idp.web.viewer import anyone

LONGEST_WORD = 100
blueprint = Blueprint("test_sign_in", __name__)
blueprint.before_request(limit_forms)


@blueprint.get("/test-sign-in")
@anyone
def ask() -> str:
    """What the link does. Opening it alone uses nothing up: mail programs and virus scanners open links too."""
    word = request.args.get("link", "")[:LONGEST_WORD]
    client = _client(trial_people.about_link(reader(), word).client_id)
    return render_template("proof/test_sign_in.html", client=client, word=word, taken=browser_sessions.current())


@blueprint.post("/test-sign-in")
@anyone
def enter() -> Response:
    """Sign the test person in, in a browser in which nobody is signed in: an administrator's own session is not lost by mistake."""
    if browser_sessions.current() is not None:
        raise Refusal(_("Trình duyệt này đang có người đăng nhập. Mở đường dẫn trong cửa sổ ẩn danh."), "browser_taken", 409)
    word = request.form.get("link", "")[:LONGEST_WORD]
    value, _client_key = in_transaction(lambda connection: trial_people.enter(connection, word))
    response = redirect(url_for("test_sign_in.entered"), 303)
    browser_sessions.set_cookie(response, value)
    return response


@blueprint.get("/test-sign-in/done")
@anyone
def entered() -> Response:
    """Where the application is. A link and not a redirect: this is the place to see who is signed in."""
    live = browser_sessions.current()
    if live is None or live.amr != assurance.TEST:
        raise NotFound(_("Người kiểm thử không ở trong trình duyệt này."), "no_test_person")
    client = _client(trial_people.client_of(reader(), live.person_id))
    address = login_uri(client) or client.client_uri or next(iter(client.metadata.forward_auth_origins), None)
    return make_response(render_template("proof/test_signed_in.html", client=client, address=address, name=live.name))


def _client(key: uuid.UUID) -> RegisteredClient:
    client = find_by_key(key)
    if client is None:
        raise NotFound(_("Không có ứng dụng này."), "client_unknown")
    return client
