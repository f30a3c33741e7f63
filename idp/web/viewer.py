"""Who is looking at this page, what they may do here, and the guard in front of pages that not everybody may see."""

import enum
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

from flask import Flask, current_app, g, has_request_context, request

from idp import clock
from idp.errors import Forbidden

P = ParamSpec("P")
R = TypeVar("R")
PERMISSION_ATTRIBUTE = "hopnhat_permission"


class Permission(enum.StrEnum):
    """What can be allowed. Roles are sets of these (`idp.roles.permissions`)."""

    OPEN_CONSOLE = "open_console"
    SEE_PEOPLE = "see_people"
    SUSPEND_PEOPLE = "suspend_people"
    HELP_PEOPLE = "help_people"
    DECIDE_ON_PEOPLE = "decide_on_people"
    SEE_CLIENTS = "see_clients"
    CHANGE_CLIENTS = "change_clients"
    DRAFT_CLIENTS = "draft_clients"  # describe an application; connecting it is another matter
    APPROVE_CLIENTS = "approve_clients"  # the second word on one for real work
    REGISTER_CLIENTS = "register_clients"  # with every setting, past the wizard
    SEE_SYSTEMS = "see_systems"
    CHANGE_SYSTEMS = "change_systems"
    SEE_ROLES = "see_roles"
    GRANT_ROLES = "grant_roles"
    SEE_SYNC = "see_sync"
    RUN_SYNC = "run_sync"
    APPROVE_SYNC = "approve_sync"
    SEE_AUDIT = "see_audit"
    SEE_TRACKER = "see_tracker"
    SEE_TRACKER_NAMES = "see_tracker_names"
    ACT_ON_TRACKER = "act_on_tracker"
    CLOSE_PERIODS = "close_periods"
    CHANGE_TRACKER = "change_tracker"


@dataclass(frozen=True)
class Viewer:
    """Who asks: the person signed in to this browser, as pages need them; at the API the machine client, `client_id` by its public
    name and `person_id` its key, which holds roles as a person does. `is_emergency`: nobody of the roster, but whoever opened the sealed
    envelope; `person_id` is then the key of that account."""

    person_id: uuid.UUID
    session_id: uuid.UUID
    subject: str
    name: str
    unit_name: str | None
    acr: str
    auth_time: datetime
    shared_pc: bool
    permissions: frozenset[Permission]
    client_id: str | None = None
    is_emergency: bool = False
    is_test: bool = False  # a made-up person with whom an application is checked: no page of ours is theirs

    @property
    def actor(self) -> str:
        """How they show in the audit trail, at most 64 characters."""
        if self.is_emergency:
            return f"emergency:{self.person_id}"
        return f"person:{self.person_id}" if self.client_id is None else f"client:{self.client_id}"[:64]


FindViewer = Callable[[], Viewer | None]
AskToSignIn = Callable[[str | None, datetime | None], Any]
REACH_GUARDS = "hopnhat.reach_guards"
ReachGuard = Callable[[Permission, Any], None]
# What nobody does on the strength of a sign-in of this morning: whoever sits down at an open console cannot (ASVS 7.5.3).
SENSITIVE = frozenset({
    Permission.CHANGE_CLIENTS, Permission.APPROVE_CLIENTS, Permission.REGISTER_CLIENTS, Permission.CHANGE_SYSTEMS, Permission.GRANT_ROLES,
    Permission.SUSPEND_PEOPLE, Permission.HELP_PEOPLE, Permission.APPROVE_SYNC,
})  # fmt: skip
FRESH_TO_OPEN, FRESH_TO_SEND = timedelta(minutes=5), timedelta(minutes=20)  # a form takes a while to fill in


def viewer() -> Viewer | None:
    """The person signed in to this browser, found once a request."""
    if "viewer" not in g:
        g.viewer = cast("FindViewer", current_app.extensions["hopnhat.find_viewer"])()
    return cast("Viewer | None", g.viewer)


def require_viewer() -> Viewer:
    """The person signed in; call it only behind a guard."""
    found = viewer()
    if found is None:
        raise Forbidden("", reason="not_signed_in")
    return found


def require_person_here() -> Viewer:
    """The viewer, where a deed is done in somebody's own name: neither a program nor whoever opened an envelope. Raises Forbidden."""
    found = require_viewer()
    if found.is_emergency or found.client_id is not None:
        raise Forbidden("", reason="needs_a_person")
    return found


def may(permission: Permission) -> bool:
    """Whether the viewer may do this: for showing or hiding a link, never instead of the guard."""
    found = viewer()
    return found is not None and permission in found.permissions


def anyone(door: Callable[P, R]) -> Callable[P, R]:
    """Declare that a page is open to everybody, signed in or not."""
    setattr(door, PERMISSION_ATTRIBUTE, "anyone")
    return door


def signed_in(door: Callable[P, R]) -> Callable[P, R]:
    """Guard: somebody must be signed in; else the sign-in page comes first and leads back here."""

    @wraps(door)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        found = viewer()
        if found is None:
            return cast("R", _ask(None, None))
        if found.is_test:
            raise Forbidden("", reason="test_person")
        return door(*args, **kwargs)

    setattr(guarded, PERMISSION_ATTRIBUTE, "signed_in")
    return guarded


def requires(
    permission: Permission, minimum_acr: str = "urn:hopnhat:aal2", *, freshly: bool = False
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Guard: the viewer must hold the permission and have proved themselves as strongly as `minimum_acr`.

    `freshly`: as for what is sensitive, whatever the permission. Nobody signed in, not strongly enough, or for what is sensitive not
    just now: the sign-in page asks for what is missing and leads back here. Not allowed: Forbidden, which is shown as a page that
    says whom to ask.
    """

    def decorate(door: Callable[P, R]) -> Callable[P, R]:
        @wraps(door)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            found, since = viewer(), _since_when(permission, freshly)
            if found is None:
                return cast("R", _ask(minimum_acr, None))
            if permission not in found.permissions:
                raise Forbidden("", reason=f"lacks_{permission}")
            if found.acr < minimum_acr or (since is not None and found.auth_time < since):
                return cast("R", _ask(minimum_acr, since))
            require_reach(permission, kwargs)
            return door(*args, **kwargs)

        setattr(guarded, PERMISSION_ATTRIBUTE, str(permission))
        return guarded

    return decorate


def add_reach_guard(app: Flask, argument: str, guard: ReachGuard) -> None:
    """Let `guard` refuse every page whose address names something (its `argument` of the route) outside the viewer's part of the tree."""
    app.extensions.setdefault(REACH_GUARDS, {})[argument] = guard


def require_reach(permission: Permission, arguments: Mapping[str, Any]) -> None:
    """Refuse what an address names and the viewer does not reach with this permission. No page can forget to ask."""
    guards = current_app.extensions.get(REACH_GUARDS, {})
    for argument, value in arguments.items():
        if argument in guards:
            guards[argument](permission, value)


def emergency_holder() -> uuid.UUID | None:
    """The key of the emergency account that looks at this page, if it is one."""
    found = cast("Viewer | None", g.get("viewer")) if has_request_context() else None
    return found.person_id if found is not None and found.is_emergency else None


def _since_when(permission: Permission, freshly: bool) -> datetime | None:
    if not freshly and permission not in SENSITIVE:
        return None
    return clock.now() - (FRESH_TO_SEND if request.method == "POST" else FRESH_TO_OPEN)


def _ask(minimum_acr: str | None, not_before: datetime | None) -> Any:
    return cast("AskToSignIn", current_app.extensions["hopnhat.ask_to_sign_in"])(minimum_acr, not_before)
