"""The private names of Dagster that this package uses, each with its reason. No other module imports one.

Dagster is pinned to one version; a new version may move these names.
"""

import warnings
from typing import TYPE_CHECKING

import dagster as dg

# A check that is planned for days has a row for each, whether it will be evaluated on that day or not.
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluationPlanned

# Dagster has one data version for all partitions of a run, and no function that sets one for each.
from dagster._core.definitions.data_version import DATA_VERSION_IS_USER_PROVIDED_TAG, DATA_VERSION_TAG
from dagster._core.definitions.repository_definition.valid_definitions import SINGLETON_REPOSITORY_NAME

# The type of a job of assets, which `define_asset_job` returns.
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

# An evaluation is of one partition, but the result that a check returns is of the whole run. So each evaluation is
# written as an event, all of them together.
from dagster._core.events import DagsterEvent, DagsterEventBatchMetadata, generate_event_batch_id

# `add_asset_metadata` goes through the calendar of the run for every partition that it is called for.
from dagster._core.execution.context.metadata_logging import AssetMetadataHandle, OutputMetadataAccumulator

# `dagster.yaml` may name our own subclasses of these; Dagster exports none of them.
from dagster._core.instance.ref import InstanceRef

# The origin of a run says which code location and job it belongs to.
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin

# The statuses of runs that are queued or go on.
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES
from dagster._core.storage.local_compute_log_manager import LocalComputeLogManager
from dagster._core.storage.noop_compute_log_manager import NoOpComputeLogManager
from dagster._core.storage.root import LocalArtifactStorage

# Tags are the only way to run a range of partitions, to set a priority, and to see that a run is tried again.
from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    MAX_RETRIES_TAG,
    PARTITION_NAME_TAG,
    PRIORITY_TAG,
    WILL_RETRY_TAG,
)
from dagster._serdes import ConfigurableClassData

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dagster._core.execution.asset_backfill import AssetBackfillData
    from dagster._daemon.types import DaemonStatus
    from sqlalchemy import Table


def job_origin(location: str, job: str) -> RemoteJobOrigin:
    """The origin of a run of this job of a code location."""
    repository = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin(location), SINGLETON_REPOSITORY_NAME)
    return RemoteJobOrigin(repository, job)


def daemon_statuses(instance: dg.DagsterInstance, tolerance_seconds: int) -> "Mapping[str, DaemonStatus]":
    """The status of each part of the daemon; Dagster shows it in the UI, and has no public function for it."""
    from dagster._daemon.controller import get_daemon_statuses  # noqa: PLC0415 - slow to import

    return get_daemon_statuses(
        instance,
        instance.get_required_daemon_types(),
        ignore_errors=True,
        heartbeat_tolerance_seconds=tolerance_seconds,
    )


def open_backfills(instance: dg.DagsterInstance) -> "list[AssetBackfillData]":
    """What the backfills that go on have done; the method is public, its arguments and results are not."""
    from dagster._core.execution.backfill import (  # noqa: PLC0415 - slow to import
        BulkActionsFilter,
        BulkActionStatus,
    )

    open_ones = instance.get_backfills(BulkActionsFilter(statuses=[BulkActionStatus.REQUESTED]))
    return [backfill.asset_backfill_data for backfill in open_ones if backfill.asset_backfill_data]


def failed_partitions(
    instance: dg.DagsterInstance, asset: dg.AssetKey, partitions: dg.PartitionsDefinition[str]
) -> set[str]:
    """The partitions that the UI shows as failed: planned by a run that failed, and not materialized since."""
    from dagster._core.storage.partition_status_cache import (  # noqa: PLC0415 - slow to import
        get_and_update_asset_status_cache_value,
    )

    status = get_and_update_asset_status_cache_value(instance, asset, partitions)
    failed = status.deserialize_failed_partition_subsets(partitions) if status else partitions.empty_subset()
    return set(failed.get_partition_keys())


def partitioned_check(
    name: str, asset: str, description: str, partitions: dg.PartitionsDefinition[str]
) -> dg.AssetCheckSpec:
    """A check that is evaluated for each partition; the argument for it is a preview of Dagster."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.PreviewWarning)
        return dg.AssetCheckSpec(name, asset=asset, description=description, partitions_def=partitions)


def log_evaluations(
    context: dg.AssetCheckExecutionContext, evaluations: "Sequence[dg.AssetCheckEvaluation]"
) -> None:
    """Write the evaluations of a step to the event log, in this order and together."""
    step = context.get_step_execution_context()
    batch = generate_event_batch_id()  # type: ignore[no-untyped-call]
    for number, evaluation in enumerate(evaluations, start=1):
        result = "passed" if evaluation.passed else "did not pass"
        DagsterEvent.from_step(
            event_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION,
            step_context=step,
            event_specific_data=evaluation,
            message=f"{evaluation.partition}: {evaluation.asset_check_key.to_user_string()} {result}.",
            batch_metadata=DagsterEventBatchMetadata(batch, number == len(evaluations)),
        )


def tell_of_partitions(
    context: dg.AssetExecutionContext, told: "Mapping[tuple[str, str], Mapping[str, object]]"
) -> None:
    """Tell metadata of partitions of this step, by asset and partition; nothing was told of them before."""
    step = context.op_execution_context.get_step_execution_context()
    found = dict(step._metadata_accumulator.per_output_metadata)  # noqa: SLF001 - see the import
    for (asset, partition), metadata in told.items():
        found[AssetMetadataHandle(asset_key=dg.AssetKey(asset), partition_key=partition)] = metadata
    step._metadata_accumulator = OutputMetadataAccumulator(per_output_metadata=found)  # noqa: SLF001


def event_tables() -> "tuple[Table, Table]":
    """The tables of the events, and of what checks have found of their partitions."""
    # Slow to import.
    from dagster._core.storage.event_log import schema  # noqa: PLC0415

    return schema.SqlEventLogStorageTable, schema.AssetCheckExecutionsTable
