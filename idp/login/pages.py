"""/sign-in: the password, checked by the directory; and the choice between accounts, the language, and the way out."""

from dataclasses import dataclass, replace

from flask import Blueprint, abort, make_response, redirect, request
from werkzeug.wrappers import Response

from idp import clock
from idp.credentials import password
from idp.database import in_transaction, reader
from idp.login import known_accounts, messages
from idp.login.address_limits import limit_forms
from idp.login.password_trial import Wrong, entrance, try_password
from idp.login.sign_in_page import CHANGE_PATH, refuse_sign_in, show_sign_in
from idp.login.steps import Step
from idp.login.visit import Visit, go_on, go_on_as_known, page, require_session, require_step, require_visit, show_stale, turn_to_next_step
from idp.opaque_tokens import Secret
from idp.people.sign_in_name import Named, find_for_sign_in
from idp.sessions import sign_in_request
from idp.web.csrf import ForgedForm
from idp.web.language import LANGUAGES, set_language_cookie
from idp.web.viewer import anyone

blueprint = Blueprint("login", __name__)
blueprint.before_request(limit_forms)
blueprint.register_error_handler(ForgedForm, show_stale)
LONGEST_NAME = 255


@dataclass(frozen=True)
class Typed:
    """What was typed into the form. The password is never shown again."""

    username: str
    password: Secret
    shared_pc: bool


@blueprint.get("/sign-in")
@anyone
def sign_in() -> str:
    """Ask for the password, when that is what comes next."""
    visit = require_step(Step.PASSWORD)
    hint = visit.wanted.login_hint or ""
    session, account = visit.standing.session, known_accounts.chosen(request.args.get("account"))
    if account is not None:
        return show_sign_in(visit, account.username)
    return show_sign_in(visit, hint[:LONGEST_NAME] or (session.username if session else None) or "")


@blueprint.post("/sign-in")
@anyone
def sign_in_posted() -> Response:
    """Count, ask the directory, and let in: the session that begins here claims a password and no more."""
    visit = require_visit()
    if visit.step is Step.REFUSED:
        turn_to_next_step(visit)
    typed = Typed(
        request.form.get("username", "")[:LONGEST_NAME].strip(),
        Secret(request.form.get("password", "")),
        bool(request.form.get("shared_pc")),
    )
    if not typed.password.strip():
        return _refuse(visit, typed, messages.nothing_typed(), 400)  # a slip is no failure, and nothing is ever bound without a password
    named = find_for_sign_in(reader(), typed.username)
    if _is_sent_twice(visit, named):
        return go_on(visit)
    return _try_password(visit, typed, named)


def _is_sent_twice(visit: Visit, named: Named | None) -> bool:
    session = visit.standing.session
    return session is not None and named is not None and named.person_id == session.person_id and visit.step is not Step.PASSWORD


def _try_password(visit: Visit, typed: Typed, named: Named | None) -> Response:
    outcome = try_password(named, typed.username, typed.password)
    if isinstance(outcome, Wrong):
        if outcome.answer is not None and password.may_be_changed_here(outcome.answer):
            more = {"shared_pc": "1"} if typed.shared_pc else {}
            return sign_in_request.begin(replace(visit.wanted, login_hint=typed.username), path=CHANGE_PATH, **more)
        return _refuse(visit, typed, outcome.message, outcome.status)
    return go_on_as_known(visit, outcome.named, in_transaction(entrance(outcome, shared_pc=typed.shared_pc)), shared_pc=typed.shared_pc)


def _refuse(visit: Visit, typed: Typed, message: str, status: int) -> Response:
    return refuse_sign_in(visit, typed.username, {"username": message}, status, shared_pc=typed.shared_pc)


@blueprint.get("/sign-in/account")
@anyone
def choose_account() -> str:
    """Somebody is signed in, and the application wants the person to say whether it is them."""
    visit = require_step(Step.CHOOSE_ACCOUNT)
    session = require_session(visit)
    others = [(place, one) for place, one in enumerate(known_accounts.known_here()) if one.username != session.username]
    return page("choose_account.html", visit, session=session, others=others)


@blueprint.post("/sign-in/account")
@anyone
def choose_account_posted() -> Response:
    """The same person goes on; another one signs in anew."""
    wanted = replace(require_step(Step.CHOOSE_ACCOUNT).wanted, select_account=False)
    if request.form.get("another"):
        account = known_accounts.chosen(request.form["another"])
        wanted = replace(wanted, not_before=clock.now(), login_hint=account.username if account else None)
    return sign_in_request.begin(wanted)


@blueprint.get("/sign-in/refused")
@anyone
def refused() -> tuple[str, int]:
    """What is wanted cannot be proved here."""
    visit = require_step(Step.REFUSED)
    return page("refused.html", visit), 403


@blueprint.post("/sign-in/refused")
@anyone
def refused_posted() -> Response:
    """Only the way back leads on from here."""
    return go_on(require_step(Step.REFUSED))


@blueprint.get("/language")
@anyone
def switch_language() -> Response:
    """Remember the language and lead back to a page of this server, nowhere else."""
    back, language = request.args.get("next", "/"), request.args.get("to", "")
    if language not in LANGUAGES or not _is_own_path(back):
        abort(404)
    response = make_response(redirect(back, 303))
    set_language_cookie(response, language)
    return response


def _is_own_path(path: str) -> bool:
    # Browsers read "//host", "/\\host" and "/<tab>/host" as another site.
    return path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable()
