"""SAML applications are registered, changed, found: each is a client like any other, whose codes we redeem ourselves."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from clients import registration
from clients.entry import EntryRule
from clients.metadata import ClientMetadata
from clients.models import Client
from clients.refusals import InvalidMetadata
from clients.registry import RegisteredClient, find_by_key
from clients.saml_models import SamlParty
from idp import audit, clock
from idp.database import reader, table_of
from idp.errors import NotFound
from idp.oidc.claims import CLAIMS_OF_SCOPE
from idp.saml.keys import prepare_key, published_keys
from idp.saml.names import EMAIL, FORMATS, PERSISTENT, TRANSIENT, UNSPECIFIED, USERNAME
from idp.saml.party_metadata import PartyFacts, facts_from
from idp.settings import current_settings

ANSWER_PATH = "/saml/answer"
NAME_IDS = (PERSISTENT, TRANSIENT, EMAIL, USERNAME)
MOST_ATTRIBUTES, LONGEST_NAME = 50, 255
_t, _c = table_of(SamlParty), table_of(Client)
_by_entity = select(_t).where(_t.c.entity_id == bindparam("entity"))
_by_client = select(_t).where(_t.c.client_id == bindparam("client"))
_all = (
    select(_t, _c.c.client_id.label("public_id"), _c.c.client_name, _c.c.disabled_at)
    .join(_c, _c.c.id == _t.c.client_id)
    .order_by(_c.c.client_name)
)
_change = update(_t).where(_t.c.client_id == bindparam("client"))
FURTHER = ("unit_code", "unit_name", "unit_level")  # of the claim `unit`, each by itself: SAML's values are texts


@dataclass(frozen=True)
class Options:
    """What an administrator decides about a party, see SamlParty."""

    name_id: str = PERSISTENT
    attributes: tuple[tuple[str, str], ...] = ()
    signs_requests: bool = False
    takes_unsolicited: bool = False


@dataclass(frozen=True)
class Party:
    """A service provider, and the client that it is for us."""

    client: RegisteredClient
    facts: PartyFacts
    options: Options
    metadata_url: str | None = None

    @property
    def must_sign(self) -> bool:
        """Whether a request without a signature counts for nothing."""
        return self.options.signs_requests or self.facts.signs_requests


def usual_name_id(facts: PartyFacts) -> str:
    """By which name a party is told of people when nobody has decided: a lasting one of its own, unless it takes but a passing one."""
    takes_lasting = not facts.formats or {FORMATS[PERSISTENT], UNSPECIFIED} & set(facts.formats)
    return PERSISTENT if takes_lasting or FORMATS[TRANSIENT] not in facts.formats else TRANSIENT


def answer_uri() -> str:
    """The redirect URI of every SAML client: our own address, at which the code is turned into an assertion."""
    return current_settings().issuer + ANSWER_PATH


def register_party(
    connection: Connection,
    facts: PartyFacts,
    wanted: ClientMetadata,
    options: Options,
    *,
    actor: str,
    entry: Sequence[EntryRule] | None = None,
    metadata_url: str | None = None,
) -> registration.Registered:
    """Register a service provider by its metadata. Raises InvalidMetadata, also for an entityID that is there. Its secret is told to
    nobody: what it proves itself by is in the metadata."""
    _check(facts, options)
    if not published_keys(connection):
        prepare_key(connection, actor=actor)
    made = registration.register(connection, wanted, actor=actor, entry=entry)
    now = clock.now()
    row = {"client_id": made.key, "entity_id": facts.entity_id, "created_at": now, "updated_at": now, "metadata_url": metadata_url}
    try:
        with connection.begin_nested():
            connection.execute(insert(_t), {**row, **kept_as(facts, options)})
    except IntegrityError:
        raise InvalidMetadata(_("entityID này đã được đăng ký."), reason="entity_id_taken") from None
    audit.record(
        connection, audit.Event.SAML_PARTY_CHANGED, actor=actor, client_id=made.key, entity_id=facts.entity_id, after=_told(facts, options)
    )
    return made


def change_party(
    connection: Connection, client: uuid.UUID, facts: PartyFacts, options: Options, *, actor: str, reason: str | None = None
) -> None:
    """Other metadata, other options. Raises NotFound, or InvalidMetadata, also for the metadata of another entity."""
    row = lock_row(connection, client)
    if facts.entity_id != row.entity_id:
        raise InvalidMetadata(_("Siêu dữ liệu là của một ứng dụng khác (entityID khác)."))
    _check(facts, options)
    connection.execute(_change, {"client": client, "updated_at": clock.now(), **kept_as(facts, options)})
    told: dict[str, Any] = {"reason": reason} if reason else {}
    before = _told(facts_from(row.facts), _options(row))
    audit.record(
        connection, audit.Event.SAML_PARTY_CHANGED, actor=actor, client_id=client, entity_id=facts.entity_id, before=before,
        after=_told(facts, options), **told,
    )  # fmt: skip


def client_of(name: str, *, scope: str, minimum_acr: str, client_id: str | None = None, contacts: tuple[str, ...] = ()) -> ClientMetadata:
    """What a SAML application is as a client."""
    return ClientMetadata(
        name, (answer_uri(),), scope=scope, minimum_acr=minimum_acr, client_id=client_id, contacts=contacts, grant_types=("authorization_code",),
        subject_type="pairwise",
    )  # fmt: skip


def find_by_entity(entity_id: str) -> Party | None:
    """The party of this entityID whose client is enabled."""
    return _party(reader().execute(_by_entity, {"entity": entity_id}).first())


def find_by_client(client: uuid.UUID) -> Party | None:
    """The party that this enabled client is."""
    return _party(reader().execute(_by_client, {"client": client}).first())


def lock_row(connection: Connection, client: uuid.UUID) -> Any:
    """As `require_row`; nobody else changes it until the end of the transaction."""
    connection.execute(_by_client.with_for_update(), {"client": client}).first()
    return require_row(connection, client)


def require_row(connection: Connection, client: uuid.UUID) -> Any:
    """The row of a client's party, also of a disabled one. Raises NotFound."""
    row = connection.execute(_by_client, {"client": client}).first()
    if row is None:
        raise NotFound(_("Ứng dụng này không dùng SAML."), reason="saml_party_unknown")
    return row


def party_of_row(row: Any) -> tuple[PartyFacts, Options]:
    """What a row says."""
    return facts_from(row.facts), _options(row)


def all_parties(connection: Connection) -> Sequence[Any]:
    """All of them, by name."""
    return connection.execute(_all).all()


def _party(row: Any) -> Party | None:
    client = find_by_key(row.client_id) if row is not None else None
    if client is None or not client.is_enabled:
        return None
    return Party(client, facts_from(row.facts), _options(row), row.metadata_url)


def _options(row: Any) -> Options:
    return Options(row.name_id, tuple(row.attributes.items()), row.signs_requests, row.takes_unsolicited)


def kept_as(facts: PartyFacts, options: Options) -> dict[str, Any]:
    """What stands in a row."""
    return {
        "facts": facts.kept(), "name_id": options.name_id, "attributes": dict(options.attributes),
        "signs_requests": options.signs_requests, "takes_unsolicited": options.takes_unsolicited,
    }  # fmt: skip


def _check(facts: PartyFacts, options: Options) -> None:
    if options.name_id not in NAME_IDS:
        raise InvalidMetadata(_("Tên định danh (NameID) là %(names)s.", names=", ".join(NAME_IDS)))
    if options.signs_requests and not facts.certificates:
        raise InvalidMetadata(_("Không thể bắt buộc yêu cầu được ký khi siêu dữ liệu không có chứng thư ký."))
    claims = {claim for claims in CLAIMS_OF_SCOPE.values() for claim in claims} | set(FURTHER)
    for name, claim in options.attributes:
        if not name or len(name) > LONGEST_NAME or not name.isprintable() or claim not in claims:
            raise InvalidMetadata(_("Thuộc tính “%(name)s” phải ghi dạng tên=trường thông tin có thật.", name=name[:100]))
    if len(options.attributes) > MOST_ATTRIBUTES:
        raise InvalidMetadata(_("Tối đa %(n)s thuộc tính.", n=MOST_ATTRIBUTES))


def _told(facts: PartyFacts, options: Options) -> dict[str, Any]:
    return {
        "consumers": [one.url for one in facts.consumers], "sign_out": facts.sign_out_url, "certificates": len(facts.certificates),
        "name_id": options.name_id, "attributes": dict(options.attributes), "signs_requests": options.signs_requests,
        "takes_unsolicited": options.takes_unsolicited,
    }  # fmt: skip
