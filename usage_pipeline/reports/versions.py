"""By what a report can be told from one of other data: a digest of all days that it is made of."""

from usage_pipeline.costs.tables import DAILY_COSTS
from usage_pipeline.credits.tables import CREDIT_USAGE
from usage_pipeline.reports.batch import Batch
from usage_pipeline.series.breakdown_tables import DAILY_PERFORMANCE, DAILY_QUALITY
from usage_pipeline.series.tables import CONVERSATION_STARTS, DAILY_USAGE, USAGE_QUARTER_HOURS
from usage_pipeline.storage import state
from usage_pipeline.storage.digests import fingerprint

_TABLES = (
    *(DAILY_USAGE, CONVERSATION_STARTS, USAGE_QUARTER_HOURS),
    *(DAILY_COSTS, CREDIT_USAGE, DAILY_PERFORMANCE, DAILY_QUALITY),
)


def data_version(batch: Batch) -> str:
    """Return a digest of the days of the period and of the one before: the same as long as their rows are."""
    first, last = batch.period.before.first, batch.period.last
    with batch.storage.warehouse.connect() as connection:
        digests = [
            (table.name, day, partition.output_digest)
            for table in _TABLES
            for day, partition in sorted(state.partitions(connection, table.name, first, last).items())
        ]
    return fingerprint([*digests, *batch.statuses.values()])
