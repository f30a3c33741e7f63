"""What the client's rules by path make of one request to its site."""

from typing import Any

from flask import request
from sqlalchemy import bindparam, or_, select

from clients.metadata import ACR
from clients.path_rules import NOBODY, PUBLIC, SIGNED_IN, PathRule, first_fitting
from clients.registry import RegisteredClient
from clients.request_paths import clear_path
from idp.database import reader, table_of
from idp.entry import roles_in
from idp.oidc.forward_auth.guarded_site import GuardedSite, NotGuarded
from idp.oidc.forward_auth.requirements import Requirements
from idp.people.unit_paths import unit_path
from idp.roles.models import RoleGrant
from idp.web.formats import today

_g = table_of(RoleGrant)
_roles = select(_g.c.role).where(
    _g.c.person_id == bindparam("person"),
    _g.c.revoked_at.is_(None),
    _g.c.begun_at.is_not(None),
    or_(_g.c.valid_until.is_(None), _g.c.valid_until >= bindparam("day")),
)
# As if no rule were about the request: whoever may enter the site.
OTHERWISE = PathRule(frozenset(), "/**", SIGNED_IN)


def rule_of_request(site: GuardedSite) -> PathRule:
    """The first rule that is about this request. Raises UnclearPath where there are rules and the path could be read in two ways, and
    NotGuarded where the proxy does not say the method."""
    written = site.client.metadata.path_rules
    if not written:
        return OTHERWISE
    path, method = clear_path(request.headers.get("X-Forwarded-Uri", "")), request.headers.get("X-Forwarded-Method", "").upper()
    if not method:
        raise NotGuarded("there are rules by path, and the proxy sends no X-Forwarded-Method")
    return first_fitting(written, method, path) or OTHERWISE


def is_open_to_all(rule: PathRule, wanted: Requirements, site: GuardedSite) -> bool:
    """Whether nobody needs to be known: never where the proxy itself asks for something."""
    return rule.opens == PUBLIC and not wanted.units and wanted.max_age is None and wanted.acr <= site.client.minimum_acr


def strengthened(wanted: Requirements, rule: PathRule) -> Requirements:
    """What the proxy asks for and what the rule does, whichever is more."""
    acr = max(wanted.acr, ACR[rule.acr]) if rule.acr else wanted.acr
    ages = [age for age in (wanted.max_age, rule.max_age) if age is not None]
    return Requirements(acr, min(ages, default=None), wanted.units)


def admits(rule: PathRule, person: Any, client: RegisteredClient) -> bool:
    """Whether the rule lets this person in, who may enter the site and is told by the row that admits them."""
    if rule.opens in (SIGNED_IN, PUBLIC):
        return True
    return rule.opens != NOBODY and any(_is(kind, name, person, client) for kind, name in rule.subjects)


def _is(kind: str, name: str, person: Any, client: RegisteredClient) -> bool:
    if kind == "unit":
        return any(step["code"] == name for step in unit_path(person.unit_id))
    if kind == "category":
        return bool(person.staff_category == name)
    if kind == "role":
        return name in set(reader().execute(_roles, {"person": person.of_person, "day": today()}).scalars())
    if kind == "app-role":
        return name in roles_in(person, client)
    return name.casefold() in {told.casefold() for told in (person.username, person.staff_code) if told}
