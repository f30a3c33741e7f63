"""/sign-in/password: a password that the directory wants changed is changed in the directory, on the way in."""

from flask import Blueprint, current_app, make_response, request
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from idp import audit
from idp.credentials import password
from idp.credentials.bind_answers import Answer, Said
from idp.credentials.password import ChangeRefused, DirectoryUnavailable
from idp.database import in_transaction, reader
from idp.errors import NotFound
from idp.login import messages
from idp.login.address_limits import limit_forms
from idp.login.change_proof import NotProved, Proved, prove
from idp.login.password_trial import Right, Wrong, entrance, entry_of, try_password
from idp.login.sign_in_page import CHANGE_PATH
from idp.login.steps import Step
from idp.login.visit import Visit, go_on_as_known, page, require_step, show_stale
from idp.opaque_tokens import Secret
from idp.people.sign_in_name import find_for_sign_in, require_named
from idp.settings import current_settings
from idp.web.csrf import ForgedForm
from idp.web.viewer import anyone

blueprint = Blueprint("login_change", __name__)
blueprint.before_request(limit_forms)
blueprint.register_error_handler(ForgedForm, show_stale)
LONGEST_NAME = 255
WHEN_CHANGED = "hopnhat.password_changed"


@blueprint.get(CHANGE_PATH)
@anyone
def ask_to_change() -> str:
    """Ask for the present password and a new one. Anybody may see this page; it tells nothing of anybody."""
    visit = _require_page()
    return page(
        "change_password.html",
        visit,
        username=(visit.wanted.login_hint or "")[:LONGEST_NAME],
        errors={},
        shared_pc=bool(request.args.get("shared_pc")),
    )


@blueprint.post(CHANGE_PATH)
@anyone
def changed() -> Response:
    """Only a password that must be changed is changed here: any other lets its person in as it is, without a word of the new one,
    since changing it takes more than knowing it."""
    visit = _require_page()
    username = request.form.get("username", "")[:LONGEST_NAME].strip()
    old, new = Secret(request.form.get("password", "")), Secret(request.form.get("new_password", ""))
    errors = {} if old.strip() else {"username": messages.nothing_typed()}
    errors |= messages.new_password_problem(new, request.form.get("again", ""), old)
    if errors:
        return _show(visit, username, errors, 400)
    outcome = try_password(find_for_sign_in(reader(), username), username, old)
    if isinstance(outcome, Wrong):
        if outcome.named is None or outcome.attempt is None or outcome.answer is None or not password.may_be_changed_here(outcome.answer):
            return _show(visit, username, {"username": outcome.message}, outcome.status)
        return _change(visit, username, outcome, old, new)
    return _let_in(visit, outcome, Proved(), changed=False)


def _change(visit: Visit, username: str, refused: Wrong, old: Secret, new: Secret) -> Response:
    assert refused.named is not None
    assert refused.attempt is not None
    try:
        proved = prove(refused.named, request.form.get("code", ""))
    except NotProved as missing:
        return _show(visit, username, {"code": missing.message}, missing.status)
    try:
        password.change(entry_of(refused.named), old, new)
    except ChangeRefused as not_taken:
        in_transaction(proved.give_back)
        return _show(visit, username, {"new_password": messages.change_refused(not_taken.change)}, 400)
    except DirectoryUnavailable as trouble:
        in_transaction(proved.give_back)
        return _show(visit, username, {"username": trouble.message}, 503)
    in_transaction(proved.settle)
    return _let_in(visit, Right(refused.named, refused.attempt, Said(Answer.RIGHT)), proved, changed=True)


def _let_in(visit: Visit, right: Right, proved: Proved, *, changed: bool) -> Response:
    person_id = right.named.person_id
    shared_pc = bool(request.form.get("shared_pc"))
    let_in = entrance(right, shared_pc=shared_pc, acr=proved.acr, amr=proved.amr)

    def note_and_let_in(connection: Connection) -> Secret:
        if changed:
            audit.record(connection, audit.Event.PASSWORD_CHANGED, actor=f"person:{person_id}", person_id=person_id)
            # Whoever knew the old password is out. The deed stands on a floor above this one, so it is handed down.
            current_app.extensions[WHEN_CHANGED](connection, person_id, actor=f"person:{person_id}")
        return let_in(connection)

    cookie = in_transaction(note_and_let_in)
    return go_on_as_known(visit, require_named(reader(), person_id), cookie, shared_pc=shared_pc)


def _require_page() -> Visit:
    if not current_settings().ldap_password_change:
        raise NotFound("")
    return require_step(Step.PASSWORD)


def _show(visit: Visit, username: str, errors: dict[str, str], status: int) -> Response:
    return make_response(
        page("change_password.html", visit, username=username, errors=errors, shared_pc=bool(request.form.get("shared_pc"))), status
    )
