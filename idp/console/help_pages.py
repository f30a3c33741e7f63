"""/console/people/<person>: an officer who has checked who somebody is helps them in: a temporary code, an activation slip, a reset,
an end of the rest after wrong tries."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, abort, render_template, request
from flask_babel import gettext as _
from sqlalchemy import Connection

from idp import access, audit
from idp.console.reach import require_changeable
from idp.console.reasons import read_reason
from idp.console.words import PROOFS
from idp.credentials import factors, officer_codes, proofings
from idp.credentials.officer_codes import ACTIVATION, TEMPORARY
from idp.credentials.printed_codes import NewCode, new_code
from idp.database import in_transaction, reader
from idp.errors import Refusal
from idp.login import unlocking
from idp.opaque_tokens import Secret
from idp.people import letters
from idp.people.letters import Letter
from idp.people.sign_in_name import lock
from idp.roles.permissions import is_administrator
from idp.roles.two_officers import agree
from idp.second_word import Word, holds, is_second
from idp.settings import current_settings
from idp.web.viewer import Permission, require_viewer, requires

blueprint = Blueprint("console_help", __name__)
RESET, UNLOCK, PROOF, NO_PROOF = "reset_factors", "unlock", "proof", "withdraw_proof"
DEEDS = (TEMPORARY, ACTIVATION, RESET, UNLOCK, PROOF, NO_PROOF)
ISSUED = {TEMPORARY: audit.Event.TEMPORARY_CODE_ISSUED, ACTIVATION: audit.Event.ACTIVATION_CODE_ISSUED}
ROUTE = f"/console/people/<uuid:person_id>/help/<any({', '.join(DEEDS)}):deed>"


@dataclass(frozen=True)
class Help:
    """What an officer does for somebody, and why. `code`: what will be handed over, if anything."""

    person_id: uuid.UUID
    deed: str
    reason: str
    code: NewCode | None
    proof: str = proofings.IN_PERSON


@blueprint.get(ROUTE)
@requires(Permission.HELP_PEOPLE)
def ask(person_id: uuid.UUID, deed: str) -> str:
    """What will happen, what to check before, and why it is done."""
    return _form(person_id, deed, {})


@blueprint.post(ROUTE)
@requires(Permission.HELP_PEOPLE)
def carry_out(person_id: uuid.UUID, deed: str) -> str | tuple[str, int]:
    """Do it: at once, or for somebody who holds a role as soon as a second officer does the same. A code is shown here and never again."""
    person, (reason, errors) = _require_helpable(person_id, deed), read_reason()
    if not request.form.get("checked") and deed != NO_PROOF:
        errors["checked"] = _("Kiểm tra giấy tờ của người được giúp trước, rồi đánh dấu.")
    proof = request.form.get("proof") or proofings.IN_PERSON
    if proof not in proofings.KINDS:
        errors["proof"] = _("Chọn cách đã xác minh.")
    if errors:
        return _form(person_id, deed, errors), 400
    wanted = Help(person_id, deed, reason, new_code() if deed in ISSUED else None, proof)
    done = in_transaction(_deed(wanted))
    code = wanted.code.code if wanted.code and done else None
    return _outcome(person, deed, code, done=done)


def _deed(wanted: Help) -> Callable[[Connection], bool]:
    officer = require_viewer()

    def do(connection: Connection) -> bool:
        lock(connection, wanted.person_id)
        may = holds(Permission.HELP_PEOPLE)

        def is_first(row: Any) -> bool:
            return is_second(connection, Word(row.proposed_by, row.proposed_at), officer.actor, first_may=may, second_may=may)

        # Asked with the person locked, as they are when they get a role: no code of one officer slips in beside it.
        if is_administrator(wanted.person_id) and not agree(
            connection, wanted.person_id, wanted.deed, reason=wanted.reason, actor=officer.actor, is_first=is_first
        ):
            _record(connection, audit.Event.HELP_ASKED, wanted, officer.actor)
            return False
        _help(connection, wanted, officer.actor)
        return True

    return do


def _help(connection: Connection, wanted: Help, actor: str) -> None:
    if wanted.code is not None:
        officer_codes.issue(connection, wanted.person_id, wanted.deed, wanted.code, issued_by=actor)
        _record(connection, ISSUED[wanted.deed], wanted, actor)
        letters.write(connection, wanted.person_id, Letter.OFFICER_CODE_ISSUED)
        if wanted.deed == ACTIVATION:  # the slip is handed to whom the officer has seen with the card
            proofings.record(connection, wanted.person_id, proofings.IN_PERSON, reason=wanted.reason, actor=actor)
    elif wanted.deed == PROOF:
        proofings.record(connection, wanted.person_id, wanted.proof, reason=wanted.reason, actor=actor)
        letters.write(connection, wanted.person_id, Letter.PROOFED)
    elif wanted.deed == NO_PROOF:
        proofings.withdraw(connection, wanted.person_id, reason=wanted.reason, actor=actor)
    elif wanted.deed == UNLOCK:
        unlocking.unlock(connection, wanted.person_id, reason=wanted.reason, actor=actor)
        letters.write(connection, wanted.person_id, Letter.UNLOCKED)
    else:
        access.reset_factors(connection, wanted.person_id, reason=wanted.reason, actor=actor)


def _record(connection: Connection, event: audit.Event, wanted: Help, actor: str) -> None:
    audit.record(connection, event, actor=actor, person_id=wanted.person_id, reason=wanted.reason, deed=wanted.deed, checked=True)


def _require_helpable(person_id: uuid.UUID, deed: str) -> object:
    person = require_changeable(person_id, Permission.HELP_PEOPLE)
    if deed == ACTIVATION:
        if not current_settings().activation_slips:
            abort(404)
        if factors.held_by(reader(), person_id).second_factor:
            raise Refusal(_("Người này đã có phương tiện xác thực. Nếu bị mất, hủy phương tiện cũ trước rồi in phiếu."), "has_factor")
    return person


def _form(person_id: uuid.UUID, deed: str, errors: dict[str, str]) -> str:
    person = _require_helpable(person_id, deed)
    return render_template(
        "console/help.html",
        person=person,
        deed=deed,
        errors=errors,
        two=is_administrator(person_id),
        proofs=PROOFS,
        days=current_settings().proofing_days,
    )


def _outcome(person: object, deed: str, code: Secret | None, *, done: bool) -> str:
    days, minutes = officer_codes.LIFETIMES[ACTIVATION].days, officer_codes.LIFETIMES[TEMPORARY].seconds // 60
    return render_template(
        "console/help_done.html",
        person=person,
        deed=deed,
        code=code,
        done=done,
        issuer=current_settings().issuer,
        days=days,
        minutes=minutes,
    )
