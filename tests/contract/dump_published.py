"""Writes a FileDescriptorSet of the published SpaceONE stubs to standard output.

A program of its own, because one process cannot load two sets of descriptors with the same file names.
Arguments: names of .proto files. A file that the published package does not have is left out.
"""

import sys
from importlib import import_module

from google.protobuf.descriptor_pb2 import FileDescriptorSet


def main() -> None:
    found = FileDescriptorSet()
    for name in sys.argv[1:]:
        module = name.removesuffix(".proto").replace("/", ".") + "_pb2"
        try:
            descriptor = import_module(module).DESCRIPTOR
        except ModuleNotFoundError as error:
            if error.name != module:
                raise
            continue
        descriptor.CopyToProto(found.file.add())
    sys.stdout.buffer.write(found.SerializeToString())


if __name__ == "__main__":
    main()
