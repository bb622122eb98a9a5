"""The ingest: stores a plugin's stream in the inventory (contract, section 7; design, "How a collect runs").

The stream is read and decoded in a separate thread while this one writes; at most one batch is between them. Each batch
is applied by resource type: types and regions first, then resources.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from contextlib import contextmanager
from functools import partial
from typing import Any, Final

from pymongo.client_session import ClientSession

from inventory.connector.ports import Identity, ResourceMessage
from inventory.domain.clock import Clock
from inventory.domain.job.outcome import Counts
from inventory.domain.redact import Redactor
from inventory.errors import InvalidResourceError, PluginReportedError, UnsupportedResourceTypeError
from inventory.ingest.cloud_services import CloudServiceApplier
from inventory.ingest.context import IngestContext, IngestLimits, IngestResult
from inventory.ingest.decision.decide import Decider
from inventory.ingest.decision.rules import Projects, RuleBook
from inventory.ingest.error_log import ErrorLog
from inventory.ingest.metrics import BATCH_RESOURCES, BATCH_SECONDS, RESOURCES, count_unknown_type
from inventory.ingest.plan_writer import PlanWriter
from inventory.ingest.reading.batches import BatchReader
from inventory.ingest.reading.kinds import (
    CLOUD_SERVICE,
    CLOUD_SERVICE_TYPE,
    REGION,
    Disposition,
    classify,
)
from inventory.ingest.review import Review
from inventory.ingest.simple_resources import SimpleApplier
from inventory.ingest.stores import IngestStores
from inventory.ingest.tally import Tally
from inventory.manager.job.slice_claim import slice_fence
from inventory.manager.job.tasks import JobTaskManager
from inventory.manager.resource.store import UNSTORABLE, encodable
from inventory.manager.transactions import ClaimLostError, Fence, Transactions
from inventory.observe import tracing
from inventory.observe.logs import get_logger

__all__ = ["Ingest", "IngestContext", "IngestLimits", "IngestResult"]

_PATIENCE_SECONDS: Final = 0.2
"""How long to wait for a silent stream before calling ``should_stop`` again."""
_APPLIED_KINDS: Final = (CLOUD_SERVICE_TYPE, REGION, CLOUD_SERVICE)
_COUNTED: Final = ("created", "updated", "failure", "uncounted")
_TYPE_CHARACTERS: Final = 64
_TYPES_REPORTED: Final = 100
"""Maximum number of unknown types reported per stream, because a plugin can invent any number of names."""

_log = get_logger(__name__)


class Ingest:
    """Stores streams. One object can be used for any number of streams, also concurrently."""

    def __init__(
        self,
        *,
        stores: IngestStores,
        identity: Identity,
        clock: Clock,
        limits: IngestLimits | None = None,
    ) -> None:
        """Create an ingest.

        Args:
            limits: of the batches.
        """
        self._stores = stores
        self._identity = identity
        self._clock = clock
        self._limits = limits or IngestLimits()

    def run(
        self,
        stream: Iterable[ResourceMessage],
        context: IngestContext,
        *,
        should_stop: Callable[[], bool],
        on_progress: Callable[[Counts], None],
        session: ClientSession | None = None,
    ) -> IngestResult:
        """Store all of ``stream``; idempotent: a failed attempt may simply be repeated.

        Args:
            stream: the messages; canceled if possible when the ingest ends first.
            context: the collector, secret and job it belongs to.
            should_stop: called several times a second; True ends the ingest.
            on_progress: called with the counts so far after each batch.
            session: used for the writes; None: a new one.

        Returns:
            The result; a stream that breaks off and a lost claim are reported in it, not raised.

        Raises:
            PyMongoError: MongoDB failed.
            ConnectionFailureError, RequestTimeoutError, PermissionDeniedError: identity failed.
        """
        transactions = Transactions(database=self._stores.database, fence=_fence(context))
        run = _Run(self._stores, self._identity, self._clock, self._limits, context, transactions)
        complete, failure, claim_lost = False, None, False
        with transactions.session(session), BatchReader(stream, limits=self._limits, clock=self._clock) as reader:
            while not should_stop():
                batch = reader.take(_PATIENCE_SECONDS)
                if batch is None:
                    failure = reader.failure
                    complete = failure is None
                    break
                if batch:
                    unchanged = run.tally.unchanged
                    try:
                        with _counted(batch, run.tally):
                            run.apply(batch)
                    except ClaimLostError:
                        claim_lost = True
                        break
                    # The next batch is probably like this one: the content of unchanged resources is not needed.
                    reader.decodes = 2 * (run.tally.unchanged - unchanged) < len(batch)
                    on_progress(run.tally.counts)
            if complete:
                try:
                    run.note_warnings()
                except ClaimLostError:
                    complete, claim_lost = False, True
        tally = run.tally
        return IngestResult(
            counts=tally.counts,
            errors=tally.errors.errors,
            error_count=tally.errors.count,
            resources_seen=tally.resources_seen,
            complete=complete,
            failure=failure,
            claim_lost=claim_lost,
        )


class _Run:
    """The state of one ingest."""

    def __init__(
        self,
        stores: IngestStores,
        identity: Identity,
        clock: Clock,
        limits: IngestLimits,
        context: IngestContext,
        transactions: Transactions,
    ) -> None:
        errors = ErrorLog(secret_values=context.secret_values, limit=limits.max_errors)
        self.tally = Tally(context, clock, errors, Review.of(context))
        self._tasks = stores.tasks
        self._limits = limits
        self._transactions = transactions
        self._caches = stores.caches
        self._stored = partial(stores.stored, context.domain_id)
        self._unknown_types = _UnknownTypes(context, stores.tasks, transactions)
        rules = stores.rules.list_of_collector(context.domain_id, context.collector_id)
        decider = Decider(
            context=context,
            rules=RuleBook.of(rules),
            projects=Projects(identity=identity, principal=context.caller()),
        )
        self._appliers: dict[str, CloudServiceApplier | SimpleApplier] = {}
        for kind in (CLOUD_SERVICE_TYPE, REGION):
            resources = stores.resources[kind.resource_type]
            self._appliers[kind.resource_type] = SimpleApplier(
                kind, store=resources, transactions=transactions, tally=self.tally
            )
        store, records = stores.resources[CLOUD_SERVICE.resource_type], stores.records
        self._appliers[CLOUD_SERVICE.resource_type] = CloudServiceApplier(
            store=store,
            records=records,
            writer=PlanWriter(
                store=store,
                records=records,
                states=stores.states(),
                transactions=transactions,
                context=context,
            ),
            transactions=transactions,
            decider=decider,
            tally=self.tally,
        )

    def apply(self, batch: list[ResourceMessage]) -> None:
        """Store one batch."""
        self.tally.observed_at = self.tally.clock.now()
        by_type: dict[str, list[ResourceMessage]] = {}
        for message in batch:
            self.tally.review.message(message)
            if message.fault:
                self.tally.fail(message, InvalidResourceError(key="resource", reason=message.fault))
                continue
            match classify(message):
                case Disposition.STORE:
                    by_type.setdefault(message.resource_type, []).append(message)
                case Disposition.REPORT:
                    self.tally.fail(message, PluginReportedError(message=message.message))
                case Disposition.UNSUPPORTED:
                    self.tally.fail(message, UnsupportedResourceTypeError(resource_type=message.resource_type))
                case Disposition.CACHE:
                    self._cache(message)
                case Disposition.UNKNOWN:
                    self._unknown_types.report(message.resource_type)
                    self.tally.count_other(seen=False)
                case Disposition.SKIP:
                    self.tally.count_other(seen=False)
        for kind in _APPLIED_KINDS:
            messages = by_type.get(kind.resource_type)
            if messages:
                self._appliers[kind.resource_type].apply(messages)

    def note_warnings(self) -> None:
        """Add the warnings of a whole stream to its task's."""
        if found := self.tally.review.close(self._stored):
            context = self.tally.context
            warnings = {code: (each.count, each.example, each.names) for code, each in found.items()}
            note = partial(self._tasks.warnings.note, context.domain_id, context.job_task_id, warnings)
            self._transactions.run(note)

    def _cache(self, message: ResourceMessage) -> None:
        context = self.tally.context
        values = _cache_values(message.resource)
        if not encodable(values):
            self.tally.fail(message, InvalidResourceError(key="resource", reason=UNSTORABLE))
            return
        merged = self._caches.merge(
            values,
            domain_id=context.domain_id,
            collector_id=context.collector_id,
            secret_id=context.secret_id,
            job_task_id=context.job_task_id,
            now=self.tally.clock.now(),
            hours=self._limits.cache_hours,
            transactions=self._transactions,
        )
        if merged:
            self.tally.count_other(seen=False)
        else:
            self.tally.fail(message, InvalidResourceError(key="resource", reason=UNSTORABLE))


class _UnknownTypes:
    """Reports each unknown resource type once per task."""

    def __init__(self, context: IngestContext, tasks: JobTaskManager, transactions: Transactions) -> None:
        self._domain_id = context.domain_id
        self._job_task_id = context.job_task_id
        self._tasks = tasks
        self._transactions = transactions
        self._redact = Redactor(context.secret_values)
        self._reported: set[str] = set()

    def report(self, resource_type: str) -> None:
        """Log and count ``resource_type`` unless that was done before."""
        name = self._redact(resource_type)[:_TYPE_CHARACTERS]
        if name in self._reported or len(self._reported) >= _TYPES_REPORTED:
            return
        self._reported.add(name)
        if self._transactions.run(partial(self._tasks.note_unknown_type, self._domain_id, self._job_task_id, name)):
            count_unknown_type(name)
            _log.warning("resource_type_ignored", resource_type=name, job_task_id=self._job_task_id)


def _fence(context: IngestContext) -> Fence | None:
    return slice_fence(context.domain_id, context.slice_id, context.owner) if context.owner else None


@contextmanager
def _counted(batch: Sized, tally: Tally) -> Iterator[None]:
    """Count the results of a batch as soon as it is applied: a stream may take hours."""
    BATCH_RESOURCES.observe(len(batch))
    before = {name: getattr(tally.counts, name) for name in _COUNTED}
    try:
        with tracing.span("ingest.batch", messages=len(batch)), BATCH_SECONDS.time():
            yield
    finally:
        for name, count in before.items():
            if more := getattr(tally.counts, name) - count:
                RESOURCES.labels(name).inc(more)


def _cache_values(resource: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return a FilterCache with lists as values; a single value becomes a list of one."""
    found: dict[str, list[Any]] = {}
    for key, value in resource.items():
        if key and value is not None and not isinstance(value, Mapping):
            found[key] = list(value) if isinstance(value, list | tuple) else [value]
    return found
