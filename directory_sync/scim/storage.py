"""What the SCIM protocol reads and writes, for one caller in one transaction: people and groups in our database."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from scim2_models import NotImplementedException, Resource, ResourceType, ResponseParameters, SearchRequest
from scim2_server.storage import ScimStorage, SearchPage
from sqlalchemy import Connection, func

from directory_sync.scim import filters, groups, people
from directory_sync.scim.callers import Caller
from directory_sync.scim.guard import Held
from directory_sync.scim.schemas import MOST_RESULTS

HIGHEST_START = 2**31


class Storage(ScimStorage):
    """The storage of one request. `held`: suspensions that were held back, to be written down when the transaction is over."""

    def __init__(self, connection: Connection, caller: Caller) -> None:
        self.connection, self.caller = connection, caller
        self.held: list[Held] = []

    @contextmanager
    def operation(self) -> Iterator[None]:
        """One operation of several: what it wrote is taken back when it fails, and the others go on."""
        if not self.connection.in_transaction() or self.connection.get_execution_options().get("autocommit_reads"):
            yield  # a read by itself
            return
        try:
            with self.connection.begin_nested():
                yield
        except Held as held:
            self.held.append(held)
            raise

    def get(
        self, resource_type: ResourceType, resource_id: str, *, response_parameters: ResponseParameters[Any] | None = None
    ) -> Resource[Any]:
        """One resource. Raises NotFoundException."""
        if resource_type.name == "User":
            return people.find_one(self.connection, self.caller, resource_id)
        return groups.find_one(self.connection, self.caller, resource_id, with_members=_wants_members(response_parameters))

    def search(self, resource_types: list[ResourceType], search_request: SearchRequest[Any], *, position: Any = None) -> SearchPage:  # noqa: ARG002 - as the library calls it
        """A page of what was searched for: people, then groups. Raises NotImplementedException for everything at once in another order."""
        names = {one.name for one in resource_types}
        if len(names) > 1 and search_request.sort_by is not None:
            raise NotImplementedException(detail="/Users or /Groups can be sorted, both at once cannot")
        start, count = _page(search_request)
        total, found = self._search_people(search_request, start, count) if "User" in names else (0, [])
        if "Group" in names:
            groups_found = self._search_groups(search_request)
            left = groups_found[max(start - total, 0) :][: count - len(found)]
            found += groups.complete(self.connection, self.caller, left, with_members=_wants_members(search_request))
            total += len(groups_found)
        return SearchPage(total, found)

    def create(self, resource_type: ResourceType, resource: Resource[Any]) -> Resource[Any]:
        """Add a resource. Raises what a SCIM answer tells."""
        add = people.create if resource_type.name == "User" else groups.create
        return add(self.connection, self.caller, resource)

    def update(self, resource_type: ResourceType, resource: Resource[Any], *, expected_version: str | None = None) -> Resource[Any]:
        """Change a resource. Raises what a SCIM answer tells."""
        change = people.change if resource_type.name == "User" else groups.change
        return change(self.connection, self.caller, resource, expected_version)

    def delete(self, resource_type: ResourceType, resource_id: str, *, expected_version: str | None = None) -> None:
        """Suspend a person, delete a group. Raises what a SCIM answer tells."""
        remove = people.remove if resource_type.name == "User" else groups.remove
        remove(self.connection, self.caller, resource_id, expected_version)

    def _search_people(self, asked: SearchRequest[Any], start: int, count: int) -> tuple[int, list[Resource[Any]]]:
        dialect = self.connection.dialect.name
        query = people.ROWS.where(people.seen_by(self.caller))
        if asked.filter is not None:
            query = query.where(filters.condition(asked.filter, dialect))
        total: int = self.connection.execute(query.with_only_columns(func.count())).scalar_one()
        if not count or start >= total:
            return total, []
        descending = asked.sort_order == SearchRequest.SortOrder.descending
        ordered = filters.order(asked.sort_by, descending=descending, dialect=dialect) if asked.sort_by else [filters.BY_CREATION]
        rows = self.connection.execute(query.order_by(*ordered).offset(start).limit(count)).all()
        return total, people.resources_of(self.connection, rows)

    def _search_groups(self, asked: SearchRequest[Any]) -> list[Resource[Any]]:
        """By going through them: they are few, and the library's own reading of a filter is the rule."""
        found = groups.all_groups(self.connection, self.caller)
        if asked.filter is not None:
            wanted = filters.bound_to_groups(asked.filter)
            if "members" in str(wanted).lower():
                found = groups.complete(self.connection, self.caller, found, with_members=True)
            found = [one for one in found if wanted.match(one)]
        if asked.sort_by is not None:
            descending = asked.sort_order == SearchRequest.SortOrder.descending
            found.sort(key=lambda one: _sort_key(asked.sort_value(one)), reverse=descending)
        return found


def _page(asked: SearchRequest[Any]) -> tuple[int, int]:
    start = min(asked.start_index_0 or 0, HIGHEST_START)
    return start, MOST_RESULTS if asked.count is None else min(asked.count, MOST_RESULTS)


def _sort_key(value: Any) -> tuple[bool, str]:
    return value is None, "" if value is None else str(value)


def _wants_members(asked: ResponseParameters[Any] | None) -> bool:
    if asked is None:
        return True
    left_out = [str(path).lower() for path in asked.excluded_attributes or ()]
    if any(path.rpartition(":")[2] == "members" for path in left_out):
        return False
    named = [str(path).lower() for path in asked.attributes or ()]
    return not named or any("members" in path for path in named)
