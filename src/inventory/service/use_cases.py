"""All use cases of the API on one page."""

from __future__ import annotations

from typing import Protocol

from inventory.service.collector.manage import CollectorService
from inventory.service.collector.rules import CollectorRuleService
from inventory.service.deletion.manage import DeletionService
from inventory.service.diagnosis.findings import DiagnosisService
from inventory.service.dry_run.manage import DryRunService
from inventory.service.job.collect import CollectService
from inventory.service.job.freshness import FreshnessService
from inventory.service.job.manage import JobService, JobTaskService
from inventory.service.job.retry import RetryService
from inventory.service.resource.change_history import ChangeHistoryService
from inventory.service.resource.cloud_service import CloudServiceService
from inventory.service.resource.cloud_service_type import CloudServiceTypeService
from inventory.service.resource.explain import ResourceExplainer
from inventory.service.resource.explain_type import TypeExplainer
from inventory.service.resource.region import RegionService
from inventory.service.schedule.facts import ScheduleFactsService
from inventory.service.schedule.manage import ScheduleService


class UseCases(Protocol):
    """Provides the use cases; ``bootstrap`` builds them."""

    @property
    def collector_service(self) -> CollectorService: ...
    @property
    def collect(self) -> CollectService: ...
    @property
    def deletion_service(self) -> DeletionService: ...
    @property
    def diagnosis_service(self) -> DiagnosisService: ...
    @property
    def dry_run_service(self) -> DryRunService: ...
    @property
    def schedule_service(self) -> ScheduleService: ...
    @property
    def schedule_facts_service(self) -> ScheduleFactsService: ...
    @property
    def freshness_service(self) -> FreshnessService: ...
    @property
    def job_service(self) -> JobService: ...
    @property
    def resource_explainer(self) -> ResourceExplainer: ...
    @property
    def type_explainer(self) -> TypeExplainer: ...
    @property
    def retry_service(self) -> RetryService: ...
    @property
    def job_task_service(self) -> JobTaskService: ...
    @property
    def cloud_service_service(self) -> CloudServiceService: ...
    @property
    def cloud_service_type_service(self) -> CloudServiceTypeService: ...
    @property
    def region_service(self) -> RegionService: ...
    @property
    def change_history_service(self) -> ChangeHistoryService: ...
    @property
    def collector_rule_service(self) -> CollectorRuleService: ...


def build_all(use: UseCases) -> None:
    """Build every use case now, so that invalid settings are reported at the start.

    Raises:
        SettingsError: a file named in the settings cannot be used.
    """
    for name, member in vars(UseCases).items():
        if isinstance(member, property):
            getattr(use, name)
