"""What one caller can ask with another's ids and values: requests, queries and answers, made from the descriptors."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from inventory.api.methods import POLICIES
from inventory.query.fields import Field, FieldKind, ResourceSchema
from tests.integration.wire.client import SERVICES, CallFailed, Client, Json
from tests.integration.wire.two_domains import PROVIDER, SCHEDULE_FIELDS, Domain

OTHER_NAMES = {"change_project": "project_id"}
"""Fields that hold an id and are not called so."""

COUNT = {"name": "n", "operator": "count"}
CONTENT: Mapping[str, Json] = {
    "Collector.create": {
        "name": "new",
        "plugin_info": {"version": "1.0", "upgrade_mode": "MANUAL", "provider": PROVIDER},
    },
    "Collector.update": {"plugin_info": {"version": "1.0"}},
    "Collector.add_schedule": SCHEDULE_FIELDS,
    "Collector.update_schedule": SCHEDULE_FIELDS,
    "CloudService.create": {"cloud_service_type": "t", "cloud_service_group": "g", "provider": "p", "data": {"a": 1}},
    "CloudService.update": {"name": "changed"},
    "CloudServiceType.create": {"name": "t", "provider": "p", "group": "g"},
    "Region.create": {"name": "r", "region_code": "r", "provider": "p"},
    "CollectorRule.create": {"conditions_policy": "ALWAYS", "actions": {"change_project": "$project_id"}},
    "CollectorRule.update": {"name": "changed"},
    "CollectorRule.change_order": {"order": 1},
}
"""What a request needs beside ids."""


# Requests


def methods() -> list[str]:
    """Return every method that acts within a domain, as ``Service.method``."""
    found = [f"{name}.{method.name}" for name, service in SERVICES.items() for method in service.methods]
    return [name for name in found if "domain_id" in _input(name).fields_by_name]


def _input(name: str) -> Descriptor:
    service, _, method = name.partition(".")
    return SERVICES[service].methods_by_name[method].input_type


def id_paths(name: str) -> list[str]:
    """Return the dotted path of every field of the request that holds an id, but the domain's."""
    return list(_id_paths(_input(name)))


def _id_paths(message: Descriptor, prefix: str = "") -> Iterator[str]:
    for each in message.fields:
        if each.message_type is not None and each.message_type.full_name.startswith("spaceone.api.inventory"):
            yield from _id_paths(each.message_type, f"{prefix}{each.name}.")
        elif each.type == FieldDescriptor.TYPE_STRING and _holds_an_id(each.name):
            yield prefix + each.name


def _holds_an_id(name: str) -> bool:
    return name in OTHER_NAMES or (name.endswith("_id") and name != "domain_id")


def id_at(domain: Domain, path: str) -> str:
    """Return the domain's id for the field at ``path``; those it knows nothing of get one with its mark."""
    name = path.rpartition(".")[2]
    return domain.ids.get(OTHER_NAMES.get(name, name), f"{name}-of-{domain.mark}")


def missing_like(some_id: str) -> str:
    """Return an id of the same form that nothing has."""
    head, dash, tail = some_id.rpartition("-")
    return f"{head}{dash}{'0' * 12}" if re.fullmatch("[0-9a-f]{12}", tail) else some_id + "-x"


def base_request(name: str, domain: Domain) -> Json:
    """Return a request of the domain's own that is complete."""
    service, _, method = name.partition(".")
    request: Json = json.loads(json.dumps(CONTENT.get(name, {})).replace("$project_id", domain.ids["project_id"]))
    policy = POLICIES[f"/{SERVICES[service].full_name}/{method}"]
    for path in policy.required:
        if path.endswith("_id"):
            put(request, path, id_at(domain, path))
    if method == "stat":
        request["query"] = {"aggregate": [{"group": {"keys": [], "fields": [COUNT]}}]}
    elif name == "Deletion.undo":
        request["job_id"] = domain.ids["job_id"]
    elif method == "analyze":
        request["query"] = {"fields": {"n": {"operator": "count"}}}
    return request


def put(request: Json, path: str, value: Any) -> Json:
    """Set the member at a dotted path, and return the request."""
    *above, last = path.split(".")
    target = request
    for name in above:
        target = target.setdefault(name, {})
    target[last] = value
    return request


# Queries


def keys_of(schema: ResourceSchema) -> list[str]:
    """Return every key of the schema that a text can be compared with, references and aliases included."""
    found = list(_keys(schema.fields))
    found += schema.aliases
    for prefix, reference in schema.references.items():
        found += [prefix] if reference.schema is None else [f"{prefix}.{key}" for key in _keys(reference.schema.fields)]
    return found


def _keys(fields: Mapping[str, Field], prefix: str = "") -> Iterator[str]:
    for name, each in fields.items():
        if each.kind is FieldKind.STRING:
            yield prefix + name
        elif each.kind is FieldKind.DOCUMENT:
            yield from _keys(each.members, f"{prefix}{name}.")
        elif each.kind is FieldKind.TAGS:
            yield f"{prefix}{name}.{PROVIDER}.mark"
        elif each.kind is FieldKind.FREE and name in {"tags", "data", "options"}:
            yield f"{prefix}{name}.mark"


def conditions(key: str, value: str) -> list[Json]:
    """Return conditions that would find ``value`` at ``key``."""
    return [
        {"k": key, "v": value, "o": "eq"},
        {"k": key, "v": [value], "o": "in"},
        {"k": key, "v": value, "o": "contain"},
        {"k": key, "v": f"^{re.escape(value)}$", "o": "regex"},
    ]


def queries(name: str, key: str, value: str, kinds: int | None = None) -> Iterator[Json]:
    """Return queries of the method's kind that would find ``value``: with each condition, or the first ``kinds``."""
    found = conditions(key, value)
    for each in found[:kinds]:
        yield query(name, {"filter": [each]}, key)
    yield query(name, {"filter_or": found[:kinds]}, key)


def query(name: str, criteria: Json, key: str) -> Json:
    """Return a query of the method's kind that shows what matched at ``key``."""
    kind = _input(name).fields_by_name["query"].message_type.name
    if kind == "StatisticsQuery":
        group = {"keys": [{"key": key, "name": "key"}], "fields": [COUNT]}
        return {**criteria, "aggregate": [{"group": group}]}
    if kind == "AnalyzeQuery":
        return {**criteria, "group_by": [key], "fields": {"n": {"operator": "count"}}}
    return criteria


# Answers


def outcome(client: Client, name: str, request: Json, hidden: str = "") -> str:
    """Return what a call was answered with, ids and times made equal and ``hidden`` taken out."""
    try:
        text = "OK " + json.dumps(client.call(name, request), sort_keys=True)
    except CallFailed as failure:
        text = f"{failure.status.name} {failure.details}"
    if hidden:
        text = text.replace(hidden, "<id>").replace(re.escape(hidden), "<id>")
    text = re.sub(r"\b([a-z_-]+)-[0-9a-f]{12}\b", r"\1-#", text)
    return re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "<time>", text)


def value_of(documents: Mapping[str, list[Json]], schema: ResourceSchema, key: str, domain: Domain) -> str:
    """Return what the domain has stored at ``key``, its first id for the key's last name, or its mark."""
    target = schema.target(key)
    if target.reference is not None and target.reference.schema is None:
        return domain.ids["project_group_id"]
    collection = schema.collection
    if target.reference is not None and target.reference.schema is not None:
        collection = target.reference.schema.collection
    for document in documents.get(collection, []):
        found: Any = document
        for segment in target.path.split("."):
            found = found[0] if isinstance(found, list) and found else found
            found = found.get(segment) if isinstance(found, dict) else None
        found = found[0] if isinstance(found, list) and found else found
        if isinstance(found, str) and found:
            return found
    return domain.mark
