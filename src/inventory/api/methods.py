"""Every method of the API on one page: its requirements, the use case that implements it, and its presenter.

A new method needs a row here, its use case, and its text in ``gateway/static/methods.json``. While a method of a served
file has no row, the server does not start. Required fields and scopes follow the contract, sections 1 and 8, and the
published documentation of Collector; ``domain_id`` is always required and not listed. The methods beyond the published
API are in ``operations``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from inventory.api.method_row import MethodRow, Service, done, page, query
from inventory.api.operations import operations_rows
from inventory.api.policy import DOMAIN, PROJECT, PUBLIC, SERVER_INFO, Policy
from inventory.api.present import statistics
from inventory.api.presenters import (
    CLOUD_SERVICE,
    CLOUD_SERVICE_TYPE,
    COLLECTOR,
    COLLECTOR_RULE,
    JOB,
    JOB_TASK,
    RECORD,
    REGION,
    SCHEDULE,
    VERSION,
)
from inventory.service.job.collect import CollectRequest
from inventory.version import package_version


def _collector() -> Iterator[MethodRow]:
    service = Service("Collector", DOMAIN)
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
        lambda use, who, it: done(
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
        lambda use, who, it: done(use.schedule_service.delete, who, it["collector_id"], it["schedule_id"]),
    )
    yield row("list_schedules", key, lambda use, who, it: page(SCHEDULE, use.schedule_service.list(who, *query(it))))


def _jobs() -> Iterator[MethodRow]:
    yield from Service("Job", PROJECT).common("job_id", JOB, lambda use: use.job_service)
    yield from Service("JobTask", PROJECT).common("job_task_id", JOB_TASK, lambda use: use.job_task_service)


def _cloud_service() -> Iterator[MethodRow]:
    service = Service("CloudService", PROJECT)
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
    types, regions = Service("CloudServiceType", DOMAIN), Service("Region", DOMAIN)
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
    row = Service("ChangeHistory", PROJECT).row
    yield row(
        "list",
        ("cloud_service_id",),
        lambda use, who, it: page(RECORD, use.change_history_service.list(who, *query(it))),
    )
    yield row(
        "stat",
        ("query", "cloud_service_id"),
        lambda use, who, it: statistics(use.change_history_service.stat(who, it["query"], it["cloud_service_id"])),
    )


def _collector_rule() -> Iterator[MethodRow]:
    service = Service("CollectorRule", DOMAIN)
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
        operations_rows(),
        _server_info(),
    )
    for row in rows
}
"""By full method name, ``/package.Service/method``."""

POLICIES: Final[Mapping[str, Policy]] = {name: row.policy for name, row in METHODS.items()}
"""The requirements of each method, by full method name."""
