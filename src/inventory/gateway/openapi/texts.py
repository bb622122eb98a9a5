"""The documentation of each method besides its types: one line of text, required fields, an example request.

It comes from ``static/methods.json``; the examples of Collector are those of its public documentation.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any


@dataclass(frozen=True, slots=True)
class MethodText:
    """The documentation of a method.

    Attributes:
        summary: one line.
        required: dotted fields that must be present in the request.
        example: a request.
    """

    summary: str
    required: tuple[str, ...]
    example: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ServiceText:
    """The documentation of a service: one line, and each method by its name."""

    about: str
    methods: Mapping[str, MethodText]


@cache
def texts() -> Mapping[str, ServiceText]:
    """Return the documentation of each service by its short name."""
    content = json.loads(static_file("methods.json"))
    return {
        name: ServiceText(
            about=service["about"],
            methods={
                method: MethodText(text["summary"], tuple(text["required"]), text["example"])
                for method, text in service["methods"].items()
            },
        )
        for name, service in content.items()
    }


def static_file(name: str) -> bytes:
    """Return a file that is bundled with the gateway."""
    return (resources.files("inventory.gateway") / "static" / name).read_bytes()
