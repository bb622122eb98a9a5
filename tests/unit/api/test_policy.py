"""The policy table against the descriptors."""

from __future__ import annotations

from typing import cast

import pytest
from google.protobuf.descriptor import Descriptor, ServiceDescriptor

from inventory.api.handlers import handlers
from inventory.api.interceptors.authentication import NoAuthentication
from inventory.api.interceptors.authorization import NoAuthorization
from inventory.api.method_handler import Gate
from inventory.api.methods import POLICIES
from inventory.api.policy import DOMAIN, OPERATIONS, PROJECT, PUBLIC
from inventory.domain.clock import SystemClock
from inventory.domain.rate_limit import RateLimit
from inventory.errors import RequiredParameterError
from inventory.protobuf.api_files import all_files
from inventory.service.use_cases import UseCases
from inventory.stubs.spaceone.api.core.v1 import server_info_pb2

BORROWED = {
    ("Operations", "list_schedule_facts"): ("Collector", "list_schedules"),
    ("Operations", "list_all_schedule_facts"): ("Collector", "list_schedules"),
    ("Operations", "explain_schedule"): ("Collector", "get_schedule"),
    ("ResourcePages", "list"): ("CloudService", "list"),
}
"""What these methods ask for permission of: that of the published ones beside which they stand."""
SERVICES: list[ServiceDescriptor] = [service for file in all_files() for service in file.services_by_name.values()]
METHODS = {f"/{service.full_name}/{method.name}": method for service in SERVICES for method in service.methods}


def test_every_method_has_a_policy_and_no_policy_is_left_over() -> None:
    assert set(POLICIES) == set(METHODS)


@pytest.mark.parametrize("name", sorted(POLICIES))
def test_a_policy_names_its_method_and_fields_that_the_request_has(name: str) -> None:
    policy, method = POLICIES[name], METHODS[name]

    assert policy.method == name
    own = (method.containing_service.name, method.name)
    assert (policy.resource, policy.verb) == BORROWED.get(own, own)
    assert policy.scope in {DOMAIN, PROJECT, PUBLIC}
    for key in policy.required:
        message: Descriptor | None = method.input_type
        for segment in key.split("."):
            assert message is not None
            field = message.fields_by_name[segment]
            message = field.message_type
    if policy.scope != PUBLIC:
        assert "domain_id" in method.input_type.fields_by_name


def test_scopes_are_those_of_the_contract() -> None:
    published = [policy for name, policy in POLICIES.items() if not name.startswith(f"/{OPERATIONS}.")]
    project = {policy.resource for policy in published if policy.scope == PROJECT}
    assert project == {"Job", "JobTask", "CloudService", "ChangeHistory"}
    assert [policy.method for policy in POLICIES.values() if policy.require_project_id] == [
        "/spaceone.api.inventory.v1.CloudService/create"
    ]


def test_a_missing_required_field_is_named() -> None:
    create = POLICIES["/spaceone.api.inventory.v1.Collector/create"]

    with pytest.raises(RequiredParameterError) as caught:
        create.check_required({"name": "one", "plugin_info": {}})
    assert caught.value.field == "plugin_info.plugin_id"
    create.check_required({"name": "one", "plugin_info": {"plugin_id": "p"}})


def test_a_server_with_a_method_that_has_no_row_does_not_start() -> None:
    service = server_info_pb2.DESCRIPTOR.services_by_name["ServerInfo"]
    gate = Gate(NoAuthentication(), NoAuthorization(), RateLimit(0, SystemClock()))

    with pytest.raises(TypeError, match="get_version has no row"):
        handlers(service, cast("UseCases", object()), gate, {})


def test_methods_that_may_write_are_known_by_their_names() -> None:
    writing = {policy.method.rpartition("/")[2] for policy in POLICIES.values() if policy.changes}

    assert writing == {
        *("create", "update", "delete", "enable", "disable", "update_plugin", "collect", "change_order"),
        *("add_schedule", "update_schedule", "delete_schedule"),
        *("start", "cancel", "retry"),
        *("approve", "discard", "undo"),
    }


def test_who_asks_a_plugin_and_changes_something_gets_time_for_it() -> None:
    asking = {policy.method.rpartition(".")[2] for policy in POLICIES.values() if policy.asks_plugin and policy.changes}

    assert asking == {f"Collector/{name}" for name in ("create", "update", "update_plugin", "collect")}
