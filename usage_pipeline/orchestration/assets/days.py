"""How an asset goes through the days of its run: each is committed, and reported, by itself."""

from collections.abc import Callable, Mapping
from datetime import date

import dagster as dg

from usage_pipeline.errors import LockTimeoutError, UsagePipelineError
from usage_pipeline.orchestration.resources import COMMAND_TAG

RETRIES = 3
RETRY_SECONDS = 30

Metadata = Mapping[str, dg.MetadataValue]


def each_day(context: dg.AssetExecutionContext, work: Callable[[date], Metadata]) -> dg.MaterializeResult[None]:
    """Do the work for each day of the run; a day that fails undoes no other and holds none up.

    Raises Failure when days have failed, after the others are done and reported. What may pass by itself is
    tried again as a whole, unless a command waits for it.
    """
    done: dict[str, Metadata] = {}
    failed: dict[str, UsagePipelineError] = {}
    for key in context.partition_keys:
        try:
            done[key] = work(date.fromisoformat(key))
        except Exception as error:
            _retry_if_passing(context, error)
            if not isinstance(error, UsagePipelineError) or isinstance(error, LockTimeoutError):
                raise
            failed[key] = error
            context.log.error("%s failed: %s", key, error)  # noqa: TRY400 - the text says it all
        context.resources.progress(date.fromisoformat(key))
    if failed:
        _report(context, done)
        raise dg.Failure("\n".join(map(str, failed.values())), allow_retries=False)
    for key, metadata in done.items():
        context.add_asset_metadata(metadata, partition_key=key)
    return dg.MaterializeResult()


def _report(context: dg.AssetExecutionContext, done: Mapping[str, Metadata]) -> None:
    """Say which days are done: of a step that fails, Dagster would report none."""
    for key, metadata in done.items():
        context.log_event(dg.AssetMaterialization(context.asset_key, metadata=metadata, partition=key))


def _retry_if_passing(context: dg.AssetExecutionContext, error: Exception) -> None:
    from usage_pipeline.pipeline.faults import is_passing  # noqa: PLC0415 - slow to import

    if is_passing(error) and COMMAND_TAG not in context.run.tags:
        raise dg.RetryRequested(RETRIES, RETRY_SECONDS * 2**context.retry_number) from error
