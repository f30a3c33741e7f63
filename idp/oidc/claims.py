"""What a client is told of a person, scope by scope (OpenID Connect Core §5.1, §5.4; `staff` is our own)."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from clients.registry import RegisteredClient
from idp.database import reader
from idp.entry import roles_in
from idp.people.appointments import posts_on
from idp.people.unit_paths import unit_path
from idp.settings import current_settings
from idp.web.formats import today

CLAIMS_OF_SCOPE: dict[str, tuple[str, ...]] = {
    "profile": (
        "name", "family_name", "given_name", "middle_name", "nickname", "preferred_username", "profile", "zoneinfo", "locale", "updated_at",
    ),
    "email": ("email", "email_verified"),
    "phone": ("phone_number", "phone_number_verified"),
    "address": ("address",),
    "staff": ("staff_code", "staff_category", "title", "unit", "unit_path", "appointments", "roles"),
}  # fmt: skip
LONGEST_CLAIMS_PARAMETER = 2000


class MalformedClaims(ValueError):
    """The `claims` parameter is not what Core §5.5 describes. The text is for the developer of the client."""


@dataclass(frozen=True)
class ClaimsRequest:
    """The `claims` parameter as understood (Core §5.5): names for each place, the essential `acr` values, and whose
    tokens are wanted by `sub`: one of these."""

    userinfo: tuple[str, ...] = ()
    id_token: tuple[str, ...] = ()
    acr_values: tuple[str, ...] = ()
    acr_is_essential: bool = False
    subjects: tuple[str, ...] = ()

    def kept(self) -> dict[str, list[str]] | None:
        """What must be remembered until the tokens are used."""
        named = {"userinfo": list(self.userinfo), "id_token": list(self.id_token)}
        return {place: names for place, names in named.items() if names} or None


def read_claims_request(written: str, scopes: frozenset[str]) -> ClaimsRequest:
    """Understand the `claims` parameter of a client that is registered for these scopes; other claims are left out, since the
    parameter opens nothing that its scopes do not. Raises MalformedClaims when it is not what Core §5.5 describes."""
    if len(written) > LONGEST_CLAIMS_PARAMETER:
        raise MalformedClaims("too long")
    try:
        asked = json.loads(written, object_pairs_hook=_each_once, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise MalformedClaims("not JSON, or ambiguous") from None
    members = {place: _member(asked, place) for place in ("userinfo", "id_token")}
    named = {place: allowed_claims(member, scopes) for place, member in members.items()}
    acr = members["id_token"].get("acr") or {}
    sub = members["id_token"].get("sub") or members["userinfo"].get("sub") or {}
    # Essential without values asks for nothing in particular: the voluntary `acr_values` beside it stay voluntary.
    is_essential = acr.get("essential") is True and bool(_values(acr))
    return ClaimsRequest(named["userinfo"], named["id_token"], _values(acr), is_essential, _values(sub))


def with_roles(told: dict[str, Any], person: Any, client: RegisteredClient) -> dict[str, Any]:
    """The claims, with the roles that the person has in this client where roles are told at all."""
    return {**told, "roles": roles_in(person, client)} if client.roles and "roles" in told else told


def allowed_claims(names: Iterable[str], scopes: frozenset[str]) -> tuple[str, ...]:
    """Those of the names that a client registered for these scopes may ask for: a scope taken from it takes its claims along."""
    return tuple(name for name in names if any(name in CLAIMS_OF_SCOPE.get(scope, ()) for scope in scopes))


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) != len(pairs):
        raise MalformedClaims("a member is given twice")
    return read


def _refuse(constant: str) -> Any:
    raise MalformedClaims(f"{constant} is not JSON")


def _member(asked: Any, place: str) -> dict[str, dict[str, Any] | None]:
    member = asked.get(place) if isinstance(asked, dict) else None
    if not isinstance(asked, dict) or not isinstance(member, dict | None):
        raise MalformedClaims("not an object of objects")
    if not all(isinstance(wish, dict | None) for wish in (member or {}).values()):
        raise MalformedClaims("a claim is neither null nor an object")
    return member or {}


def _values(wish: dict[str, Any]) -> tuple[str, ...]:
    values = wish.get("values", [wish["value"]] if "value" in wish else [])
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise MalformedClaims("acr or sub values are not strings")
    return tuple(values)


def claims_of(person: Any, scope: str, extra: Iterable[str] = ()) -> dict[str, Any]:
    """The claims of these scopes and of these names. `person` is a row with the person's columns and those of the unit as
    `unit_id`, `unit_code`, `unit_name`, `unit_level`, and whether there are further posts (`has_posts`); what is not known is left out."""
    told: dict[str, Any] = {}
    for name in scope.split():
        if name in _SAYERS:
            told |= _SAYERS[name](person)
    missing = set(extra) - told.keys()
    for name, names in CLAIMS_OF_SCOPE.items() if missing else ():
        if missing.intersection(names):
            told |= {claim: value for claim, value in _SAYERS[name](person).items() if claim in missing}
    return {claim: value for claim, value in told.items() if value is not None}


def _profile(person: Any) -> dict[str, Any]:
    settings = current_settings()
    return {
        "name": person.name,
        "family_name": person.family_name,
        "given_name": person.given_name,
        "middle_name": person.middle_name,
        "nickname": person.given_name,
        "preferred_username": person.username,
        "profile": f"{settings.issuer}/account",
        "zoneinfo": settings.timezone,
        "locale": "vi-VN",
        "updated_at": int(person.updated_at.timestamp()),
    }


def _email(person: Any) -> dict[str, Any]:
    # The address is given out by the agency itself, and nobody can change it but through the directory: verified.
    return {"email": person.mail, "email_verified": True} if person.mail else {}


def _phone(person: Any) -> dict[str, Any]:
    return {"phone_number": person.phone, "phone_number_verified": False} if person.phone else {}


def _address(person: Any) -> dict[str, Any]:
    places = [step["name"] for step in reversed(unit_path(person.unit_id))]
    return {"address": {"formatted": "\n".join([*places, "Việt Nam"]), "country": "Việt Nam"}} if places else {}


def _staff(person: Any) -> dict[str, Any]:
    unit = {"code": person.unit_code, "name": person.unit_name, "level": person.unit_level} if person.unit_id else None
    return {
        "staff_code": person.staff_code,
        "staff_category": person.staff_category,
        "title": person.title,
        "unit": unit,
        "unit_path": unit_path(person.unit_id),
        "appointments": [*([{"unit": unit, "title": person.title, "primary": True}] if unit else []), *_further_posts(person)],
        "roles": [],
    }


def _further_posts(person: Any) -> list[dict[str, Any]]:
    """The concurrent posts and secondments in force today; looked for only where there ever was one, since this is told at every sign-in."""
    if not person.has_posts:
        return []
    return [
        {
            "unit": {"code": post.unit_code, "name": post.unit_name, "level": post.unit_level},
            "title": post.title,
            "primary": False,
            "kind": post.kind,
            "from": post.from_day.isoformat(),
            "to": post.to_day.isoformat() if post.to_day else None,
        }
        for post in posts_on(reader(), person.of_person, today())
    ]


_SAYERS: dict[str, Callable[[Any], dict[str, Any]]] = {
    "profile": _profile,
    "email": _email,
    "phone": _phone,
    "address": _address,
    "staff": _staff,
}
