"""From a resource as it came over the wire to what is kept of it and what it says of a person, and back."""

import hashlib
import json
import unicodedata
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from scim2_models import InvalidValueException, Meta, Path, Reference, Resource
from scim2_models.path import AttributeBinding

from directory_sync.changes import OUR_REASONS
from directory_sync.directory_text import Flaw
from directory_sync.scim.schemas import (
    ENTERPRISE,
    OFFICIAL,
    FullUser,
    GroupMembership,
    OfficialUser,
    User,
)
from directory_sync.staff_record import CATEGORIES, StaffRecord
from idp.people.models import PersonState, StaffCategory
from idp.people.names import fold, username_key

LONGEST, LONGEST_CODE, LONGEST_STATUS, MOST_VALUES = 255, 64, 32, 20
USER_NAME = f"{User.__schema__}:userName"
_CATEGORIES = frozenset(StaffCategory)


def _single_valued() -> list[tuple[Any, AttributeBinding]]:
    found = []
    for path in Path[FullUser].iter_paths():
        binding = path.resolve()
        if binding and not binding.is_multivalued and binding.target_type in (str, bool) and binding.field_name not in ("meta", "schemas"):
            found.append((path, binding))
    return found


_SINGLE = _single_valued()


def told_of(resource: Resource[Any]) -> dict[str, Any]:
    """What is kept of a resource: all that its sender may write. Raises InvalidValueException for what cannot be kept."""
    told: dict[str, Any] = resource.model_dump(exclude_none=True)
    for name in ("schemas", "id", "meta", "groups"):
        told.pop(name, None)
    for name in ("suspendedByAdministrator", "inDirectory"):
        told.get(OFFICIAL, {}).pop(name, None)
    manager = told.get(ENTERPRISE, {}).get("manager")
    if manager is not None:
        told[ENTERPRISE]["manager"] = {"value": manager["value"]} if manager.get("value") else None
    _check(told)
    return {name: value for name, value in told.items() if value not in ({}, [])}


def _check(value: Any, name: str = "") -> None:
    if isinstance(value, str):
        if len(value) > LONGEST or "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
            raise InvalidValueException(detail=f"{name or 'a value'} has more than {LONGEST} characters, or some that are none")
    elif isinstance(value, Mapping):
        for key, part in value.items():
            _check(part, key)
    elif isinstance(value, list):
        if len(value) > MOST_VALUES:
            raise InvalidValueException(detail=f"{name} has more than {MOST_VALUES} values")
        for part in value:
            _check(part, name)


def keys_of(resource: Resource[Any], person_id: uuid.UUID) -> dict[str, Any]:
    """The values of attributes of one value as they are compared, by their URN."""
    found: dict[str, Any] = {}
    for path, binding in _SINGLE:
        value = path.get(resource, strict=False)
        if value not in (None, ""):
            found[binding.urn] = binding.comparable(value)
    found["urn:ietf:params:scim:schemas:core:2.0:User:id"] = str(person_id)
    found.setdefault(f"{User.__schema__}:active", True)
    return found


def addresses_of(told: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The mail addresses and phone numbers, as they are searched."""
    found = []
    for kind, name in (("email", "emails"), ("phone", "phoneNumbers")):
        for place, one in enumerate(told.get(name, ())):
            value = one.get("value")
            key = unicodedata.normalize("NFC", unicodedata.normalize("NFC", value).lower()) if value else None
            found.append({
                "kind": kind, "place": place, "value": value, "value_key": key, "type": one.get("type"), "primary": one.get("primary"),
            })  # fmt: skip
    return found


def chosen(values: Iterable[Mapping[str, Any]]) -> str | None:
    """The one of several values that counts: the primary one, else the one for work, else the first."""
    known = [one for one in values if one.get("value")]
    best = sorted(known, key=lambda one: (not one.get("primary"), (one.get("type") or "").lower() != "work"))
    return tidy(best[0]["value"]) if best else None


def tidy(text: str | None) -> str | None:
    """Text as people and units are kept with: NFC, single blanks, nothing invisible."""
    if not text:
        return None
    spaced = " ".join(unicodedata.normalize("NFC", text).split())
    return "".join(character for character in spaced if character.isprintable()) or None


def understand(told: Mapping[str, Any], source_key: str, unit_key: str | None) -> StaffRecord:
    """The facts of a person, as its source tells them; `unit_key`: of the unit that was found for them."""
    more, official, name = told.get(ENTERPRISE, {}), told.get(OFFICIAL, {}), told.get("name", {})
    username, mail = tidy(told.get("userName")), chosen(told.get("emails", ()))
    mail = mail if mail and "@" in mail else None
    phone, phone_flaw = _fitting(chosen(told.get("phoneNumbers", ())), LONGEST_CODE)
    code, code_flaw = _fitting(tidy(more.get("employeeNumber")), LONGEST_CODE)
    status, status_flaw = _fitting(tidy(official.get("employmentStatus")), LONGEST_STATUS)
    title = tidy(told.get("title"))
    category = _category(tidy(official.get("category")))
    parts = " ".join(filter(None, (name.get("familyName"), name.get("middleName"), name.get("givenName"))))
    full_name = tidy(name.get("formatted")) or tidy(parts) or tidy(told.get("displayName"))
    key, mail_key = username_key(username or ""), username_key(mail or "")
    flaws = (phone_flaw | code_flaw | status_flaw) | {
        flaw
        for flaw, value in (
            (Flaw.UNUSABLE_USERNAME, key), (Flaw.NO_MAIL, mail), (Flaw.NO_STAFF_CODE, code), (Flaw.NO_TITLE, title),
            (Flaw.UNKNOWN_CATEGORY, category), (Flaw.NO_NAME, full_name), (Flaw.NO_UNIT, unit_key),
        )
        if not value
    }  # fmt: skip
    return StaffRecord(
        source_key, _digest(told, unit_key), "", username, key, mail, mail_key, phone, code,
        category, full_name or username or source_key, title, status, unit_key, told.get("active") is False,
        frozenset(flaws), None,
    )  # fmt: skip


def _fitting(text: str | None, longest: int) -> tuple[str | None, frozenset[Flaw]]:
    """A value that is not too long for what it is kept in, as with every source."""
    return (text, frozenset()) if text is None or len(text) <= longest else (None, frozenset({Flaw.TOO_LONG}))


def _category(text: str | None) -> str | None:
    return text if text in _CATEGORIES else CATEGORIES.get(fold(text or ""))


def _digest(told: Mapping[str, Any], unit_key: str | None) -> bytes:
    return hashlib.sha256(json.dumps([told, unit_key], sort_keys=True).encode()).digest()


def resource_of(row: Any, groups: Sequence[tuple[str, str]]) -> Any:
    """The resource of a person: what its source has told and what is known here. `groups`: keys and names."""
    told = json.loads(json.dumps(row.told))
    manager = told.get(ENTERPRISE, {}).get("manager")
    if manager:
        manager["$ref"] = f"Users/{manager['value']}"
    resource: Any = FullUser.model_validate(told)
    resource.id = str(row.person_id)
    official = resource[OfficialUser] or OfficialUser(category=None)
    ours = row.state != PersonState.SUSPENDED or row.state_reason in OUR_REASONS
    official.suspended_by_administrator, official.in_directory = not ours, bool(row.directory_dn)
    resource[OfficialUser] = official
    resource.groups = [
        GroupMembership(value=key, ref=Reference(f"Groups/{key}"), display=display, type="direct") for key, display in groups
    ] or None
    resource.meta = meta("User", row.created_at, row.updated_at)
    resource.meta.version = version_of(resource)
    return resource


def meta(kind: str, created: datetime, modified: datetime) -> Meta:
    """The metadata of a resource, but for its version and address."""
    return Meta(resource_type=kind, created=created, last_modified=modified)


def version_of(resource: Resource[Any]) -> str:
    """An entity tag that is another when anything in the resource is, whoever changed it."""
    written = json.dumps(resource.model_dump(), sort_keys=True, default=str)
    return f'W/"{hashlib.sha256(written.encode()).hexdigest()[:24]}"'
