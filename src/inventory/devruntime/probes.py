"""Checks whether a process is healthy. Each check returns quickly and never raises."""

from __future__ import annotations

import http.client
import socket
import urllib.error
import urllib.request
from typing import Final

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from inventory.devruntime.ports import is_taken
from inventory.observe.page_owner import PageOwner, owner_of
from inventory.process.addresses import bare, host_port
from inventory.process.channels import NO_PROXY

TIMEOUT_SECONDS = 2.0
_MAX_BYTES: Final = 65_536
# Proxies in the environment are for external addresses, not for processes on this machine.
_OPENER: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def grpc_serving(target: str) -> bool:
    """Return whether the gRPC server at ``target`` (host:port) reports SERVING for the whole server."""
    host, _, port = target.rpartition(":")
    if not listening(bare(host), int(port)):
        # Much cheaper than a channel, many times a second beside processes that start.
        return False
    with grpc.insecure_channel(target, options=(NO_PROXY,)) as channel:
        try:
            answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=TIMEOUT_SECONDS)
        except grpc.RpcError:
            return False
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


def http_ready(url: str) -> bool:
    """Return whether a GET of ``url`` is answered with 200."""
    try:
        with _OPENER.open(url, timeout=TIMEOUT_SECONDS) as answer:
            return bool(answer.status == http.HTTPStatus.OK)
    except (OSError, urllib.error.URLError, http.client.HTTPException):
        return False


def process_ready(owner: PageOwner, host: str, port: int) -> bool:
    """Return whether the process is ready by its health page, or cannot be asked because another program has the page's
    port.

    A process whose port is taken keeps running and waits for the port.
    """
    url = f"http://{host_port(host, port)}/readyz"
    try:
        with _OPENER.open(url, timeout=TIMEOUT_SECONDS) as answer:
            status, body = answer.status, answer.read(_MAX_BYTES)
    except urllib.error.HTTPError as exc:
        with exc:
            status, body = exc.code, exc.read(_MAX_BYTES)
    except (OSError, http.client.HTTPException):
        status, body = 0, b""
    if owner_of(body) == owner:
        return bool(status == http.HTTPStatus.OK)
    return is_taken(port, host)


def listening(host: str, port: int) -> bool:
    """Return whether TCP connections to ``host:port`` are accepted."""
    try:
        with socket.create_connection((host, port), timeout=TIMEOUT_SECONDS):
            return True
    except OSError:
        return False
