"""Whose word counts when several sources know the same person: an owner for each attribute, else the usual order of the sources."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, select

from idp.database import table_of
from idp.people.source_models import AttributeOwner, SourceEntry

EMPLOYMENT = "employment"
# What a source can own. The name at sign-in is not among them: it is that of the directory whose password is asked for.
ATTRIBUTES = ("name", "mail", "phone", "staff_code", "staff_category", "title", "employment_status", "unit_key", EMPLOYMENT)
FACTS = ("username", *ATTRIBUTES[:-1])
DIRECTORY = "ldap"
_o, _e = table_of(AttributeOwner), table_of(SourceEntry)
_owners = select(_o.c.attribute, _o.c.source)
_entries = select(_e).where(_e.c.person_id == bindparam("of_person")).order_by(_e.c.source)


@dataclass(frozen=True)
class Said:
    """What one source says of a person. `vouches`: whoever it does not name any more is gone; a file that is only ever a part tells
    nothing by silence, and must not keep anybody in service either."""

    source: str
    facts: Mapping[str, Any]
    is_gone: bool = False
    is_locked: bool = False
    vouches: bool = True


def owners(connection: Connection) -> dict[str, str]:
    """The owners that were decided, by attribute."""
    return {row.attribute: row.source for row in connection.execute(_owners)}


def in_order(sources: Collection[str], owner: str | None = None) -> list[str]:
    """Sources as their words count: the owner, then the directory, then what pushes, then files, each by name."""
    return sorted(sources, key=lambda source: (source != owner, source != DIRECTORY, not source.startswith("scim:"), source))


def effective(said: Sequence[Said], owned: Mapping[str, str], open_units: Collection[str]) -> dict[str, tuple[Any, str]]:
    """The facts that count and who says each: the first source that still has the person and says something. What none of these
    says stands as who is gone said it last."""
    by_source = {one.source: one for one in said}
    present = [one.source for one in said if not one.is_gone]
    absent = [one.source for one in said if one.is_gone]
    found: dict[str, tuple[Any, str]] = {}
    for attribute in FACTS:
        owner = owned.get(attribute)
        for source in (*in_order(present, owner), *in_order(absent, owner)):
            value = by_source[source].facts.get(attribute)
            if value is not None and (attribute != "unit_key" or value in open_units):
                found[attribute] = value, source
                break
    return found


def vouching(said: Sequence[Said], owned: Mapping[str, str]) -> list[Said]:
    """Those whose word counts on whether somebody is in service: the owner of this, if it knows the person; else all that vouch."""
    return [one for one in said if one.source == owned.get(EMPLOYMENT)] or [one for one in said if one.vouches] or list(said)


def is_in_service(said: Sequence[Said], owned: Mapping[str, str]) -> bool:
    """Whether one of those who vouch for it still has the person. Absent in one and present in another is in service."""
    return any(not one.is_gone for one in vouching(said, owned))


def is_locked(said: Sequence[Said], owned: Mapping[str, str]) -> bool:
    """Whether somebody must not be let in: the directory's lock always counts, and that of whoever vouches."""
    counting = [*vouching(said, owned), *(one for one in said if one.source == DIRECTORY)]
    return any(one.is_locked and not one.is_gone for one in counting)


def told_origins(connection: Connection, person: Any) -> tuple[dict[str, str], Sequence[Any]]:
    """Which source each fact of a person is from, and the entries of all sources; of whom only one source knows: all from there."""
    rows = connection.execute(_entries, {"of_person": person.id}).all()
    if not rows:
        return dict.fromkeys(FACTS, person.source), ()
    said = [Said(row.source, row.facts, row.gone_at is not None, row.is_locked) for row in rows]
    units = {row.facts.get("unit_key") for row in rows}
    found = effective(said, owners(connection), {unit for unit in units if unit})
    return {name: source for name, (_value, source) in found.items()}, rows
