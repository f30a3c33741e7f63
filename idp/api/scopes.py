"""What a token for the API may be for: scopes narrow, the roles that the client holds decide."""

import enum

from idp.settings import current_settings
from idp.web.viewer import Permission as May

PATH = "/api/v1"


class Scope(enum.StrEnum):
    """A scope of the API (RFC 6749 §3.3)."""

    PEOPLE_READ = "people.read"
    PEOPLE_WRITE = "people.write"
    SESSIONS_READ = "sessions.read"
    SESSIONS_END = "sessions.end"
    UNITS_READ = "units.read"
    CLIENTS_READ = "clients.read"
    CLIENTS_WRITE = "clients.write"
    CATALOGUE_READ = "catalogue.read"
    CATALOGUE_WRITE = "catalogue.write"
    AUDIT_READ = "audit.read"
    SYNC_READ = "sync.read"
    SYNC_RUN = "sync.run"
    SYNC_HOLD = "sync.hold"
    TRACKER_READ = "tracker.read"


SCOPE_NAMES = tuple(scope.value for scope in Scope)
ABOUT: dict[Scope, str] = {
    Scope.PEOPLE_READ: "people of the client's units",
    Scope.PEOPLE_WRITE: "suspend and restore them",
    Scope.SESSIONS_READ: "their sessions",
    Scope.SESSIONS_END: "end their sessions",
    Scope.UNITS_READ: "the unit tree",
    Scope.CLIENTS_READ: "applications",
    Scope.CLIENTS_WRITE: "connect and change applications, their secrets and who may enter",
    Scope.CATALOGUE_READ: "the catalogue of systems",
    Scope.CATALOGUE_WRITE: "change the catalogue",
    Scope.AUDIT_READ: "the audit trail",
    Scope.SYNC_READ: "sync runs and plans",
    Scope.SYNC_RUN: "start a run or a plan",
    Scope.SYNC_HOLD: "hold back a change of a plan",
    Scope.TRACKER_READ: "the tracker's figures",
}
USED_WITH: dict[Scope, frozenset[May]] = {
    Scope.PEOPLE_READ: frozenset({May.SEE_PEOPLE}),
    Scope.PEOPLE_WRITE: frozenset({May.SUSPEND_PEOPLE}),
    Scope.SESSIONS_READ: frozenset({May.SEE_PEOPLE}),
    Scope.SESSIONS_END: frozenset({May.SUSPEND_PEOPLE}),
    Scope.UNITS_READ: frozenset({May.OPEN_CONSOLE}),
    Scope.CLIENTS_READ: frozenset({May.SEE_CLIENTS}),
    Scope.CLIENTS_WRITE: frozenset({May.CHANGE_CLIENTS}),
    Scope.CATALOGUE_READ: frozenset({May.SEE_SYSTEMS}),
    Scope.CATALOGUE_WRITE: frozenset({May.CHANGE_SYSTEMS}),
    Scope.AUDIT_READ: frozenset({May.SEE_AUDIT}),
    Scope.SYNC_READ: frozenset({May.SEE_SYNC}),
    Scope.SYNC_RUN: frozenset({May.RUN_SYNC}),
    Scope.SYNC_HOLD: frozenset({May.APPROVE_SYNC}),
    Scope.TRACKER_READ: frozenset({May.SEE_TRACKER}),
}


def resource_identifier() -> str:
    """The resource (RFC 8707) that tokens for the API are for, and its address."""
    return current_settings().issuer + PATH
