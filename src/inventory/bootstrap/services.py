"""The use cases of the API."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Final

from inventory.bootstrap.managers import Managers
from inventory.bootstrap.static_faults import static_file_faults
from inventory.doctor.surroundings import StaticFaults
from inventory.domain.deletion_guard import DeletionGuard
from inventory.ingest.decision.same_thing import SameThing
from inventory.manager.cursor_reader import CursorReader
from inventory.manager.deletion.held import HeldResources
from inventory.manager.deletion.restore import Restorer
from inventory.manager.deletion.settle import HoldSettler
from inventory.manager.job.collect_history import CollectHistory
from inventory.manager.job.failed_tasks import FailedTasks
from inventory.manager.job.from_schedules import ScheduledJobManager
from inventory.manager.job.task_progress import TaskProgress
from inventory.manager.resource.lookup import ResourceLookup
from inventory.manager.resource.seen_types import SeenTypes
from inventory.query.fields import ResourceSchema
from inventory.query.schemas import COLLECTOR, COLLECTOR_RULE, JOB, JOB_TASK, SCHEDULE
from inventory.service.collector.delete import CollectorRemover
from inventory.service.collector.manage import CollectorService
from inventory.service.collector.plugin import CollectorPluginService
from inventory.service.collector.rules import CollectorRuleService
from inventory.service.collector.verify_plugin import PluginVerifier
from inventory.service.deletion.manage import DeletionService
from inventory.service.diagnosis.findings import DiagnosisService
from inventory.service.dry_run.manage import DryRunService
from inventory.service.job.collect import CollectService, PlanLimits
from inventory.service.job.freshness import FreshnessService
from inventory.service.job.manage import CollectorReferences, JobService, JobTaskService
from inventory.service.job.plan import CollectPlanner
from inventory.service.job.retry import RetryService
from inventory.service.job.retry_plan import RetryPlanner
from inventory.service.resource.age_holds import AgeHolds
from inventory.service.resource.ageing import Ages
from inventory.service.schedule.facts import ScheduleFactsService
from inventory.service.schedule.manage import ScheduleService
from inventory.settings import Settings

_PLATFORM_CALLS: Final = 6
"""Calls to platform services when planning a job, including retries, each limited by its deadline."""


def _plan_lease_seconds(settings: Settings) -> float:
    """Return how long planning a job may take before another process plans it, s."""
    return settings.plugin_init_timeout_seconds + _PLATFORM_CALLS * settings.platform_timeout_seconds


class Services(Managers):
    """Use cases, built on the managers."""

    @cached_property
    def collector_plugins(self) -> CollectorPluginService:
        """Init and upgrade of a collector's plugin."""
        return CollectorPluginService(
            collectors=self.collectors, rules=self.rules, plugins=self.plugins, clock=self.clock
        )

    @cached_property
    def lookups(self) -> ResourceLookup:
        """What is stored, for the filters of collects."""
        return ResourceLookup(database=self.database, timeout_seconds=self.settings.query_timeout_seconds)

    @cached_property
    def collect_planner(self) -> CollectPlanner:
        """Plans of collects."""
        return CollectPlanner(
            secrets=self.secrets,
            collector_plugins=self.collector_plugins,
            lookups=self.lookups,
            caches=self.caches,
            clock=self.clock,
        )

    @cached_property
    def retry_planner(self) -> RetryPlanner:
        """Plans of retries."""
        return RetryPlanner(jobs=self.jobs, failed=self.failed_tasks, planner=self.collect_planner)

    @cached_property
    def failed_tasks(self) -> FailedTasks:
        """What failed in jobs."""
        return FailedTasks(database=self.database)

    @cached_property
    def retry_service(self) -> RetryService:
        """Retries of jobs."""
        return RetryService(
            jobs=self.jobs,
            failed=self.failed_tasks,
            tasks=self.tasks,
            reader=self.job_service,
            collect=self.collect,
            planner=self.retry_planner,
            holds=self.holds,
        )

    @cached_property
    def collect(self) -> CollectService:
        """Collect and planning."""
        return CollectService(
            collectors=self.collectors,
            jobs=self.jobs,
            tasks=self.tasks,
            planner=self.collect_planner,
            retries=self.retry_planner,
            queue=self.queue,
            clock=self.clock,
            owner=self.owner,
            system_token=self.settings.system_token.get_secret_value(),
            limits=PlanLimits(
                lease_seconds=_plan_lease_seconds(self.settings),
                max_attempts=self.settings.max_attempts,
                retry_seconds=self.settings.retry_backoff_seconds,
            ),
        )

    @property
    def deletion_guard(self) -> DeletionGuard:
        """How much is deleted at once without being asked to."""
        return DeletionGuard(self.settings.deletion_guard_percent, self.settings.deletion_guard_least)

    @property
    def ages(self) -> Ages:
        """Maximum ages of resources."""
        return Ages(
            resource_hours=self.settings.resource_max_age_hours,
            hours_by_type=self.settings.resource_max_age_hours_by_type,
            retention_days=self.settings.deleted_retention_days,
        )

    @cached_property
    def hold_settler(self) -> HoldSettler:
        """Closes empty holds, and completes those that nobody prepares any more."""
        return HoldSettler(database=self.database, holds=self.holds, release_seen=self.age_holds.release_seen)

    @cached_property
    def age_holds(self) -> AgeHolds:
        """Holds of kind AGE."""
        return AgeHolds(database=self.database, holds=self.holds, guard=self.deletion_guard)

    @cached_property
    def deletion_service(self) -> DeletionService:
        """Use cases of guarded deletion."""
        return DeletionService(
            holds=self.holds,
            held=HeldResources(database=self.database, holds=self.holds),
            restorer=Restorer(database=self.database, same=SameThing, kept_days=self.settings.deleted_retention_days),
            age_holds=self.age_holds,
            jobs=self.jobs,
            tasks=self.tasks,
            clock=self.clock,
        )

    def static_faults(self, path: Path) -> StaticFaults:
        """Return the faults of the platform file at ``path``. Raises ``SettingsError``."""
        return static_file_faults(path)

    @cached_property
    def diagnosis_service(self) -> DiagnosisService:
        """The checks of `inventory doctor`, for operators."""
        # Of no use to workers and schedulers, which start faster without it.
        from inventory.doctor.run import checks

        return DiagnosisService(
            checks=lambda plugins: checks(self, plugins=plugins),
            clock=self.machine_clock,
        )

    @cached_property
    def dry_run_service(self) -> DryRunService:
        """Use cases of dry runs."""
        return DryRunService(
            runs=self.dry_runs,
            collectors=self.collectors,
            secrets=self.secrets,
            queue=self.queue,
            endpoints=self.settings.dry_run_endpoints,
            loopback=self.settings.authentication == "none",
        )

    def reader(self, collection: str, schema: ResourceSchema, *, raw: bool = False) -> CursorReader:
        """Return the reader of a collection; ``raw`` if its lists are presented without being decoded."""
        return CursorReader(
            database=self.database,
            collection=collection,
            schema=schema,
            timeout_seconds=self.settings.query_timeout_seconds,
            max_bytes=self.settings.max_answer_bytes,
            counts=self.counts,
            raw=raw,
        )

    @cached_property
    def collector_references(self) -> CollectorReferences:
        """Joins collectors, and finds by them."""
        return CollectorReferences(collectors=self.collectors, reader=self.reader("collector", COLLECTOR))

    @cached_property
    def collector_service(self) -> CollectorService:
        """Use cases of collectors."""
        return CollectorService(
            collectors=self.collectors,
            rules=self.rules,
            plugins=self.plugins,
            secrets=self.secrets,
            collector_plugins=self.collector_plugins,
            verifier=PluginVerifier(plugins=self.plugins, secrets=self.secrets),
            remover=CollectorRemover(
                collectors=self.collectors,
                schedules=self.schedules,
                rules=self.rules,
                jobs=self.jobs,
                states=self.states,
                caches=self.caches,
            ),
            schedules=self.schedules,
            reader=self.reader("collector", COLLECTOR, raw=True),
            clock=self.clock,
        )

    @cached_property
    def job_service(self) -> JobService:
        """Use cases of jobs."""
        return JobService(
            jobs=self.jobs,
            reader=self.reader("job", JOB),
            references=self.collector_references,
            clock=self.clock,
        )

    @cached_property
    def job_task_service(self) -> JobTaskService:
        """Use cases of job tasks."""
        return JobTaskService(
            tasks=self.tasks,
            progress=TaskProgress(database=self.database),
            reader=self.reader("job_task", JOB_TASK),
            clock=self.clock,
        )

    @cached_property
    def schedule_service(self) -> ScheduleService:
        """Use cases of schedules."""
        return ScheduleService(
            schedules=self.schedules,
            collectors=self.collectors,
            reader=self.reader("schedule", SCHEDULE),
            references=self.collector_references,
            clock=self.clock,
            spread_seconds=self.settings.schedule_spread_seconds,
        )

    @cached_property
    def schedule_facts_service(self) -> ScheduleFactsService:
        """What schedules did, will do and skipped."""
        return ScheduleFactsService(
            schedules=self.schedules,
            collectors=self.collectors,
            jobs=ScheduledJobManager(database=self.database, clock=self.clock),
            clock=self.clock,
            grace_seconds=self.settings.schedule_grace_seconds,
            spread_seconds=self.settings.schedule_spread_seconds,
            tick_seconds=self.settings.tick_seconds,
        )

    @cached_property
    def freshness_service(self) -> FreshnessService:
        """How current the inventory is."""
        return FreshnessService(
            collectors=self.collectors,
            schedules=self.schedules,
            history=CollectHistory(database=self.database),
            types=SeenTypes(database=self.database),
            clock=self.clock,
            spread_seconds=self.settings.schedule_spread_seconds,
            job_timeout_seconds=self.settings.job_timeout_seconds,
        )

    @cached_property
    def collector_rule_service(self) -> CollectorRuleService:
        """Use cases of collector rules."""
        return CollectorRuleService(
            rules=self.rules,
            collectors=self.collectors,
            identity=self.platform.identity,
            reader=self.reader("collector_rule", COLLECTOR_RULE),
            clock=self.clock,
        )
