"""The tables in the order in which data flows. All loops over tables use these lists."""

from usage_pipeline.alerts.tables import ALERTS
from usage_pipeline.billing.ledger.tables import LEDGER_TABLES
from usage_pipeline.billing.tables import BILLING_TABLES
from usage_pipeline.costs.book.tables import PRICE_BOOKS, RATED_DAYS
from usage_pipeline.costs.tables import COST_DRIFT, DAILY_COSTS, TENANT_COSTS
from usage_pipeline.credits.rate_tables import CREDIT_RATE_VERSIONS, CREDIT_RATED_DAYS
from usage_pipeline.credits.tables import CREDIT_SECONDS, CREDIT_USAGE
from usage_pipeline.delivery.tables import OUTBOX
from usage_pipeline.events.record import LANDING_TABLES
from usage_pipeline.insights.kept.tables import INSIGHT_TABLES
from usage_pipeline.keys.tables import API_KEYS, API_SESSIONS
from usage_pipeline.limits.tables import LIMIT_DECISIONS, LIMIT_STATUS
from usage_pipeline.records.tables import CONFLICTS, EXCLUDED_EVENTS, USAGE_RECORDS
from usage_pipeline.reports.tables import REPORT_TABLES
from usage_pipeline.retention.erasure.tables import ERASURES
from usage_pipeline.series.breakdown_tables import DAILY_BREAKDOWN, DAILY_PERFORMANCE, DAILY_QUALITY
from usage_pipeline.series.tables import (
    CONVERSATION_SERIES,
    CONVERSATION_STARTS,
    CONVERSATIONS,
    DAILY_USAGE,
    MESSAGE_SERIES,
    TOKEN_SERIES,
    USAGE_QUARTER_HOURS,
)
from usage_pipeline.storage.daily import DailyTable
from usage_pipeline.storage.state_tables import STATE_TABLES
from usage_pipeline.storage.tables import TableSpec
from usage_pipeline.validation.tables import CHECK_RESULTS

GROUPS: dict[str, tuple[DailyTable, ...]] = {
    "records": (EXCLUDED_EVENTS, USAGE_RECORDS, CONFLICTS),
    "rollups": (DAILY_USAGE, USAGE_QUARTER_HOURS, CONVERSATIONS, CONVERSATION_STARTS),
    "series": (TOKEN_SERIES, CONVERSATION_SERIES, MESSAGE_SERIES),
    "breakdowns": (DAILY_BREAKDOWN, DAILY_PERFORMANCE, DAILY_QUALITY),
    "costs": (DAILY_COSTS, TENANT_COSTS, COST_DRIFT),
    "credits": (CREDIT_USAGE, CREDIT_SECONDS),
}
"""The event-day tables by their group in the UI, in the order of the flow."""

DAILY_TABLES: tuple[DailyTable, ...] = tuple(table for tables in GROUPS.values() for table in tables)

PARTITIONED_TABLES: tuple[TableSpec, ...] = (*LANDING_TABLES, *(table.spec for table in DAILY_TABLES))
"""The tables by landing day and by event day."""

TABLES: tuple[TableSpec, ...] = (
    *PARTITIONED_TABLES,
    *(*STATE_TABLES, PRICE_BOOKS, RATED_DAYS, *BILLING_TABLES, CHECK_RESULTS),
    *(CREDIT_RATE_VERSIONS, CREDIT_RATED_DAYS, *LEDGER_TABLES),
    *INSIGHT_TABLES,
    *(LIMIT_STATUS, LIMIT_DECISIONS, ALERTS, OUTBOX, *REPORT_TABLES, API_KEYS, API_SESSIONS, ERASURES),
)

CHUNK_DAYS = 30
"""Most days of a run that Dagster launches, for a backfill or a sensor."""
