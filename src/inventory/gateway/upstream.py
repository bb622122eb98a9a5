"""The gRPC server behind the gateway."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from inventory.process.addresses import Address
from inventory.process.channels import channel_options
from inventory.process.memory_budget import SIZE_METADATA

READY_SECONDS: Final = 1.5
"""How long the server may take to report its health, s; callers of the gateway do not wait much longer."""
_LAST_RETRY_MS: Final = 1_000
_SPREAD: Final = ("grpc.lb_policy_name", "round_robin")
"""If the name has several addresses, such as those of a headless service, calls are distributed over all."""


class Upstream:
    """A connection to the server that grpc maintains. Belongs to the event loop in which it was created."""

    def __init__(self, address: Address, *, credentials: grpc.ChannelCredentials | None, max_answer_bytes: int) -> None:
        options = channel_options(last_retry_ms=_LAST_RETRY_MS, max_received_bytes=max_answer_bytes, more=[_SPREAD])
        self._channel = (
            grpc.aio.insecure_channel(address.target, options=options)
            if credentials is None
            else grpc.aio.secure_channel(address.target, credentials, options=options)
        )
        self._health = health_pb2_grpc.HealthStub(self._channel)

    async def call(
        self,
        grpc_path: str,
        data: bytes,
        *,
        metadata: Sequence[tuple[str, str]],
        timeout: float,
        reserve: Callable[[int], Awaitable[None]],
    ) -> bytes:
        """Call a method with a serialized request and return the serialized answer.

        Args:
            grpc_path: ``/package.Service/method``.
            data: the request.
            metadata: sent along.
            timeout: deadline of the call, s; passed on to the server.

        Raises:
            grpc.aio.AioRpcError: the call failed.
        """
        # For grpc, a stream of one message is the same call, but it reads the message only on demand: until then the
        # server keeps it.
        method: grpc.aio.UnaryStreamMultiCallable[bytes, bytes] = self._channel.unary_stream(grpc_path)
        call = method(data, metadata=tuple(metadata), timeout=timeout)
        try:
            for key, value in await call.initial_metadata():
                if key == SIZE_METADATA:
                    await reserve(int(value))
            answer = b"".join([message async for message in call])
        finally:
            call.cancel()
        return answer

    async def serving(self) -> bool | None:
        """Return whether the server reports that it is serving; None if it takes too long to report anything."""
        try:
            answer = await self._health.Check(health_pb2.HealthCheckRequest(), timeout=READY_SECONDS)
        except grpc.aio.AioRpcError as exc:
            return False if exc.code() is grpc.StatusCode.UNAVAILABLE else None
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)

    async def close(self) -> None:
        """Close the connection; running calls end."""
        await self._channel.close()
