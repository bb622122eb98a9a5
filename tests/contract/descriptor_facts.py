"""Takes descriptors apart into facts that can be compared one by one, and names their differences."""

from collections.abc import Iterable

from google.api import annotations_pb2  # noqa: F401  registers google.api.http, else the options stay unknown bytes
from google.protobuf import text_format
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    ServiceDescriptorProto,
)
from google.protobuf.message import Message

Facts = dict[tuple[str, ...], dict[str, str]]
"""What is declared: its attributes by its path, which starts with the file and holds `kind name` at each level."""


def facts_of(files: Iterable[FileDescriptorProto]) -> Facts:
    """Every declaration in the files, with everything that clients could notice about it."""
    facts: Facts = {}
    for file in files:
        at = (file.name,)
        facts[at] = {"package": file.package, "syntax": file.syntax, "options": _text(file.options)}
        facts.update({(*at, f"import {name}"): {} for name in file.dependency})
        for message in file.message_type:
            _add_message(facts, at, message)
        for enum in file.enum_type:
            _add_enum(facts, at, enum)
        for service in file.service:
            _add_service(facts, at, service)
    return facts


def differences(ours: Facts, published: Facts) -> list[str]:
    """One line for each difference; what lies inside of something that only one side has is not repeated."""
    lines = []
    for path in sorted(ours.keys() | published.keys()):
        parent = path[:-1]
        if parent and not (parent in ours and parent in published):
            continue
        name = " > ".join(path)
        if path not in published:
            lines.append(f"{name}: only ours")
        elif path not in ours:
            lines.append(f"{name}: only published")
        else:
            lines += [
                f"{name}: {key}: ours {value!r}, published {published[path][key]!r}"
                for key, value in ours[path].items()
                if value != published[path][key]
            ]
    return lines


def _add_message(facts: Facts, parent: tuple[str, ...], message: DescriptorProto) -> None:
    at = (*parent, f"message {message.name}")
    facts[at] = {
        "options": _text(message.options),
        "reserved": f"{[_text(r) for r in message.reserved_range]} {list(message.reserved_name)}",
        "extensions": f"{[_text(r) for r in message.extension_range]} {[_text(e) for e in message.extension]}",
    }
    for oneof in message.oneof_decl:
        facts[*at, f"oneof {oneof.name}"] = {"options": _text(oneof.options)}
    for field in message.field:
        facts[*at, f"field {field.name}"] = _field_facts(message, field)
    for nested in message.nested_type:
        _add_message(facts, at, nested)
    for enum in message.enum_type:
        _add_enum(facts, at, enum)


def _field_facts(message: DescriptorProto, field: FieldDescriptorProto) -> dict[str, str]:
    in_oneof = field.HasField("oneof_index")
    return {
        "number": str(field.number),
        "type": FieldDescriptorProto.Type.Name(field.type),
        "label": FieldDescriptorProto.Label.Name(field.label),
        "type_name": field.type_name,
        "oneof": message.oneof_decl[field.oneof_index].name if in_oneof else "",
        "proto3_optional": str(field.proto3_optional),
        "json_name": field.json_name,
        "default": field.default_value,
        "options": _text(field.options),
    }


def _add_enum(facts: Facts, parent: tuple[str, ...], enum: EnumDescriptorProto) -> None:
    at = (*parent, f"enum {enum.name}")
    facts[at] = {"options": _text(enum.options)}
    for value in enum.value:
        facts[*at, f"value {value.name}"] = {"number": str(value.number), "options": _text(value.options)}


def _add_service(facts: Facts, parent: tuple[str, ...], service: ServiceDescriptorProto) -> None:
    at = (*parent, f"service {service.name}")
    facts[at] = {"options": _text(service.options)}
    for method in service.method:
        facts[*at, f"method {method.name}"] = {
            "request": method.input_type,
            "response": method.output_type,
            "client_streaming": str(method.client_streaming),
            "server_streaming": str(method.server_streaming),
            "options": _text(method.options),
        }


def _text(message: Message) -> str:
    return text_format.MessageToString(message, as_one_line=True)
