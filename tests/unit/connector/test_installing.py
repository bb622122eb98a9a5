"""Questions to the plugin service that take long are put in the background."""

from __future__ import annotations

import threading

import pytest

from inventory.connector.installing import KEPT_SECONDS, BackgroundPluginDirectory, PluginInquiries
from inventory.connector.ports import PluginEndpoint
from inventory.domain.principal import Principal
from inventory.errors import InventoryError, LimitExceededError, NotFoundError, PluginInstallingError

ME = Principal(domain_id="domain-1")
HERE = PluginEndpoint("grpc://127.0.0.1:1")


class Slow:
    """A plugin service that answers once it may."""

    def __init__(self) -> None:
        self.installed = threading.Event()
        self.failure: InventoryError | None = None
        self.asked: list[tuple[str, str]] = []

    def get_endpoint(self, plugin_id: str, version: str, *, upgrade_mode: str, principal: Principal) -> PluginEndpoint:
        del upgrade_mode
        self.asked.append((principal.domain_id, plugin_id + version))
        assert self.installed.wait(60)
        if self.failure is not None:
            raise self.failure
        return HERE


class Watch:
    """A clock that a test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def ask(directory: BackgroundPluginDirectory, plugin_id: str = "plugin-1", me: Principal = ME) -> PluginEndpoint:
    return directory.get_endpoint(plugin_id, "1.0", upgrade_mode="AUTO", principal=me)


def waits(directory: BackgroundPluginDirectory, plugin_id: str = "plugin-1", me: Principal = ME) -> threading.Event:
    """Ask for a plugin that is being installed; return what is set once there is an answer."""
    with pytest.raises(PluginInstallingError) as raised:
        ask(directory, plugin_id, me)
    known = threading.Event()
    raised.value.when_known(known.set)
    return known


def test_a_plugin_that_runs_is_answered_for_at_once_and_asked_for_each_time() -> None:
    slow = Slow()
    slow.installed.set()
    directory = BackgroundPluginDirectory(PluginInquiries(slow, limit=1), seconds=10)
    assert [ask(directory), ask(directory)] == [HERE, HERE]
    assert len(slow.asked) == 2


def test_whoever_asks_for_the_same_joins_the_question_and_finds_its_answer() -> None:
    slow, watch = Slow(), Watch()
    directory = BackgroundPluginDirectory(PluginInquiries(slow, limit=1, monotonic=watch), seconds=0)
    known = [waits(directory), waits(directory)]
    assert not any(each.is_set() for each in known)
    watch.now = 300.0
    slow.installed.set()
    assert all(each.wait(60) for each in known)
    assert ask(directory) == HERE
    assert len(slow.asked) == 1
    watch.now += KEPT_SECONDS
    slow.installed.clear()
    again = waits(directory)
    slow.installed.set()
    assert again.wait(60)
    assert len(slow.asked) == 2


def test_another_domain_asks_for_itself() -> None:
    slow = Slow()
    directory = BackgroundPluginDirectory(PluginInquiries(slow, limit=2), seconds=0)
    known = [waits(directory), waits(directory, me=Principal(domain_id="domain-2"))]
    slow.installed.set()
    assert all(each.wait(60) for each in known)
    assert sorted(slow.asked) == [("domain-1", "plugin-11.0"), ("domain-2", "plugin-11.0")]


def test_no_more_questions_are_open_than_may_be() -> None:
    slow = Slow()
    directory = BackgroundPluginDirectory(PluginInquiries(slow, limit=1), seconds=0)
    known = waits(directory)
    with pytest.raises(LimitExceededError):
        ask(directory, "plugin-2")
    slow.installed.set()
    assert known.wait(60)
    slow.installed.clear()
    later = waits(directory, "plugin-2")
    slow.installed.set()
    assert later.wait(60)


def test_a_question_for_which_no_thread_can_be_started_is_over() -> None:
    slow = Slow()
    slow.installed.set()
    directory = BackgroundPluginDirectory(PluginInquiries(slow, limit=1), seconds=10)

    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        with pytest.raises(LimitExceededError, match="threads"):
            ask(directory)

    assert ask(directory) == HERE


def test_a_refusal_that_comes_late_is_told_once_asked_again() -> None:
    slow, watch = Slow(), Watch()
    slow.failure = NotFoundError(key="plugin_id", value="plugin-1")
    directory = BackgroundPluginDirectory(PluginInquiries(slow, limit=1, monotonic=watch), seconds=0)
    known = waits(directory)
    watch.now = 5.0
    slow.installed.set()
    assert known.wait(60)
    with pytest.raises(NotFoundError):
        ask(directory)


def test_after_its_end_nobody_is_told_of_an_answer() -> None:
    slow = Slow()
    inquiries = PluginInquiries(slow, limit=1)
    known = waits(BackgroundPluginDirectory(inquiries, seconds=0))
    inquiries.close()
    slow.installed.set()
    assert ask(BackgroundPluginDirectory(inquiries, seconds=10)) == HERE
    assert not known.wait(0.05)
