"""Domain, role and projects of a caller, and how often it may call."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from inventory.api.interceptors.authentication import Caller, NoAuthentication
from inventory.api.interceptors.authorization import IdentityAuthorization, bind_domain, domain_to_ask_about
from inventory.api.interceptors.limits import counted_as
from inventory.api.interceptors.system_callers import REMEMBER_SECONDS, SystemCallers
from inventory.api.methods import POLICIES
from inventory.connector.ports import Access
from inventory.domain.principal import DOMAIN, PROJECT, SYSTEM, Principal
from inventory.domain.rate_limit import MAX_CALLERS, RateLimit
from inventory.errors import LimitExceededError, PermissionDeniedError, RequiredParameterError
from tests.manual_clock import ManualClock

JOB_LIST = POLICIES["/spaceone.api.inventory.v1.Job/list"]
COLLECTOR_LIST = POLICIES["/spaceone.api.inventory.v1.Collector/list"]
CREATE = POLICIES["/spaceone.api.inventory.v1.CloudService/create"]
PRINCIPAL = Principal(domain_id="domain-one", user_id="user")


class FakeIdentity:
    """Answers every question the same and remembers it."""

    def __init__(self, access: Access | None) -> None:
        self.access = access
        self.asked: list[dict[str, Any]] = []

    def authorize(self, **question: Any) -> Access:
        self.asked.append(question)
        if self.access is None:
            raise PermissionDeniedError
        return self.access


def authorized(access: Access | None, caller: Caller, policy: Any = JOB_LIST, **request: Any) -> Any:
    identity = FakeIdentity(access)
    authorizer = IdentityAuthorization(identity)  # type: ignore[arg-type]
    return authorizer.authorize(PRINCIPAL, caller, policy, request), identity.asked


@pytest.mark.parametrize("user_type", ["USER", "API_USER", "SYSTEM", ""])
def test_who_names_another_domain_than_its_tokens_is_refused(user_type: str) -> None:
    caller = Caller("domain-one", "user", user_type=user_type)

    for own in ("", "domain-one"):
        assert bind_domain(Principal("another", user_id="user"), caller, own).domain_id == "domain-one"
    with pytest.raises(PermissionDeniedError):
        bind_domain(Principal("another", user_id="user"), caller, "another")


def test_a_domains_owner_acts_in_its_own_whatever_the_request_says() -> None:
    owner = Caller("domain-one", "owner", user_type="DOMAIN_OWNER")

    assert domain_to_ask_about(owner, "another") == "domain-one"
    assert bind_domain(Principal("domain-one", user_id="owner"), owner, "another").domain_id == "domain-one"


def test_the_system_must_name_a_domain_and_may_name_any() -> None:
    caller = Caller("root", "system", user_type="API_USER")
    principal = Principal("root", user_id="system", role_type=SYSTEM)

    assert bind_domain(principal, caller, "another").domain_id == "another"
    with pytest.raises(RequiredParameterError, match="domain_id"):
        bind_domain(principal, caller, "")


def test_permission_is_asked_for_the_domain_that_is_named() -> None:
    assert domain_to_ask_about(Caller("root", "system"), "another") == "another"
    assert domain_to_ask_about(Caller("root", "system"), "") == "root"


def test_the_system_is_remembered_until_identity_says_otherwise(clock: ManualClock) -> None:
    system, callers = Caller("root", "system"), SystemCallers(clock)
    assert system not in callers

    callers.note(system, SYSTEM)
    assert system in callers
    assert Caller("domain-one", "system") not in callers
    clock.advance(timedelta(seconds=REMEMBER_SECONDS))
    assert system not in callers

    callers.note(system, SYSTEM)
    callers.note(system, DOMAIN)
    assert system not in callers


def test_without_authentication_the_request_counts_then_the_default() -> None:
    with_default, without = (NoAuthentication(domain).authenticate("") for domain in ("default", ""))

    assert bind_domain(Principal(""), with_default, "another").domain_id == "another"
    assert bind_domain(Principal(""), with_default, "").domain_id == "default"
    with pytest.raises(RequiredParameterError):
        bind_domain(Principal(""), without, "")


def test_identity_is_asked_once_with_the_methods_policy() -> None:
    principal, (asked,) = authorized(
        Access(PROJECT, frozenset({"project-a"})), Caller("domain-one", "user"), CREATE, project_id="project-a"
    )

    assert (principal.role_type, principal.projects) == (PROJECT, frozenset({"project-a"}))
    assert (asked["resource"], asked["verb"], asked["scope"]) == ("CloudService", "create", "PROJECT")
    assert (asked["project_id"], asked["require_project_id"]) == ("project-a", True)
    assert asked["principal"] is PRINCIPAL


def test_a_project_caller_without_projects_sees_nothing_rather_than_all() -> None:
    principal, _ = authorized(Access(PROJECT, None), Caller("domain-one", "user"))

    assert principal.projects == frozenset()


def test_roles_other_than_project_are_not_limited() -> None:
    principal, _ = authorized(Access(DOMAIN, frozenset({"project-a"})), Caller("domain-one", "user"))
    assert (principal.role_type, principal.projects) == (DOMAIN, None)

    principal, _ = authorized(Access(PROJECT, frozenset({"a"})), Caller("domain-one", "user"), COLLECTOR_LIST)
    assert principal.projects is None


@pytest.mark.parametrize("role_type", ["USER", "", "project", "DOMAIN_ADMIN"])
def test_a_role_that_nobody_knows_is_limited_to_its_projects(role_type: str) -> None:
    principal, _ = authorized(Access(role_type, frozenset({"project-a"})), Caller("domain-one", "user"))

    assert principal.projects == frozenset({"project-a"})


def test_the_owner_passes_unasked_and_who_says_to_be_the_system_does_not() -> None:
    principal, asked = authorized(None, Caller("domain-one", "user", user_type="DOMAIN_OWNER"))

    assert principal is PRINCIPAL
    assert asked == []
    with pytest.raises(PermissionDeniedError):
        authorized(None, Caller("domain-one", "user", user_type=SYSTEM))


def test_identitys_refusal_stands() -> None:
    with pytest.raises(PermissionDeniedError):
        authorized(None, Caller("domain-one", "user"))


def test_calls_are_counted_by_user_and_by_address_where_nobody_is_known() -> None:
    user = Caller("domain-one", "user")
    assert counted_as(user, "ipv4:10.0.0.1:5") == counted_as(user, "ipv4:127.0.0.1:6") == "domain-one/user"
    assert counted_as(Caller("domain-two", "user"), "ipv4:10.0.0.1:5") == "domain-two/user"

    anyone = Caller("domain-one")
    assert counted_as(anyone, "ipv4:10.0.0.1:5") == counted_as(anyone, "ipv4:10.0.0.1:6") == "10.0.0.1"
    assert counted_as(anyone, "ipv6:%5B::ffff:10.0.0.1%5D:5") == "10.0.0.1"
    assert counted_as(anyone, "ipv6:%5B2001:db8::1%5D:5") == counted_as(anyone, "ipv6:%5B2001:db8::ffff:2%5D:5")
    assert counted_as(anyone, "ipv6:%5B2001:db8::1%5D:5") != counted_as(anyone, "ipv6:%5B2001:db8:0:1::1%5D:5")
    assert counted_as(anyone, "unix:/run/x") == counted_as(anyone, "unix:/run/x") != ""


@pytest.mark.parametrize(
    "peer", ["ipv4:127.0.0.1:5", "ipv4:127.9.9.9:5", "ipv6:%5B::1%5D:5", "ipv6:%5B::ffff:127.0.0.1%5D:5"]
)
def test_this_machine_is_not_counted(peer: str) -> None:
    """The gateway calls from here for all its clients."""
    assert counted_as(Caller("domain-one"), peer) == ""


def test_a_rate_is_per_caller_and_refills(clock: ManualClock) -> None:
    limit = RateLimit(2, clock)
    limit.take("a")
    limit.take("a")
    with pytest.raises(LimitExceededError):
        limit.take("a")
    limit.take("b")

    clock.advance(timedelta(seconds=0.5))

    limit.take("a")
    with pytest.raises(LimitExceededError):
        limit.take("a")


def test_no_rate_means_no_limit_and_callers_are_forgotten(clock: ManualClock) -> None:
    for _ in range(1000):
        RateLimit(0, clock).take("a")
    limit = RateLimit(1, clock)
    for number in range(MAX_CALLERS + 10):
        limit.take(str(number))
    limit.take("0")
