"""How requests to the API are read and answers written: exact types, nothing unknown, nothing twice, nothing deep."""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from flask import Response, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
)

from idp.compact_jws import UnreadableJwt, strict_json
from idp.errors import Refusal
from idp.web.problems import NotAsDeclared

LARGEST_BODY = 64 * 1024  # bytes
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", re.ASCII)
ETAG = r'"[A-Za-z0-9._-]{1,64}"'
_ETAG = re.compile(ETAG)
_WHOLE = re.compile(r"0|[1-9]\d{0,9}", re.ASCII)
MOST_FLAWS = 20
WORDS = {
    "missing": _l("Thiếu mục này."), "extra_forbidden": _l("Không có mục nào tên như vậy."), "json_invalid": _l("JSON không đọc được."),
    "string_too_short": _l("Quá ngắn."), "string_too_long": _l("Quá dài."), "too_long": _l("Quá nhiều phần tử."),
    "enum": _l("Không phải một trong các giá trị cho phép."), "literal_error": _l("Không phải một trong các giá trị cho phép."),
    "string_pattern_mismatch": _l("Có ký tự không cho phép hoặc không đúng dạng."), "value_error": _l("Không đúng dạng."),
}  # fmt: skip
OTHERWISE = _l("Không đúng kiểu hoặc ngoài giới hạn.")
ONE_LINE = r"^[^\x00-\x1f\x7f]*$"
LINES = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"


def _key(value: Any) -> Any:
    if isinstance(value, str) and not _UUID.fullmatch(value):
        raise ValueError("not a UUID")
    return uuid.UUID(value) if isinstance(value, str) else value


def _instant(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if not _INSTANT.fullmatch(value):
        raise ValueError("not an instant with its offset")
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except OverflowError:
        raise ValueError("no such instant") from None


def _whole(value: Any) -> Any:
    """As JSON has it, where 7.0 is a whole number."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _digits(value: Any) -> Any:
    """As an address has it."""
    return int(value) if isinstance(value, str) and _WHOLE.fullmatch(value) else value


Key = Annotated[uuid.UUID, BeforeValidator(_key)]
Instant = Annotated[datetime, BeforeValidator(_instant)]
# The bounds stand first, so that they are described.
Number = Annotated[int, Field(ge=0, le=2**31 - 1), BeforeValidator(_digits)]
AS_WHOLE = BeforeValidator(_whole)
Line = Annotated[str, StringConstraints(max_length=200, pattern=ONE_LINE)]
LongLine = Annotated[str, StringConstraints(max_length=2000, pattern=ONE_LINE)]
Text = Annotated[str, StringConstraints(max_length=2000, pattern=LINES)]
Place = Annotated[str, StringConstraints(min_length=1, max_length=2000, pattern=r"^[A-Za-z0-9._~-]+$")]
# An instant as it is told: UTC, RFC 3339.
Told = Annotated[datetime, PlainSerializer(lambda value: value.astimezone(UTC).isoformat().replace("+00:00", "Z"), return_type=str),
                 WithJsonSchema({"type": "string", "format": "date-time"})]  # fmt: skip


class Asked(BaseModel):
    """What a request says: parameters or a body. Nothing unknown, types exact."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Shown(BaseModel):
    """What an answer says."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Reason(Asked):
    """Why something is done: it stands in the audit trail."""

    reason: Annotated[
        str, StringConstraints(min_length=5, max_length=200, pattern=r"^[^\s\x00-\x1f\x7f]([^\x00-\x1f\x7f]{3,198})[^\s\x00-\x1f\x7f]$")
    ]


class NoQuery(Asked):
    """No parameters."""


class PageQuery(Asked):
    """Where a list goes on."""

    after: Place | None = Field(None, description="the `next` of the page before")


@dataclass(frozen=True)
class Answer:
    """What a door of the API answers. `status` None: as its declaration says; `unrepeated`: members that are told this once, and not
    again to a message that comes twice."""

    body: Shown | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int | None = None
    unrepeated: tuple[str, ...] = ()


M = TypeVar("M", bound=Asked)


def read_query(model: type[M]) -> M:
    """The parameters of the address. Raises NotAsDeclared."""
    given = request.args
    twice = [name for name in given if len(given.getlist(name)) > 1]
    if twice:
        raise NotAsDeclared([(name, _("Tham số này chỉ gửi một lần.")) for name in twice])
    try:
        return model.model_validate_strings(given.to_dict())
    except ValidationError as wrong:
        raise NotAsDeclared(_flaws(wrong)) from None


def read_body(model: type[M]) -> M:
    """The body, a JSON object of at most 64 KiB. Raises NotAsDeclared, RequestEntityTooLarge."""
    request.max_content_length = LARGEST_BODY
    raw = request.get_data()
    if request.mimetype != "application/json":
        raise NotAsDeclared([], "json_needed", 415)
    try:
        strict_json(raw)
        return model.model_validate_json(raw)
    except UnreadableJwt:
        raise NotAsDeclared([("", _("Nội dung là một đối tượng JSON (UTF-8), mỗi tên một lần, không lồng quá sâu."))]) from None
    except ValidationError as wrong:
        raise NotAsDeclared(_flaws(wrong)) from None


def read_match() -> str:
    """The state that whoever writes has seen, as its ETag (RFC 9110 §13.1.1). Raises NotAsDeclared, Refusal."""
    shown = request.headers.get("If-Match")
    if shown is None:
        raise Refusal(_("Gửi ETag đã đọc trong tiêu đề If-Match."), "if_match_needed", 428)
    if not _ETAG.fullmatch(shown):
        raise NotAsDeclared([("If-Match", _("Gửi đúng một ETag, trong ngoặc kép."))])
    return shown


def _flaws(wrong: ValidationError) -> list[tuple[str, str]]:
    """Where something is wrong, and what. What was sent is not said again."""
    found = wrong.errors(include_input=False, include_url=False)[:MOST_FLAWS]
    return [(".".join(str(part) for part in error["loc"])[:200], str(WORDS.get(error["type"], OTHERWISE))) for error in found]


def written(answer: Answer, status: int) -> Response:
    """The answer on the wire."""
    headers = {"Cache-Control": "no-store", **answer.headers}
    if answer.body is None:
        return Response(b"", answer.status or status, headers=headers)
    return Response(answer.body.model_dump_json(), answer.status or status, headers=headers, content_type="application/json")
