"""What each method of the API asks of its caller, in one table.

Sources: required fields and scopes from the behaviour contract, sections 1 and 8, and the published documentation of
Collector. A method without a policy is not served.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from inventory.errors import RequiredParameterError

PACKAGE: Final = "spaceone.api.inventory.v1"
OPERATIONS: Final = "inventory.operations.v1.Operations"
"""Our own service; identity knows nothing of it, so its methods ask for permission of the Collector's."""
SERVICE: Final = "inventory"
"""This service's name in permissions and in questions to identity."""

DOMAIN: Final = "DOMAIN"
PROJECT: Final = "PROJECT"
PUBLIC: Final = "PUBLIC"
"""Neither authenticated nor authorized, and bound to no domain."""

_READING: Final = ("get", "list", "stat", "analyze", "explain", "verify")
"""How the names of methods begin that only read."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What a method asks of its caller.

    Attributes:
        method: ``/package.Service/method``.
        resource: the service's name, as identity and permissions know it.
        verb: the method's name; like the resource, of another method where this one is not published.
        scope: ``DOMAIN``, ``PROJECT`` or ``PUBLIC``.
        required: dotted fields that must be present; ``domain_id`` goes without saying.
        require_project_id: whether identity must insist on a project.
    """

    method: str
    resource: str
    verb: str
    scope: str
    required: tuple[str, ...] = ()
    require_project_id: bool = False

    @property
    def permission(self) -> str:
        """What a token's permission patterns are matched against, ``inventory.Collector.collect``."""
        return f"{SERVICE}.{self.resource}.{self.verb}"

    @property
    def changes(self) -> bool:
        """Whether the method may write: which methods of the API do not is in their names."""
        return not self.method.rpartition("/")[2].startswith(_READING)

    def check_required(self, request: Mapping[str, Any]) -> None:
        """Return if every required field is present.

        Raises:
            RequiredParameterError: names the first that is not.
        """
        for key in self.required:
            if _missing(request, key):
                raise RequiredParameterError(key=key)


def _missing(request: Mapping[str, Any], key: str) -> bool:
    value: Any = request
    for segment in key.split("."):
        if not isinstance(value, Mapping) or segment not in value:
            return True
        value = value[segment]
    return False


def _resource(name: str, scope: str, methods: Mapping[str, tuple[str, ...]], **extra: bool) -> dict[str, Policy]:
    policies = {}
    for verb, required in methods.items():
        method = f"/{PACKAGE}.{name}/{verb}"
        project = extra.get(verb, False)
        policies[method] = Policy(method, name, verb, scope, required, require_project_id=project)
    return policies


def _reads(id_field: str) -> dict[str, tuple[str, ...]]:
    return {"delete": (id_field,), "get": (id_field,), "list": (), "stat": ("query",)}


_SCHEDULE = ("collector_id", "schedule_id")

POLICIES: Final[Mapping[str, Policy]] = {
    **_resource(
        "Collector",
        DOMAIN,
        {
            **_reads("collector_id"),
            "create": ("name", "plugin_info", "plugin_info.plugin_id"),
            **dict.fromkeys(
                ("update", "update_plugin", "verify_plugin", "enable", "disable", "collect"), ("collector_id",)
            ),
            "add_schedule": ("collector_id", "schedule"),
            **dict.fromkeys(("get_schedule", "update_schedule", "delete_schedule"), _SCHEDULE),
            "list_schedules": ("collector_id",),
        },
    ),
    **_resource("Job", PROJECT, _reads("job_id")),
    **_resource("JobTask", PROJECT, _reads("job_task_id")),
    **_resource(
        "CloudService",
        PROJECT,
        {
            **_reads("cloud_service_id"),
            "create": ("cloud_service_type", "cloud_service_group", "provider", "data"),
            "update": ("cloud_service_id",),
            "analyze": ("query",),
        },
        create=True,
    ),
    **_resource(
        "CloudServiceType",
        DOMAIN,
        {
            **_reads("cloud_service_type_id"),
            "create": ("name", "provider", "group"),
            "update": ("cloud_service_type_id",),
        },
    ),
    **_resource(
        "Region",
        DOMAIN,
        {**_reads("region_id"), "create": ("name", "region_code", "provider"), "update": ("region_id",)},
    ),
    **_resource("ChangeHistory", PROJECT, {"list": ("cloud_service_id",), "stat": ("query", "cloud_service_id")}),
    **_resource(
        "CollectorRule",
        DOMAIN,
        {
            **_reads("collector_rule_id"),
            # conditions, too, unless the policy is ALWAYS: the service checks that.
            "create": ("collector_id", "conditions_policy", "actions"),
            "update": ("collector_rule_id",),
            "change_order": ("collector_rule_id", "order"),
        },
    ),
    f"/{OPERATIONS}/list_schedule_facts": Policy(
        f"/{OPERATIONS}/list_schedule_facts", "Collector", "list_schedules", DOMAIN, ("collector_id",)
    ),
    f"/{OPERATIONS}/explain_schedule": Policy(
        f"/{OPERATIONS}/explain_schedule", "Collector", "get_schedule", DOMAIN, _SCHEDULE
    ),
    "/spaceone.api.core.v1.ServerInfo/get_version": Policy(
        "/spaceone.api.core.v1.ServerInfo/get_version", "ServerInfo", "get_version", PUBLIC
    ),
}
"""By full method name."""
