"""The pages of the wizard that registers an application: which fields each has, and what is still wrong with the answers."""

from typing import Any

from flask import request
from flask_babel import gettext as _
from sqlalchemy import Connection

from clients.draft_models import ClientKind, Environment
from clients.drafts import metadata_of
from clients.entry import EVERYBODY, EntryRule
from clients.entry_models import EntryKind
from clients.forward_auth_origins import check_origins
from clients.metadata import PRIVATE_KEY_JWT
from clients.metadata_rules import checked, is_contact
from clients.redirect_uris import check_for_production, check_redirect_uris, check_uris
from clients.refusals import InvalidMetadata
from clients.registry import find_even_disabled, is_client_id
from clients.sector import check_sector
from idp.console.entry_names import named_rule
from idp.errors import Refusal
from idp.people.unit_names import unit_named

PAGES = ("about", "kind", "addresses", "data", "check")
FIELDS: dict[str, tuple[str, ...]] = {
    "about": ("client_name", "client_id", "owner", "purpose", "contact_1", "contact_2", "environment"),
    "kind": ("kind", "method", "jwks_uri", "application_type", "profile"),
    "addresses": ("redirect_uris", "post_logout_redirect_uris", "backchannel_logout_uri", "client_uri", "origins"),
    "data": (
        "subject_type",
        "minimum_acr",
        "default_max_age",
        "lifetimes",
        "require_consent",
        "entry_everybody",
        "entry_units",
        "entry_people",
        "entry_nobody",
    ),
    "check": (),
}
LISTS: dict[str, tuple[str, ...]] = {"data": ("scope", "entry_categories", "entry_roles")}


def typed(page: str) -> dict[str, Any]:
    """What was filled in on a page."""
    told: dict[str, Any] = {name: request.form.get(name, "").replace("\0", "").strip() for name in FIELDS[page]}
    return told | {name: request.form.getlist(name) for name in LISTS.get(page, ())}


def flaws(connection: Connection, answers: dict[str, Any]) -> dict[str, dict[str, str]]:
    """What still stands against sending it in: by page, by field."""
    found: dict[str, dict[str, str]] = {page: {} for page in PAGES}
    _look_at_facts(connection, answers, found["about"])
    kind = answers.get("kind")
    if kind not in set(ClientKind):
        found["kind"]["kind"] = _("Chọn loại ứng dụng.")
    elif kind != ClientKind.BROWSER and answers.get("method") == PRIVATE_KEY_JWT and not answers.get("jwks_uri"):
        found["kind"]["jwks_uri"] = _("Ghi địa chỉ công bố khóa công khai của ứng dụng.")
    else:
        _look_at_addresses(answers, found["addresses"])
    try:
        entry = entry_of(connection, answers)
    except Refusal as refusal:
        found["data"]["entry_units"] = refusal.message
    else:
        _look_at_entry(entry, answers, found["data"])
    if not any(found.values()):
        _look_at_whole(answers, found["check"])
    return found


def entry_of(connection: Connection, answers: dict[str, Any]) -> list[EntryRule]:
    """Who is to be let in. Raises Refusal for a unit or a person that there is not."""
    if answers.get("entry_everybody"):
        return [EVERYBODY]
    named = [(EntryKind.UNIT, line) for line in _lines(answers.get("entry_units"))]
    named += [(EntryKind.CATEGORY, one) for one in answers.get("entry_categories") or ()]
    named += [(EntryKind.ROLE, one) for one in answers.get("entry_roles") or ()]
    named += [(EntryKind.PERSON, line) for line in _lines(answers.get("entry_people"))]
    return list(dict.fromkeys(named_rule(connection, kind, subject) for kind, subject in named))


def _look_at_entry(entry: list[EntryRule], answers: dict[str, Any], found: dict[str, str]) -> None:
    """Nobody may enter by oversight: who wants it so says so. A machine has no people."""
    if not entry and not answers.get("entry_nobody") and answers.get("kind") != ClientKind.MACHINE:
        found["entry_nobody"] = _("Chưa chọn ai được vào. Chọn ít nhất một cách, hoặc đánh dấu “Chưa cho ai vào”.")


def _look_at_facts(connection: Connection, answers: dict[str, Any], found: dict[str, str]) -> None:
    client_id = answers.get("client_id") or ""
    if client_id and not is_client_id(client_id):
        found["client_id"] = _("Tên ngắn chỉ gồm chữ không dấu, số, dấu gạch nối và dấu chấm, tối đa 64 ký tự.")
    elif client_id and find_even_disabled(client_id) is not None:
        found["client_id"] = _("Tên ngắn này đã có ứng dụng dùng. Chọn tên khác.")
    needed = {"client_name": _("Ghi tên ứng dụng."), "contact_1": _("Ghi người phụ trách thứ nhất.")}
    found |= {name: words for name, words in needed.items() if not answers.get(name)}
    if not answers.get("contact_2"):
        found["contact_2"] = _("Ghi người phụ trách thứ hai, để khi một người vắng vẫn có người trả lời.")
    elif answers["contact_2"] == answers.get("contact_1"):
        found["contact_2"] = _("Hai người phụ trách phải khác nhau.")
    for name in ("contact_1", "contact_2"):
        if answers.get(name) and not is_contact(answers[name]):
            found[name] = _("Ghi thư điện tử công vụ hoặc số điện thoại của người phụ trách, không ghi tên đăng nhập.")
    if answers.get("environment") not in set(Environment):
        found["environment"] = _("Chọn môi trường.")
    try:
        unit_named(connection, answers.get("owner", ""))
    except Refusal as refusal:
        found["owner"] = refusal.message


def _look_at_addresses(answers: dict[str, Any], found: dict[str, str]) -> None:
    kind, wanted = answers.get("kind"), metadata_of(answers)
    if kind == ClientKind.MACHINE:
        return
    _try("post_logout_redirect_uris", found, lambda: check_uris(wanted.post_logout_redirect_uris))
    if kind == ClientKind.LEGACY:
        _try("origins", found, lambda: check_origins(wanted.forward_auth_origins, wanted.redirect_uris))
        if not wanted.forward_auth_origins:
            found["origins"] = _("Ghi ít nhất một địa chỉ của hệ thống cũ.")
        _look_at_plain_http("origins", wanted.forward_auth_origins, answers, found)
        return
    if not wanted.redirect_uris:
        found["redirect_uris"] = _("Ghi ít nhất một địa chỉ trả về.")
    _try("redirect_uris", found, lambda: check_redirect_uris(wanted.redirect_uris, wanted.application_type))
    _look_at_plain_http("redirect_uris", wanted.redirect_uris, answers, found)


def _look_at_plain_http(field: str, uris: tuple[str, ...], answers: dict[str, Any], found: dict[str, str]) -> None:
    if answers.get("environment") == Environment.PRODUCTION:
        _try(field, found, lambda: check_for_production(uris, metadata_of(answers).application_type))


def _look_at_whole(answers: dict[str, Any], found: dict[str, str]) -> None:
    def look() -> None:
        check_sector(checked(metadata_of(answers)))

    _try("", found, look)


def _try(field: str, found: dict[str, str], look: Any) -> None:
    try:
        look()
    except InvalidMetadata as refused:
        found.setdefault(field, refused.message)


def _lines(written: str | None) -> list[str]:
    return [line.strip() for line in (written or "").splitlines() if line.strip()]
