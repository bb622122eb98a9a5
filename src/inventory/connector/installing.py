"""Asks the plugin service in the background: it answers only once a plugin is installed, which may take minutes.

A worker's threads should collect. So each request has a thread of its own; the caller waits briefly, and gets
``PluginInstallingError`` if the answer takes longer. If it asks again later, the answer that arrived meanwhile is used.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYetError
from contextvars import copy_context
from functools import partial
from typing import Final, TypeAlias

from inventory.connector.ports import PluginDirectory, PluginEndpoint
from inventory.domain.principal import Principal
from inventory.errors import LimitExceededError, PluginInstallingError
from inventory.observe.logs import get_logger

_log = get_logger(__name__)

MOMENT_SECONDS: Final = 1.0
"""How long planning waits, s; if the plugin is running, the answer takes milliseconds."""
KEPT_SECONDS: Final = 60.0
"""How long a late answer is kept for repeated requests, s."""

_Key: TypeAlias = tuple[str, str, str, str]
"""(domain, plugin, version, upgrade mode)."""


class _Question:
    """One request to the plugin service."""

    __slots__ = ("answer", "begun", "kept_until")

    def __init__(self, begun: float) -> None:
        self.begun = begun
        self.answer: Future[PluginEndpoint] = Future()
        self.kept_until: float | None = None


class PluginInquiries:
    """Requests to a plugin directory, sent in the background; for processes that use only one token.

    Args:
        directory: called on threads of its own.
        limit: maximum number of open requests.
        monotonic: a clock, s.
    """

    def __init__(
        self,
        directory: PluginDirectory,
        *,
        limit: int,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._directory = directory
        self._limit = limit
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._questions: dict[_Key, _Question] = {}
        self._closed = False

    def ask(
        self, plugin_id: str, version: str, *, upgrade_mode: str, principal: Principal, seconds: float
    ) -> PluginEndpoint:
        """Return the answer to a request that may have been sent before.

        Args:
            plugin_id, version, upgrade_mode, principal: as in :class:`~inventory.connector.ports.PluginDirectory`.
            seconds: how long after sending the request to wait for its answer, s.

        Raises:
            PluginInstallingError: there is no answer yet.
            LimitExceededError: too many requests are open.
            InventoryError: the error that was answered.
        """
        key = (principal.domain_id, plugin_id, version, upgrade_mode)
        ask = partial(self._directory.get_endpoint, plugin_id, version, upgrade_mode=upgrade_mode, principal=principal)
        question = self._question(key, ask)
        try:
            return question.answer.result(max(question.begun + seconds - self._monotonic(), 0.0))
        except NotYetError:
            raise PluginInstallingError(plugin_id=plugin_id, when_known=self._teller(question)) from None

    def close(self) -> None:
        """Notify nobody of answers that arrive from now on."""
        self._closed = True

    def _question(self, key: _Key, ask: Callable[[], PluginEndpoint]) -> _Question:
        with self._lock:
            now = self._monotonic()
            self._forget_old(now)
            found = self._questions.get(key)
            if found is not None:
                return found
            if sum(each.kept_until is None for each in self._questions.values()) >= self._limit:
                raise LimitExceededError(limit="plugins that are being installed at a time")
            question = self._questions[key] = _Question(now)
        run = partial(copy_context().run, self._ask, key, question, ask)
        # A daemon thread: a process that ends does not wait for an installation.
        thread = threading.Thread(target=run, name="plugin-install", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the system lets the process start no more; nobody may wait for an answer
            with self._lock:
                del self._questions[key]
            question.answer.set_exception(LimitExceededError(limit="threads of the process"))
        return question

    def _forget_old(self, now: float) -> None:
        old = [key for key, each in self._questions.items() if each.kept_until is not None and each.kept_until <= now]
        for key in old:
            del self._questions[key]

    def _ask(self, key: _Key, question: _Question, ask: Callable[[], PluginEndpoint]) -> None:
        answer: PluginEndpoint | None = None
        failure: Exception | None = None
        try:
            answer = ask()
        except Exception as exc:  # noqa: BLE001 (it goes to those who asked)
            failure = exc
        with self._lock:
            now = self._monotonic()
            if now - question.begun < MOMENT_SECONDS:
                del self._questions[key]
            else:
                question.kept_until = now + KEPT_SECONDS
        if answer is not None:
            question.answer.set_result(answer)
        else:
            question.answer.set_exception(failure)

    def _teller(self, question: _Question) -> Callable[[Callable[[], None]], None]:
        def tell(known: Callable[[], None]) -> None:
            question.answer.add_done_callback(lambda _answer: None if self._closed else _safely(known))

        return tell


def _safely(known: Callable[[], None]) -> None:
    try:
        known()
    except Exception:  # noqa: BLE001 (a thread's outermost place; whoever asks again finds the answer)
        _log.exception("installed_plugin_not_reported")


class BackgroundPluginDirectory:
    """See :class:`~inventory.connector.ports.PluginDirectory`.

    Args:
        seconds: how long a caller waits before ``PluginInstallingError`` is raised, s.
    """

    def __init__(self, inquiries: PluginInquiries, *, seconds: float = MOMENT_SECONDS) -> None:
        self._inquiries = inquiries
        self._seconds = seconds

    def get_endpoint(self, plugin_id: str, version: str, *, upgrade_mode: str, principal: Principal) -> PluginEndpoint:
        """See the port."""
        return self._inquiries.ask(
            plugin_id, version, upgrade_mode=upgrade_mode, principal=principal, seconds=self._seconds
        )
