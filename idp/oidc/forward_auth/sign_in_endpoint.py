"""The sign-in and sign-out of a guarded site, reached through the site's own host (`/hopnhat/…`), where alone its cookie can be set.

It is an ordinary authorization of an ordinary client; only that the code is redeemed here, not by a program of the site.
"""

import json
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any
from urllib.parse import urlencode

import structlog
from flask import Blueprint, redirect, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from idp import clock
from idp.oidc import signing_keys
from idp.oidc.forward_auth import answers
from idp.oidc.forward_auth.admission import admit, dismiss, find_admitted
from idp.oidc.forward_auth.guarded_site import GuardedSite, NotGuarded, guarded_site, path_of_site
from idp.oidc.forward_auth.requirements import Requirements, read_requirements
from idp.oidc.forward_auth.sign_in_state import SignInState, StateUnusable, begin, binding_of_browser, open_state, seal_state
from idp.oidc.own_codes import challenge_of, redeemed
from idp.oidc.parameters import MalformedRequest, query_parameters
from idp.oidc.subjects import session_for, subject_for
from idp.opaque_tokens import new_token
from idp.settings import current_settings
from idp.web.csrf import csrf_exempt
from idp.web.headers import shown_elsewhere
from idp.web.viewer import anyone

HINT_SECONDS = 60
NOT_OF_SITES = frozenset({"offline_access"})
blueprint = Blueprint("forward_auth_sign_in", __name__, url_prefix="/forward-auth/<client_id>")
csrf_exempt(blueprint, answers_pages=True)  # signing out asks before it does more than leave the one site
blueprint.before_request(shown_elsewhere)
_log = structlog.get_logger()
Door = Callable[[GuardedSite, dict[str, str]], Response]


def _of_site(door: Door) -> Callable[[str], Response]:
    """Find the site that the request came to, and read the parameters, first."""

    @wraps(door)
    def found(client_id: str) -> Response:
        try:
            return door(guarded_site(client_id), query_parameters())
        except (NotGuarded, MalformedRequest) as mistake:
            _log.warning("forward_auth.not_guarded", why=str(mistake))
            return answers.not_guarded()

    return found


@blueprint.get("/sign-in")
@anyone
@_of_site
def sign_in(site: GuardedSite, parameters: dict[str, str]) -> Response:
    """Begin: the authorization request, with what the site asks for as essential (`acr`, `max_age`), so that nobody comes back with
    less and goes round in circles."""
    wanted, binding = read_requirements(site, parameters), binding_of_browser(site)
    state = SignInState(path_of_site(parameters.get("to", "/")), new_token())
    asked = _authorization_request(site, wanted, state, seal_state(site, state, binding))
    response = redirect(f"{current_settings().issuer}/authorize?{urlencode(asked)}", 303)
    begin(response, site, binding)
    return response


def _authorization_request(site: GuardedSite, wanted: Requirements, state: SignInState, sealed: str) -> dict[str, str]:
    acr = {"acr": {"essential": True, "value": wanted.acr}}
    return {
        "client_id": site.client.client_id,
        "redirect_uri": site.callback_uri,
        "response_type": "code",
        "scope": " ".join(sorted(site.client.scopes - NOT_OF_SITES)),
        "state": sealed,
        "code_challenge": challenge_of(state.code_verifier),
        "code_challenge_method": "S256",
        **({"claims": json.dumps({"id_token": acr}, separators=(",", ":"))} if "acr" in wanted.written() else {}),
        **({"max_age": str(wanted.max_age)} if wanted.max_age is not None else {}),
    }


@blueprint.get("/callback")
@anyone
@_of_site
def callback(site: GuardedSite, parameters: dict[str, str]) -> Response:
    """Back from the authorization endpoint: redeem the code, give the site's cookie, and go to where the person wanted."""
    try:
        state = open_state(site, parameters.get("state", ""))
    except StateUnusable as unusable:
        _log.info("forward_auth.state_unusable", client_id=site.client.client_id, why=str(unusable))
        return answers.not_signed_in(site, _("Lượt đăng nhập này đã hết hạn hoặc bắt đầu ở trình duyệt khác."), "/")
    if "code" not in parameters or parameters.get("iss") != current_settings().issuer:
        return answers.not_signed_in(site, _words_for(parameters.get("error")), state.target)
    granted = redeemed(site.client, parameters["code"], site.callback_uri, state.code_verifier)
    if granted is None:
        return answers.not_signed_in(site, _words_for(None), state.target)
    response = redirect(site.origin + state.target, 303)
    admit(response, site, granted.authorization_id)
    return response


def _words_for(error: str | None) -> str:
    if error == "access_denied":
        return _("Lượt đăng nhập đã được hủy.")
    if error == "unmet_authentication_requirements":
        return _("Ứng dụng cần mức xác thực mà tài khoản này chưa dùng được.")
    return _("Hệ thống xác thực không chấp nhận lượt đăng nhập này.")


@blueprint.route("/sign-out", methods=["GET", "POST"])
@anyone
@_of_site
def sign_out(site: GuardedSite, parameters: dict[str, str]) -> Response:  # noqa: ARG001 - a door of a site like the others
    """Leave the site and go on to /end_session: at once when the site's own page asks for it, after a question when another site
    led here, or when an old browser does not say who did."""
    person = find_admitted(site)
    asked = {"client_id": site.client.client_id}
    if person is not None and request.headers.get("Sec-Fetch-Site") in ("same-origin", "none"):
        asked["id_token_hint"] = _hint(site, person)
    landing = next((uri for uri in sorted(site.client.post_logout_redirect_uris) if uri.startswith(site.origin + "/")), None)
    if landing is not None:
        asked["post_logout_redirect_uri"] = landing
    response = redirect(f"{current_settings().issuer}/end_session?{urlencode(asked)}", 303)
    dismiss(response, site)
    return response


def _hint(site: GuardedSite, person: Any) -> str:
    """An ID token that says no more than whose session is to end (RP-Initiated Logout 1.0 §2)."""
    now = clock.now()
    claims = {
        "iss": current_settings().issuer,
        "sub": subject_for(site.client, person.subject),
        "aud": site.client.client_id,
        "sid": session_for(site.client, person.session_id),
        "auth_time": int(person.auth_time.timestamp()),
        "iat": int(now.timestamp()),
        "exp": int((now + timedelta(seconds=HINT_SECONDS)).timestamp()),
    }
    return signing_keys.sign(site.client.id_token_signed_response_alg, "JWT", claims)
