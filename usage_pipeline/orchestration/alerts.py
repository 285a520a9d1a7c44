"""`limit_status` with `alerts`, which each refresh raises, and `outbox`: delivery of messages, and its check."""

from collections.abc import Iterator

import dagster as dg

from usage_pipeline.alerts.tables import ALERTS
from usage_pipeline.billing.tables import CLOSED_PERIODS
from usage_pipeline.costs.tables import TENANT_COSTS
from usage_pipeline.delivery.tables import OUTBOX, OutboxState
from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.insights.kept.tables import LIMIT_OUTLOOKS, USAGE_ANOMALIES
from usage_pipeline.limits.tables import LIMIT_STATUS
from usage_pipeline.orchestration.inputs import ALERT_CHANNELS, CHANNELS, LIMITS, TENANTS
from usage_pipeline.orchestration.limits import LIMIT_STATUS_SPEC
from usage_pipeline.orchestration.metadata import table_spec
from usage_pipeline.orchestration.resources import StorageParam
from usage_pipeline.series.breakdown_tables import DAILY_BREAKDOWN
from usage_pipeline.words import count, is_or_are

# What is imported within the functions is slow to import.
# ruff: noqa: PLC0415

_READ = (
    *(LIMIT_STATUS.name, LANDED_EVENTS.name, DAILY_BREAKDOWN.name, TENANT_COSTS.name, CLOSED_PERIODS.name),
    *(USAGE_ANOMALIES.name, LIMIT_OUTLOOKS.name),
)

MESSAGES_ARE_DELIVERED = dg.AssetCheckKey(dg.AssetKey(OUTBOX.name), "messages_are_delivered")


@dg.multi_asset(
    name=f"{LIMIT_STATUS.name}_and_{ALERTS.name}",
    specs=[
        LIMIT_STATUS_SPEC,
        table_spec(ALERTS, "limits").replace_attributes(deps=[*_READ, TENANTS, LIMITS, ALERT_CHANNELS]),
    ],
)
def limits_and_alerts(run_storage: StorageParam) -> Iterator[dg.MaterializeResult[None]]:
    """Post to the ledger first: credits of limits are as new as usage. Then raise alerts on limits and data."""
    from usage_pipeline.alerts.history import count_alerts
    from usage_pipeline.alerts.raising import settle_credits_and_limits
    from usage_pipeline.limits.refresh import read_standing

    settle_credits_and_limits(run_storage)
    yield dg.MaterializeResult(
        asset_key=LIMIT_STATUS.name, metadata={"dagster/row_count": read_standing(run_storage).limits}
    )
    states = count_alerts(run_storage)
    yield dg.MaterializeResult(
        asset_key=ALERTS.name, metadata={"dagster/row_count": sum(states.values()), **states}
    )


@dg.multi_asset(
    name=OUTBOX.name,
    specs=[table_spec(OUTBOX, "limits").replace_attributes(deps=[ALERTS.name, CHANNELS], kinds={"postgres"})],
)
def outbox(run_storage: StorageParam) -> dg.MaterializeResult[None]:
    """Deliver the messages that are due."""
    from usage_pipeline.delivery.channels import open_channels
    from usage_pipeline.delivery.outbox import deliver_due

    done = deliver_due(run_storage, open_channels(run_storage.settings), run_storage.settings.clock.now)
    return dg.MaterializeResult(metadata={state.value: done[state] for state in OutboxState})


@dg.asset_check(
    asset=MESSAGES_ARE_DELIVERED.asset_key,
    name=MESSAGES_ARE_DELIVERED.name,
    description="No message is dead: none was given up after too many attempts, or because a receiver is gone.",
)
def messages_are_delivered(run_storage: StorageParam) -> dg.AssetCheckResult:
    """Count the messages that are not tried again, by channel."""
    from usage_pipeline.delivery.outbox import count_dead

    with run_storage.warehouse.connect() as connection:
        dead = count_dead(connection)
    number = sum(dead.values())
    observed = f"{count(number, 'message')} {is_or_are(number)} dead"
    return dg.AssetCheckResult(
        passed=not dead,
        severity=dg.AssetCheckSeverity.ERROR,
        description=observed,
        metadata={"observed": observed, "expected": "0 messages are dead", "by_channel": dead},
    )


DELIVER_ALERTS = dg.define_asset_job(
    "deliver_alerts",
    selection=dg.AssetSelection.assets(outbox) | dg.AssetSelection.checks(MESSAGES_ARE_DELIVERED),
    description="Deliver the messages that are due, and count those that are dead.",
)
