"""What the API takes and says of applications. Names are those of RFC 7591 where it has one."""

from typing import Annotated, Any, Literal

from pydantic import Field, create_model

from clients.draft_models import ClientKind, Environment
from clients.entry_models import EntryKind
from clients.lifetimes import BOUNDS, SHORTEST, STRICT, USUAL, WORKDAY
from clients.metadata import ACR, AUTH_METHODS
from idp.api.wire import Asked, Instant, Key, Line, LongLine, PageQuery, Shown, Text, Told

Lines = Annotated[list[LongLine], Field(max_length=100)]
Day = Annotated[str, Field(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$")]
# What the console's form of an application shows; nothing else of it is changed from outside.
_TEXTS = ("client_name", "application_type", "scope", "minimum_acr", "subject_type", "token_endpoint_auth_method", "profile",
          "access_token_format", "id_token_signed_response_alg")  # fmt: skip
_TEXTS_OR_NONE = ("client_uri", "initiate_login_uri", "logo_uri", "policy_uri", "tos_uri", "backchannel_logout_uri", "frontchannel_logout_uri",
                  "sector_identifier_uri", "jwks_uri", "tls_client_auth_subject_dn", "userinfo_signed_response_alg")  # fmt: skip
_LISTS = ("redirect_uris", "post_logout_redirect_uris", "contacts", "resources", "grant_types")
_TICKS = ("require_pkce", "require_consent", "dpop_bound_access_tokens", "tls_client_certificate_bound_access_tokens",
          "require_pushed_authorization_requests", "require_signed_request_object")  # fmt: skip
METADATA = (*_TEXTS, *_TEXTS_OR_NONE, *_LISTS, *_TICKS, *BOUNDS, "jwks")
Seconds = Annotated[int, Field(ge=SHORTEST, le=366 * 86400)]


def _fields(text: Any, lists: Any, *, given: bool) -> dict[str, Any]:
    """The members, each left out when it is not to change (`given`: always there)."""
    empty: Any = ... if given else None
    types: dict[str, Any] = dict.fromkeys(_TEXTS, text) | dict.fromkeys(_TEXTS_OR_NONE, text | None)
    types |= (
        dict.fromkeys(_LISTS, lists) | dict.fromkeys(_TICKS, bool) | dict.fromkeys(BOUNDS, Seconds | None) | {"jwks": dict[str, Any] | None}
    )
    return {name: (kind, empty) for name, kind in types.items()}


class ClientsQuery(PageQuery):
    """What narrows a list of applications."""

    state: Literal["enabled", "disabled"] | None = None


class ClientLine(Shown):
    """An application in a list."""

    client_id: str
    client_name: str
    enabled: bool
    environment: Environment | None
    kind: ClientKind | None
    owner_unit_id: Key | None
    token_endpoint_auth_method: str
    minimum_acr: str
    created_at: Told
    updated_at: Told


class ClientsPage(Shown):
    """A page of applications; `next` is None on the last one."""

    items: list[ClientLine]
    next: str | None


ClientChanges = create_model(
    "ClientChanges", __base__=Asked, __doc__="What is to change; what is left out stays.", **_fields(LongLine, Lines, given=False)
)
ClientTold = create_model("ClientTold", __base__=ClientLine, __doc__="All that the API says of one application.",
                          **{name: kind for name, kind in _fields(str, list[str], given=True).items() if name not in ClientLine.model_fields})  # fmt: skip


class Entry(Asked):
    """Who may enter at first: nobody, unless it says so. Units by code, name or key; people by username, address, staff code or key."""

    everybody: bool = False
    units: Lines = Field(default_factory=list)
    categories: Lines = Field(default_factory=list)
    roles: Lines = Field(default_factory=list)
    people: Lines = Field(default_factory=list)

    @property
    def names_somebody(self) -> bool:
        """Whether anybody may enter by it."""
        return self.everybody or any((self.units, self.categories, self.roles, self.people))


class ClientWanted(Asked):
    """An application to be connected, as the console's five pages ask for it."""

    client_name: Line
    owner_unit: Line = Field(description="code, name or key of the unit whose application it is")
    contact_1: Line
    contact_2: Line
    purpose: Text = ""
    environment: Environment
    kind: ClientKind
    token_endpoint_auth_method: Literal[AUTH_METHODS] | None = None  # type: ignore[valid-type]
    jwks_uri: LongLine | None = None
    application_type: Literal["web", "native"] = "web"
    redirect_uris: Lines = Field(default_factory=list)
    post_logout_redirect_uris: Lines = Field(default_factory=list)
    backchannel_logout_uri: LongLine | None = None
    client_uri: LongLine | None = None
    forward_auth_origins: Lines = Field(default_factory=list)
    scope: Line = "openid"
    subject_type: Literal["public", "pairwise"] = "public"
    minimum_acr: Literal[tuple(ACR.values())] = ACR["aal1"]  # type: ignore[valid-type]
    require_consent: bool = False
    lifetimes: Literal[USUAL, WORKDAY, STRICT] = USUAL  # type: ignore[valid-type]
    entry: Entry = Entry()


class Draft(Shown):
    """What became of it: `connected`, or `submitted` while a second administrator, a person, must approve. `client_secret` is told this
    once."""

    draft_id: Key
    state: str
    client_id: str | None
    client_secret: str | None
    word: str | None = Field(None, description="why it was sent back")


class Switched(Shown):
    """Whether this call did it (false: it was so already), and how it stands."""

    done: bool
    enabled: bool


class SecretLine(Shown):
    """A secret, by its last four characters."""

    id: Key
    hint: str
    created_at: Told
    expires_at: Told | None
    last_used_at: Told | None
    last_used_from: str | None


class SecretsTold(Shown):
    """The secrets that are still accepted."""

    items: list[SecretLine]


class SecretWanted(Asked):
    """One more secret."""

    reason: Line = Field(min_length=5)
    expires_at: Instant | None = Field(None, description="at most three years ahead; without, until it is revoked")


class SecretGiven(Shown):
    """The new secret, told this once."""

    client_secret: str | None
    hint: str
    expires_at: Told | None


class RuleLine(Shown):
    """A rule of who may enter."""

    id: Key
    kind: EntryKind
    unit_id: Key | None
    staff_category: str | None
    role: str | None
    person_id: Key | None
    valid_from: str | None
    valid_to: str | None
    added_by: str
    added_at: Told


class RulesTold(Shown):
    """The rules of an application; without any nobody may enter."""

    items: list[RuleLine]


class RuleWanted(Asked):
    """One more rule. `subject`: a unit's code, name or key, a staff category, a role, or a person."""

    kind: EntryKind
    subject: Line = ""
    valid_from: Day | None = None
    valid_to: Day | None = None
    reason: Line = Field(min_length=5)


class RuleAdded(Shown):
    """The rule's key; none when the same rule is there already."""

    id: Key | None


class Done(Shown):
    """Whether this call did it; false: it was so already."""

    done: bool
