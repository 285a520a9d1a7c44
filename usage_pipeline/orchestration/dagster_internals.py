"""The private names of Dagster that this package uses, each with its reason. No other module imports one.

Dagster is pinned to one version; a new version may move these names.
"""

from typing import TYPE_CHECKING

import dagster as dg

# Given to a check that is planned: dagster-postgres plans it once for each day otherwise.
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluationPlanned

# Dagster has one data version for all partitions of a run, and no function that sets one for each.
from dagster._core.definitions.data_version import DATA_VERSION_IS_USER_PROVIDED_TAG, DATA_VERSION_TAG

# `DagsterInstance.get_backfills` is public, and its arguments and results are not.
from dagster._core.execution.asset_backfill import AssetBackfillData
from dagster._core.execution.backfill import BulkActionsFilter, BulkActionStatus

# `dagster.yaml` may name our own subclasses of these; Dagster exports none of them.
from dagster._core.instance.ref import InstanceRef

# The statuses of runs that are queued or go on.
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES
from dagster._core.storage.local_compute_log_manager import LocalComputeLogManager
from dagster._core.storage.noop_compute_log_manager import NoOpComputeLogManager
from dagster._core.storage.root import LocalArtifactStorage

# Tags are the only way to run a range of partitions, to set a priority, and to see that a run is tried again.
from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    PARTITION_NAME_TAG,
    PRIORITY_TAG,
    WILL_RETRY_TAG,
)
from dagster._serdes import ConfigurableClassData

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagster._daemon.types import DaemonStatus


def daemon_statuses(instance: dg.DagsterInstance, tolerance_seconds: int) -> "Mapping[str, DaemonStatus]":
    """The status of each part of the daemon; Dagster shows it in the UI, and has no public function for it."""
    from dagster._daemon.controller import get_daemon_statuses  # noqa: PLC0415 - slow to import

    return get_daemon_statuses(
        instance,
        instance.get_required_daemon_types(),
        ignore_errors=True,
        heartbeat_tolerance_seconds=tolerance_seconds,
    )
