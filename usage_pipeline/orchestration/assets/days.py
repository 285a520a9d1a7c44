"""How an asset goes through the days of its run, in batches: each day is committed, and reported, by itself."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import dagster as dg

from usage_pipeline.clock import in_words
from usage_pipeline.errors import LockTimeoutError, UsagePipelineError
from usage_pipeline.orchestration.dagster_internals import tell_of_partitions
from usage_pipeline.orchestration.metadata import SKIPPED, Metadata
from usage_pipeline.orchestration.resources import COMMAND_TAG

RETRIES = 3
RETRY_SECONDS = 30


@dataclass
class Outcome:
    """What became of some days: what is told of those that are done, by day and asset, and why others failed."""

    done: dict[tuple[date, str], Metadata] = field(default_factory=dict)
    failed: dict[date, UsagePipelineError] = field(default_factory=dict)


class DaysFailure(dg.Failure):
    """Days of a step failed. The event log has each reason once, with its days."""

    def __init__(self, reasons: Mapping[date, UsagePipelineError]) -> None:
        """Take the description from the reasons."""
        days = {text: [day for day in reasons if str(reasons[day]) == text] for text in map(str, reasons.values())}
        told = (f"{_counted(concerned)}: {text}" for text, concerned in days.items())
        super().__init__("\n".join(told), allow_retries=False)
        self.reasons = reasons


def _counted(days: Sequence[date]) -> str:
    return str(days[0]) if len(days) == 1 else f"{len(days)} days, {in_words(days)}"


def each_batch(
    context: dg.AssetExecutionContext,
    progress: Callable[[date], None],
    batches: Iterable[Sequence[date]],
    work: Callable[[Sequence[date]], Outcome],
) -> None:
    """Do the work for each batch of days; a day that fails undoes no other and holds none up.

    Raises DaysFailure when days have failed, after the others are done and reported. What may pass by itself is
    tried again as a whole, unless a command waits for it.
    """
    outcome = Outcome()
    for days in batches:
        found = _attempt(context, days, work)
        outcome.done |= found.done
        outcome.failed |= found.failed
        for day in days:
            progress(day)
    if outcome.failed:
        _report(context, outcome.done)
        raise DaysFailure(outcome.failed)
    tell_of_partitions(context, {(asset, str(day)): metadata for (day, asset), metadata in outcome.done.items()})


def _attempt(
    context: dg.AssetExecutionContext, days: Sequence[date], work: Callable[[Sequence[date]], Outcome]
) -> Outcome:
    try:
        return work(days)
    except Exception as error:
        _retry_if_passing(context, error)
        if not isinstance(error, UsagePipelineError) or isinstance(error, LockTimeoutError):
            raise
        return Outcome(failed=dict.fromkeys(days, error))


def _report(context: dg.AssetExecutionContext, done: Mapping[tuple[date, str], Metadata]) -> None:
    """Say which days are done: of a step that fails, Dagster would report none."""
    for (day, asset), metadata in done.items():
        context.log_event(dg.AssetMaterialization(asset, metadata=metadata, partition=str(day)))


def _retry_if_passing(context: dg.AssetExecutionContext, error: Exception) -> None:
    from usage_pipeline.pipeline.faults import is_passing  # noqa: PLC0415 - slow to import

    if is_passing(error) and COMMAND_TAG not in context.run.tags:
        raise dg.RetryRequested(RETRIES, RETRY_SECONDS * 2**context.retry_number) from error


def days_of(context: dg.AssetExecutionContext, today: date) -> list[date]:
    """The days of the run that have come; the log names the others."""
    days = [date.fromisoformat(key) for key in context.partition_keys]
    skip_days(context, [day for day in days if day > today], "the day has not come yet")
    return [day for day in days if day <= today]


def skip_days(context: dg.AssetExecutionContext, days: Sequence[date], reason: str) -> None:
    """Say why these days of the run are not made. The event log leaves their materializations out.

    They would count as days without usage, rated by the prices of today. Dagster takes a step that yields a result
    as the maker of all partitions of its run.
    """
    for day in days:
        context.log.warning("%s is skipped: %s", day, reason)
    assets = [key.to_user_string() for key in context.selected_asset_keys]
    tell_of_partitions(context, {(asset, str(day)): {SKIPPED: True} for asset in assets for day in days})
