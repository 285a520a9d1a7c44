"""What Dagster shows of assets before anything runs: their flow, columns and calendar."""

from datetime import timedelta

import dagster as dg
import pytest
from dagster._core.definitions.assets.graph.asset_graph import AssetGraph

from usage_pipeline.pipeline.tables import TABLES
from usage_pipeline.storage.tables import TableSpec

LAKE, WAREHOUSE = {"duckdb", "parquet"}, {"duckdb", "postgres"}
LANDING_DAY, EVENT_DAY = "landing_day", "event_day"

# asset: (group, kinds, day of its partitions, what it reads)
ASSETS: dict[str, tuple[str, set[str], str | None, set[str]]] = {
    "landing_folder": ("landing", {"file"}, None, set()),
    "formats": ("landing", {"yaml"}, None, set()),
    "prices": ("costs", {"yaml"}, None, set()),
    "credit_rates": ("credits", {"yaml"}, None, set()),
    "grants": ("credits", {"yaml"}, None, set()),
    "tenants": ("landing", {"yaml"}, None, set()),
    "landed_events": ("landing", LAKE, LANDING_DAY, {"landing_folder", "formats", "tenants"}),
    "content": ("landing", LAKE, LANDING_DAY, {"landing_folder", "formats", "tenants"}),
    "rejected_lines": ("landing", LAKE, LANDING_DAY, {"landing_folder", "formats", "tenants"}),
    "excluded_events": ("records", LAKE, EVENT_DAY, {"landed_events"}),
    "usage_records": ("records", LAKE, EVENT_DAY, {"landed_events", "excluded_events"}),
    "conflicts": ("records", LAKE, EVENT_DAY, {"landed_events", "excluded_events"}),
    "daily_usage": ("rollups", LAKE, EVENT_DAY, {"usage_records"}),
    "usage_quarter_hours": ("rollups", LAKE, EVENT_DAY, {"usage_records"}),
    "conversations": ("rollups", LAKE, EVENT_DAY, {"usage_records"}),
    "conversation_starts": ("rollups", LAKE, EVENT_DAY, {"conversations"}),
    "token_series": ("series", WAREHOUSE, EVENT_DAY, {"daily_usage"}),
    "conversation_series": ("series", WAREHOUSE, EVENT_DAY, {"conversation_starts"}),
    "message_series": ("series", WAREHOUSE, EVENT_DAY, {"daily_usage"}),
    "daily_breakdown": ("breakdowns", WAREHOUSE, EVENT_DAY, {"daily_usage", "conversation_starts"}),
    "daily_performance": ("breakdowns", WAREHOUSE, EVENT_DAY, {"usage_records"}),
    "daily_quality": ("breakdowns", WAREHOUSE, EVENT_DAY, {"usage_records"}),
    "daily_costs": ("costs", LAKE, EVENT_DAY, {"usage_records", "prices"}),
    "tenant_costs": ("costs", WAREHOUSE, EVENT_DAY, {"daily_costs"}),
    "cost_drift": ("costs", WAREHOUSE, EVENT_DAY, {"usage_records", "daily_costs"}),
    "credit_usage": ("credits", LAKE, EVENT_DAY, {"usage_records", "credit_rates"}),
    "credit_seconds": ("credits", LAKE, EVENT_DAY, {"usage_records", "credit_usage"}),
    **dict.fromkeys(
        (
            *("usage_trends", "usage_anomalies", "usage_forecasts", "forecast_accuracy"),
            *("limit_outlooks", "recommendations"),
        ),
        (
            "insights",
            WAREHOUSE,
            None,
            {
                *("daily_usage", "conversation_starts", "daily_performance", "daily_costs", "credit_usage"),
                *("usage_records", "tenants", "limits", "holidays"),
            },
        ),
    ),
    "closed_periods": ("billing", {"postgres"}, None, {"tenant_costs", "tenants"}),
    "credit_ledger": ("credits", {"postgres"}, None, {"credit_seconds", "closed_periods", "tenants", "grants"}),
    "limits": ("limits", {"yaml"}, None, set()),
    "limit_status": (
        "limits",
        WAREHOUSE,
        None,
        {
            *("daily_usage", "conversation_starts", "daily_costs", "credit_usage"),
            *("closed_periods", "tenants", "limits"),
        },
    ),
    "alert_channels": ("limits", {"yaml"}, None, set()),
    "channels": ("limits", {"yaml"}, None, set()),
    "alerts": (
        "limits",
        WAREHOUSE,
        None,
        {
            *("limit_status", "landed_events", "daily_breakdown", "tenant_costs", "closed_periods"),
            *("usage_anomalies", "limit_outlooks", "tenants", "limits", "alert_channels"),
        },
    ),
    "outbox": ("limits", {"postgres"}, None, {"alerts", "channels"}),
    "report_subscriptions": ("reports", {"yaml"}, None, set()),
    "holidays": ("insights", {"yaml"}, None, set()),
    "tenant_reports": (
        "reports",
        {"file", "postgres"},
        None,
        {
            *("daily_usage", "conversation_starts", "daily_costs", "credit_usage", "credit_ledger"),
            *("tenants", "limits"),
        },
    ),
    "report_answers": ("reports", {"yaml"}, None, {"tenant_reports"}),
    "report_mails": ("reports", {"postgres"}, None, {"tenant_reports", "report_subscriptions"}),
    "retention_pruning": (
        "retention",
        {"file", "parquet"},
        None,
        {"content", "rejected_lines", "usage_records", "tenants"},
    ),
    "housekeeping": ("retention", {"file", "postgres"}, None, set()),
}
LANDING = {"landed_events", "content", "rejected_lines"}
READING_LANDED_EVENTS = {
    name for name, (_, _, days, upstream) in ASSETS.items() if "landed_events" in upstream and days
}
INPUTS = {
    *("landing_folder", "formats", "prices", "credit_rates", "grants", "tenants", "limits"),
    *("alert_channels", "channels", "report_subscriptions", "holidays"),
}
INSIGHTS = {
    *("usage_trends", "usage_anomalies", "usage_forecasts", "forecast_accuracy"),
    *("limit_outlooks", "recommendations"),
}
OF_ALL_DAYS = {
    *("closed_periods", "credit_ledger", "limit_status", "alerts", "outbox"),
    *("tenant_reports", "report_answers", "report_mails"),
    *("retention_pruning", "housekeeping"),
}
WITHOUT_DAYS = {dg.AssetKey(name) for name in {*INPUTS, *OF_ALL_DAYS}}


def test_the_assets_and_their_flow(specs: dict[str, dg.AssetSpec]) -> None:
    found = {
        name: (
            spec.group_name,
            spec.kinds,
            spec.tags.get("partitioned_by"),
            {dependency.asset_key.to_user_string() for dependency in spec.deps},
        )
        for name, spec in specs.items()
    }
    assert found == ASSETS


@pytest.mark.parametrize("name", ASSETS)
def test_an_asset_has_an_owner_and_a_description(specs: dict[str, dg.AssetSpec], name: str) -> None:
    assert specs[name].owners == ["team:usage-platform"]
    assert specs[name].description


@pytest.mark.parametrize(
    "table", [table for table in TABLES if table.name in ASSETS], ids=lambda table: table.name
)
def test_an_asset_says_what_it_is_and_by_which_rules(specs: dict[str, dg.AssetSpec], table: TableSpec) -> None:
    meaning, *rules = str(specs[table.name].description).split("\n- ")
    assert meaning.rstrip() == table.description
    assert len(rules) >= 2


@pytest.mark.parametrize("name", ["landed_events", *sorted(READING_LANDED_EVENTS)])
def test_what_landing_days_and_event_days_have_to_do_with_each_other_is_said_on_both_sides(
    specs: dict[str, dg.AssetSpec], name: str
) -> None:
    assert str(specs[name].description).endswith(
        "- No partition mapping connects landing days and event days: a landing day holds events of several days, "
        "and only its files say of which. The state records it. In Dagster each day depends on the same day, "
        "which orders a backfill and nothing else."
    )


def test_a_description_is_markdown(specs: dict[str, dg.AssetSpec]) -> None:
    assert specs["daily_quality"].description == (
        "Consistency checks and the issues that they found, one row per (tenant, issue type) and one for all.\n"
        "\n"
        "- A check that found no issue is clean.\n"
        "- Issue types are named as the log's JSON list has them."
    )


@pytest.mark.parametrize(
    ("name", "retention"),
    [
        ("usage_records", "retention_days of the tenant's plan"),
        ("content", "content_retention_days of the tenant's plan"),
        ("token_series", "kept without limit"),
    ],
)
def test_an_asset_says_how_long_its_rows_are_kept(
    specs: dict[str, dg.AssetSpec], name: str, retention: str
) -> None:
    assert specs[name].metadata["retention"].value == retention


@pytest.mark.parametrize(
    "table", [table for table in TABLES if table.name in ASSETS], ids=lambda table: table.name
)
def test_an_asset_shows_the_columns_of_its_table(specs: dict[str, dg.AssetSpec], table: TableSpec) -> None:
    columns = specs[table.name].metadata["dagster/column_schema"].value.columns
    assert [(column.name, column.type) for column in columns] == [
        (column.name, column.type) for column in table.columns
    ]
    assert all(column.description for column in columns)


def test_a_quantity_shows_its_unit(specs: dict[str, dg.AssetSpec]) -> None:
    schema = specs["usage_records"].metadata["dagster/column_schema"].value
    described = {column.name: column.description for column in schema.columns}
    assert described["tokens_in"] == "Input tokens, cached input included. Unit: tokens."


def test_columns_of_a_table_in_the_database_show_its_key_and_what_may_be_null(
    specs: dict[str, dg.AssetSpec],
) -> None:
    schema = specs["tenant_costs"].metadata["dagster/column_schema"].value
    found = {column.name: (column.constraints.nullable, column.constraints.other) for column in schema.columns}
    assert found == {
        **dict.fromkeys(("day", "tenant_id", "dimension", "value", "class"), (False, ["key"])),
        **dict.fromkeys(("quantity", "unpriced_quantity", "price_book_version"), (False, [])),
        "amount": (True, []),
    }


@pytest.mark.parametrize(
    ("name", "place"), [("usage_records", "lake/usage_records"), ("token_series", "usage.token_series")]
)
def test_an_asset_shows_where_its_table_is(specs: dict[str, dg.AssetSpec], name: str, place: str) -> None:
    assert specs[name].metadata["dagster/table_name"].value == place


def test_all_daily_assets_share_one_calendar_of_utc_days(graph: AssetGraph) -> None:
    calendars = {graph.get(key).partitions_def for key in graph.get_all_asset_keys() - WITHOUT_DAYS}
    assert calendars == {
        dg.DailyPartitionsDefinition(start_date="2025-01-01", timezone="UTC", end_offset=1),
    }


def test_all_daily_assets_are_backfilled_in_runs_of_30_days(graph: AssetGraph) -> None:
    policies = {graph.get(key).backfill_policy for key in graph.get_all_asset_keys() - WITHOUT_DAYS}
    assert {policy.max_partitions_per_run for policy in policies if policy} == {30}
    assert None not in policies


def test_no_asset_of_landing_is_made_without_the_others(graph: AssetGraph) -> None:
    together = {dg.AssetKey(name) for name in LANDING}
    assert all(graph.get(key).execution_set_entity_keys == together for key in together)


def test_one_job_lands_one_computes_one_does_both_and_others_close_prune_and_clean_up(
    definitions: dg.Definitions,
) -> None:
    selected = {
        name: {key.to_user_string() for key in definitions.resolve_job_def(name).asset_layer.selected_asset_keys}
        for name in (
            "landing_days",
            "event_days",
            "arrived_days",
            "insight_days",
            "close_periods",
            "refresh_limits",
            "deliver_alerts",
            "prune",
            "clean_up",
        )
    }
    assert selected == {
        "landing_days": LANDING,
        "event_days": ASSETS.keys() - LANDING - INPUTS - OF_ALL_DAYS - INSIGHTS,
        "arrived_days": ASSETS.keys() - INPUTS - OF_ALL_DAYS - INSIGHTS,
        "insight_days": INSIGHTS,
        "close_periods": {"closed_periods", "credit_ledger"},
        "refresh_limits": {"limit_status", "alerts"},
        "deliver_alerts": {"outbox"},
        "prune": {"retention_pruning"},
        "clean_up": {"housekeeping"},
    }


def test_the_series_have_to_be_computed_between_midnight_and_six(specs: dict[str, dg.AssetSpec]) -> None:
    found = {name: spec.freshness_policy for name, spec in specs.items() if spec.freshness_policy}
    until_six = dg.FreshnessPolicy.cron("0 6 * * *", timedelta(hours=6), "UTC")
    assert found == dict.fromkeys(("token_series", "conversation_series", "message_series"), until_six)
