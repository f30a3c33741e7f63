"""/console/clients/<client_id>/check: an application is shown to work, step by step, in the real thing."""

import uuid

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from clients.catalogue import system_of_client
from clients.check_models import Outcome
from clients.registry import RegisteredClient, find_even_disabled
from idp import clock
from idp.console.reach import within
from idp.database import in_transaction, reader
from idp.errors import NotFound, Refusal
from idp.opaque_tokens import Secret
from idp.people.roster import require_person, require_person_named
from idp.proof import checks, trial_people
from idp.proof.leaving_trial import try_leaving
from idp.proof.steps import Step, is_checkable, is_machine
from idp.proof.words import OUTCOMES, address_words, told
from idp.settings import current_settings
from idp.web.viewer import Permission, may, require_viewer, requires

blueprint = Blueprint("console_check", __name__)
LONGEST_NAME = 200


@blueprint.get("/console/clients/<client_id>/check")
@requires(Permission.SEE_CLIENTS)
def check(client_id: str) -> str:
    """The open check as it stands at this moment, or the last one, and those before."""
    return _page(_require(client_id))


@blueprint.post("/console/clients/<client_id>/check")
@requires(Permission.CHANGE_CLIENTS)
def begin(client_id: str) -> Response | tuple[str, int]:
    """Begin one, and look at what can be seen without anybody."""
    client, viewer = _require(client_id), require_viewer()
    if not client.is_enabled:
        raise Refusal(_("Ứng dụng đang ngừng kết nối. Mở lại trước khi kiểm tra."), "client_disabled", 409)
    typed = request.form.get("person", "").strip()[:LONGEST_NAME]
    try:
        person_id = _named(typed) if typed else _viewer_as_person()
    except Refusal as refusal:
        return _page(client, {"person": typed}, {"person": refusal.message}), refusal.status
    _put_away_overdue(client)
    in_transaction(lambda connection: checks.begin(connection, client, actor=viewer.actor, person_id=person_id))
    checks.look(_require(client_id))
    return _back(client_id)


@blueprint.post("/console/clients/<client_id>/check/look")
@requires(Permission.CHANGE_CLIENTS)
def look(client_id: str) -> Response:
    """Look at everything again, and keep it."""
    checks.look(_require(client_id))
    return _back(client_id)


@blueprint.post("/console/clients/<client_id>/check/test-person")
@requires(Permission.CHANGE_CLIENTS)
def take_link(client_id: str) -> str:
    """A link that signs the test person in, shown this once."""
    client, viewer = _require(client_id), require_viewer()

    def take(connection: Connection) -> Secret:
        open_check = checks.require_open(connection, client.key)
        person_id = checks.take_test_person(connection, open_check, client, actor=viewer.actor)
        return trial_people.give_link(connection, open_check.id, client.key, person_id, acr=viewer.acr, actor=viewer.actor)

    word = in_transaction(take)
    return _page(client, link=f"{current_settings().issuer}{url_for('test_sign_in.ask', link=word)}")


@blueprint.post("/console/clients/<client_id>/check/sign-out")
@requires(Permission.CHANGE_CLIENTS)
def sign_out(client_id: str) -> Response:
    """End the test person's sessions, as signing out does."""
    client, viewer = _require(client_id), require_viewer()
    person_id = checks.require_open(reader(), client.key).test_person_id
    if person_id is not None:
        in_transaction(lambda connection: trial_people.sign_out(connection, person_id, actor=viewer.actor))
    return _back(client_id)


@blueprint.post("/console/clients/<client_id>/check/leave")
@requires(Permission.CHANGE_CLIENTS)
def leave(client_id: str) -> Response:
    """Let the test person leave, and see that they are refused."""
    client = _require(client_id)
    open_check = checks.require_open(reader(), client.key)
    if open_check.probe is None and not try_leaving(open_check, actor=require_viewer().actor):
        raise Refusal(
            _("Người kiểm thử chưa ở trong ứng dụng, nên chưa có gì để thử. Đăng nhập người kiểm thử trước."), "nobody_to_leave", 409
        )
    checks.look(client)
    return _back(client_id)


@blueprint.post("/console/clients/<client_id>/check/end")
@requires(Permission.CHANGE_CLIENTS)
def end(client_id: str) -> Response:
    """End it before everything has been seen."""
    client, actor = _require(client_id), require_viewer().actor

    def stop(connection: Connection) -> None:
        open_check = checks.find_open(connection, client.key)
        if open_check is not None:
            checks.give_up(connection, open_check, client, actor=actor, outcome=Outcome.ENDED)

    in_transaction(stop)
    return _back(client_id)


def _put_away_overdue(client: RegisteredClient) -> None:
    found = checks.find_open(reader(), client.key)
    if found is not None and found.expires_at <= clock.now():
        in_transaction(lambda connection: checks.give_up(connection, found, client, actor=checks.SYSTEM, outcome=Outcome.EXPIRED))


def _named(typed: str) -> uuid.UUID:
    """The key of somebody whom the viewer may see. Raises NotFound."""
    if not may(Permission.SEE_PEOPLE):
        raise NotFound(_("Không có người này, hoặc người này ngoài phạm vi được giao."))
    found: uuid.UUID = require_person(reader(), require_person_named(reader(), typed).id, within(Permission.SEE_PEOPLE)).id
    return found


def _viewer_as_person() -> uuid.UUID | None:
    viewer = require_viewer()
    return None if viewer.client_id is not None or viewer.is_emergency else viewer.person_id


def _require(client_id: str) -> RegisteredClient:
    client = find_even_disabled(client_id)
    if client is None:
        raise NotFound(_("Không có ứng dụng này."))
    return client


def _page(
    client: RegisteredClient, values: dict[str, str] | None = None, errors: dict[str, str] | None = None, *, link: str | None = None
) -> str:
    before = checks.latest(reader(), client.key)
    current = next((one for one in before if one.open_client_id is not None and one.expires_at > clock.now()), None)
    shown = current or (before[0] if before else None)
    found = checks.present(reader(), shown, client) if current else (checks.kept(reader(), shown.id) if shown else {})
    steps = [told(step, finding, current_settings().issuer) for step, finding in found.items()]
    return render_template(
        "proof/check.html", client=client, shown=shown, is_open=current is not None, steps=steps, before=before, outcomes=OUTCOMES,
        address_words=address_words, link=link, values=values or {}, errors=errors or {}, Step=Step,
        is_machine=is_machine(client), is_checkable=is_checkable(client), system=system_of_client(reader(), client.key), can_leave=Step.LEAVING in found and found[Step.LEAVING].word == "leaving_ready",
    )  # fmt: skip


def _back(client_id: str) -> Response:
    return redirect(url_for("console_check.check", client_id=client_id), 303)
