"""A row of the table of methods, and what all rows are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ParamSpec, Protocol

from inventory.api.method_handler import DecodedRequest
from inventory.api.policy import PACKAGE, Policy
from inventory.api.present import EMPTY, Presenter, Stored, statistics
from inventory.domain.principal import Principal
from inventory.manager.page import Page
from inventory.service.use_cases import UseCases

P = ParamSpec("P")

Implementation = Callable[[UseCases, Principal, DecodedRequest], bytes]
"""Calls the use case of a method with a decoded request and presents the result."""


@dataclass(frozen=True, slots=True)
class MethodRow:
    """A method of the API: its requirements and its implementation."""

    policy: Policy
    answer: Implementation


class ResourceUseCases(Protocol):
    """The use cases that all resources have in common."""

    def delete(self, principal: Principal, identifier: str, /) -> None: ...
    def get(self, principal: Principal, identifier: str, only: Iterable[str] = (), /) -> Stored: ...
    def list(self, principal: Principal, query: Mapping[str, Any], filters: Mapping[str, Any], /) -> Page: ...
    def stat(self, principal: Principal, query: Mapping[str, Any], /) -> Stored: ...


@dataclass(frozen=True, slots=True)
class Service:
    """A service; its name is the resource in permissions, and all its methods have the same scope."""

    name: str
    scope: str
    package: str = PACKAGE

    def row(self, verb: str, required: tuple[str, ...], answer: Implementation, *, project: bool = False) -> MethodRow:
        method = f"/{self.package}.{self.name}/{verb}"
        return MethodRow(Policy(method, self.name, verb, self.scope, required, require_project_id=project), answer)

    def common(self, key: str, present: Presenter, of: Callable[[UseCases], ResourceUseCases]) -> Iterator[MethodRow]:
        """Yield get, list, stat and delete; ``key`` is the name of the id field."""
        yield self.row("get", (key,), lambda use, who, it: present.one(of(use).get(who, it[key], it.get("only", ()))))
        yield self.row("list", (), lambda use, who, it: page(present, of(use).list(who, *query(it))))
        yield self.row("stat", ("query",), lambda use, who, it: statistics(of(use).stat(who, it["query"])))
        yield self.row("delete", (key,), lambda use, who, it: done(of(use).delete, who, it[key]))


def query(request: DecodedRequest) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return the query of a list request, and its other fields, which are additional conditions."""
    return request.pop("query", {}), request


def page(present: Presenter, found: Page) -> bytes:
    """Return the list message of a page."""
    return present.many(found.results, found.total_count)


def done(use_case: Callable[P, None], *arguments: P.args, **named: P.kwargs) -> bytes:
    """Call the use case and return an empty answer."""
    use_case(*arguments, **named)
    return EMPTY
