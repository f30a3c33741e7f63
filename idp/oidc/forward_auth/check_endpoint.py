"""GET /forward-auth: a proxy asks about one request to a site that it guards (nginx `auth_request`, Traefik `forwardAuth`, Caddy
`forward_auth`). 200 with who it is, 401 with how to sign in, 403 for who may not; one read."""

from typing import Any

import structlog
from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from clients import sights
from clients.check_models import SightKind
from clients.request_paths import UnclearPath
from idp.entry import row_may_enter
from idp.oidc.forward_auth import answers
from idp.oidc.forward_auth.admission import find_admitted
from idp.oidc.forward_auth.guarded_site import GuardedSite, NotGuarded, guarded_site, path_of_site
from idp.oidc.forward_auth.identity import headers_of_nobody, identity_headers
from idp.oidc.forward_auth.path_policy import admits, is_open_to_all, rule_of_request, strengthened
from idp.oidc.forward_auth.requirements import Requirements, read_requirements
from idp.oidc.parameters import MalformedRequest, query_parameters
from idp.web.csrf import csrf_exempt
from idp.web.headers import shown_elsewhere
from idp.web.viewer import anyone

PARAMETERS = frozenset({"client_id", "acr", "max_age", "units", "answer"})  # a misspelt one must not open what it was to close
SAFE_METHODS = frozenset({"GET", "HEAD", ""})
blueprint = Blueprint("forward_auth", __name__)
csrf_exempt(blueprint, answers_pages=True)
blueprint.before_request(shown_elsewhere)
_log = structlog.get_logger()


@blueprint.get("/forward-auth")
@anyone
def check() -> AnyResponse:
    """Whether this request to the site may pass. Parameters: `client_id`; `acr`, `max_age`, `units` (see Requirements); with
    `answer=page` a refusal is what the visitor is to see, else its status is all."""
    try:
        parameters = query_parameters()
        if not parameters.keys() <= PARAMETERS:
            raise NotGuarded(f"the parameters are {', '.join(sorted(PARAMETERS))}")
        site = guarded_site(parameters.get("client_id", ""))
        asked = read_requirements(site, parameters)
        rule = rule_of_request(site)
    except (NotGuarded, MalformedRequest) as mistake:
        _log.warning("forward_auth.not_guarded", why=str(mistake))
        return answers.not_guarded()
    except UnclearPath as unclear:
        _log.info("forward_auth.unclear_path", client_id=parameters.get("client_id"), why=str(unclear))
        return answers.unclear_path()
    if is_open_to_all(rule, asked, site):
        return Response(status=200, headers=headers_of_nobody())
    wanted = strengthened(asked, rule)
    person, as_page = find_admitted(site), parameters.get("answer") == "page"
    if person is not None and not (row_may_enter(person, site.client) and wanted.admit(person) and admits(rule, person, site.client)):
        _log.info("forward_auth.not_allowed", client_id=site.client.client_id, person_id=str(person.person_id))
        return answers.not_allowed(site) if as_page else Response(status=403)
    if person is None or not wanted.are_proved_by(person):
        return _ask_to_sign_in(site, wanted, person, as_page=as_page)
    headers = identity_headers(site, person)
    if site.client.watch is not None:
        sights.seen(site.client, SightKind.SITE_ASKED, person.person_id, headers=sorted(headers))
    return Response(status=200, headers=headers)


def _ask_to_sign_in(site: GuardedSite, wanted: Requirements, person: Any, *, as_page: bool) -> AnyResponse:
    """401, or the way to the sign-in for a browser that just opens a page; what was posted would be lost on that way."""
    is_navigation = request.headers.get("X-Forwarded-Method", "") in SAFE_METHODS and answers.wants_page()
    target = path_of_site(request.headers.get("X-Forwarded-Uri", "/")) if is_navigation else "/"
    sign_in_url = site.sign_in_url(target, **wanted.written())
    if as_page and is_navigation:
        return redirect(sign_in_url, 303)
    response = answers.sign_in_first(sign_in_url) if as_page else Response(status=401)
    response.headers["WWW-Authenticate"] = _challenge(wanted, person)
    return response


def _challenge(wanted: Requirements, person: Any) -> str:
    """Nobody signed in: bare (RFC 6750 §3); not strongly or not recently enough: RFC 9470 §3."""
    if person is None:
        return 'Bearer realm="forward-auth"'
    max_age = "" if wanted.max_age is None else f', max_age="{wanted.max_age}"'
    return f'Bearer realm="forward-auth", error="insufficient_user_authentication", acr_values="{wanted.acr}"{max_age}'
