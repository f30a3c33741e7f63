"""/account/password: a person changes their directory password, as far as the directory lets them."""

from flask import Blueprint, redirect, render_template, request
from sqlalchemy import Connection

from idp import access, audit
from idp.account.guards import Answer, freshly, own_session
from idp.credentials import failures, password
from idp.credentials.password import ChangeRefused, DirectoryUnavailable
from idp.database import in_transaction, reader
from idp.errors import NotFound
from idp.login import messages
from idp.login.password_trial import Right, Wrong, entry_of, try_password
from idp.opaque_tokens import Secret
from idp.people.sign_in_name import require_named
from idp.settings import current_settings
from idp.web.viewer import signed_in

blueprint = Blueprint("account_password", __name__)


@blueprint.get("/account/password")
@signed_in
@freshly
def ask_to_change() -> Answer:
    """Ask for the present password and a new one."""
    _require_offered()
    return _page({}, 200)


@blueprint.post("/account/password")
@signed_in
@freshly
def changed() -> Answer:
    """Have the directory change it; other sessions end with it unless the person keeps them."""
    _require_offered()
    session = own_session()
    named = require_named(reader(), session.person_id)
    old, new = Secret(request.form.get("password", "")), Secret(request.form.get("new_password", ""))
    errors = messages.new_password_problem(new, request.form.get("again", ""), old)
    if errors:
        return _page(errors, 400)
    outcome = try_password(named, named.username or "", old)
    if isinstance(outcome, Wrong) and (outcome.answer is None or not password.may_be_changed_here(outcome.answer)):
        return _page({"password": outcome.message}, outcome.status)
    if isinstance(outcome, Right):
        # The password was right, whatever comes of the new one: looking for one that the directory takes locks nobody out.
        in_transaction(lambda c: failures.succeeded(c, outcome.attempt))
    try:
        password.change(entry_of(named), old, new)
    except ChangeRefused as refused:
        return _page({"new_password": messages.change_refused(refused.change)}, 400)
    except DirectoryUnavailable as trouble:
        return _page({"": trouble.message}, 503)
    actor, end_others = f"person:{session.person_id}", bool(request.form.get("end_others"))

    def note(connection: Connection) -> None:
        audit.record(connection, audit.Event.PASSWORD_CHANGED, actor=actor, person_id=session.person_id)
        access.own_password_changed(connection, session.person_id, keep=session.session_id, end_others=end_others, actor=actor)

    in_transaction(note)
    return redirect("/account/history", 303)


def _require_offered() -> None:
    if not current_settings().ldap_password_change:
        raise NotFound("")


def _page(errors: dict[str, str], status: int) -> tuple[str, int]:
    username = own_session().username or ""
    end_others = request.method == "GET" or bool(request.form.get("end_others"))
    return render_template("account/change_password.html", errors=errors, username=username, end_others=end_others), status
