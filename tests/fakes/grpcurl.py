"""What README uses of grpcurl, for machines without it: ``-plaintext [-d JSON] ADDRESS SERVICE/METHOD``."""

from __future__ import annotations

import argparse
import sys

import grpc
from google.protobuf import json_format
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

SECONDS = 30.0


def main() -> int:
    """Send the request; return grpcurl's exit code."""
    parser = argparse.ArgumentParser(prefix_chars="-", allow_abbrev=False)
    parser.add_argument("-plaintext", action="store_true", required=True)
    parser.add_argument("-d", dest="data", default="{}")
    parser.add_argument("address")
    parser.add_argument("method")
    arguments = parser.parse_args()
    with grpc.insecure_channel(arguments.address) as channel:
        pool = DescriptorPool(ProtoReflectionDescriptorDatabase(channel))
        service, _, name = arguments.method.partition("/")
        method = pool.FindServiceByName(service).FindMethodByName(name)
        request = json_format.Parse(arguments.data, GetMessageClass(method.input_type)(), descriptor_pool=pool)
        call = channel.unary_unary(
            f"/{service}/{name}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=GetMessageClass(method.output_type).FromString,
        )
        try:
            answer = call(request, timeout=SECONDS)
        except grpc.RpcError as error:
            print(f"ERROR:\n  Code: {error.code().name}\n  Message: {error.details()}", file=sys.stderr)
            return 64 + error.code().value[0]
    print(json_format.MessageToJson(answer, descriptor_pool=pool))
    return 0


if __name__ == "__main__":
    sys.exit(main())
