"""The description of the API holds together, and says what the server does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from google.protobuf import json_format
from google.protobuf.message_factory import GetMessageClass

from inventory.api.methods import POLICIES
from inventory.gateway.openapi.document import openapi
from inventory.gateway.openapi.texts import texts
from inventory.gateway.routes import Route, routes

ROUTES = routes()
TYPES = {"object", "array", "string", "integer", "number", "boolean"}
SCHEMA_WORDS = {
    "$ref", "type", "format", "enum", "items", "properties", "required", "allOf", "additionalProperties", "minimum",
    "maximum", "description", "maxProperties", "maxLength", "pattern",
}  # fmt: skip


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return openapi(ROUTES, version="1.2.3")


def everything(node: Any) -> Iterator[Any]:
    yield node
    if isinstance(node, dict | list):
        for below in node.values() if isinstance(node, dict) else node:
            yield from everything(below)


def check_schema(schema: dict[str, Any]) -> None:
    assert set(schema) <= SCHEMA_WORDS, schema
    assert "type" not in schema or schema["type"] in TYPES
    assert schema.get("type") != "array" or "items" in schema
    below = [*schema.get("properties", {}).values(), *schema.get("allOf", [])]
    if "items" in schema:
        below.append(schema["items"])
    for each in below:
        check_schema(each)


def test_its_top_is_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    assert document["info"]["version"] == "1.2.3"
    assert set(document) == {"openapi", "info", "servers", "security", "tags", "paths", "components"}


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    references = {node["$ref"] for node in everything(document) if isinstance(node, dict) and "$ref" in node}

    assert len(references) > 50
    for reference in references:
        target: Any = document
        for segment in reference.removeprefix("#/").split("/"):
            target = target[segment]
        assert target


def test_every_schema_is_one(document: dict[str, Any]) -> None:
    for schema in document["components"]["schemas"].values():
        check_schema(schema)
        # OpenAPI 3.1's schemas are JSON Schema's, 2020-12.
        jsonschema_rs.meta.validate({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema})
    for node in everything(document["paths"]):
        if isinstance(node, dict) and "schema" in node:
            check_schema(node["schema"])


def test_every_operation_is_complete_and_its_id_is_its_own(document: dict[str, Any]) -> None:
    operations = [operation for path in document["paths"].values() for operation in path.values()]

    assert len({operation["operationId"] for operation in operations}) == len(operations) == len(ROUTES)
    tags = {tag["name"] for tag in document["tags"]}
    for operation in operations:
        assert operation["summary"]
        assert set(operation["tags"]) <= tags
        assert {"200", "400", "401", "413", "503", "504"} <= set(operation["responses"])
        for response in operation["responses"].values():
            assert "$ref" in response or response["description"]


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_the_text_of_a_method_is_there_and_right(route: Route) -> None:
    text = texts()[route.service].methods[route.method.name]

    assert text.required == POLICIES[route.grpc_path].required
    request = GetMessageClass(route.method.input_type)()
    json_format.ParseDict(dict(text.example), request)
    for field in text.required:
        at: Any = text.example
        for segment in field.split("."):
            at = at[segment]


def test_no_text_is_of_a_method_that_is_gone() -> None:
    told = {f"{service}.{method}" for service, text in texts().items() for method in text.methods}

    assert told == {route.name for route in ROUTES}


def test_a_required_member_of_a_member_is_told(document: dict[str, Any]) -> None:
    operation = document["paths"]["/inventory/v1/collector/create"]["post"]

    needs = operation["requestBody"]["content"]["application/json"]["schema"]["allOf"][1]

    assert needs["required"] == ["name", "plugin_info"]
    assert needs["properties"]["plugin_info"]["required"] == ["plugin_id"]


def test_the_paths_are_those_of_the_contract() -> None:
    paths = {route.name: route.path for route in ROUTES}

    assert paths["Collector.update_plugin"] == "/inventory/v1/collector/update-plugin"
    assert paths["Collector.add_schedule"] == "/inventory/v1/collector/add_schedule"
    assert paths["CollectorRule.list"] == "/inventory/v1/collector-rules/list"
    assert len(set(paths.values())) == len(paths)
    assert len([path for path in paths.values() if path.startswith("/inventory/v1/")]) == 52


def test_the_paths_of_our_own_services_lie_apart() -> None:
    own = {route.path for route in ROUTES if route.method.containing_service.file.package == "inventory.operations.v1"}

    assert own == {route.path for route in ROUTES if route.path.startswith("/inventory/operations/v1/")}
    assert "/inventory/operations/v1/freshness/list" in own
