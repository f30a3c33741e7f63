"""The audit trail: who did what to whom, why, from where; append-only and chained by hash.

An event is written in the transaction of the deed it reports, so that neither exists without the other. The worker links
events into the chain a moment later, in a table of its own: writing the hash at once would make every transaction of the
whole province wait for one row.
"""

import enum
import hashlib
import json
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import has_request_context
from sqlalchemy import (
    JSON,
    BigInteger,
    Connection,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Table,
    Uuid,
    bindparam,
    func,
    insert,
    select,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from idp import clock
from idp.at_hand import this_request
from idp.database import Record, UtcDateTime, insert_rows, new_id, new_ids, table_of
from idp.prepared import run
from idp.request_ids import request_id

BEGINNING = bytes(32)
LINK_BATCH = 5000
LONGEST_TRANSACTION = timedelta(hours=1)  # an event older than the newest linked one by more than this can no longer appear


class Event(enum.StrEnum):
    """Every kind of event, as `subject.past_verb`."""

    PERSON_ADDED = "person.added"
    PERSON_CHANGED = "person.changed"
    PERSON_SUSPENDED = "person.suspended"
    PERSON_RESTORED = "person.restored"
    NOTICE_ACKNOWLEDGED = "notice.acknowledged"
    PASSWORD_VERIFIED = "password.verified"
    PASSWORD_REFUSED = "password.refused"
    PASSWORD_CHANGED = "password.changed"
    SECOND_FACTOR_VERIFIED = "second_factor.verified"
    SECOND_FACTOR_REFUSED = "second_factor.refused"
    TOTP_ENROLLED = "totp.enrolled"
    TOTP_REMOVED = "totp.removed"
    PASSKEY_VERIFIED = "passkey.verified"
    PASSKEY_REFUSED = "passkey.refused"
    PASSKEY_ENROLLED = "passkey.enrolled"
    PASSKEY_REMOVED = "passkey.removed"
    TOKENS_IMPORTED = "hardware_tokens.imported"
    TOKEN_ASSIGNED = "hardware_token.assigned"
    TOKEN_RELEASED = "hardware_token.released"
    TOKEN_REVOKED = "hardware_token.revoked"
    HELP_ASKED = "help.asked"
    TEMPORARY_CODE_ISSUED = "temporary_code.issued"
    TEMPORARY_CODE_USED = "temporary_code.used"
    CODE_GIVEN_BACK = "code.given_back"
    ACTIVATION_CODE_ISSUED = "activation_code.issued"
    ACTIVATION_CODE_USED = "activation_code.used"
    FACTORS_RESET = "factors.reset"
    PROOFING_RECORDED = "proofing.recorded"
    PROOFING_WITHDRAWN = "proofing.withdrawn"
    FACTOR_RENAMED = "factor.renamed"
    BROWSER_TRUSTED = "browser.trusted"
    BROWSER_DISTRUSTED = "browser.distrusted"
    ENROLMENT_DELAYED = "enrolment.delayed"
    RECOVERY_CODES_ISSUED = "recovery_codes.issued"
    RECOVERY_CODES_CONFIRMED = "recovery_codes.confirmed"
    RECOVERY_CODE_USED = "recovery_code.used"
    ACCOUNT_THROTTLED = "account.throttled"
    ACCOUNT_UNLOCKED = "account.unlocked"
    SESSION_STARTED = "session.started"
    SESSION_RAISED = "session.raised"
    SESSION_ENDED = "session.ended"
    MISUSE_REPORTED = "misuse.reported"
    OWN_DATA_DOWNLOADED = "own_data.downloaded"
    AUTHORIZATION_GRANTED = "authorization.granted"
    AUTHORIZATION_REFUSED = "authorization.refused"
    AUTHORIZATION_REVOKED = "authorization.revoked"
    CONSENT_GIVEN = "consent.given"
    CONSENT_WITHDRAWN = "consent.withdrawn"
    CODE_REPLAYED = "code.replayed"
    REFRESH_TOKEN_REPLAYED = "refresh_token.replayed"
    TOKEN_EXCHANGED = "token.exchanged"
    CLIENT_AUTHORIZED = "client.authorized"
    CLIENT_TOKEN_REVOKED = "client_token.revoked"
    LOGOUT_DELIVERED = "logout.delivered"
    LOGOUT_FAILED = "logout.failed"
    CLIENT_REGISTERED = "client.registered"
    CLIENT_CHANGED = "client.changed"
    CLIENT_DISABLED = "client.disabled"
    CLIENT_ENABLED = "client.enabled"
    CLIENT_SECRET_ROTATED = "client_secret.rotated"
    CLIENT_DRAFT_SUBMITTED = "client_draft.submitted"
    CLIENT_DRAFT_APPROVED = "client_draft.approved"
    CLIENT_DRAFT_SENT_BACK = "client_draft.sent_back"
    CLIENT_DRAFT_RECALLED = "client_draft.recalled"
    CLIENT_ROLE_GIVEN = "client_role.given"
    CLIENT_ROLE_TAKEN = "client_role.taken"
    CLIENT_ENTRY_ADDED = "client_entry.added"
    CLIENT_ENTRY_REMOVED = "client_entry.removed"
    CLIENT_DELETED = "client.deleted"
    CHECK_BEGUN = "integration_check.begun"
    CHECK_ENDED = "integration_check.ended"
    PROOF_OUTDATED = "integration_proof.outdated"
    TEST_LINK_GIVEN = "test_link.given"
    REGISTRATION_TOKEN_ISSUED = "registration_token.issued"
    REGISTRATION_TOKEN_REVOKED = "registration_token.revoked"
    RESOURCE_REGISTERED = "resource.registered"
    RESOURCE_CHANGED = "resource.changed"
    SAML_PARTY_CHANGED = "saml_party.changed"
    SAML_KEY_PREPARED = "saml_key.prepared"
    SAML_KEY_USED = "saml_key.used"
    SAML_KEY_RETIRED = "saml_key.retired"
    SIGNING_KEY_CREATED = "signing_key.created"
    SIGNING_KEY_RETIRED = "signing_key.retired"
    SIGNING_KEY_WITHDRAWN = "signing_key.withdrawn"
    DEVICE_APPROVED = "device.approved"
    DEVICE_DENIED = "device.denied"
    DEVICE_CODE_REFUSED = "device_code.refused"
    API_ROLE_GRANTED = "api_role.granted"
    API_ROLE_REVOKED = "api_role.revoked"
    ROLE_GRANTED = "role.granted"
    ROLE_REVOKED = "role.revoked"
    ROLE_BEGUN = "role.begun"
    ROLE_ENDING = "role.ending"
    PROPOSAL_MADE = "proposal.made"
    PROPOSAL_APPROVED = "proposal.approved"
    PROPOSAL_REJECTED = "proposal.rejected"
    PROPOSAL_WITHDRAWN = "proposal.withdrawn"
    HISTORY_OPENED = "history.opened"
    EMERGENCY_SEALED = "emergency.sealed"
    EMERGENCY_TESTED = "emergency.tested"
    EMERGENCY_RETIRED = "emergency.retired"
    EMERGENCY_REFUSED = "emergency.refused"
    EMERGENCY_BEGUN = "emergency.begun"
    EMERGENCY_ENDED = "emergency.ended"
    SYNC_RUN_APPLIED = "sync_run.applied"
    SYNC_RUN_STOPPED = "sync_run.stopped"
    SYNC_RUN_FAILED = "sync_run.failed"
    SYNC_OVERDUE = "sync.overdue"
    PERSON_SYNCED = "person.synced"
    SYNC_PLAN_WORD_GIVEN = "sync_plan.word_given"
    SYNC_PLAN_APPROVED = "sync_plan.approved"
    SYNC_PLAN_REJECTED = "sync_plan.rejected"
    SYNC_CHANGE_HELD = "sync_change.held"
    SYNC_CHANGE_RELEASED = "sync_change.released"
    SHEET_SUBMITTED = "sheet.submitted"
    ATTRIBUTE_GIVEN = "attribute.given"
    SCIM_SOURCE_ADDED = "scim_source.added"
    SCIM_SOURCE_CHANGED = "scim_source.changed"
    SCIM_GROUP_CHANGED = "scim_group.changed"
    ACCOUNT_PROVISIONED = "account.provisioned"
    ACCOUNT_NOT_PROVISIONED = "account.not_provisioned"
    REORGANISATION_PROPOSED = "reorganisation.proposed"
    REORGANISATION_APPROVED = "reorganisation.approved"
    REORGANISATION_WITHDRAWN = "reorganisation.withdrawn"
    REORGANISATION_CARRIED_OUT = "reorganisation.carried_out"
    DESK_CASE_OPENED = "desk_case.opened"
    DESK_CASE_DECIDED = "desk_case.decided"
    DESK_CASE_REOPENED = "desk_case.reopened"
    DESK_RULE_ADDED = "desk_rule.added"
    DESK_RULE_REVOKED = "desk_rule.revoked"
    APPOINTMENT_ADDED = "appointment.added"
    APPOINTMENT_ENDED = "appointment.ended"
    CHANGE_PLANNED = "change.planned"
    CHANGE_CALLED_OFF = "change.called_off"
    IDLE_WARNED = "idle.warned"
    IDLE_STOPPED = "idle.stopped"
    REVIEW_OPENED = "review.opened"
    REVIEW_DECIDED = "review.decided"
    REVIEW_SIGNED = "review.signed"
    REVIEW_OVERDUE = "review.overdue"
    CHANGES_OVERDUE = "changes.overdue"
    SYSTEM_ADDED = "system.added"
    SYSTEM_CHANGED = "system.changed"
    SYSTEM_RETIRED = "system.retired"
    SYSTEM_REOPENED = "system.reopened"
    SYSTEM_VOUCHED_FOR = "system.vouched_for"
    SYSTEM_NOT_VOUCHED_FOR = "system.not_vouched_for"
    SNAPSHOT_TAKEN = "snapshot.taken"
    TRACKER_PARAMETERS_PROPOSED = "tracker_parameters.proposed"
    TRACKER_PARAMETERS_APPROVED = "tracker_parameters.approved"
    TRACKER_PARAMETERS_WITHDRAWN = "tracker_parameters.withdrawn"
    TRACKER_RECOUNTED = "tracker.recounted"
    CLOSING_MADE = "closing.made"
    CLOSING_CORRECTED = "closing.corrected"
    CLOSING_SIGNED = "closing.signed"
    EXEMPTION_DECIDED = "exemption.decided"
    EXEMPTION_ENDED = "exemption.ended"
    TRACKER_NAMES_SHOWN = "tracker_names.shown"
    REMINDERS_ORDERED = "reminders.ordered"
    REMINDERS_WRITTEN = "reminders.written"
    CAMPAIGN_MADE = "campaign.made"
    CAMPAIGN_WAVE_BEGUN = "campaign_wave.begun"
    CAMPAIGN_ENDED = "campaign.ended"
    ENROLMENT_DAY_PLANNED = "enrolment_day.planned"
    ENROLMENT_DAY_CANCELLED = "enrolment_day.cancelled"
    LAGGING_UNITS_TOLD = "lagging_units.told"
    EVIDENCE_TAKEN = "evidence.taken"
    AUDIT_EXPORTED = "audit.exported"
    PEOPLE_EXPORTED = "people.exported"
    SESSIONS_EXPORTED = "sessions.exported"
    EXPORT_ENDED = "export.ended"
    BACKUP_MADE = "backup.made"
    BACKUP_RESTORED = "backup.restored"


class AuditEvent(Record):
    """One event. Triggers of the database refuse to change or delete it."""

    __tablename__ = "audit_event"
    # What the trail is narrowed by, each in the order in which it is read: ids rise with time. Only where there is a value.
    __table_args__ = (
        Index("ix_audit_event_event_id", "event", "id"),
        Index("ix_audit_event_actor_id", "actor", "id"),
        *(
            Index(f"ix_audit_event_{name}_id", name, "id", sqlite_where=there, postgresql_where=there)
            for name, there in ((name, text(f"{name} IS NOT NULL")) for name in ("person_id", "client_id", "address", "request_id"))
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    event: Mapped[str] = mapped_column(String(48))
    actor: Mapped[str] = mapped_column(String(64))  # "person:<id>", "client:<client_id>", "emergency:<id>", "cli:<account>", "system:<job>"
    person_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    client_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    address: Mapped[str | None] = mapped_column(String(64))
    request_id: Mapped[str | None] = mapped_column(String(32))
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)


class AuditLink(Record):
    """One link of the chain: `hash` covers the event and the hash before it."""

    __tablename__ = "audit_link"

    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    event_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("audit_event.id"), unique=True)
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))


_events, _links = table_of(AuditEvent), table_of(AuditLink)
_insert_event = insert(AuditEvent)
_unlinked = (
    select(_events)
    .outerjoin(_links, _links.c.event_id == _events.c.id)
    .where(_links.c.event_id.is_(None), _events.c.id > bindparam("floor"))
    .order_by(_events.c.id)
    .limit(LINK_BATCH)
)
_newest_link = (
    select(_links.c.position, _links.c.hash, _links.c.event_id)
    .join(_events, _links.c.event_id == _events.c.id)
    .order_by(_links.c.position.desc())
    .limit(1)
)
_linked_after = (
    select(_links.c.position, _links.c.hash, _events)
    .outerjoin(_events, _links.c.event_id == _events.c.id)
    .where(_links.c.position > bindparam("after"))
    .order_by(_links.c.position)
    .limit(LINK_BATCH)
)


def record(
    connection: Connection,
    event: Event,
    *,
    actor: str,
    person_id: uuid.UUID | None = None,
    client_id: uuid.UUID | None = None,
    **detail: Any,
) -> None:
    """Write one event in the transaction of its deed. `detail` never holds a secret or a personal identification number."""
    run(connection, _insert_event, row_of(event, actor=actor, person_id=person_id, client_id=client_id, **detail)[1])


def row_of(
    event: Event, *, actor: str, person_id: uuid.UUID | None = None, client_id: uuid.UUID | None = None, **detail: Any
) -> tuple[Table, dict[str, Any]]:
    """The event as a row, for a deed that writes it in its own statement (`prepared.first_with`). `detail` as for `record`."""
    told = {name: _writable(value) if isinstance(value, str) else value for name, value in detail.items()}
    return _events, {**_shared_by_events(event, actor), "id": new_id(), "person_id": person_id, "client_id": client_id, "detail": told}


def _writable(text: str) -> str:
    # Half a character, which JSON can say and UTF-8 cannot, would stop the chain and every page that shows the event.
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def record_for_each(connection: Connection, event: Event, people: Iterable[tuple[uuid.UUID, dict[str, Any]]], *, actor: str) -> None:
    """Write one event for each person (id, detail) in one statement, in the transaction of a deed that is about many."""
    told = list(people)
    rows = [(event_id, *one) for event_id, one in zip(new_ids(len(told)), told, strict=True)]
    insert_rows(connection, _events, ("id", "person_id", "detail"), rows, client_id=None, **_shared_by_events(event, actor))


def _shared_by_events(event: Event, actor: str) -> dict[str, Any]:
    is_asked = has_request_context()
    return {
        "at": clock.now(),
        "event": str(event),
        "actor": actor,
        "address": this_request().remote_addr if is_asked else None,
        "request_id": request_id() if is_asked else None,
    }


def _hash_of(previous: bytes, row: Any) -> bytes:
    at: datetime = row.at
    told = [
        str(row.id),
        at.isoformat(),
        row.event,
        row.actor,
        str(row.person_id),
        str(row.client_id),
        row.address,
        row.request_id,
        row.detail,
    ]
    canonical = json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(previous + canonical.encode("utf-8", "surrogatepass")).digest()


def _earlier(event_id: uuid.UUID, span: timedelta) -> uuid.UUID:
    # By the event's own UUIDv7, which tells when it was made whatever the clock of its deed said.
    return uuid.UUID(int=max(0, (event_id.int >> 80) - int(span.total_seconds() * 1000)) << 80)


def link_events(connection: Connection) -> int:
    """Link the events not yet in the chain, oldest first, at most 5,000; return how many. One caller at a time wins:
    `position` is the primary key, so a second linker's insert collides and rolls back."""
    newest = connection.execute(_newest_link).first()
    position, previous = (newest.position, newest.hash) if newest else (0, BEGINNING)
    floor = _earlier(newest.event_id, LONGEST_TRANSACTION) if newest else uuid.UUID(int=0)
    links = []
    for row in connection.execute(_unlinked, {"floor": floor}).all():
        position, previous = position + 1, _hash_of(previous, row)
        links.append({"position": position, "event_id": row.id, "hash": previous})
    if links:
        connection.execute(insert(AuditLink), links)
    return len(links)


@dataclass(frozen=True)
class ChainReport:
    """What a verification found: `broken_at` is the first position that does not fit, None when the chain holds."""

    links: int
    unlinked: int
    broken_at: int | None
    newest_hash: bytes


def verify_newest(connection: Connection) -> bool:
    """Whether the newest links fit: a quick look at the end of the chain, up to 5,000 of them, for a check of health."""
    newest = connection.execute(_newest_link).first()
    if newest is None:
        return True
    after = max(0, newest.position - LINK_BATCH)
    first = connection.execute(select(_links.c.hash).where(_links.c.position == after)).scalar() if after else BEGINNING
    return first is not None and _breaks_at(connection.execute(_linked_after, {"after": after}).all(), after, first) is None


def _breaks_at(rows: Sequence[Any], position: int, previous: bytes) -> int | None:
    """The first position of these rows that does not follow from the hash before them."""
    for row in rows:
        position += 1
        if row.position != position or row.id is None or row.hash != _hash_of(previous, row):
            return position
        previous = row.hash
    return None


def verify_chain(connection: Connection) -> ChainReport:
    """Recompute the whole chain; a changed, removed or inserted event shows as the first position that does not fit."""
    position, previous = 0, BEGINNING
    while rows := connection.execute(_linked_after, {"after": position}).all():
        broken_at = _breaks_at(rows, position, previous)
        if broken_at is not None:
            return ChainReport(broken_at - 1, 0, broken_at, previous)
        position, previous = rows[-1].position, rows[-1].hash
    total = connection.execute(select(func.count()).select_from(_events)).scalar_one()
    return ChainReport(position, total - position, None, previous)


def read_trail(connection: Connection) -> Iterator[dict[str, Any]]:
    """The linked events in the order of the chain, each with its position and hash (hexadecimal)."""
    position = 0
    while rows := connection.execute(_linked_after, {"after": position}).all():
        for row in rows:
            yield {**row._mapping, "hash": row.hash.hex()}
            position = row.position
