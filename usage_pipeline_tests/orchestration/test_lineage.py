"""Column lineage follows the SELECTs."""

import dagster as dg
import pytest

from usage_pipeline.orchestration.lineage import column_lineage, lineage_metadata, origins
from usage_pipeline.pipeline.tables import DAILY_TABLES
from usage_pipeline.storage.daily import DailyTable


def lineage_of(name: str, column: str) -> set[tuple[str, str]]:
    """The asset columns that a column is made from."""
    (table,) = [table for table in DAILY_TABLES if table.name == name]
    found = column_lineage(table).deps_by_column[column]
    return {(dependency.asset_key.to_user_string(), dependency.column_name) for dependency in found}


@pytest.mark.parametrize(
    ("table", "column", "expected"),
    [
        ("excluded_events", "decided_by_line", {("landed_events", "landing_line")}),
        ("usage_records", "tokens_in", {("landed_events", "tokens_in")}),
        ("conflicts", "counted_line", {("excluded_events", "decided_by_line")}),
        ("daily_usage", "errors", {("usage_records", name) for name in ("status", "error_code", "type")}),
        ("daily_usage", "prompts", {("usage_records", "type")}),
        ("usage_quarter_hours", "quarter_hour", {("usage_records", "occurred_at")}),
        ("conversation_starts", "conversations", {("conversations", "conversations")}),
        ("token_series", "total", {("daily_usage", "tokens_total")}),
        ("conversation_series", "total", {("conversation_starts", "conversations")}),
        ("message_series", "total", {("daily_usage", "messages")}),
        ("daily_breakdown", "conversations", {("conversation_starts", "conversations")}),
        ("daily_performance", "measured", {("usage_records", "latency_ms")}),
        ("daily_quality", "clean_checks", {("usage_records", "issue_count")}),
        ("daily_quality", "issue_type", {("usage_records", "issue_types")}),
    ],
)
def test_a_column_is_made_from_these_columns(table: str, column: str, expected: set[tuple[str, str]]) -> None:
    assert lineage_of(table, column) == expected


@pytest.mark.parametrize("table", DAILY_TABLES, ids=lambda table: table.name)
def test_every_column_of_a_table_is_followed(table: DailyTable) -> None:
    assert set(column_lineage(table).deps_by_column) == set(table.spec.column_names)


@pytest.mark.parametrize("table", DAILY_TABLES, ids=lambda table: table.name)
def test_lineage_names_only_what_a_table_reads(table: DailyTable) -> None:
    found = {
        dependency.asset_key for found in column_lineage(table).deps_by_column.values() for dependency in found
    }
    assert found <= {dg.AssetKey(name) for name in table.upstream}


def test_lineage_is_told_in_words_too() -> None:
    (table,) = [table for table in DAILY_TABLES if table.name == "token_series"]
    assert lineage_metadata(table)["column_sources"].value == (
        "| Column | Made from |\n"
        "|---|---|\n"
        "| `day` | `daily_usage.day` |\n"
        "| `tenant_id` | `daily_usage.tenant_id` |\n"
        "| `total` | `daily_usage.tokens_total` |"
    )


@pytest.mark.parametrize(
    ("table", "column", "words"),
    [
        ("daily_usage", "records", ("the number of rows of `usage_records`",)),
        ("daily_usage", "prompts", ("`event_types`",)),
        ("daily_usage", "day", ("the day",)),
        ("daily_breakdown", "dimension", ("`dimensions`",)),
        ("daily_performance", "latency_to_ms", ("`latency_buckets`",)),
    ],
)
def test_what_is_no_column_of_an_asset_is_told_in_words(table: str, column: str, words: tuple[str, ...]) -> None:
    (found,) = [origins(entry)[column] for entry in DAILY_TABLES if entry.name == table]
    assert found.words == words


@pytest.mark.parametrize("table", DAILY_TABLES, ids=lambda table: table.name)
def test_every_column_is_made_from_something(table: DailyTable) -> None:
    assert [name for name, found in origins(table).items() if not found.columns and not found.words] == []
