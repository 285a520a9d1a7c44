"""The tables in the order in which data flows. Everything that loops over tables takes them from here."""

from usage_pipeline.events.record import LANDED_EVENTS, REJECTED_LINES
from usage_pipeline.records.tables import CONFLICTS, USAGE_RECORDS
from usage_pipeline.series.tables import (
    CONVERSATION_SERIES,
    CONVERSATION_STARTS,
    CONVERSATIONS,
    DAILY_USAGE,
    MESSAGE_SERIES,
    TOKEN_SERIES,
)
from usage_pipeline.storage.daily import DailyTable
from usage_pipeline.storage.tables import TableSpec

LANDING_TABLES: tuple[TableSpec, ...] = (LANDED_EVENTS, REJECTED_LINES)

DAILY_TABLES: tuple[DailyTable, ...] = (
    USAGE_RECORDS,
    CONFLICTS,
    DAILY_USAGE,
    CONVERSATIONS,
    CONVERSATION_STARTS,
    TOKEN_SERIES,
    CONVERSATION_SERIES,
    MESSAGE_SERIES,
)

TABLES: tuple[TableSpec, ...] = (*LANDING_TABLES, *(table.spec for table in DAILY_TABLES))
