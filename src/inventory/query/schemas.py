"""The resources of this service as the query language sees them (contract, section 3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from inventory.query.fields import Field, FieldKind, ForeignKey, ResourceSchema

_STR = Field(FieldKind.STRING)
_STRS = Field(FieldKind.STRING, many=True)
_INT = Field(FieldKind.INTEGER)
_INTS = Field(FieldKind.INTEGER, many=True)
_FLOAT = Field(FieldKind.FLOAT)
_BOOL = Field(FieldKind.BOOLEAN)
_TIME = Field(FieldKind.DATETIME)
_FREE = Field(FieldKind.FREE)


def _enum(*names: str) -> Field:
    return Field(FieldKind.ENUM, values=frozenset(names))


def _document(**members: Field) -> Field:
    return Field(FieldKind.DOCUMENT, members=members)


def _documents(**members: Field) -> Field:
    return replace(_document(**members), many=True)


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _strings(names: str) -> dict[str, Field]:
    return dict.fromkeys(_words(names), _STR)


_ERRORS = _documents(error_code=_STR, message=_STR, additional=_FREE)
_NEWEST_FIRST = (("created_at", -1),)

COLLECTOR = ResourceSchema(
    name="Collector",
    collection="collector",
    id_field="collector_id",
    fields={
        **_strings("collector_id name provider project_id domain_id"),
        "state": _enum("ENABLED", "DISABLED"),
        "priority": _INT,
        "is_public": _BOOL,
        "plugin_info": _document(
            **_strings("plugin_id version secret_id secret_group_id provider service_account_id"),
            options=_FREE,
            metadata=_FREE,
            upgrade_mode=_enum("AUTO", "MANUAL"),
        ),
        **dict.fromkeys(("tags", "capability"), _FREE),
        **dict.fromkeys(("created_at", "last_collected_at"), _TIME),
    },
    aliases={"plugin_id": "plugin_info.plugin_id"},
    keyword=_words("collector_id name provider"),
    minimal=_words(
        "collector_id name state provider capability plugin_info.plugin_id plugin_info.version is_public project_id"
    ),
    default_sort=(("name", 1),),
)

_INTO_COLLECTOR = ForeignKey(
    name="collector",
    local_field="collector_id",
    foreign_field="collector_id",
    schema=COLLECTOR,
    own={"collector_id": "collector_id"},
)
_COLLECTOR_PREFIXES: Mapping[str, ForeignKey] = {"collector_info": _INTO_COLLECTOR, "collector": _INTO_COLLECTOR}

SCHEDULE = ResourceSchema(
    name="Schedule",
    collection="schedule",
    id_field="schedule_id",
    fields={
        **_strings("schedule_id name collect_mode collector_id domain_id"),
        "schedule": _document(cron=_STR, interval=_INT, minutes=_INTS, hours=_INTS),
        "filter": _FREE,
        **dict.fromkeys(("created_at", "last_scheduled_at"), _TIME),
    },
    aliases={"filters": "filter"},
    references=_COLLECTOR_PREFIXES,
    keyword=_words("schedule_id name"),
    minimal=_words("schedule_id name collect_mode schedule collector_info"),
    default_sort=(("name", 1),),
    wire_sources={"collector_info": ("collector_id",)},
)

JOB = ResourceSchema(
    name="Job",
    collection="job",
    id_field="job_id",
    fields={
        **_strings("job_id collector_id domain_id"),
        "status": _enum("CREATED", "CANCELED", "IN_PROGRESS", "SUCCESS", "ERROR", "TIMEOUT"),
        "filter": _FREE,
        "projects": _STRS,
        **dict.fromkeys(("total_tasks", "remained_tasks"), _INT),
        "errors": _ERRORS,
        **dict.fromkeys(("created_at", "updated_at", "finished_at"), _TIME),
    },
    aliases={"project_id": "projects", "user_projects": "projects", "filters": "filter"},
    references=_COLLECTOR_PREFIXES,
    keyword=_words("job_id"),
    minimal=_words("job_id status created_at finished_at"),
    default_sort=_NEWEST_FIRST,
    wire_sources={"collector_info": ("collector_id",), "project_id": ("projects",)},
)

_SHOWN_COLLECTOR = replace(
    COLLECTOR,
    fields={
        **{name: COLLECTOR.fields[name] for name in _words("collector_id name provider project_id state is_public")},
        "capability": _FREE,
        "plugin_info": _document(**_strings("plugin_id version")),
    },
    aliases={},
    partial=True,
)
_INTO_SHOWN_COLLECTOR = replace(_INTO_COLLECTOR, schema=_SHOWN_COLLECTOR)

BOUND_JOB = replace(JOB, references=dict.fromkeys(_COLLECTOR_PREFIXES, _INTO_SHOWN_COLLECTOR))
"""Jobs for callers who are bound to projects: of the collector, which is the domain's, they may ask for what a job
shows of it, and not for its options."""

JOB_TASK = ResourceSchema(
    name="JobTask",
    collection="job_task",
    id_field="job_task_id",
    fields={
        **_strings("job_task_id job_id collector_id secret_id provider service_account_id project_id domain_id"),
        "status": _enum("PENDING", "CANCELED", "IN_PROGRESS", "SUCCESS", "FAILURE"),
        **dict.fromkeys(
            (
                "created_count",
                "updated_count",
                "changed_count",
                "failure_count",
                "deleted_count",
                "disconnected_count",
                "total_count",
            ),
            _INT,
        ),
        "errors": _ERRORS,
        **dict.fromkeys(("created_at", "started_at", "finished_at"), _TIME),
    },
    aliases={"user_projects": "project_id"},
    keyword=_words("job_task_id"),
    minimal=_words(
        "job_task_id status created_count updated_count failure_count deleted_count disconnected_count "
        "job_id secret_id service_account_id project_id created_at started_at finished_at"
    ),
    default_sort=_NEWEST_FIRST,
)

CLOUD_SERVICE_TYPE = ResourceSchema(
    name="CloudServiceType",
    collection="cloud_service_type",
    id_field="cloud_service_type_id",
    fields={
        **_strings(
            "cloud_service_type_id name provider group cloud_service_type_key ref_cloud_service_type "
            "service_code resource_type updated_by domain_id"
        ),
        **dict.fromkeys(("is_primary", "is_major"), _BOOL),
        **dict.fromkeys(("metadata", "tags", "labels"), _FREE),
        **dict.fromkeys(("created_at", "updated_at"), _TIME),
    },
    keyword=_words("cloud_service_type_id name group service_code"),
    minimal=_words("cloud_service_type_id name provider group service_code is_primary is_major resource_type"),
    default_sort=(("provider", 1), ("group", 1), ("name", 1)),
)

REGION = ResourceSchema(
    name="Region",
    collection="region",
    id_field="region_id",
    fields={
        **_strings("region_id name region_key region_code provider ref_region updated_by domain_id"),
        "tags": _FREE,
        **dict.fromkeys(("created_at", "updated_at"), _TIME),
    },
    keyword=_words("region_id name region_code"),
    minimal=_words("region_id name region_code provider"),
    default_sort=(("name", 1),),
)

CLOUD_SERVICE = ResourceSchema(
    name="CloudService",
    collection="cloud_service",
    id_field="cloud_service_id",
    fields={
        **_strings(
            "cloud_service_id name state account instance_type cloud_service_type cloud_service_group "
            "provider ref_cloud_service_type ref_region region_code project_id domain_id"
        ),
        "instance_size": _FLOAT,
        "ip_addresses": _STRS,
        "reference": _document(resource_id=_STR, external_link=_STR),
        "tags": Field(FieldKind.TAGS),
        **dict.fromkeys(("data", "metadata", "tag_keys"), _FREE),
        "collection_info": _documents(
            **_strings("provider service_account_id secret_id collector_id"), last_collected_at=_TIME
        ),
        **dict.fromkeys(("created_at", "updated_at", "deleted_at"), _TIME),
    },
    aliases={"ip_address": "ip_addresses", "user_projects": "project_id"},
    references={
        "ref_cloud_service_type": ForeignKey(
            name="cloud_service_type",
            local_field="ref_cloud_service_type",
            foreign_field="ref_cloud_service_type",
            schema=CLOUD_SERVICE_TYPE,
        ),
        "ref_region": ForeignKey(name="region", local_field="ref_region", foreign_field="ref_region", schema=REGION),
        "project_group_id": ForeignKey(
            name="project_group", local_field="project_id", foreign_field="project_group_id"
        ),
    },
    forbidden=frozenset({"resource_group_id"}),
    keyword=_words("cloud_service_id name ip_addresses cloud_service_group cloud_service_type reference.resource_id"),
    minimal=_words(
        "cloud_service_id name cloud_service_group cloud_service_type provider reference.resource_id "
        "region_code project_id"
    ),
    default_sort=_NEWEST_FIRST,
)

RECORD = ResourceSchema(
    name="Record",
    collection="record",
    id_field="record_id",
    fields={
        **_strings("record_id cloud_service_id user_id collector_id job_id domain_id"),
        "action": _enum("CREATE", "UPDATE", "DELETE"),
        "updated_by": _enum("COLLECTOR", "USER"),
        "diff": _documents(**_strings("key before after"), type=_enum("ADDED", "CHANGED")),
        "diff_count": _INT,
        "created_at": _TIME,
    },
    keyword=_words("diff.key diff.before diff.after"),
    minimal=_words(
        "record_id cloud_service_id action diff_count user_id collector_id job_id updated_by domain_id created_at"
    ),
    default_sort=_NEWEST_FIRST,
    # Records are those of one resource, and two clocks may disagree.
    ordered_by={"created_at": "revision"},
)

COLLECTOR_RULE = ResourceSchema(
    name="CollectorRule",
    collection="collector_rule",
    id_field="collector_rule_id",
    fields={
        **_strings("collector_rule_id name collector_id domain_id"),
        "order": _INT,
        "rule_type": _enum("MANAGED", "CUSTOM"),
        "conditions": _documents(**_strings("key value operator")),
        "conditions_policy": _enum("ALL", "ANY", "ALWAYS"),
        "actions": _document(
            change_project=_STR,
            match_project=_document(source=_STR, target=_STR),
            match_service_account=_document(source=_STR, target=_STR),
            add_additional_info=_FREE,
        ),
        "options": _document(stop_processing=_BOOL),
        "tags": _FREE,
        "created_at": _TIME,
    },
    forbidden=frozenset({"data_source_id"}),
    keyword=_words("collector_rule_id name"),
    minimal=_words("collector_rule_id name order rule_type collector_id"),
    default_sort=(("order", 1),),
)
