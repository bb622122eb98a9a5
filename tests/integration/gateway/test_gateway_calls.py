"""Requests over HTTP reach the gRPC method with all that belongs to them, and answers come back as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import json_format
from google.protobuf.message_factory import GetMessageClass
from google.rpc import error_details_pb2

from inventory.api import status as api_status
from inventory.errors import NotFoundError
from inventory.gateway.openapi.texts import texts
from inventory.gateway.routes import routes
from inventory.stubs.spaceone.api.inventory.v1 import collector_pb2
from tests.fakes.relay import SlowRelay
from tests.fakes.tls import CertificateAuthority
from tests.integration.gateway.conftest import FakeServer, Gateway, Start, error_of


def test_every_path_calls_its_method_with_its_example(gateway: Gateway, fake: FakeServer) -> None:
    for route in routes():
        example = dict(texts()[route.service].methods[route.method.name].example)

        response = gateway.post(route.path, json=example)

        assert (response.status_code, response.json()) == (200, {}), route.name
        assert fake.last.method == route.grpc_path
        sent = GetMessageClass(route.method.input_type).FromString(fake.last.request)
        assert sent == json_format.ParseDict(example, type(sent)())


def test_the_answer_is_json_with_the_protos_names(gateway: Gateway, fake: FakeServer) -> None:
    info = collector_pb2.CollectorInfo(collector_id="collector-1", plugin_info={"plugin_id": "p"}, is_public=True)
    info.tags.update({"whole": 3, "ümläut": "ß"})
    fake.answer = collector_pb2.CollectorsInfo(results=[info], total_count=1).SerializeToString()

    response = gateway.send_json("collector/list")

    assert response.headers["Content-Type"] == "application/json"
    assert response.json() == {
        "results": [
            {
                "collector_id": "collector-1",
                "plugin_info": {"plugin_id": "p"},
                "tags": {"whole": 3, "ümläut": "ß"},
                "is_public": True,
            }
        ],
        "total_count": 1,
    }
    assert '"whole":3' in response.text
    assert 'whole":3.0' not in response.text


def test_a_large_answer_comes_whole(gateway: Gateway, fake: FakeServer) -> None:
    info = collector_pb2.CollectorInfo(name="n" * 1000)
    fake.answer = collector_pb2.CollectorsInfo(results=[info] * 500).SerializeToString()

    assert len(gateway.send_json("collector/list").json()["results"]) == 500


def test_token_and_transaction_id_travel_on(gateway: Gateway, fake: FakeServer) -> None:
    headers = {"Authorization": "Bearer abc.def.ghi", "X-Transaction-Id": "tnx-mine"}

    response = gateway.send_json("collector/list", headers=headers)

    assert fake.last.metadata["token"] == "abc.def.ghi"
    assert fake.last.metadata["transaction_id"] == "tnx-mine"
    assert response.headers["X-Transaction-Id"] == "tnx-mine"


def test_without_them_there_is_no_token_and_a_new_transaction_id(gateway: Gateway, fake: FakeServer) -> None:
    response = gateway.send_json("collector/list")

    assert "token" not in fake.last.metadata
    assert fake.last.metadata["transaction_id"] == response.headers["X-Transaction-Id"]


def test_a_sole_traceparent_travels_on_and_is_the_transaction_id(gateway: Gateway, fake: FakeServer) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    sent = f"00-{trace}-00f067aa0ba902b7-01"

    response = gateway.send_json("collector/list", headers={"traceparent": sent})
    assert (fake.last.metadata["traceparent"], fake.last.metadata["transaction_id"]) == (sent, trace)
    assert response.headers["X-Transaction-Id"] == trace

    gateway.send_json("collector/list", headers={"traceparent": sent, "X-Transaction-Id": "tnx-mine"})
    assert fake.last.metadata["transaction_id"] == "tnx-mine"

    both = [("traceparent", sent), ("traceparent", sent), ("Content-Type", "application/json")]
    gateway.post("/inventory/v1/collector/list", content=b"{}", headers=both)
    assert "traceparent" not in fake.last.metadata
    assert fake.last.metadata["transaction_id"] != trace


def test_the_time_limit_becomes_the_calls_deadline(fake: Any, start_gateway: Start) -> None:
    gateway = start_gateway(f"127.0.0.1:{fake.port}", gateway_timeout_seconds=100)

    gateway.send_json("collector/list")

    # A client may send up to 3 % more, a value it has sent before.
    assert 80 < fake.last.seconds <= 100 * 1.03


def test_an_empty_body_is_the_empty_request(gateway: Gateway, fake: FakeServer) -> None:
    assert gateway.post("/inventory/v1/collector/list").status_code == 200
    assert fake.last.request == b""


def test_a_server_behind_tls_is_reached_with_a_client_certificate(start_gateway: Start, tmp_path: Path) -> None:
    authority = CertificateAuthority(tmp_path)
    client = authority.issue("client")
    server = FakeServer()
    upstream = f"grpc+ssl://127.0.0.1:{server.start(credentials=authority.server_credentials(require_client=True))}"

    trusted = start_gateway(
        upstream,
        platform_ca_file=authority.certificate,
        platform_certificate_file=client.certificate,
        platform_key_file=client.key,
    )
    stranger = start_gateway(upstream)

    assert trusted.send_json("collector/list").status_code == 200
    assert stranger.send_json("collector/list").status_code == 503
    server.stop()


def test_the_servers_error_comes_through_whole(gateway: Gateway, fake: FakeServer) -> None:
    failure = api_status.answer(NotFoundError(key="collector_id", value="collector-1"), transaction_id="tnx-1")

    def behave(context: grpc.ServicerContext) -> None:
        context.set_trailing_metadata(failure.metadata)
        context.abort(failure.code, failure.details)

    fake.behave = behave

    response = gateway.send_json("collector/get", {"collector_id": "collector-1"})

    assert response.status_code == 400
    error = error_of(response)
    assert error["code"] == "ERROR_NOT_FOUND"
    assert error["message"] == "Value not found. (collector_id = collector-1)"
    kinds = [detail["@type"].rpartition("/")[2] for detail in error["details"]]
    wanted = (error_details_pb2.ErrorInfo, error_details_pb2.BadRequest)
    assert kinds == [kind.DESCRIPTOR.full_name for kind in wanted]
    assert error["details"][0]["metadata"] == {"transaction_id": "tnx-1"}
    assert error["details"][1]["field_violations"][0]["field"] == "collector_id"


@pytest.mark.parametrize(
    ("status", "http"),
    [
        (grpc.StatusCode.UNAUTHENTICATED, 401),
        (grpc.StatusCode.PERMISSION_DENIED, 403),
        (grpc.StatusCode.NOT_FOUND, 404),
        (grpc.StatusCode.ALREADY_EXISTS, 409),
        (grpc.StatusCode.ABORTED, 409),
        (grpc.StatusCode.FAILED_PRECONDITION, 400),
        (grpc.StatusCode.UNIMPLEMENTED, 501),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, 429),
        (grpc.StatusCode.INTERNAL, 500),
        (grpc.StatusCode.UNAVAILABLE, 503),
        (grpc.StatusCode.DEADLINE_EXCEEDED, 504),
    ],
)
def test_a_status_becomes_its_http_status(
    status: grpc.StatusCode, http: int, gateway: Gateway, fake: FakeServer
) -> None:
    fake.behave = lambda context: context.abort(status, "ERROR_SOMETHING: It went wrong.")

    response = gateway.send_json("collector/list")

    assert response.status_code == http
    assert (error_of(response)["code"], error_of(response)["message"]) == ("ERROR_SOMETHING", "It went wrong.")
    assert (response.headers.get("WWW-Authenticate") == "Bearer") == (http == 401)


def test_a_server_that_breaks_tells_nothing_internal(gateway: Gateway, fake: FakeServer) -> None:
    def behave(context: grpc.ServicerContext) -> None:
        raise RuntimeError("hunter2")

    fake.behave = behave

    response = gateway.send_json("collector/list")

    assert response.status_code == 500
    assert error_of(response)["code"] == "ERROR_UNKNOWN"
    assert "hunter2" not in json.dumps(response.json())


def test_a_server_that_takes_long_to_connect_to_answers_at_the_first_try(
    start_gateway: Start, fake: FakeServer
) -> None:
    with SlowRelay(fake.port, delay_seconds=0.4) as relay:  # type: ignore[attr-defined]
        gateway = start_gateway(f"127.0.0.1:{relay.port}")

        assert gateway.send_json("collector/list").status_code == 200
