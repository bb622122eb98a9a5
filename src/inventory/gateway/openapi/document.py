"""OpenAPI 3.1 description of the API, generated from the same descriptors as the routes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

from inventory.gateway.headers import MAX_TRANSACTION_ID, TRANSACTION_HEADER
from inventory.gateway.openapi.texts import MethodText, texts
from inventory.gateway.routes import Route

Schema = dict[str, Any]

ABOUT: Final = (
    "The methods of the inventory's gRPC API over HTTP: POST with a JSON object. Names are those of the .proto "
    "(`plugin_id`); JSON's spelling (`pluginId`) is accepted as well. In answers, fields that are unset, zero or empty "
    "are left out."
)
ERROR_ANSWERS: Final[Mapping[str, str]] = {
    "400": "The request is invalid, or names something that does not exist: see the code (`ERROR_NOT_FOUND`, …)",
    "401": "The token is missing, invalid or expired",
    "403": "The caller may not do this",
    "408": "The request's body did not arrive in time",
    "413": "The request is too large",
    "415": "The body is not JSON in UTF-8",
    "429": "Too many requests; retrying later helps",
    "500": "A plugin failed, or an unexpected error occurred",
    "503": "The server, or a service behind it, is unreachable",
    "504": "The request took too long",
}

_WELL_KNOWN: Final[Mapping[str, Schema]] = {
    "google.protobuf.Struct": {"type": "object", "additionalProperties": True},
    "google.protobuf.ListValue": {"type": "array", "items": {}},
    "google.protobuf.Value": {"description": "Any JSON value"},
    "google.protobuf.Empty": {"type": "object", "maxProperties": 0},
}
_SCALARS: Final[Mapping[int, Schema]] = {
    FieldDescriptor.TYPE_STRING: {"type": "string"},
    FieldDescriptor.TYPE_BOOL: {"type": "boolean"},
    FieldDescriptor.TYPE_INT32: {"type": "integer", "format": "int32"},
    FieldDescriptor.TYPE_UINT32: {"type": "integer", "format": "int64", "minimum": 0, "maximum": 2**32 - 1},
    FieldDescriptor.TYPE_INT64: {"type": "string", "format": "int64"},
    FieldDescriptor.TYPE_UINT64: {"type": "string", "format": "uint64"},
    FieldDescriptor.TYPE_FLOAT: {"type": "number", "format": "float"},
    FieldDescriptor.TYPE_DOUBLE: {"type": "number", "format": "double"},
}
_NO_TEXT: Final = MethodText(summary="", required=(), example={})


def openapi(routes: Iterable[Route], *, version: str) -> Schema:
    """Return the description of ``routes``.

    Args:
        version: of this service.

    Raises:
        TypeError: two messages have the same short name, or a field has a type that the API does not use.
    """
    listed = tuple(routes)
    schemas = _Schemas()
    paths = {route.path: {"post": _operation(route, schemas)} for route in listed}
    services = dict.fromkeys(route.service for route in listed)
    return {
        "openapi": "3.1.0",
        "info": {"title": "inventory", "version": version, "description": ABOUT},
        "servers": [{"url": "/"}],
        "security": [{"token": []}, {}],
        "tags": [{"name": name, "description": texts()[name].about} for name in services if name in texts()],
        "paths": paths,
        "components": {
            "schemas": {**dict(sorted(schemas.made.items())), "Error": _error_schema()},
            "responses": {f"Error{status}": _error_answer(text) for status, text in ERROR_ANSWERS.items()},
            "parameters": {"TransactionId": _TRANSACTION_ID},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


_TRANSACTION_ID: Final[Schema] = {
    "name": TRANSACTION_HEADER,
    "in": "header",
    "required": False,
    "description": "Identifies related log lines across services; returned in the answer. Generated if missing, "
    f"longer than {MAX_TRANSACTION_ID} characters or not printable",
    "schema": {"type": "string"},
}


def _operation(route: Route, schemas: _Schemas) -> Schema:
    service = texts().get(route.service)
    text = service.methods.get(route.method.name, _NO_TEXT) if service else _NO_TEXT
    request: Schema = schemas.of_message(route.method.input_type)
    if text.required:
        request = {"allOf": [request, _requirement(text.required)]}
    return {
        "operationId": route.name.replace(".", "_"),
        "tags": [route.service],
        "summary": text.summary,
        "parameters": [{"$ref": "#/components/parameters/TransactionId"}],
        "requestBody": {
            "required": bool(text.required),
            "content": {"application/json": {"schema": request, "example": dict(text.example)}},
        },
        "responses": {
            "200": {
                "description": "Done",
                "content": {"application/json": {"schema": schemas.of_message(route.method.output_type)}},
            },
            **{status: {"$ref": f"#/components/responses/Error{status}"} for status in ERROR_ANSWERS},
        },
    }


def _requirement(fields: Iterable[str]) -> Schema:
    """Return the schema that requires the dotted ``fields``."""
    below: dict[str, list[str]] = {}
    for name, _, rest in (field.partition(".") for field in fields):
        below.setdefault(name, []).extend([rest] if rest else [])
    nested = {name: _requirement(rest) for name, rest in below.items() if rest}
    return {"type": "object", "required": list(below), **({"properties": nested} if nested else {})}


class _Schemas:
    """The schemas of the messages that the routes use."""

    def __init__(self) -> None:
        self.made: dict[str, Schema] = {}
        self._full_names: dict[str, str] = {}

    def of_message(self, descriptor: Descriptor) -> Schema:
        """Return the schema of a message, or a reference to it."""
        well_known = _WELL_KNOWN.get(descriptor.full_name)
        if well_known is not None:
            return dict(well_known)
        name = _short_name(descriptor)
        if self._full_names.setdefault(name, descriptor.full_name) != descriptor.full_name:
            raise TypeError(f"{descriptor.full_name} and {self._full_names[name]} have the same short name")
        if name not in self.made:
            self.made[name] = {}  # a message may contain itself
            properties = {field.name: self._of_field(field) for field in descriptor.fields}
            self.made[name] = {"type": "object", "properties": properties}
        return {"$ref": f"#/components/schemas/{name}"}

    def _of_field(self, field: FieldDescriptor) -> Schema:
        one = self._of_one(field)
        return {"type": "array", "items": one} if field.is_repeated else one

    def _of_one(self, field: FieldDescriptor) -> Schema:
        if field.message_type is not None:
            return self.of_message(field.message_type)
        if field.enum_type is not None:
            return _enum(field.enum_type)
        if field.type not in _SCALARS:
            raise TypeError(f"{field.full_name} has a type that the API does not use")
        return dict(_SCALARS[field.type])


def _enum(descriptor: EnumDescriptor) -> Schema:
    return {"type": "string", "enum": [value.name for value in descriptor.values]}


def _short_name(descriptor: Descriptor) -> str:
    name: str = descriptor.full_name
    return name.removeprefix(descriptor.file.package + ".")


def _error_answer(text: str) -> Schema:
    return {
        "description": text,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
    }


def _error_schema() -> Schema:
    detail = {
        "type": "object",
        "required": ["@type"],
        "properties": {"@type": {"type": "string"}},
        "description": "google.rpc.ErrorInfo, or google.rpc.BadRequest with the invalid field",
    }
    error = {
        "type": "object",
        "required": ["code", "message", "details"],
        "properties": {
            "code": {"type": "string", "pattern": "^ERROR_[A-Z0-9_]+$"},
            "message": {"type": "string"},
            "details": {"type": "array", "items": detail},
        },
    }
    return {"type": "object", "required": ["error"], "properties": {"error": error}}
