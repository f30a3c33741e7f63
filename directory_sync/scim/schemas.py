"""What our service speaks (RFC 7643): the resources with the attributes that are kept, and the capabilities that are announced."""

from typing import Annotated, Any, cast

from pydantic import Field
from scim2_models import (
    URN,
    AuthenticationScheme,
    Bulk,
    CaseExact,
    ChangePassword,
    ComplexAttribute,
    ETag,
    Extension,
    Filter,
    Mutability,
    Patch,
    Reference,
    Required,
    Resource,
    ResourceType,
    Returned,
    ScimPolicy,
    ScimProvider,
    ServiceProviderConfig,
    Sort,
    Uniqueness,
)

MOST_RESULTS, MOST_OPERATIONS, LARGEST_BULK = 200, 200, 1024 * 1024
_READ_ONLY = Mutability.read_only


class Name(ComplexAttribute):
    """The parts of a name (RFC 7643 §4.1.1)."""

    formatted: str | None = None
    family_name: str | None = None
    given_name: str | None = None
    middle_name: str | None = None


class Email(ComplexAttribute):
    """An official mail address."""

    value: str | None = None
    type: Annotated[str | None, CaseExact.false] = Field(None, examples=["work", "other"])
    primary: bool | None = None


class PhoneNumber(ComplexAttribute):
    """A phone number."""

    value: str | None = None
    type: str | None = Field(None, examples=["work", "mobile", "other"])
    primary: bool | None = None


class GroupMembership(ComplexAttribute):
    """A group that the person belongs to."""

    value: Annotated[str | None, _READ_ONLY, CaseExact.true] = None
    ref: Annotated[Reference["Group"] | None, _READ_ONLY] = Field(None, serialization_alias="$ref", validation_alias="$ref")
    display: Annotated[str | None, _READ_ONLY] = None
    type: Annotated[str | None, _READ_ONLY] = Field(None, examples=["direct"])


class User(Resource[Any]):
    """A person of the source."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:User")

    user_name: Annotated[str | None, Uniqueness.server, Required.true] = None
    name: Name | None = None
    display_name: str | None = None
    title: str | None = None
    active: bool | None = None
    emails: list[Email] | None = None
    phone_numbers: list[PhoneNumber] | None = None
    groups: Annotated[list[GroupMembership] | None, _READ_ONLY] = None


class Manager(ComplexAttribute):
    """The person's superior, one of the same source."""

    value: Annotated[str | None, CaseExact.true] = None
    ref: Annotated[Reference["User"] | None, Required.false] = Field(None, serialization_alias="$ref", validation_alias="$ref")
    display_name: Annotated[str | None, _READ_ONLY] = None


class EnterpriseUser(Extension):
    """What an organisation knows of its people (RFC 7643 §4.3)."""

    __schema__ = URN("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User")

    employee_number: str | None = None
    department: str | None = None
    manager: Manager | None = None


class OfficialUser(Extension):
    """What a province knows of its officials. `unit_code`: the code of their unit; `category`: can_bo, cong_chuc, vien_chuc or
    hop_dong; `suspended_by_administrator`, told to who asks for it: somebody here has suspended them, which the source cannot
    undo; `in_directory`, likewise: the staff directory knows them, so that they can sign in."""

    __schema__ = URN("urn:hopnhat:scim:schemas:1.0:User")

    unit_code: str | None = None
    category: str | None = Field(None, examples=["can_bo", "cong_chuc", "vien_chuc", "hop_dong"])
    employment_status: str | None = None
    suspended_by_administrator: Annotated[bool | None, _READ_ONLY, Returned.request] = None
    in_directory: Annotated[bool | None, _READ_ONLY, Returned.request] = None


class GroupMember(ComplexAttribute):
    """A person in a group."""

    value: Annotated[str | None, Mutability.immutable, CaseExact.true] = None
    ref: Annotated[Reference["User"] | None, Mutability.immutable] = Field(None, serialization_alias="$ref", validation_alias="$ref")
    type: Annotated[str | None, Mutability.immutable] = Field(None, examples=["User"])
    display: str | None = None


class Group(Resource[Any]):
    """A unit, read only, its code as externalId; or a group of the source."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:Group")

    display_name: Annotated[str | None, Required.true] = None
    members: list[GroupMember] | None = None


FullUser: Any = cast("Any", User)[EnterpriseUser | OfficialUser]
ENTERPRISE, OFFICIAL = str(EnterpriseUser.__schema__), str(OfficialUser.__schema__)
# What widespread senders do and the specification leaves open or forbids: attributes that we do not keep are passed over, a `remove`
# may carry the values to remove, and a filter in a path that finds nothing to change describes what to add.
POLICY = ScimPolicy(
    unknown=ScimPolicy.Unknown.ignore,
    remove_value_as_filter=ScimPolicy.RemoveValue.apply,
    unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
)


def provider() -> ScimProvider:
    """The whole service: resources, their types, capabilities."""
    return ScimProvider(
        models=[User, EnterpriseUser, OfficialUser, Group],
        resource_types=[ResourceType.from_resource(FullUser), ResourceType.from_resource(Group)],
        config=_capabilities(),
        policy=POLICY,
    )


def _capabilities() -> ServiceProviderConfig:
    return ServiceProviderConfig(
        patch=Patch(supported=True),
        bulk=Bulk(supported=True, max_operations=MOST_OPERATIONS, max_payload_size=LARGEST_BULK),
        filter=Filter(supported=True, max_results=MOST_RESULTS),
        change_password=ChangePassword(supported=False),
        sort=Sort(supported=True),
        etag=ETag(supported=True),
        authentication_schemes=[
            AuthenticationScheme(
                type=AuthenticationScheme.Type.oauthbearertoken,
                name="OAuth 2.0 bearer token",
                description="An access token of the client that speaks for the source, by client_credentials, with scim:read or scim:write",
                primary=True,
            )
        ],
    )
