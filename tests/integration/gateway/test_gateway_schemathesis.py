"""schemathesis against the real gateway and server: what OpenAPI promises holds for whatever is sent.

Requests are made from the description alone, good ones and bad ones, the same in every run.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import hypothesis
import pytest
import requests
import schemathesis
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from inventory.gateway.routes import routes
from tests.integration.gateway.conftest import Gateway
from tests.integration.gateway.test_gateway_real_server import plugin, real

__all__ = ["plugin", "real"]

EXAMPLES = 30 if os.environ.get("INVENTORY_TEST_PROFILE") == "deep" else 2
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]
SETTINGS = hypothesis.settings(
    max_examples=EXAMPLES,
    database=None,
    derandomize=True,
    deadline=None,
    phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
    suppress_health_check=list(hypothesis.HealthCheck),
)


@pytest.fixture
def session() -> Iterator[requests.Session]:
    """A client that asks no proxy."""
    with requests.Session() as made:
        made.trust_env = False
        yield made


def faults_of(
    operation: Any, mode: GenerationMode, send: Callable[[schemathesis.Case], Any], checks: list[Any]
) -> list[str]:
    """Try an operation; return what is wrong with the answers."""
    faults: list[str] = []

    @SETTINGS
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    def try_it(case: schemathesis.Case) -> None:
        response = send(case)
        # Kept rather than raised: a second try of what created something is not the same.
        try:
            case.validate_response(response, checks=checks)
        except BaseExceptionGroup as exc:
            faults.extend(f"{operation.label}: {fault}" for fault in exc.exceptions)

    try_it()
    return faults


@pytest.mark.timeout(600)
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["good", "bad"])
def test_every_answer_is_as_the_description_has_it(
    mode: GenerationMode, real: Gateway, session: requests.Session
) -> None:
    schema = schemathesis.openapi.from_dict(real.get("/openapi.json").json())
    checks = CHECKS + ([negative_data_rejection] if mode is GenerationMode.NEGATIVE else [])
    called: list[str] = []

    def send(case: schemathesis.Case) -> Any:
        called.append(case.operation.label)
        return case.call(base_url=str(real.base_url), session=session, timeout=60)

    faults = [fault for found in schema.get_all_operations() for fault in faults_of(found.ok(), mode, send, checks)]

    assert not faults, "\n\n".join(faults)[:8000]
    assert len(set(called)) == len(routes())
    assert len(called) >= len(routes()) * EXAMPLES / 2
