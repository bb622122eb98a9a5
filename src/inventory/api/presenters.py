"""The presenter of each Info message."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final

from inventory.api.present import Presenter, sole_project
from inventory.domain.keys import unescape_key
from inventory.manager.page import CursorPage
from inventory.service.job.freshness import FreshnessPage, SecretFreshness
from inventory.service.job.retry import JobFacts
from inventory.service.schedule.facts import Explanation
from inventory.stubs.inventory.operations.v1 import (
    deletion_pb2,
    diagnosis_pb2,
    dry_run_pb2,
    explain_pb2,
    freshness_pb2,
    job_operations_pb2,
    operations_pb2,
    resource_pages_pb2,
)
from inventory.stubs.spaceone.api.core.v1 import server_info_pb2
from inventory.stubs.spaceone.api.inventory.v1 import (
    change_history_pb2,
    cloud_service_pb2,
    cloud_service_type_pb2,
    collector_pb2,
    collector_rule_pb2,
    job_task_pb2,
    region_pb2,
)

_SCOPED: Final = ("metadata", "tag_keys")


def with_plain_keys(cloud_service: dict[str, Any]) -> dict[str, Any]:
    """Return a CloudService with the original keys of its tags and providers."""
    plain = dict(cloud_service)
    for field in _SCOPED:
        if isinstance(plain.get(field), Mapping):
            plain[field] = _unescaped(plain[field])
    tags = plain.get("tags")
    if isinstance(tags, Mapping):
        plain["tags"] = {
            provider: _unescaped(part) if isinstance(part, Mapping) else part
            for provider, part in _unescaped(tags).items()
        }
    return plain


def _unescaped(content: Mapping[str, Any]) -> dict[str, Any]:
    return {unescape_key(key): value for key, value in content.items()}


def without_absent_job(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return facts without the last job if there is none: an empty message would look like a job."""
    return {key: value for key, value in facts.items() if key != "last_job" or value}


def explanation(found: Explanation) -> bytes:
    """Return the message of an explanation, in which the facts are a nested message."""
    return _EXPLANATION.one({**found.document(), "facts": without_absent_job(found.facts.document())})


def freshness_page(found: FreshnessPage) -> bytes:
    """Return the list message of a page of freshness."""
    return _FRESHNESS_LIST.one(
        {
            "results": [view.document() for view in found.results],
            "total_count": found.total_count,
            "counts": {state.value.lower(): count for state, count in found.counts.items()},
        }
    )


def freshness_of_secret(found: SecretFreshness) -> bytes:
    """Return the message of one secret's freshness."""
    types = [each.document() for each in found.types]
    content = {"freshness": found.view.document(), "types": types, "types_incomplete": not found.types_complete}
    return _SECRET_FRESHNESS.one(content)


def job_facts(found: JobFacts) -> bytes:
    """Return the message of the facts about a job beyond the published API."""
    content = {each.name: getattr(found, each.name) for each in fields(found)}
    return _JOB_FACTS.one(content | {"job": sole_project(found.job)})


def resource_page(found: CursorPage) -> bytes:
    """Return the message of a page of cloud services."""
    rest = resource_pages_pb2.ResourcePage(has_more_than_counted=not found.is_counted, next=found.next)
    # A message is the concatenation of its fields.
    return CLOUD_SERVICE.many(found.results, found.total_count) + rest.SerializeToString()


def dry_run_change(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return a change of a dry run with what it tells of its resource."""
    resource = stored.get("resource") or {}
    resource_id = (resource.get("reference") or {}).get("resource_id", "")
    return {
        **resource,
        **{key: value for key, value in stored.items() if key != "resource"},
        "resource_id": resource_id,
    }


COLLECTOR: Final = Presenter(collector_pb2.CollectorInfo.DESCRIPTOR)
SCHEDULE: Final = Presenter(collector_pb2.ScheduleInfo.DESCRIPTOR, shared={"collector_info": COLLECTOR})
JOB: Final = Presenter(collector_pb2.JobInfo.DESCRIPTOR, derive=sole_project, shared={"collector_info": COLLECTOR})
JOB_TASK: Final = Presenter(job_task_pb2.JobTaskInfo.DESCRIPTOR)
CLOUD_SERVICE: Final = Presenter(cloud_service_pb2.CloudServiceInfo.DESCRIPTOR, derive=with_plain_keys)
CLOUD_SERVICE_TYPE: Final = Presenter(cloud_service_type_pb2.CloudServiceTypeInfo.DESCRIPTOR)
REGION: Final = Presenter(region_pb2.RegionInfo.DESCRIPTOR)
RECORD: Final = Presenter(change_history_pb2.RecordInfo.DESCRIPTOR)
COLLECTOR_RULE: Final = Presenter(collector_rule_pb2.CollectorRuleInfo.DESCRIPTOR)
SCHEDULE_FACTS: Final = Presenter(operations_pb2.ScheduleFacts.DESCRIPTOR, derive=without_absent_job)
_EXPLANATION: Final = Presenter(operations_pb2.ScheduleExplanation.DESCRIPTOR)
_FRESHNESS_LIST: Final = Presenter(freshness_pb2.FreshnessList.DESCRIPTOR)
RESOURCE_EXPLANATION: Final = Presenter(explain_pb2.ResourceExplanation.DESCRIPTOR)
TYPE_EXPLANATION: Final = Presenter(explain_pb2.TypeExplanation.DESCRIPTOR)
_JOB_FACTS: Final = Presenter(job_operations_pb2.JobFacts.DESCRIPTOR)
_SECRET_FRESHNESS: Final = Presenter(freshness_pb2.SecretFreshness.DESCRIPTOR)
DELETION: Final = Presenter(deletion_pb2.DeletionInfo.DESCRIPTOR)
SLICE: Final = Presenter(job_operations_pb2.SliceInfo.DESCRIPTOR)
UNDO: Final = Presenter(deletion_pb2.UndoInfo.DESCRIPTOR)
DIAGNOSIS: Final = Presenter(diagnosis_pb2.DiagnosisInfo.DESCRIPTOR)
DRY_RUN: Final = Presenter(dry_run_pb2.DryRunInfo.DESCRIPTOR)
DRY_RUN_CHANGE: Final = Presenter(dry_run_pb2.DryRunChange.DESCRIPTOR, derive=dry_run_change)
VERSION: Final = Presenter(server_info_pb2.VersionInfo.DESCRIPTOR)
