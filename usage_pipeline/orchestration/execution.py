"""Runs the jobs in this process on the shared instance, so that the UI shows what a command did."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import dagster as dg
from dagster._core.storage.tags import ASSET_PARTITION_RANGE_END_TAG, ASSET_PARTITION_RANGE_START_TAG

from usage_pipeline.errors import UsagePipelineError
from usage_pipeline.orchestration.jobs import EVENT_DAYS, LANDING_DAYS
from usage_pipeline.pipeline.refresh import chunks

QUIET = {"loggers": {"console": {"config": {"log_level": "WARNING"}}}}

Progress = Callable[[str, Sequence[date]], None]
"""Told what is about to be done, and for which days."""


@dataclass(frozen=True)
class DagsterRunner:
    """Does the work of a refresh as runs of the jobs, one run per up to 30 consecutive days."""

    definitions: dg.Definitions
    instance: dg.DagsterInstance
    command: str
    progress: Progress

    def land(self, days: Sequence[date]) -> None:
        """Run the landing job for these consecutive landing days."""
        self.progress("landing", days)
        self._execute(LANDING_DAYS.name, days)

    def compute(self, tables: Collection[str], days: Sequence[date]) -> None:
        """Run the event-day job, or the part of it that makes these tables, for these consecutive days."""
        for chunk in chunks(days):
            self.progress("computing", chunk)
            self._execute(EVENT_DAYS.name, chunk, [dg.AssetKey(name) for name in sorted(tables)])

    def _execute(
        self, job: str, days: Sequence[date], assets: Sequence[dg.AssetKey] | None = None
    ) -> None:
        first, last = days[0].isoformat(), days[-1].isoformat()
        partitions: dict[str, Any] = (
            {"partition_key": first}
            if first == last
            else {"tags": {ASSET_PARTITION_RANGE_START_TAG: first, ASSET_PARTITION_RANGE_END_TAG: last}}
        )
        tags = {"usage_pipeline/command": self.command, **partitions.pop("tags", {})}
        try:
            self.definitions.resolve_job_def(job).execute_in_process(
                instance=self.instance,
                asset_selection=assets,
                run_config=QUIET,
                tags=tags,
                **partitions,
            )
        except dg.DagsterError as error:
            raise _cause(error) from None


def _cause(error: BaseException) -> BaseException:
    """Our own error, if Dagster's wraps one."""
    inner: BaseException | None = error
    while inner is not None and not isinstance(inner, UsagePipelineError):
        inner = inner.__cause__ or getattr(inner, "user_exception", None)
    return inner or error
