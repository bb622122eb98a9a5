"""Every method of the API on one page: its requirements, the use case that implements it, and its presenter.

A new method needs a row here, its use case, and its text in ``gateway/static/methods.json``. A method without a row is
not served. Required fields and scopes follow the contract, sections 1 and 8, and the published documentation of
Collector; ``domain_id`` is always required and not listed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, ParamSpec, Protocol

from inventory.api.endpoint import Request
from inventory.api.policy import DOMAIN, OPERATIONS, PACKAGE, PROJECT, PUBLIC, SERVER_INFO, Policy
from inventory.api.present import EMPTY, Presenter, Stored, statistics
from inventory.api.presenters import (
    CLOUD_SERVICE,
    CLOUD_SERVICE_TYPE,
    COLLECTOR,
    COLLECTOR_RULE,
    DRY_RUN,
    DRY_RUN_CHANGE,
    JOB,
    JOB_TASK,
    RECORD,
    REGION,
    RESOURCE_EXPLANATION,
    SCHEDULE,
    SCHEDULE_FACTS,
    TYPE_EXPLANATION,
    VERSION,
    explanation,
    freshness_of_secret,
    freshness_page,
    job_facts,
)
from inventory.domain.principal import Principal
from inventory.manager.page import Page
from inventory.service.job.collect import CollectRequest
from inventory.service.use_cases import UseCases
from inventory.version import package_version

P = ParamSpec("P")

Answer = Callable[[UseCases, Principal, Request], bytes]
"""Calls the use case of a method with a decoded request and presents the result."""


@dataclass(frozen=True, slots=True)
class MethodRow:
    """A method of the API: its requirements and its implementation."""

    policy: Policy
    answer: Answer


class Resource(Protocol):
    """The use cases that all resources have in common."""

    def delete(self, principal: Principal, identifier: str, /) -> None: ...
    def get(self, principal: Principal, identifier: str, only: Iterable[str] = (), /) -> Stored: ...
    def list(self, principal: Principal, query: Mapping[str, Any], filters: Mapping[str, Any], /) -> Page: ...
    def stat(self, principal: Principal, query: Mapping[str, Any], /) -> Stored: ...


@dataclass(frozen=True, slots=True)
class _Service:
    """A service; its name is the resource in permissions, and all its methods have the same scope."""

    name: str
    scope: str
    package: str = PACKAGE

    def row(self, verb: str, required: tuple[str, ...], answer: Answer, *, project: bool = False) -> MethodRow:
        method = f"/{self.package}.{self.name}/{verb}"
        return MethodRow(Policy(method, self.name, verb, self.scope, required, require_project_id=project), answer)

    def common(self, key: str, present: Presenter, of: Callable[[UseCases], Resource]) -> Iterator[MethodRow]:
        """Yield get, list, stat and delete; ``key`` is the name of the id field."""
        yield self.row("get", (key,), lambda use, who, it: present.one(of(use).get(who, it[key], it.get("only", ()))))
        yield self.row("list", (), lambda use, who, it: _page(present, of(use).list(who, *_query(it))))
        yield self.row("stat", ("query",), lambda use, who, it: statistics(of(use).stat(who, it["query"])))
        yield self.row("delete", (key,), lambda use, who, it: _done(of(use).delete, who, it[key]))


def _query(request: Request) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return the query of a list request, and its other fields, which are additional conditions."""
    return request.pop("query", {}), request


def _page(present: Presenter, page: Page) -> bytes:
    return present.many(page.results, page.total_count)


def _done(use_case: Callable[P, None], *arguments: P.args, **named: P.kwargs) -> bytes:
    use_case(*arguments, **named)
    return EMPTY


def _collector() -> Iterator[MethodRow]:
    service = _Service("Collector", DOMAIN)
    row = service.row
    key = ("collector_id",)
    schedule = ("collector_id", "schedule_id")
    plugin = ("name", "plugin_info", "plugin_info.plugin_id")
    yield from service.common("collector_id", COLLECTOR, lambda use: use.collector_service)
    yield row("create", plugin, lambda use, who, it: COLLECTOR.one(use.collector_service.create(who, it)))
    yield row("update", key, lambda use, who, it: COLLECTOR.one(use.collector_service.update(who, it)))
    yield row("update_plugin", key, lambda use, who, it: COLLECTOR.one(use.collector_service.update_plugin(who, it)))
    yield row(
        "verify_plugin",
        key,
        lambda use, who, it: _done(
            use.collector_service.verify_plugin, who, it["collector_id"], it.get("secret_id", "")
        ),
    )
    yield row("enable", key, lambda use, who, it: COLLECTOR.one(use.collector_service.enable(who, it["collector_id"])))
    yield row(
        "disable", key, lambda use, who, it: COLLECTOR.one(use.collector_service.disable(who, it["collector_id"]))
    )
    yield row("collect", key, lambda use, who, it: JOB.one(use.collect.collect(who, CollectRequest(**it))))
    yield row(
        "add_schedule",
        ("collector_id", "schedule"),
        lambda use, who, it: SCHEDULE.one(use.schedule_service.add(who, it)),
    )
    yield row(
        "get_schedule",
        schedule,
        lambda use, who, it: SCHEDULE.one(use.schedule_service.get(who, it["collector_id"], it["schedule_id"])),
    )
    yield row("update_schedule", schedule, lambda use, who, it: SCHEDULE.one(use.schedule_service.update(who, it)))
    yield row(
        "delete_schedule",
        schedule,
        lambda use, who, it: _done(use.schedule_service.delete, who, it["collector_id"], it["schedule_id"]),
    )
    yield row("list_schedules", key, lambda use, who, it: _page(SCHEDULE, use.schedule_service.list(who, *_query(it))))


def _jobs() -> Iterator[MethodRow]:
    yield from _Service("Job", PROJECT).common("job_id", JOB, lambda use: use.job_service)
    yield from _Service("JobTask", PROJECT).common("job_task_id", JOB_TASK, lambda use: use.job_task_service)


def _cloud_service() -> Iterator[MethodRow]:
    service = _Service("CloudService", PROJECT)
    required = ("cloud_service_type", "cloud_service_group", "provider", "data")
    yield from service.common("cloud_service_id", CLOUD_SERVICE, lambda use: use.cloud_service_service)
    yield service.row(
        "create",
        required,
        lambda use, who, it: CLOUD_SERVICE.one(use.cloud_service_service.create(who, it)),
        project=True,
    )
    yield service.row(
        "update",
        ("cloud_service_id",),
        lambda use, who, it: CLOUD_SERVICE.one(use.cloud_service_service.update(who, it)),
    )
    yield service.row(
        "analyze",
        ("query",),
        lambda use, who, it: statistics(use.cloud_service_service.analyze(who, it["query"])),
    )


def _types_and_regions() -> Iterator[MethodRow]:
    types, regions = _Service("CloudServiceType", DOMAIN), _Service("Region", DOMAIN)
    yield from types.common("cloud_service_type_id", CLOUD_SERVICE_TYPE, lambda use: use.cloud_service_type_service)
    yield types.row(
        "create",
        ("name", "provider", "group"),
        lambda use, who, it: CLOUD_SERVICE_TYPE.one(use.cloud_service_type_service.create(who, it)),
    )
    yield types.row(
        "update",
        ("cloud_service_type_id",),
        lambda use, who, it: CLOUD_SERVICE_TYPE.one(use.cloud_service_type_service.update(who, it)),
    )
    yield from regions.common("region_id", REGION, lambda use: use.region_service)
    yield regions.row(
        "create",
        ("name", "region_code", "provider"),
        lambda use, who, it: REGION.one(use.region_service.create(who, it)),
    )
    yield regions.row("update", ("region_id",), lambda use, who, it: REGION.one(use.region_service.update(who, it)))


def _change_history() -> Iterator[MethodRow]:
    row = _Service("ChangeHistory", PROJECT).row
    yield row(
        "list",
        ("cloud_service_id",),
        lambda use, who, it: _page(RECORD, use.change_history_service.list(who, *_query(it))),
    )
    yield row(
        "stat",
        ("query", "cloud_service_id"),
        lambda use, who, it: statistics(use.change_history_service.stat(who, it["query"], it["cloud_service_id"])),
    )


def _collector_rule() -> Iterator[MethodRow]:
    service = _Service("CollectorRule", DOMAIN)
    yield from service.common("collector_rule_id", COLLECTOR_RULE, lambda use: use.collector_rule_service)
    yield service.row(
        "create",
        # conditions as well, unless the policy is ALWAYS: the use case checks that.
        ("collector_id", "conditions_policy", "actions"),
        lambda use, who, it: COLLECTOR_RULE.one(use.collector_rule_service.create(who, it)),
    )
    yield service.row(
        "update",
        ("collector_rule_id",),
        lambda use, who, it: COLLECTOR_RULE.one(use.collector_rule_service.update(who, it)),
    )
    yield service.row(
        "change_order",
        ("collector_rule_id", "order"),
        lambda use, who, it: COLLECTOR_RULE.one(use.collector_rule_service.change_order(who, it)),
    )


def _schedule_facts(use: UseCases, who: Principal, request: Request) -> bytes:
    found = use.schedule_facts_service.of_collector(who, request["collector_id"])
    return SCHEDULE_FACTS.many([each.document() for each in found], len(found))


def _operations() -> Iterator[MethodRow]:
    """Yield the facts about schedules, which require permissions of the Collector methods that they complement."""
    service = f"{OPERATIONS}.Operations"
    yield MethodRow(
        Policy(f"/{service}/list_schedule_facts", "Collector", "list_schedules", DOMAIN, ("collector_id",)),
        _schedule_facts,
    )
    yield MethodRow(
        Policy(f"/{service}/explain_schedule", "Collector", "get_schedule", DOMAIN, ("collector_id", "schedule_id")),
        lambda use, who, it: explanation(
            use.schedule_facts_service.explain(who, it["collector_id"], it["schedule_id"])
        ),
    )


def _freshness() -> Iterator[MethodRow]:
    service = _Service("Freshness", PROJECT, OPERATIONS)
    yield service.row("list", (), lambda use, who, it: freshness_page(use.freshness_service.list(who, it)))
    yield service.row(
        "get",
        ("collector_id", "secret_id"),
        lambda use, who, it: freshness_of_secret(use.freshness_service.get(who, it["collector_id"], it["secret_id"])),
    )


def _explanations() -> Iterator[MethodRow]:
    row = _Service("Explanations", PROJECT, OPERATIONS).row
    resource, kind = "cloud_service_id", "cloud_service_type_id"
    yield row(
        "explain_resource",
        (resource,),
        lambda use, who, it: RESOURCE_EXPLANATION.one(use.resource_explainer.explain(who, it[resource])),
    )
    yield row(
        "explain_type",
        (kind,),
        lambda use, who, it: TYPE_EXPLANATION.one(use.type_explainer.explain(who, it[kind])),
    )


def _job_operations() -> Iterator[MethodRow]:
    service = _Service("JobOperations", PROJECT, OPERATIONS)
    key = ("job_id",)
    yield service.row("retry", key, lambda use, who, it: job_facts(use.retry_service.retry(who, it["job_id"])))
    yield service.row("get", key, lambda use, who, it: job_facts(use.retry_service.get(who, it["job_id"])))


def _dry_run() -> Iterator[MethodRow]:
    row = _Service("DryRun", DOMAIN, OPERATIONS).row
    key = ("dry_run_id",)
    yield row("start", ("collector_id",), lambda use, who, it: DRY_RUN.one(use.dry_run_service.start(who, it)))
    yield row("get", key, lambda use, who, it: DRY_RUN.one(use.dry_run_service.get(who, it["dry_run_id"])))
    yield row(
        "list_changes",
        key,
        lambda use, who, it: DRY_RUN_CHANGE.many(*use.dry_run_service.list_changes(who, it)),
    )
    yield row("cancel", key, lambda use, who, it: DRY_RUN.one(use.dry_run_service.cancel(who, it["dry_run_id"])))


def _server_info() -> Iterator[MethodRow]:
    answer = VERSION.one({"version": package_version()})
    policy = Policy(f"/{SERVER_INFO}/get_version", "ServerInfo", "get_version", PUBLIC)
    yield MethodRow(policy, lambda _use, _who, _it: answer)


METHODS: Final[Mapping[str, MethodRow]] = {
    row.policy.method: row
    for rows in (
        _collector(),
        _jobs(),
        _cloud_service(),
        _types_and_regions(),
        _change_history(),
        _collector_rule(),
        _operations(),
        _freshness(),
        _dry_run(),
        _job_operations(),
        _explanations(),
        _server_info(),
    )
    for row in rows
}
"""By full method name, ``/package.Service/method``."""

POLICIES: Final[Mapping[str, Policy]] = {name: row.policy for name, row in METHODS.items()}
"""The requirements of each method, by full method name."""
