"""Record what any collector plugin sends, and replay it as a fake plugin.

``python -m tests.streams.recording grpc://127.0.0.1:50051 stream.jsonl.gz --secret secret.json`` records; a fake
plugin made with ``FakePlugin(resources=replay(path))`` sends the same again. Of a recording every known secret value
is blotted out, wherever the plugin repeated it.
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import json_format

from inventory.connector.ports import ResourceMessage
from inventory.domain.redact import Redactor
from inventory.stubs.spaceone.api.inventory.plugin import collector_pb2, collector_pb2_grpc

MAX_MESSAGE_BYTES = 256 * 1024 * 1024


def record(messages: Iterable[collector_pb2.ResourceInfo], path: Path, *secrets: dict[str, Any] | str) -> int:
    """Write ``messages`` to ``path``, gzipped JSON lines, without any value of ``secrets``; return how many."""
    redact = Redactor(*secrets)
    count = 0
    with gzip.open(path, "wt", encoding="utf-8") as file:
        for message in messages:
            written = json_format.MessageToDict(message, preserving_proto_field_name=True)
            file.write(redact(json.dumps(written, sort_keys=True)) + "\n")
            count += 1
    return count


def replay(path: Path) -> list[collector_pb2.ResourceInfo]:
    """Return the messages of a recording."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json_format.ParseDict(json.loads(line), collector_pb2.ResourceInfo()) for line in file]


def on_the_wire(stream: Iterable[ResourceMessage]) -> list[collector_pb2.ResourceInfo]:
    """Return a constructed stream as a plugin would send it."""
    messages = []
    for decoded in stream:
        message = collector_pb2.ResourceInfo(
            state=decoded.state, message=decoded.message, resource_type=decoded.resource_type
        )
        if decoded.match_rules:
            json_format.ParseDict(dict(decoded.match_rules), message.match_rules)
        json_format.ParseDict(dict(decoded.resource), message.resource)
        messages.append(message)
    return messages


def record_plugin(address: str, path: Path, *, options: dict[str, Any], secret: dict[str, Any]) -> int:
    """Collect once from the plugin at ``address`` (host:port) into ``path``; return how many messages came."""
    request = collector_pb2.CollectRequest()
    json_format.ParseDict(options, request.options)
    json_format.ParseDict(secret, request.secret_data)
    request.filter.SetInParent()
    channel_options = [("grpc.max_receive_message_length", MAX_MESSAGE_BYTES)]
    with grpc.insecure_channel(address, options=channel_options) as channel:
        stub = collector_pb2_grpc.CollectorStub(channel)
        return record(stub.collect(request, timeout=3600), path, secret)


def main() -> None:
    """Record from the command line."""
    parser = argparse.ArgumentParser(description="Record what a collector plugin sends.")
    parser.add_argument("endpoint", help="grpc://host:port")
    parser.add_argument("path", type=Path, help="file to write, .jsonl.gz")
    parser.add_argument("--options", type=Path, help="JSON file with the collector's options")
    parser.add_argument("--secret", type=Path, help="JSON file with the secret's data")
    arguments = parser.parse_args()
    options = json.loads(arguments.options.read_text()) if arguments.options else {}
    secret = json.loads(arguments.secret.read_text()) if arguments.secret else {}
    address = arguments.endpoint.removeprefix("grpc://")
    print(record_plugin(address, arguments.path, options=options, secret=secret), "messages")


if __name__ == "__main__":
    main()
