from google.api import annotations_pb2 as _annotations_pb2
from inventory.stubs.spaceone.api.core.v1 import handler_pb2 as _handler_pb2
from google.protobuf import descriptor as _descriptor
from typing import ClassVar as _ClassVar

DESCRIPTOR: _descriptor.FileDescriptor
