"""Everything that is kept about a person, for themselves: readable, complete, and without anything that opens a door."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, Table, bindparam, select

from clients.entry_models import ClientEntryRule, ClientRoleRule
from clients.models import Client
from idp import clock
from idp.account.words import event_words
from idp.audit import AuditEvent
from idp.credentials import factors, recovery_codes
from idp.credentials.models import EnrolmentDelay, OfficerCode, Proofing
from idp.database import table_of
from idp.enrollment.campaigns.models import CampaignPerson, Reminder, ReportSubscription
from idp.enrollment.models import ClosingSignature, Exemption
from idp.enrollment.standing_models import RungInterval, SystemEntry
from idp.oidc.leavings import leavings_of
from idp.oidc.models import Authorization, Consent, DeviceAuthorization
from idp.outbox import OutboxMessage
from idp.people import units
from idp.people.career_models import Appointment, IdleWarning, PlannedChange
from idp.people.models import Person
from idp.people.review_models import ReviewLine
from idp.roles.models import RoleGrant
from idp.sessions.devices import device_words
from idp.sessions.models import BrowserSession, TrustedBrowser
from idp.settings import current_settings

_p, _s, _b, _g = table_of(Person), table_of(BrowserSession), table_of(TrustedBrowser), table_of(RoleGrant)
_a, _k, _d, _o = table_of(Authorization), table_of(Consent), table_of(DeviceAuthorization), table_of(OutboxMessage)
_oc, _ed, _pr = table_of(OfficerCode), table_of(EnrolmentDelay), table_of(Proofing)
_e, _c = table_of(AuditEvent), table_of(Client)
_ap, _pc, _iw, _rl = table_of(Appointment), table_of(PlannedChange), table_of(IdleWarning), table_of(ReviewLine)
_cp, _rm, _rs = table_of(CampaignPerson), table_of(Reminder), table_of(ReportSubscription)
_si, _xm, _ri, _se = table_of(ClosingSignature), table_of(Exemption), table_of(RungInterval), table_of(SystemEntry)
READ_TABLES = frozenset({
    "closing_signature", "exemption", "rung_interval", "system_entry", "campaign_person", "reminder", "report_subscription",
    "client_entry_rule", "client_role_rule",
    "person", "browser_session", "trusted_browser", "role_grant", "authorization", "consent", "device_authorization", "outbox_message",
    "audit_event", "leaving", "totp_credential", "passkey", "hardware_token", "recovery_code", "officer_code", "enrolment_delay",
    "proofing", "appointment", "planned_change", "idle_warning", "review_line",
})  # fmt: skip
# Why a table about people is left out.
WITHHELD_TABLES = {
    "integration_check": "whose sign-ins an application was checked with, told in the history of the application",
    "integration_sight": "that an application was seen to sign somebody in while it was checked; the sign-in itself is told",
    "saved_filter": "ways of narrowing a list that somebody keeps for their work at the console, shown there",
    "desk_case": "questions that an officer must decide, told in the history once they are decided",
    "missing_person": "who is missing from the directory for a moment, told in the history when something follows",
    "personal_mark": "a keyed digest by which two entries are known to be one person's",
    "sync_change": "runs of the sync, told in the history",
    "source_entry": "what further sources say of somebody, told in the facts that count",
    "scim_entry": "the words of a source, told in the person they became",
    "scim_address": "the addresses among these words, as they are searched",
    "scim_group_member": "groups of a source, which mean nothing here",
    "provisioned_account": "whether an application has an account of them, told in the history",
    "plan_line": "what a run of the sync proposed; what came of it is told in the history",
    "plan_word": "what an officer said of a plan, in the history of the plan",
    "rung_difference": "a fault of counting, told in the history of rungs",
    "held_change": "what a run of the sync proposed and an officer held back",
}
# What only finds or sorts a row, and what opens a door (a digest of a cookie or of a code).
_OURS = frozenset({
    "digest", "hash", "user_code_digest", "directory_digest", "sort_key", "search_key", "username_key", "mail_key", "alias_key", "person_id", "client_id",
    "unit_id", "payload", "leased_until", "next_attempt_at", "authorization_id",
})  # fmt: skip


def data_of(connection: Connection, person_id: uuid.UUID) -> dict[str, Any]:
    """All of it, as a JSON object of lists; instants stay instants."""
    person = connection.execute(select(_p).where(_p.c.id == person_id)).one()._mapping
    return {
        "provider": current_settings().issuer,
        "made_at": clock.now(),
        "person": _plain(person) | {"unit_path": [unit.name for unit in units.path_to(connection, person["unit_id"])]},
        "factors": [
            {"kind": one.kind, "name": one.name, "created_at": one.created_at, "last_used_at": one.last_used_at}
            for one in factors.list_of(connection, person_id)
        ],
        "recovery_codes_left": recovery_codes.left(connection, person_id),
        "sessions": [_with_device(row) for row in _rows(connection, _s, person_id)],
        "trusted_browsers": [_with_device(row) for row in _rows(connection, _b, person_id)],
        "codes_from_officers": [_plain(row) for row in _rows(connection, _oc, person_id)],
        "proofings": [_plain(row) for row in _rows(connection, _pr, person_id)],
        "enrolment_put_off": [_plain(row) for row in _rows(connection, _ed, person_id)],
        "roles": [_plain(row) for row in _rows(connection, _g, person_id)],
        "authorizations": _of_clients(connection, _a, person_id),
        "consents": _of_clients(connection, _k, person_id),
        "roles_in_applications_by_name": _of_clients(connection, table_of(ClientRoleRule), person_id),
        "entries_by_name": _of_clients(connection, table_of(ClientEntryRule), person_id),
        "devices": _of_clients(connection, _d, person_id),
        "sign_outs_told": _of_clients(connection, _o, person_id),
        "access_withdrawn": [
            {"reason": one.reason, "changed_at": one.changed_at, "withdrawn_at": one.withdrawn_at, "undone_at": one.undone_at}
            for one in leavings_of(connection, person_id, most=1000)
        ],
        "appointments": [_plain(row) for row in _rows(connection, _ap, person_id)],
        "planned_changes": [_plain(row) for row in _rows(connection, _pc, person_id)],
        "idle_warnings": [_plain(row) for row in _rows(connection, _iw, person_id)],
        "access_reviews": [_plain(row) for row in _rows(connection, _rl, person_id)],
        "applications_entered": _of_clients(connection, _se, person_id),
        "rungs": [_plain(row) for row in _rows(connection, _ri, person_id)],
        "exemptions": [_plain(row) for row in _rows(connection, _xm, person_id)],
        "campaigns": [_plain(row) for row in _rows(connection, _cp, person_id)],
        "reminders": [_plain(row) for row in _rows(connection, _rm, person_id)],
        "reports_by_mail": [_plain(row) for row in _rows(connection, _rs, person_id)],
        "closings_signed": [_plain(row) for row in _rows(connection, _si, person_id)],
        "history": _history(connection, person_id),
    }


def _rows(connection: Connection, table: Table, person_id: uuid.UUID) -> Sequence[RowMapping]:
    order = table.primary_key.columns.values()
    return connection.execute(select(table).where(table.c.person_id == person_id).order_by(*order)).mappings().all()


def _plain(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(name): value for name, value in row.items() if str(name) not in _OURS and not isinstance(value, bytes)}


def _with_device(row: Mapping[Any, Any]) -> dict[str, Any]:
    return _plain(row) | {"device": device_words(row["user_agent"])}


def _of_clients(connection: Connection, table: Table, person_id: uuid.UUID) -> list[dict[str, Any]]:
    query = (
        select(table, _c.c.client_name.label("application"))
        .select_from(table.outerjoin(_c, _c.c.id == table.c.client_id))
        .where(table.c.person_id == person_id)
        .order_by(*table.primary_key.columns.values())
    )
    return [_plain(row) for row in connection.execute(query).mappings()]


def _history(connection: Connection, person_id: uuid.UUID) -> list[dict[str, Any]]:
    rows = connection.execute(_events, {"person_id": person_id})
    return [
        {"at": row.at, "event": row.event, "told": event_words(row.event, row.client_name), "address": row.address, "detail": row.detail}
        for row in rows
    ]


_events = (
    select(_e.c.at, _e.c.event, _e.c.address, _e.c.detail, _c.c.client_name)
    .select_from(_e.outerjoin(_c, _c.c.id == _e.c.client_id))
    .where(_e.c.person_id == bindparam("person_id"))
    .order_by(_e.c.id)
)
