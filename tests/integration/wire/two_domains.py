"""Domains with one of everything."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from inventory.domain.ids import new_id
from inventory.manager.deletion.holds import HoldManager
from inventory.manager.deletion.summary import Summary
from inventory.model.documents.deletion import COLLECT
from inventory.query.fields import ResourceSchema
from inventory.query.schemas import (
    CLOUD_SERVICE,
    CLOUD_SERVICE_TYPE,
    COLLECTOR,
    COLLECTOR_RULE,
    JOB,
    JOB_TASK,
    RECORD,
    REGION,
    SCHEDULE,
)
from tests.fakes.plugin import Call
from tests.fakes.resources import Message, cloud_service, cloud_service_type, region
from tests.integration.wire.client import Client, Json
from tests.integration.wire.wire_kit import Wire

PROVIDER = "aws"
SCHEDULE_FIELDS = {"schedule": {"hours": [3]}}
SCHEMAS: Mapping[str, ResourceSchema] = {
    "Collector.list": COLLECTOR,
    "Collector.stat": COLLECTOR,
    "Collector.list_schedules": SCHEDULE,
    "Job.list": JOB,
    "Job.stat": JOB,
    "JobTask.list": JOB_TASK,
    "JobTask.stat": JOB_TASK,
    "CloudService.list": CLOUD_SERVICE,
    "CloudService.stat": CLOUD_SERVICE,
    "CloudService.analyze": CLOUD_SERVICE,
    "CloudServiceType.list": CLOUD_SERVICE_TYPE,
    "CloudServiceType.stat": CLOUD_SERVICE_TYPE,
    "Region.list": REGION,
    "Region.stat": REGION,
    "ChangeHistory.list": RECORD,
    "ChangeHistory.stat": RECORD,
    "CollectorRule.list": COLLECTOR_RULE,
    "CollectorRule.stat": COLLECTOR_RULE,
    "ResourcePages.list": CLOUD_SERVICE,
}
"""What each method with a query reads."""


@dataclass(frozen=True)
class Domain:
    """A domain with one of everything.

    Attributes:
        mark: a word that is in every name and value of the domain.
        ids: by field name.
        client: calls in the domain by naming it.
    """

    mark: str
    domain_id: str
    client: Client = field(repr=False)
    ids: dict[str, str]


def plugin_stream(call: Call) -> Iterator[Message]:
    """What the plugin of both domains sends: the same natural keys, the secret's mark in all else."""
    mark = call.secret_data["mark"]
    yield cloud_service_type("Server", provider=PROVIDER, service_code=f"{mark}-code", tags={"mark": mark})
    yield region("region-1", provider=PROVIDER, name=f"{mark} region", tags={"mark": mark})
    fields = {"data": {"mark": mark}, "tags": {"mark": mark}, "metadata": {"mark": mark}}
    yield cloud_service("i-1", provider=PROVIDER, account=f"{mark}-account", name=f"{mark} server", **fields)


def platform_of(mark: str, endpoint: str) -> dict[str, list[Json]]:
    """Return the platform's entries of a domain: all its own."""
    fixed = {"domain_id": f"domain-{mark}"}
    return {
        "plugins": [{**fixed, "plugin_id": f"plugin-{mark}", "provider": PROVIDER, "versions": {"1.0": endpoint}}],
        "secrets": [
            {
                **fixed,
                "secret_id": f"secret-{mark}",
                "provider": PROVIDER,
                "groups": [f"secret-grp-{mark}"],
                "project_id": f"project-{mark}",
                "service_account_id": f"sa-{mark}",
                "data": {"mark": mark},
            }
        ],
        "projects": [{**fixed, "project_id": f"project-{mark}", "project_group_id": f"pg-{mark}"}],
        "project_groups": [{**fixed, "project_group_id": f"pg-{mark}"}],
        "service_accounts": [{**fixed, "service_account_id": f"sa-{mark}", "project_id": f"project-{mark}"}],
    }


def furnish(wire: Wire, client: Client, mark: str, endpoint: str) -> Domain:
    """Make one of everything in a domain."""
    domain_id = f"domain-{mark}"
    wire.add_platform(**platform_of(mark, endpoint))
    names = ("plugin", "secret", "project")
    ids = {f"{name}_id": f"{name}-{mark}" for name in names}
    ids |= {
        "secret_group_id": f"secret-grp-{mark}",
        "project_group_id": f"pg-{mark}",
        "service_account_id": f"sa-{mark}",
    }
    client = Client(client.channel, domain_id)
    domain = Domain(mark, domain_id, client, ids)
    _make_collector(domain)
    job = client.call("Collector.collect", {"collector_id": ids["collector_id"]})
    assert client.finished(job)["status"] == "SUCCESS"
    ids["job_id"] = job["job_id"]
    ids["job_task_id"] = client.tasks(job)[0]["job_task_id"]
    for name in ("CloudService", "CloudServiceType", "Region"):
        found = client.call(f"{name}.list")["results"]
        id_field = SCHEMAS[f"{name}.list"].id_field
        ids[id_field] = found[0][id_field]
    ids["dry_run_id"] = _dry_run(domain)
    ids["deletion_id"] = _hold(wire, domain)
    records = client.call("ChangeHistory.list", {"cloud_service_id": ids["cloud_service_id"]})
    ids["record_id"] = records["results"][0]["record_id"]
    return domain


def _hold(wire: Wire, domain: Domain) -> str:
    """Return the id of a hold that holds the domain's resource."""
    ids = domain.ids
    own = {"domain_id": domain.domain_id, "cloud_service_id": ids["cloud_service_id"]}
    hold_id = new_id("hold")
    wire.database["collection_state"].update_one(own, {"$set": {"hold_id": hold_id}})
    summary = Summary()
    summary.add(list(wire.database["cloud_service"].find(own)))
    holds = HoldManager(database=wire.database)
    holds.prepare(
        {
            **{name: ids[name] for name in ("collector_id", "secret_id", "job_id", "job_task_id")},
            **summary.fields(),
            "domain_id": domain.domain_id,
            "deletion_id": hold_id,
            "kind": COLLECT,
            "reason": f"{domain.mark} is missing",
            "created_at": wire.container.clock.now(),
        }
    )
    holds.open(domain.domain_id, hold_id)
    return hold_id


def _dry_run(domain: Domain) -> str:
    """Return the id of a dry run that has ended, and would change something."""
    client = domain.client
    started = client.call("DryRun.start", {"collector_id": domain.ids["collector_id"], "filter": {"a": "b"}})
    deadline = time.monotonic() + 30
    while client.call("DryRun.get", {"dry_run_id": started["dry_run_id"]})["status"] in {"PENDING", "IN_PROGRESS"}:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return str(started["dry_run_id"])


def _make_collector(domain: Domain) -> None:
    client, ids, mark = domain.client, domain.ids, domain.mark
    info = {"plugin_id": ids["plugin_id"], "version": "1.0", "upgrade_mode": "MANUAL", "provider": PROVIDER}
    info |= {"secret_id": ids["secret_id"], "options": {"mark": mark}}
    content = {
        "name": f"{mark} collector",
        "plugin_info": info,
        "tags": {"mark": mark},
        "project_id": ids["project_id"],
    }
    own = {"collector_id": client.call("Collector.create", content)["collector_id"]}
    schedule = client.call("Collector.add_schedule", {**own, **SCHEDULE_FIELDS, "name": f"{mark} schedule"})
    actions = {"match_project": {"source": f"data.{mark}", "target": "project_id"}}
    content = {**own, "name": f"{mark} rule", "conditions_policy": "ALWAYS", "actions": actions, "tags": {"mark": mark}}
    rule = client.call("CollectorRule.create", content)
    ids |= {**own, "schedule_id": schedule["schedule_id"], "collector_rule_id": rule["collector_rule_id"]}
