"""The rows of the methods of ``inventory.operations.v1``: what this implementation adds to the published API."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.api.method_handler import DecodedRequest
from inventory.api.method_row import MethodRow, Service
from inventory.api.policy import DOMAIN, OPERATIONS, PROJECT, Policy
from inventory.api.presenters import (
    DELETION,
    DIAGNOSIS,
    DRY_RUN,
    DRY_RUN_CHANGE,
    RESOURCE_EXPLANATION,
    SCHEDULE_FACTS,
    SLICE,
    TYPE_EXPLANATION,
    UNDO,
    explanation,
    freshness_of_secret,
    freshness_page,
    job_facts,
    resource_page,
)
from inventory.domain.principal import Principal
from inventory.service.use_cases import UseCases


def operations_rows() -> Iterator[MethodRow]:
    """Yield the row of each method."""
    yield from _schedules()
    yield from _freshness()
    yield from _job_operations()
    yield from _explanations()
    yield from _dry_run()
    yield from _resource_pages()
    yield from _deletion()
    yield from _diagnosis()


def _schedule_facts(use: UseCases, who: Principal, request: DecodedRequest) -> bytes:
    found = use.schedule_facts_service.of_collector(who, request["collector_id"])
    return SCHEDULE_FACTS.many([each.document() for each in found], len(found))


def _all_schedule_facts(use: UseCases, who: Principal, request: DecodedRequest) -> bytes:
    found = use.schedule_facts_service.of_domain(who, with_last_jobs=bool(request.get("with_last_jobs")))
    return SCHEDULE_FACTS.many([each.document() for each in found], len(found))


def _schedules() -> Iterator[MethodRow]:
    """Yield the facts about schedules, which require permissions of the Collector methods that they complement."""
    service = f"{OPERATIONS}.Operations"
    yield MethodRow(
        Policy(f"/{service}/list_schedule_facts", "Collector", "list_schedules", DOMAIN, ("collector_id",)),
        _schedule_facts,
    )
    yield MethodRow(
        Policy(f"/{service}/list_all_schedule_facts", "Collector", "list_schedules", DOMAIN),
        _all_schedule_facts,
    )
    yield MethodRow(
        Policy(f"/{service}/explain_schedule", "Collector", "get_schedule", DOMAIN, ("collector_id", "schedule_id")),
        lambda use, who, it: explanation(
            use.schedule_facts_service.explain(who, it["collector_id"], it["schedule_id"])
        ),
    )


def _freshness() -> Iterator[MethodRow]:
    service = Service("Freshness", PROJECT, OPERATIONS)
    yield service.row("list", (), lambda use, who, it: freshness_page(use.freshness_service.list(who, it)))
    yield service.row(
        "get",
        ("collector_id", "secret_id"),
        lambda use, who, it: freshness_of_secret(use.freshness_service.get(who, it["collector_id"], it["secret_id"])),
    )


def _explanations() -> Iterator[MethodRow]:
    row = Service("Explanations", PROJECT, OPERATIONS).row
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


def _resource_pages() -> Iterator[MethodRow]:
    """Yield the pages of cloud services, which require the permission of the list that they complement."""
    yield MethodRow(
        Policy(f"/{OPERATIONS}.ResourcePages/list", "CloudService", "list", PROJECT),
        lambda use, who, it: resource_page(
            use.cloud_service_service.page(who, it.get("query") or {}, it.get("after") or "")
        ),
    )


def _job_operations() -> Iterator[MethodRow]:
    service = Service("JobOperations", PROJECT, OPERATIONS)
    key = ("job_id",)
    yield service.row("retry", key, lambda use, who, it: job_facts(use.retry_service.retry(who, it["job_id"])))
    yield service.row(
        "get",
        key,
        lambda use, who, it: job_facts(use.retry_service.get(who, it["job_id"], it.get("job_task_id") or "")),
    )
    yield service.row(
        "list_slices", ("job_task_id",), lambda use, who, it: SLICE.many(*use.job_task_service.slices(who, it))
    )


def _dry_run() -> Iterator[MethodRow]:
    row = Service("DryRun", DOMAIN, OPERATIONS).row
    key = ("dry_run_id",)
    yield row("start", ("collector_id",), lambda use, who, it: DRY_RUN.one(use.dry_run_service.start(who, it)))
    yield row("get", key, lambda use, who, it: DRY_RUN.one(use.dry_run_service.get(who, it["dry_run_id"])))
    yield row(
        "list_changes",
        key,
        lambda use, who, it: DRY_RUN_CHANGE.many(*use.dry_run_service.list_changes(who, it)),
    )
    yield row("cancel", key, lambda use, who, it: DRY_RUN.one(use.dry_run_service.cancel(who, it["dry_run_id"])))


def _deletion() -> Iterator[MethodRow]:
    row = Service("Deletion", DOMAIN, OPERATIONS).row
    key = ("deletion_id",)
    yield row("list", (), lambda use, who, it: DELETION.many(*use.deletion_service.list(who, it)))
    yield row("get", key, lambda use, who, it: DELETION.one(use.deletion_service.get(who, it["deletion_id"])))
    yield row("approve", key, lambda use, who, it: DELETION.one(use.deletion_service.approve(who, it["deletion_id"])))
    yield row("discard", key, lambda use, who, it: DELETION.one(use.deletion_service.discard(who, it["deletion_id"])))
    yield row("undo", (), lambda use, who, it: UNDO.one(use.deletion_service.undo(who, it)))


def _diagnosis() -> Iterator[MethodRow]:
    yield Service("Diagnosis", DOMAIN, OPERATIONS).row(
        "get",
        (),
        lambda use, who, it: DIAGNOSIS.one(use.diagnosis_service.get(who, plugins=bool(it.get("plugins"))).document()),
    )
