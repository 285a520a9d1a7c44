"""The list of all tables: in the order of the flow, each of them once."""

import pytest

from usage_pipeline.pipeline.tables import DAILY_TABLES, LANDING_TABLES, TABLES
from usage_pipeline.storage.tables import PartitionedBy, Zone


def test_every_table_is_listed_once() -> None:
    names = [spec.name for spec in TABLES]
    assert sorted(names) == sorted(set(names))


def test_a_table_reads_only_tables_before_it() -> None:
    known = {spec.name for spec in LANDING_TABLES}
    for table in DAILY_TABLES:
        assert set(table.upstream) <= known, table.name
        known.add(table.name)


def test_landing_tables_are_by_landing_day_and_all_others_by_event_day_but_for_the_state() -> None:
    assert {spec.partitioned_by for spec in LANDING_TABLES} == {PartitionedBy.LANDING_DAY}
    assert {table.spec.partitioned_by for table in DAILY_TABLES} == {PartitionedBy.EVENT_DAY}
    state = [spec.name for spec in TABLES if spec.partitioned_by is PartitionedBy.NOTHING]
    assert state == [
        "landing_files",
        "landing_event_days",
        "pruned_tenants",
        "erased_tenants",
        "partition_state",
        "line_tallies",
        "audit_log",
        "usage_versions",
        "deployment",
        "price_books",
        "rated_days",
        "closed_periods",
        "closed_costs",
        "closed_credits",
        "closed_plans",
        "check_results",
        "credit_rate_versions",
        "credit_rated_days",
        "credit_grants",
        "credit_terms",
        "credit_ledger",
        "credit_postings",
        "usage_trends",
        "usage_anomalies",
        "usage_forecasts",
        "forecast_accuracy",
        "limit_outlooks",
        "recommendations",
        "limit_status",
        "limit_decisions",
        "alerts",
        "outbox",
        "reports",
        "report_mails",
        "api_keys",
        "api_sessions",
        "erasures",
    ]


def test_a_table_of_the_warehouse_has_a_key_and_names_columns_that_it_has() -> None:
    for spec in TABLES:
        named = {*spec.key, *spec.nullable, *(name for _, names in spec.indexes for name in names)}
        assert named <= set(spec.column_names), spec.name
        assert bool(spec.key) is (spec.zone is Zone.WAREHOUSE), spec.name
        assert not spec.nullable & set(spec.key), spec.name


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("usage_records", ("tenant_id", "member_id")),
        ("daily_usage", ("tenant_id", "member_id")),
        ("daily_breakdown", ("tenant_id", "value")),
        ("tenant_costs", ("tenant_id", "value")),
        ("usage_versions", ("tenant_id", None)),
        ("limit_status", ("tenant_id", "member_id")),
        ("partition_state", (None, None)),
        ("deployment", (None, None)),
    ],
)
def test_a_table_knows_which_columns_hold_tenants_and_members(name: str, columns: tuple[str | None, ...]) -> None:
    (spec,) = (spec for spec in TABLES if spec.name == name)
    assert (spec.tenant_column, spec.member_column) == columns


def test_every_column_is_described() -> None:
    undescribed = [
        (spec.name, column.name) for spec in TABLES for column in spec.columns if not column.description
    ]
    assert undescribed == []
