"""Random requests to every method: never INTERNAL or UNKNOWN, never a hang, and the server stays healthy."""

from __future__ import annotations

import math
import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final

import grpc
import pytest
from google.protobuf import descriptor_pool
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.struct_pb2 import Value
from pymongo.database import Database

from inventory.api.app import Server
from inventory.api.methods import POLICIES
from tests.integration.api.conftest import DOMAIN, Client, collector, job, job_task

Store = Database[dict[str, Any]]

DEEP: Final = os.environ.get("INVENTORY_TEST_PROFILE") == "deep"
SECONDS: Final = float(os.environ.get("INVENTORY_FUZZ_SECONDS", "300" if DEEP else "3"))
"""How long each of the two tests sends."""
SEED: Final = int(os.environ.get("INVENTORY_FUZZ_SEED", "20260105"))
ALLOWED: Final = frozenset({grpc.StatusCode.INVALID_ARGUMENT})
"""The only status that a client's mistake may have, here where nothing else goes wrong."""

KEYS: Final = (
    "name", "collector_id", "job_id", "job_task_id", "status", "state", "priority", "created_at", "tags.a", "errors",
    "plugin_info.plugin_id", "plugin_info.options.a", "collector_info.name", "collector.tags.a", "projects", "$where",
    "a..b", "", "tags.$a", "domain_id", "is_public", "errors.error_code", "capability.x.0", "filter.a", "\0", "_id",
    "year", "%Y", "count", "é",
)  # fmt: skip
WORDS: Final = (
    *KEYS, "eq", "not", "lt", "gte", "in", "not_in", "exists", "contain", "contain_in", "match", "regex", "regex_in",
    "datetime_lt", "timediff_gt", "now/d - 7d", "now", "2022-06-17T06:33:27.195Z", "(", "[a", "(a+)+$", "a" * 300,
    "ALL", "sum", "average", "push", "add_to_set", "merge_objects", "size", "array_to_object", "object_to_array",
    "collector-000000000000", "job-000000000000", "job_task-000000000000", "ENABLED", "project-a", "$$ROOT", "$name",
)  # fmt: skip
GOOD_KEYS: Final = ("domain_id", "created_at", "domain_id", "name", "provider", "tags.a.b", "status", "project_id")
OPERATORS: Final = (
    "eq", "not", "lt", "lte", "gt", "gte", "in", "not_in", "exists", "contain", "not_contain", "contain_in",
    "not_contain_in", "match", "regex", "regex_in", "datetime_lt", "timediff_gt", "count", "sum", "average", "max",
    "push", "add_to_set", "first", "size", "add", "divide",
)  # fmt: skip
FITTING: Final = {
    **dict.fromkeys(("key", "k", "distinct", "path", "only", "group_by", "field_group"), GOOD_KEYS),
    **dict.fromkeys(("operator", "o"), OPERATORS),
    **dict.fromkeys(("name", "n"), ("total", "value", "x")),
    "date_format": ("year", "month", "%Y-%m"),
    "collector_id": ("collector-000000000000",),
    "job_id": ("job-000000000000",),
    "job_task_id": ("job_task-000000000000",),
}
"""What makes sense in a field, so that requests get beyond the first check."""
NUMBERS: Final = (0.0, 1.0, -1.0, 0.5, 3.0, 1e18, 2.0**63, 1e300, math.inf, math.nan, 99.0)


class Messages:
    """Makes random messages from descriptors, the same ones for the same seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def make(self, descriptor: Descriptor, depth: int = 0) -> Message:
        message = GetMessageClass(descriptor)()
        for field in descriptor.fields:
            if field.name == "domain_id":
                setattr(message, field.name, DOMAIN)
            elif self.random.random() < (0.75 if depth == 0 else 0.35) and depth < 9:
                self._fill(message, field, depth)
        return message

    def _fill(self, message: Message, field: FieldDescriptor, depth: int) -> None:
        name = field.message_type.full_name if field.message_type else ""
        if name == "google.protobuf.Struct":
            fields = getattr(message, field.name).fields
            for _ in range(self.random.randrange(3)):
                fields[self.random.choice(WORDS)].CopyFrom(self._value(depth + 1))
            getattr(message, field.name).SetInParent()
        elif field.is_repeated:
            values = [self._one(field, depth) for _ in range(self.random.randrange(3))]
            getattr(message, field.name).extend(values)
        elif field.message_type:
            getattr(message, field.name).CopyFrom(self._one(field, depth))
        else:
            setattr(message, field.name, self._one(field, depth))

    def _one(self, field: FieldDescriptor, depth: int) -> Any:
        if field.message_type is not None:
            if field.message_type.full_name == "google.protobuf.Value":
                return self._value(depth + 1)
            return self.make(field.message_type, depth + 1)
        if field.enum_type is not None:
            return self.random.choice([*field.enum_type.values_by_number, 77])
        if field.type == FieldDescriptor.TYPE_STRING:
            fitting = FITTING.get(field.name, WORDS)
            return self.random.choice(fitting if self.random.random() < 0.9 else WORDS)
        if field.type == FieldDescriptor.TYPE_BOOL:
            return self.random.random() < 0.5
        if field.type in {FieldDescriptor.TYPE_FLOAT, FieldDescriptor.TYPE_DOUBLE}:
            return self.random.choice(NUMBERS)
        small = self.random.choice((0, 1, 2, 5, 2**31 - 1))
        return small if field.type == FieldDescriptor.TYPE_UINT32 else self.random.choice((small, -1, -(2**31)))

    def _value(self, depth: int) -> Value:
        kind = self.random.randrange(6 if depth < 9 else 4)
        value = Value()
        if kind == 0:
            value.number_value = self.random.choice(NUMBERS)
        elif kind == 1:
            value.string_value = self.random.choice(WORDS)
        elif kind == 2:
            value.bool_value = self.random.random() < 0.5
        elif kind == 3:
            value.null_value = 0  # type: ignore[assignment]
        elif kind == 4:
            value.list_value.values.extend(self._value(depth + 1) for _ in range(self.random.randrange(3)))
        else:
            for _ in range(self.random.randrange(3)):
                value.struct_value.fields[self.random.choice(WORDS)].CopyFrom(self._value(depth + 1))
            value.struct_value.SetInParent()
        return value


@pytest.fixture
def client(whole_server: Server) -> Iterator[Client]:
    """A client of the whole server."""
    made = Client(whole_server)
    yield made
    made.channel.close()


def seed(database: Store) -> None:
    """Put back a little data behind every method, whatever was deleted."""
    stored = {
        "collector": [collector(number) for number in range(3)],
        "job": [job(number) for number in range(3)],
        "job_task": [job_task(number) for number in range(3)],
    }
    for name, documents in stored.items():
        database[name].delete_many({})
        database[name].insert_many(documents)


METHODS: Final[tuple[MethodDescriptor, ...]] = tuple(
    descriptor_pool.Default().FindServiceByName(name[1:].partition("/")[0]).methods_by_name[name.rpartition("/")[2]]
    for name, policy in POLICIES.items()
)


def send(client: Client, method: MethodDescriptor, data: bytes) -> tuple[str, str]:
    """Send; return the error's code, and what is wrong with the answer, or nothing."""
    try:
        client.raw(method.containing_service.full_name, method.name)(data, timeout=20)
    except grpc.RpcError as error:
        code = error.details().partition(":")[0]
        bad = error.code() not in ALLOWED or not code.startswith("ERROR_")
        return code, f"{method.full_name}: {error.code()}: {error.details()}: {data.hex()}" if bad else ""
    return "OK", ""


def bombard(client: Client, database: Store, make: Callable[[MethodDescriptor], bytes]) -> Counter[str]:
    """Send to every method in turn until the time is up; see that nothing broke; return how often what was answered."""
    deadline = time.monotonic() + SECONDS
    broken: dict[str, str] = {}
    answers: Counter[str] = Counter()
    while time.monotonic() < deadline:
        seed(database)
        for method in METHODS:
            code, wrong = send(client, method, make(method))
            answers[code] += 1
            if wrong:
                broken.setdefault(method.full_name, wrong)
    assert not broken, "\n".join(broken.values())
    assert client.raw("grpc.health.v1.Health", "Check")(b"", timeout=30) == b"\x08\x01"
    return answers


@pytest.mark.timeout(SECONDS + 60)
def test_random_messages_never_break_a_method(client: Client, database: Store) -> None:
    messages = Messages(SEED)

    answers = bombard(client, database, lambda method: messages.make(method.input_type).SerializeToString())

    assert answers["OK"] > 0.05 * answers.total(), "the requests no longer get beyond the first checks"


@pytest.mark.timeout(SECONDS + 60)
def test_random_bytes_never_break_a_method(client: Client, database: Store) -> None:
    messages = Messages(SEED + 1)
    rand = messages.random

    def damaged(method: MethodDescriptor) -> bytes:
        data = bytearray(messages.make(method.input_type).SerializeToString())
        for _ in range(rand.randrange(1, 6)):
            if data and rand.random() < 0.7:
                data[rand.randrange(len(data))] = rand.randrange(256)
            else:
                data += rand.randbytes(rand.randrange(40))
        return bytes(data)

    bombard(client, database, damaged)
