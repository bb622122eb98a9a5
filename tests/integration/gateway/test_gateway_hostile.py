"""Requests that are wrong, too large or too slow are answered with the error body; the gateway never breaks."""

from __future__ import annotations

import json
import os
import random
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any, Final

import grpc
import pytest

from inventory.gateway import protocol
from inventory.gateway.openapi.texts import texts
from inventory.gateway.routes import routes
from tests.integration.gateway.conftest import FakeServer, Gateway, Start, error_of

LIST = "/inventory/v1/collector/list"
CREATE = "/inventory/v1/collector/create"
JSON = {"Content-Type": "application/json"}
DEEP: Final = os.environ.get("INVENTORY_TEST_PROFILE") == "deep"
SECONDS: Final = 60.0 if DEEP else 3.0
SEED: Final = int(os.environ.get("INVENTORY_FUZZ_SEED", "20260105"))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{", "not JSON"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b'{"query": ' * 2000, "nested too deeply"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"query": NaN}', "NaN"),
    ],
)
def test_what_is_no_json_is_refused(body: bytes, reason: str, gateway: Gateway, fake: FakeServer) -> None:
    response = gateway.post(LIST, content=body, headers=JSON)

    assert response.status_code == 400
    assert reason in error_of(response)["message"]
    assert not fake.calls


def test_a_wrong_value_is_told_by_its_field_alone(gateway: Gateway) -> None:
    response = gateway.post(CREATE, json={"plugin_info": {"options": "hunter2"}})

    error = error_of(response)
    assert response.status_code == 400
    assert error["code"] == "ERROR_INVALID_PARAMETER_TYPE"
    assert error["details"][1]["field_violations"][0]["field"] == "plugin_info.options"
    assert "hunter2" not in response.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "application/json; charset=utf-16"},
        {"Content-Type": "nonsense"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
        {},
    ],
)
def test_another_media_type_is_refused(headers: dict[str, str], gateway: Gateway) -> None:
    response = gateway.post(LIST, content=b"{}", headers=headers)

    assert response.status_code == 415
    assert error_of(response)["code"] == "ERROR_UNSUPPORTED_MEDIA_TYPE"


@pytest.mark.parametrize("head", [b"", b"POST /inventory/v1/collector/list HTTP/1.1\r\nHost: localhost\r\nX: "])
def test_a_head_that_does_not_end_is_not_waited_for(
    head: bytes, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.3)
    with socket.create_connection((gateway.base_url.host, gateway.base_url.port or 0), timeout=30) as connection:
        connection.sendall(head)
        assert connection.recv(100) == b""


def test_a_kept_connection_is_not_closed_by_that(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 2.0)
    request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with socket.create_connection((gateway.base_url.host, gateway.base_url.port or 0), timeout=30) as connection:
        connection.sendall(request)
        answer = connection.recv(10_000)
        assert answer.startswith(b"HTTP/1.1 200")
        while not answer.endswith(b"}"):
            answer += connection.recv(10_000)
        # Longer than a head may take, nothing comes: neither an answer nor the connection's end.
        connection.settimeout(2.5)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        connection.settimeout(30)
        connection.sendall(request)
        assert connection.recv(1) == b"H"


def test_json_may_say_its_charset(gateway: Gateway) -> None:
    headers = {"Content-Type": "Application/JSON; charset=UTF-8"}

    assert gateway.post(LIST, content=b"{}", headers=headers).status_code == 200


@pytest.mark.parametrize("authorization", ["Basic dXNlcjpwYXNz", "Bearer", "Bearer a b"])
def test_another_authorization_is_refused(authorization: str, gateway: Gateway, fake: FakeServer) -> None:
    response = gateway.send_json("collector/list", headers={"Authorization": authorization})

    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert error_of(response)["code"] == "ERROR_AUTHENTICATE_FAILURE"
    assert not fake.calls


def test_unknown_paths_and_verbs_have_the_error_body_too(gateway: Gateway) -> None:
    missing, trailing, verb = gateway.post("/nowhere"), gateway.post(LIST + "/"), gateway.get(LIST)

    assert [response.status_code for response in (missing, trailing, verb)] == [404, 404, 405]
    assert {error_of(response)["code"] for response in (missing, trailing, verb)} == {"ERROR_UNSUPPORTED_API"}
    assert verb.headers["Allow"] == "POST"


def test_a_body_over_the_limit_is_refused_announced_or_not(fake: Any, start_gateway: Start) -> None:
    gateway = start_gateway(f"127.0.0.1:{fake.port}", max_request_bytes=1000)
    large = json.dumps({"query": {"keyword": "a" * 1500}}).encode()

    def chunks() -> Iterator[bytes]:
        for start in range(0, len(large), 100):
            yield large[start : start + 100]

    announced = gateway.post(LIST, content=large, headers=JSON)
    chunked = gateway.post(LIST, content=chunks(), headers=JSON)

    for response in (announced, chunked):
        assert response.status_code == 413
        assert error_of(response)["code"] == "ERROR_LIMIT_EXCEEDED"
    assert not fake.calls


def test_a_body_far_over_the_limit_is_not_even_read(fake: Any, start_gateway: Start) -> None:
    gateway = start_gateway(f"127.0.0.1:{fake.port}", max_request_bytes=1000)
    head = f"POST {LIST} HTTP/1.1\r\nHost: [::1]\r\nContent-Type: application/json\r\nContent-Length: 999999999\r\n\r\n"

    with socket.create_connection(("127.0.0.1", gateway.base_url.port or 0), timeout=30) as connection:
        connection.sendall(head.encode())
        answer = connection.recv(4096)

    assert answer.startswith(b"HTTP/1.1 413 ")


def test_a_message_that_grows_over_the_limit_is_refused(fake: Any, start_gateway: Start) -> None:
    gateway = start_gateway(f"127.0.0.1:{fake.port}", max_request_bytes=1000)

    response = gateway.post(CREATE, json={"tags": {"a": [1] * 250}})

    assert response.status_code == 413
    assert not fake.calls


def test_a_body_that_does_not_come_ends_with_408(fake: Any, start_gateway: Start) -> None:
    gateway = start_gateway(f"127.0.0.1:{fake.port}", gateway_timeout_seconds=0.3)
    head = f"POST {LIST} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{{"

    with socket.create_connection(("127.0.0.1", gateway.base_url.port or 0), timeout=30) as connection:
        connection.sendall(head.encode())
        answer = b""
        # Head and body of the answer may come apart.
        while b"ERROR_" not in answer and (more := connection.recv(4096)):
            answer += more

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"ERROR_REQUEST_TIMEOUT" in answer


def test_a_server_that_does_not_answer_in_time_ends_with_504(fake: Any, start_gateway: Start) -> None:
    gateway = start_gateway(f"127.0.0.1:{fake.port}", gateway_timeout_seconds=0.3)
    release = threading.Event()
    fake.behave = lambda context: release.wait(60)

    response = gateway.send_json("collector/list")
    release.set()

    assert response.status_code == 504
    assert error_of(response)["code"] == "ERROR_REQUEST_TIMEOUT"


def test_more_requests_at_a_time_than_allowed_are_refused(fake: Any, start_gateway: Start) -> None:
    gateway = start_gateway(f"127.0.0.1:{fake.port}", max_concurrent_rpcs=1)
    entered, release = threading.Event(), threading.Event()

    def behave(context: grpc.ServicerContext) -> None:
        entered.set()
        release.wait(60)

    fake.behave = behave
    statuses: list[int] = []
    first = threading.Thread(target=lambda: statuses.append(gateway.send_json("collector/list").status_code))
    first.start()
    assert entered.wait(60)

    refused = gateway.send_json("collector/list")
    release.set()
    first.join(60)

    assert refused.status_code == 429
    assert error_of(refused)["code"] == "ERROR_LIMIT_EXCEEDED"
    assert statuses == [200]
    assert gateway.send_json("collector/list").status_code == 200


def test_one_address_may_call_so_often_and_this_machine_as_it_likes(fake: Any, start_gateway: Start) -> None:
    """The server sees one address for all of the gateway's clients, and does not count that."""
    gateway = start_gateway(f"127.0.0.1:{fake.port}", rate_limit_per_second=3)

    def statuses(address: str, count: int) -> Iterator[int]:
        headers = {"X-Forwarded-For": address} if address else {}  # believed from this machine only
        return (gateway.send_json("collector/list", headers=headers).status_code for _ in range(count))

    # No more are sent than it takes: on a slow machine, the first few come slower than the limit.
    assert 429 in statuses("192.0.2.1", 100)
    assert list(statuses("192.0.2.2", 1)) == [200]
    assert list(statuses("", 20)) == [200] * 20


def test_with_tokens_the_server_counts(fake: Any, start_gateway: Start) -> None:
    gateway = start_gateway(f"127.0.0.1:{fake.port}", rate_limit_per_second=1, authentication="jwt")
    headers = {"X-Forwarded-For": "192.0.2.1"}

    assert {gateway.send_json("collector/list", headers=headers).status_code for _ in range(10)} == {200}


def test_a_client_that_goes_away_leaves_no_trace(gateway: Gateway) -> None:
    head = f"POST {LIST} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{{"
    with socket.create_connection(("127.0.0.1", gateway.base_url.port or 0), timeout=30) as connection:
        connection.sendall(head.encode())

    assert gateway.send_json("collector/list").status_code == 200


class Junk:
    """Makes requests that are nearly right."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def value(self, depth: int = 0) -> Any:
        """Any JSON."""
        choices: list[Any] = [None, True, 0, -1, 1.5, 2**70, "", "a", "\ud800", "\0", "now/d", "collector-1", "é" * 40]
        if depth < 5 and self.random.random() < 0.4:
            below = [self.value(depth + 1) for _ in range(self.random.randrange(4))]
            return below if self.random.random() < 0.5 else {str(self.value(9)): each for each in below}
        return self.random.choice(choices)

    def bend(self, example: Any) -> Any:
        """An example with some of it replaced."""
        if self.random.random() < 0.15:
            return self.value()
        if isinstance(example, dict):
            bent = {key: self.bend(value) for key, value in example.items() if self.random.random() < 0.9}
            if self.random.random() < 0.1:
                bent[str(self.value(9))] = self.value()
            return bent
        return [self.bend(each) for each in example] if isinstance(example, list) else example

    def bytes(self, example: Any) -> bytes:
        """A body."""
        data = bytearray(json.dumps(self.bend(example)).encode("utf-8", "replace"))
        while data and self.random.random() < 0.2:
            data[self.random.randrange(len(data))] = self.random.randrange(256)
        return bytes(data)


def test_bent_requests_never_break_a_method(gateway: Gateway, fake: FakeServer) -> None:
    junk, deadline = Junk(SEED), time.monotonic() + SECONDS
    seen: set[int] = set()
    while time.monotonic() < deadline:
        for route in routes():
            body = junk.bytes(dict(texts()[route.service].methods[route.method.name].example))

            response = gateway.post(route.path, content=body, headers=JSON)

            assert response.status_code in (200, 400), (route.name, body, response.text)
            seen.add(response.status_code)
            if response.status_code == 400:
                error_of(response)
    assert seen == {200, 400}
