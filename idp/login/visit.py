"""One request to a page of sign-in: what it is for, where the person stands, and the way on from there."""

from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import quote

from flask import abort, redirect, render_template, request
from werkzeug.wrappers import Response

from idp.credentials import factors
from idp.database import reader
from idp.errors import Refusal
from idp.login import known_accounts
from idp.login.activation import awaits_activation
from idp.login.everybody import delays_left, may_trust
from idp.login.steps import Standing, Step, next_step
from idp.people.sign_in_name import Named, require_named
from idp.roles.permissions import is_administrator
from idp.sessions import assurance, browser_sessions, known_browsers, sign_in_request
from idp.sessions.browser_sessions import LiveSession
from idp.sessions.sign_in_request import FlowExpired, SignInRequest
from idp.web.headers import forms_may_lead_anywhere, forms_may_lead_to

PATHS = {
    Step.REFUSED: "/sign-in/refused",
    Step.PASSWORD: "/sign-in",
    Step.CHOOSE_ACCOUNT: "/sign-in/account",
    Step.ACTIVATE: "/sign-in/activate",
    Step.SECOND_FACTOR: "/sign-in/factor",
    Step.ENROLL: "/sign-in/enroll",
    Step.ENROLL_PASSKEY: "/sign-in/enroll/passkey",
    Step.RECOVERY_CODES: "/sign-in/recovery-codes",
    Step.NOTICE: "/sign-in/notice",
    Step.PASSWORD_END: "/sign-in/password-ends",
}
DEFAULT_LANDING = "/account"


@dataclass(frozen=True)
class Visit:
    """The sealed flow, what it is for, and where the person stands in it."""

    flow: str
    standing: Standing

    @property
    def wanted(self) -> SignInRequest:
        """What the sign-in is for."""
        return self.standing.wanted

    @property
    def step(self) -> Step:
        """What comes next."""
        return next_step(self.standing)

    @property
    def delays_left(self) -> int:
        """How often enrolling may still be put off here."""
        standing = self.standing
        needed_anyway = standing.administrator or assurance.is_enough(self.wanted.minimum_acr, assurance.AAL2)
        return delays_left(standing.session, needed_anyway=needed_anyway) if standing.session else 0

    @property
    def may_trust(self) -> bool:
        """Whether this browser may be called trusted."""
        return self.standing.session is not None and may_trust(self.standing.session, administrator=self.standing.administrator)


def require_visit() -> Visit:
    """The visit that this request is part of. Without a flow, or with one expired, a new one begins. Raises FlowUnusable."""
    sealed = request.args.get("flow")
    if not sealed:
        abort(sign_in_request.begin(SignInRequest(DEFAULT_LANDING)))
    try:
        wanted = sign_in_request.open_flow(sealed)
    except FlowExpired as expired:
        abort(sign_in_request.begin_again(expired.request))
    _let_forms_lead(wanted)
    visit = Visit(sealed, _standing(wanted))
    if request.method == "POST" and request.form.get("cancel") and wanted.cancel_to:
        abort(redirect(_with_flow(wanted.cancel_to, sealed), 303))
    return visit


def require_step(*steps: Step) -> Visit:
    """As `require_visit`, when one of these steps comes next; else the browser is sent to the one that does: no step is skipped
    by its URL, and going back or sending a form twice does no harm."""
    return stay_at(require_visit(), *steps)


def stay_at(visit: Visit, *steps: Step) -> Visit:
    """The same of a visit looked up before."""
    if visit.step not in steps:
        turn_to_next_step(visit)
    return visit


def require_session(visit: Visit) -> LiveSession:
    """The session, on pages of steps that only follow once there is one."""
    session = visit.standing.session
    assert session is not None
    return session


def turn_to_next_step(visit: Visit) -> NoReturn:
    """End this request by sending the browser to whatever comes next."""
    abort(go_on(visit))


def go_on(visit: Visit) -> Response:
    """To the next step's page, or out of sign-in (303)."""
    if visit.step is not Step.CONTINUE:
        return redirect(_with_flow(PATHS[visit.step], visit.flow), 303)
    wanted, session = visit.wanted, visit.standing.session
    response = redirect(_with_flow(wanted.return_to, visit.flow) if wanted.payload else wanted.return_to, 303)
    if session is not None:
        known_accounts.remember(response, session)
    return response


def look_again(visit: Visit) -> Response:
    """Something was done: let the browser find out what comes next (303)."""
    return redirect(_with_flow(PATHS[Step.PASSWORD], visit.flow), 303)


def go_on_as(visit: Visit, cookie: str) -> Response:
    """Give the browser its session's new cookie, and let it find out what comes next."""
    response = look_again(visit)
    browser_sessions.set_cookie(response, cookie)
    return response


def go_on_as_known(visit: Visit, named: Named, cookie: str, *, shared_pc: bool, second_factor: bool = False) -> Response:
    """The same after a factor was proved; a browser that is not everybody's remembers who has signed in there, and how."""
    response = go_on_as(visit, cookie)
    if not shared_pc:
        known_browsers.remember(response, named.person_id, named.browser_round, second_factor=second_factor)
    return response


def go_on_as_proved(visit: Visit, cookie: str) -> Response:
    """The same after the second factor of the session's person."""
    session = require_session(visit)
    return go_on_as_known(visit, require_named(reader(), session.person_id), cookie, shared_pc=session.shared_pc, second_factor=True)


def page(template: str, visit: Visit, **facts: object) -> str:
    """A page of sign-in."""
    return render_template(f"login/{template}", visit=visit, wanted=visit.wanted, flow=visit.flow, **facts)


def link(path: str, visit: Visit) -> str:
    """A path of sign-in in this flow."""
    return _with_flow(path, visit.flow)


def show_stale(refusal: Refusal) -> tuple[str, int]:
    """A form that came too late or from somewhere else: nothing of it is done; the way back into the same sign-in is shown."""
    sealed = request.args.get("flow", "")
    try:
        wanted: SignInRequest | None = sign_in_request.open_flow(sealed)
    except FlowExpired as expired:
        wanted = expired.request
    except Refusal:
        wanted = None
    return render_template("login/stale.html", message=refusal.message, wanted=wanted, flow=sealed), 400


def _standing(wanted: SignInRequest) -> Standing:
    cookie = browser_sessions.cookie_value()
    session = browser_sessions.find_unfinished(cookie) if cookie else None
    if session is None:
        return Standing(wanted, None)
    held = factors.held_by(reader(), session.person_id)
    return Standing(
        wanted,
        session,
        administrator=is_administrator(session.person_id),
        held=held,
        awaits_activation=awaits_activation(reader(), session, held),
        notice_read=require_named(reader(), session.person_id).notice_acknowledged_at is not None,
    )


def _let_forms_lead(wanted: SignInRequest) -> None:
    if wanted.leads_to:
        # Browsers hold the whole chain of redirects to this, also what the application does after its redirect_uri.
        forms_may_lead_to(wanted.leads_to, "https:")
    elif wanted.payload:
        forms_may_lead_anywhere()


def _with_flow(path: str, sealed: str) -> str:
    return f"{path}{'&' if '?' in path else '?'}flow={quote(sealed, safe='')}"
