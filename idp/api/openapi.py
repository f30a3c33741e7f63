"""The API described (OpenAPI 3.1), put together from what is declared above each door."""

import re
from collections.abc import Iterator
from typing import Any

from flask import Flask
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from werkzeug.routing import Rule

from idp.api.messages import HEADER
from idp.api.operations import OPERATION_ATTRIBUTE, Operation
from idp.api.scopes import ABOUT, PATH
from idp.api.wire import ETAG
from idp.settings import current_settings
from idp.web.problems import CONTENT_TYPE

REF = "#/components/schemas/{model}"
_VARIABLE = re.compile(r"<(?:([a-z]+)(?:\([^)]*\))?:)?([a-z_]+)>")
_SHAPES: dict[str, dict[str, Any]] = {
    "uuid": {"type": "string", "format": "uuid"},
    "int": {"type": "integer", "minimum": 0, "maximum": 2**31 - 1},
    "": {"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[A-Za-z0-9._~-]+$"},
}
TAGS = {
    "people": "People within the client's units; suspended, restored and signed out with a reason.",
    "sessions": "Sessions of these people.",
    "units": "The unit tree.",
    "clients": "Applications, their secrets and who may enter them.",
    "catalogue": "All systems of all levels, those not connected too.",
    "audit": "The audit trail.",
    "sync": "Sync runs and plans. Plans are approved by named people in the console, never here.",
    "tracker": "The tracker's figures.",
    "self": "The calling client itself.",
}
PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457. `code` is stable and for programs; `reference` finds the request in the log and the audit trail.",
    "required": ["type", "title", "status", "code", "reference"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "reference": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}


def operations_of(app: Flask) -> Iterator[tuple[Rule, str, Operation]]:
    """Every declared door with its route and method, in the order of the addresses."""
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: (rule.rule, sorted(rule.methods or ()))):
        told = getattr(app.view_functions[rule.endpoint], OPERATION_ATTRIBUTE, None)
        if told is not None:
            yield rule, next(iter((rule.methods or set()) - {"HEAD", "OPTIONS"})), told


def description(app: Flask) -> dict[str, Any]:
    """The whole document."""
    found = list(operations_of(app))
    paths: dict[str, dict[str, Any]] = {}
    for rule, method, told in found:
        paths.setdefault(_VARIABLE.sub(r"{\2}", rule.rule.removeprefix(PATH)), {})[method.lower()] = _operation(rule, told)
    issuer = current_settings().issuer
    flow = {"tokenUrl": f"{issuer}/token", "scopes": {scope.value: words for scope, words in ABOUT.items()}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Hợp Nhất", "version": "1", "description": "What the console does, for programs. See docs/api.md."},
        "servers": [{"url": issuer + PATH}],
        "tags": [{"name": name, "description": words} for name, words in TAGS.items()],
        "paths": paths,
        "components": {
            "schemas": {**_schemas([told for _rule, _method, told in found]), "Problem": PROBLEM},
            "responses": {
                "problem": {"description": "Refused", "content": {CONTENT_TYPE: {"schema": {"$ref": REF.format(model="Problem")}}}}
            },
            "securitySchemes": {"token": {"type": "oauth2", "flows": {"clientCredentials": flow}}},
        },
    }


def _schemas(told: list[Operation]) -> dict[str, Any]:
    wanted: list[tuple[type[BaseModel], Any]] = [(one.body, "validation") for one in told if one.body]
    wanted += [(one.answer, "serialization") for one in told if one.answer]
    _map, schema = models_json_schema(list(dict.fromkeys(wanted)), ref_template=REF)
    found: dict[str, Any] = schema.get("$defs", {})
    return found


def _operation(rule: Rule, told: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": told.name,
        "summary": told.summary,
        "description": _told_besides(told),
        "tags": [told.tag],
        "security": [{"token": [told.scope.value] if told.scope else []}],
        "parameters": [*_of_path(rule), *_of_query(told), *_of_headers(rule, told)],
        "responses": _responses(told),
        "x-permission": str(told.permission) if told.permission else None,
    }
    if told.body is not None:
        schema = {"$ref": REF.format(model=told.body.__name__)}
        described["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return described


def _told_besides(told: Operation) -> str:
    needed = f"Needs the permission `{told.permission}` by a role of the client" if told.permission else "Any role of the client will do"
    return f"{told.description} {needed}.".strip()


def _of_path(rule: Rule) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": _SHAPES.get(shape, _SHAPES[""])}
        for shape, name in _VARIABLE.findall(rule.rule)
    ]


def _of_query(told: Operation) -> list[dict[str, Any]]:
    if told.query is None:
        return []
    schema = told.query.model_json_schema()
    definitions, required = schema.get("$defs", {}), schema.get("required", ())
    found = []
    for name, part in schema.get("properties", {}).items():
        shape = _without_null(part, definitions)
        words = shape.pop("description", "")
        found.append(
            {"name": name, "in": "query", "required": name in required, "schema": shape, **({"description": words} if words else {})}
        )
    return found


def _without_null(part: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """A parameter that is left out is null; none is sent as null."""
    choices = [one for one in part.get("anyOf", [part]) if one.get("type") != "null"]
    shape = {
        **(choices[0] if len(choices) == 1 else {"anyOf": choices}),
        **({"description": part["description"]} if "description" in part else {}),
    }
    if "$ref" in shape:
        shape |= definitions[shape.pop("$ref").rpartition("/")[2]]
    return {name: value for name, value in shape.items() if name not in ("title", "default")}


def _of_headers(rule: Rule, told: Operation) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if told.needs_match:
        found.append({
            "name": "If-Match", "in": "header", "required": True, "description": "the ETag of what was seen",
            "schema": {"type": "string", "pattern": f"^{ETAG}$"},
        })  # fmt: skip
    if "POST" in (rule.methods or ()):
        found.append({
            "name": HEADER, "in": "header", "required": False, "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
            "description": "the same message with the same key within 24 hours is carried out once",
        })  # fmt: skip
    return found


def _responses(told: Operation) -> dict[str, Any]:
    good: dict[str, Any] = {"description": told.summary}
    if told.answer is not None:
        good["content"] = {"application/json": {"schema": {"$ref": REF.format(model=told.answer.__name__)}}}
    refusals = [400, 401, 403, 404, 422, 429, 500, 503]
    refusals += [409, 413, 415] if told.writes else []
    refusals += [412, 428] if told.needs_match else []
    further = {str(told.also): good} if told.also else {}
    return {str(told.status): good, **further, **{str(status): {"$ref": "#/components/responses/problem"} for status in sorted(refusals)}}
