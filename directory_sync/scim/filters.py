"""A SCIM filter (RFC 7644 §3.4.2.2) as a condition of SQL: what it means for a person is what it means for a row, in the database."""

import operator
import uuid
from typing import Any

from scim2_models import InvalidFilterException, InvalidPathException
from scim2_models.path import (
    AttributeBinding,
    CompareOperator,
    Comparison,
    FilterVisitor,
    LogicalExpr,
    LogicalOperator,
    Not,
    Present,
    ScimFilter,
    ValuePath,
)
from scim2_models.path.resolution import coerce_value
from sqlalchemy import ColumnElement, and_, case, collate, exists, false, func, literal, not_, or_, select, true
from sqlalchemy import cast as sql_cast
from sqlalchemy.types import String

from directory_sync.changes import OUR_REASONS
from directory_sync.scim.models import ScimAddress, ScimEntry, ScimGroupMember
from directory_sync.scim.schemas import FullUser, Group
from idp.database import table_of
from idp.people.models import Person, PersonState

LONGEST_FILTER = 2000
Op = CompareOperator
Condition = ColumnElement[bool]
_e, _a, _p, _m = table_of(ScimEntry), table_of(ScimAddress), table_of(Person), table_of(ScimGroupMember)
_COMPARED = {Op.eq: operator.eq, Op.gt: operator.gt, Op.ge: operator.ge, Op.lt: operator.lt, Op.le: operator.le}
_KINDS = {"emails": "email", "phone_numbers": "phone"}
_PARTS = {"name": ("formatted", "familyName", "givenName", "middleName"), "manager": ("value",)}


def condition(scim_filter: Any, dialect: str) -> Condition:
    """The condition on scim_entry joined with person and unit. Raises InvalidFilterException for what cannot be asked for."""
    if len(str(scim_filter)) > LONGEST_FILTER:
        raise InvalidFilterException(detail=f"the filter has more than {LONGEST_FILTER} characters")
    return _People(ScimFilter[FullUser](str(scim_filter)), dialect).visit(scim_filter.ast)


def bound_to_groups(scim_filter: Any) -> Any:
    """The filter as one on groups. Raises InvalidFilterException for one that is too long."""
    if len(str(scim_filter)) > LONGEST_FILTER:
        raise InvalidFilterException(detail=f"the filter has more than {LONGEST_FILTER} characters")
    return ScimFilter[Group](str(scim_filter))


def order(path: Any, *, descending: bool, dialect: str) -> list[Any]:
    """The order by one attribute: missing values last, or first when descending (RFC 7644 §3.4.2.3). Raises InvalidPathException."""
    binding = path.resolve(FullUser)
    key = _sorted_by(binding, dialect)
    if key is None:
        raise InvalidPathException(path=str(path), detail=f"{path} cannot be sorted by")
    return [key.desc().nulls_first(), _e.c.person_id.desc()] if descending else [key.asc().nulls_last(), _e.c.person_id.asc()]


def _sorted_by(binding: AttributeBinding, dialect: str) -> Any:
    if binding.field_name in _KINDS:
        column = {"type": _a.c.type, "primary": _a.c.primary}.get(binding.sub_field_name or "value", _a.c.value_key)
        first = case((_a.c.primary.is_(True), 0), else_=1)
        values = select(column).where(_a.c.person_id == _e.c.person_id, _a.c.kind == _KINDS[binding.field_name])
        return values.order_by(first, _a.c.place).limit(1).scalar_subquery()
    found = _column(binding)
    if found is None:
        return None
    return _bytewise(found, dialect) if isinstance(found.type, String) else found


class _People(FilterVisitor[Condition]):
    """The parts of a filter on people, each as a condition that is never NULL."""

    def __init__(self, scim_filter: Any, dialect: str) -> None:
        self.filter, self.dialect = scim_filter, dialect

    def visit_not(self, node: Not) -> Condition:
        """None of it."""
        return not_(self.visit(node.expr))

    def visit_logical_expr(self, node: LogicalExpr) -> Condition:
        """All or any of the terms."""
        terms = [self.visit(term) for term in node.terms]
        return and_(*terms) if node.op == LogicalOperator.and_ else or_(*terms)

    def visit_present(self, node: Present) -> Condition:
        """Some value."""
        binding = self.filter.resolve(node.attr_path, strict=False)
        return self._present(binding) if binding is not None else false()

    def visit_comparison(self, node: Comparison) -> Condition:
        """A value that compares so."""
        binding = self.filter.resolve_comparison(node.attr_path, strict=False)
        if binding is None:  # a search in everything at once: no attribute of people
            return false()
        expected = _expected(binding, node)
        if expected is None:
            present = self._present(binding)
            return not_(present) if node.op == Op.eq else present if node.op == Op.ne else false()
        return self._compare(binding, node.op, expected)

    def visit_value_path(self, node: ValuePath) -> Condition:
        """One value of several that fulfils all of the inner filter."""
        binding = self.filter.resolve(node.attr_path, strict=False)
        if binding is None:
            return false()
        if binding.field_name not in _KINDS:
            raise InvalidFilterException(detail=f"{node.attr_path} cannot be searched so")
        return _has(_KINDS[binding.field_name], _Values(binding, self.dialect).visit(node.val_filter))

    def _present(self, binding: AttributeBinding) -> Condition:
        if binding.field_name in _KINDS:
            column = {"type": _a.c.type, "primary": _a.c.primary}.get(binding.sub_field_name or "value", _a.c.value_key)
            return _has(_KINDS[binding.field_name], column.is_not(None))
        if binding.field_name == "groups":
            return or_(_p.c.unit_id.is_not(None), _in_a_group(true()))
        if binding.sub_field_name is None and binding.field_name in _PARTS:
            return or_(*(_e.c.compared[f"{binding.urn}.{part}"].as_string().is_not(None) for part in _PARTS[binding.field_name]))
        column = _column(binding)
        if column is None:
            raise InvalidFilterException(detail=f"{binding.urn} cannot be searched")
        there: Condition = column.is_not(None)
        return there

    def _compare(self, binding: AttributeBinding, op: Op, expected: Any) -> Condition:
        if binding.field_name in _KINDS:
            columns = {"value": _a.c.value_key, "type": func.lower(_a.c.type), "primary": _a.c.primary}
            column = columns[binding.sub_field_name or "value"]
            kind = _KINDS[binding.field_name]
            return (
                not_(_has(kind, _holds(column, Op.eq, expected, self.dialect)))
                if op == Op.ne
                else _has(kind, _holds(column, op, expected, self.dialect))
            )
        if binding.field_name == "groups":
            return _by_group(binding, op, expected)
        if op == Op.eq and (indexed := _indexed(binding, expected)) is not None:
            return indexed
        column = _column(binding)
        if column is None:
            raise InvalidFilterException(detail=f"{binding.urn} cannot be searched")
        return _holds(column, op, expected, self.dialect)


class _Values(_People):
    """The same for the values inside the brackets of a value path."""

    def __init__(self, binding: AttributeBinding, dialect: str) -> None:
        super().__init__(None, dialect)
        self.field = binding

    def _column_of(self, node: Comparison | Present) -> Any:
        name = node.attr_path.attr.lower()
        columns = {"value": _a.c.value_key, "type": func.lower(_a.c.type), "primary": _a.c.primary}
        if name not in columns or node.attr_path.sub_attr:
            raise InvalidFilterException(detail=f"{node.attr_path} is no part of {self.field.urn}")
        return columns[name]

    def visit_present(self, node: Present) -> Condition:
        """The part is there."""
        return self._column_of(node).is_not(None)  # type: ignore[no-any-return]  # a column by its name

    def visit_comparison(self, node: Comparison) -> Condition:
        """The part compares so."""
        column, value = self._column_of(node), node.value
        if value is None:
            return column.is_(None) if node.op == Op.eq else column.is_not(None) if node.op == Op.ne else false()
        if isinstance(value, bool) != (column is _a.c.primary) or not isinstance(value, str | bool):
            return true() if node.op == Op.ne else false()
        return _holds(column, node.op, value.lower() if isinstance(value, str) else value, self.dialect)


def _expected(binding: AttributeBinding, node: Comparison) -> Any:
    value = coerce_value(binding, node.value, node.op)
    if isinstance(value, str):
        if "\0" in value:
            raise InvalidFilterException(detail="a value holds a null character")
        return binding.comparable(value)
    return value


def _indexed(binding: AttributeBinding, expected: Any) -> Condition | None:
    """Equality by an index, for what is looked up most."""
    if not isinstance(expected, str):
        return None
    if binding.field_name == "id":
        try:
            return _e.c.person_id == uuid.UUID(expected)
        except ValueError:
            return false()
    columns = {"external_id": _e.c.external_id, "user_name": _e.c.user_name_key}
    column = columns.get(binding.field_name)
    return None if column is None else and_(column.is_not(None), column == expected)  # never NULL, and still found by the index


_KNOWN_HERE: dict[str, Any] = {
    "suspended_by_administrator": and_(_p.c.state == PersonState.SUSPENDED, func.coalesce(_p.c.state_reason.not_in(OUR_REASONS), True)),
    "in_directory": _p.c.directory_dn != "",
}


def _column(binding: AttributeBinding) -> Any:
    """What an attribute of one value is in the database, in the form in which it is compared; None: it cannot be asked for."""
    name, sub = binding.field_name, binding.sub_field_name
    if name == "meta":
        return {"created": _e.c.created_at, "last_modified": _e.c.updated_at, "resource_type": literal("user")}.get(sub or "")
    if name == "active":
        return _e.c.compared[binding.urn].as_boolean()
    if name in _KNOWN_HERE:
        return _KNOWN_HERE[name]
    if name == "id":
        return _e.c.compared[binding.urn].as_string()
    if name in ("groups", "schemas") or (name in ("name", "manager") and sub in (None, "ref", "display_name")):
        return None
    return _e.c.compared[binding.urn].as_string()


def _holds(column: Any, op: Op, value: Any, dialect: str) -> Condition:
    """Whether the column compares so with the value; a missing value differs from every other and is nothing else."""
    if op == Op.eq and column is _a.c.value_key:
        return and_(column.is_not(None), column == value)
    if op in (Op.co, Op.sw, Op.ew):
        return func.coalesce(_contains(sql_cast(column, String), op, str(value), dialect), False) if isinstance(value, str) else false()
    if op == Op.ne:
        return func.coalesce(column.is_not(value) if isinstance(value, bool) else column != value, True)
    left = _bytewise(column, dialect) if isinstance(value, str) else column
    compared = left.is_(value) if isinstance(value, bool) else _COMPARED[op](left, value)
    return func.coalesce(compared, False)


def _contains(column: Any, op: Op, value: str, dialect: str) -> Condition:
    """By position, not by LIKE: that one has signs of its own, and knows no upper and lower case but of ASCII."""
    if op == Op.co:
        return (func.instr(column, value) if dialect == "sqlite" else func.strpos(column, value)) > 0
    if op == Op.sw:
        return func.substr(column, 1, len(value)) == value
    return and_(func.length(column) >= len(value), func.substr(column, func.length(column) - len(value) + 1) == value)


def _bytewise(column: Any, dialect: str) -> Any:
    return collate(column, "BINARY" if dialect == "sqlite" else "C")


def _has(kind: str, what: Condition) -> Condition:
    return _e.c.person_id.in_(select(_a.c.person_id).where(_a.c.kind == kind, what))


def _in_a_group(what: Condition) -> Condition:
    return exists().where(_m.c.person_id == _e.c.person_id, what).correlate(_e)


def _by_group(binding: AttributeBinding, op: Op, expected: Any) -> Condition:
    if binding.sub_field_name != "value" or op not in (Op.eq, Op.ne) or not isinstance(expected, str):
        raise InvalidFilterException(detail="groups can be searched by groups.value with eq and ne")
    try:
        key = uuid.UUID(expected)
    except ValueError:
        return false() if op == Op.eq else true()
    found = or_(func.coalesce(_p.c.unit_id == key, False), _in_a_group(_m.c.group_id == key))
    return found if op == Op.eq else not_(found)


BY_CREATION = _e.c.person_id.asc()
