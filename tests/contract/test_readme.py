"""What README shows of the API exists: every request in it fits its message, and no method is left out."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from google.protobuf import json_format
from google.protobuf.message_factory import GetMessageClass

from inventory.cli.client import methods

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
CALLS = re.findall(r"^call (\w+)/(\w+) '(.*)'$", README, re.MULTILINE)
DOCUMENTED = ("Collector", "Job", "JobTask")


@pytest.mark.parametrize(("service", "method", "request_"), CALLS, ids=[f"{call[0]}.{call[1]}" for call in CALLS])
def test_a_request_fits_its_message(service: str, method: str, request_: str) -> None:
    message = GetMessageClass(methods()[f"{service}.{method}"].input_type)()
    json_format.ParseDict(json.loads(request_), message)


def test_no_method_is_left_out() -> None:
    assert {f"{service}.{method}" for service, method, _ in CALLS} == {
        name for name in methods() if name.partition(".")[0] in DOCUMENTED
    }
