"""Sensors and schedules evaluated as the daemon does, and the runs that they request executed in this process."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime

import dagster as dg
import pytest

from usage_pipeline.definitions import build_definitions
from usage_pipeline.orchestration.checks import OFF, SUITES_TAG
from usage_pipeline.orchestration.resources import STORAGE
from usage_pipeline.pipeline.refresh import PlainRunner, RefreshSummary, land_days_again
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.support import Landing, at, prompt

DAYS = [date(2026, 5, number) for number in range(1, 5)]


def land(storage: Storage, *days: date) -> None:
    land_days_again(PlainRunner(storage), days, RefreshSummary())


@dataclass
class Automation:
    """The definitions on a storage and an instance, with the cursors of their sensors."""

    definitions: dg.Definitions
    instance: dg.DagsterInstance
    storage: Storage
    cursors: dict[str, str | None] = field(default_factory=dict)
    skipped: str | None = None
    evaluated: list[tuple[str, bool]] = field(default_factory=list)
    """The checks that the last evaluation of a sensor evaluated, and whether they passed."""

    def tick(self, name: str) -> list[dg.RunRequest]:
        """Evaluate a sensor once; what it requests."""
        context = dg.build_sensor_context(
            self.instance,
            self.cursors.get(name),
            definitions=self.definitions,
            sensor_name=name,
            resources={STORAGE: self.storage},
        )
        with context:
            result = self.definitions.get_repository_def().get_sensor_def(name).evaluate_tick(context)
        self.cursors[name] = result.cursor
        self.skipped = result.skip_message
        self.evaluated = [(found.check_name, found.passed) for found in result.asset_events]
        return list(result.run_requests or [])

    def scheduled(self, name: str, now: datetime) -> list[dg.RunRequest]:
        """Evaluate a schedule at a time; what it requests."""
        repository = self.definitions.get_repository_def()
        context = dg.build_schedule_context(
            self.instance,
            scheduled_execution_time=now,
            resources={STORAGE: at(self.storage, now)},
            repository_def=repository,
        )
        with context:
            result = repository.get_schedule_def(name).evaluate_tick(context)
        self.skipped = result.skip_message
        return list(result.run_requests or [])

    def create(
        self, request: dg.RunRequest, status: dg.DagsterRunStatus = dg.DagsterRunStatus.NOT_STARTED
    ) -> dg.DagsterRun:
        """Create the run that was requested, and leave it alone."""
        job = self.definitions.resolve_job_def(request.job_name or "event_days")
        return self.instance.create_run_for_job(
            job.get_subset(asset_selection=set(request.asset_selection or ())),
            tags=self.tags(request),
            status=status,
            asset_selection=frozenset(request.asset_selection or ()),
        )

    def execute(self, request: dg.RunRequest) -> dg.ExecuteInProcessResult:
        """Do what was requested, without the suites: they take most of the time, and have tests of their own."""
        return self.definitions.resolve_job_def(request.job_name or "").execute_in_process(
            instance=self.instance,
            asset_selection=list(request.asset_selection or ()) or None,
            tags={**request.tags, SUITES_TAG: OFF},
            partition_key=request.partition_key,
            run_config=request.run_config or None,
            raise_on_error=False,
        )

    @staticmethod
    def tags(request: dg.RunRequest) -> dict[str, str]:
        """The tags of its run."""
        return {**request.tags, **({"dagster/partition": request.partition_key} if request.partition_key else {})}


@pytest.fixture
def settings(new_settings: Callable[..., Settings]) -> Settings:
    """Settings by which the gap filler requests two days at a time, of a calendar that has them all."""
    return new_settings(gap_filler_max_days=2, first_day=DAYS[0])


@pytest.fixture
def automation(storage: Storage, instance: dg.DagsterInstance) -> Automation:
    """The definitions on the test's storage and instance."""
    return Automation(build_definitions(storage.settings, {STORAGE: storage}), instance, storage)


@pytest.fixture
def four_days(landing: Landing) -> None:
    for day in DAYS:
        landing.write("persona", str(day), [prompt(f"on {day}", f"{day}T08:00:00Z")])
