"""What Dagster shows before anything runs: assets, their flow and their columns, jobs, calendar."""

import subprocess
import sys
from datetime import date

import dagster as dg
import pytest
from dagster._core.definitions.assets.graph.asset_graph import AssetGraph

from usage_pipeline.definitions import build_definitions
from usage_pipeline.pipeline.tables import TABLES
from usage_pipeline.settings import Settings
from usage_pipeline.storage.tables import TableSpec

LAKE, WAREHOUSE = {"duckdb", "parquet"}, {"duckdb", "postgres"}
LANDING_DAY, EVENT_DAY = "landing_day", "event_day"

# asset: (group, kinds, day of its partitions, what it reads)
ASSETS: dict[str, tuple[str, set[str], str, set[str]]] = {
    "landed_events": ("landing", LAKE, LANDING_DAY, set()),
    "set_aside": ("records", LAKE, EVENT_DAY, {"landed_events"}),
    "usage_records": ("records", LAKE, EVENT_DAY, {"landed_events", "set_aside"}),
    "conflicts": ("records", LAKE, EVENT_DAY, {"landed_events", "set_aside"}),
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
    "daily_costs": ("costs", LAKE, EVENT_DAY, {"usage_records"}),
    "tenant_costs": ("costs", WAREHOUSE, EVENT_DAY, {"daily_costs"}),
    "cost_drift": ("costs", WAREHOUSE, EVENT_DAY, {"usage_records"}),
}

SLOW = {
    "sqlglot",
    "pandas",
    "alembic",
    "dagster_postgres",
    "great_expectations",
    "sqlalchemy",
    "duckdb",
    "pyarrow",
    "genai_prices",
}


@pytest.fixture(scope="module")
def definitions() -> dg.Definitions:
    return build_definitions(Settings.load(first_day=date(2025, 1, 1)))


@pytest.fixture(scope="module")
def specs(definitions: dg.Definitions) -> dict[str, dg.AssetSpec]:
    return {spec.key.to_user_string(): spec for spec in definitions.resolve_all_asset_specs()}


@pytest.fixture(scope="module")
def graph(definitions: dg.Definitions) -> AssetGraph:
    return definitions.resolve_asset_graph()


def test_the_assets_and_their_flow(specs: dict[str, dg.AssetSpec]) -> None:
    found = {
        name: (
            spec.group_name,
            spec.kinds,
            spec.tags["partitioned_by"],
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


@pytest.mark.parametrize(
    ("name", "place"), [("usage_records", "lake/usage_records"), ("token_series", "usage.token_series")]
)
def test_an_asset_shows_where_its_table_is(specs: dict[str, dg.AssetSpec], name: str, place: str) -> None:
    assert specs[name].metadata["dagster/table_name"].value == place


def test_all_assets_share_one_calendar_of_utc_days(graph: AssetGraph) -> None:
    calendars = {graph.get(key).partitions_def for key in graph.get_all_asset_keys()}
    assert calendars == {
        dg.DailyPartitionsDefinition(start_date="2025-01-01", timezone="UTC", end_offset=1),
    }


def test_all_assets_are_backfilled_in_runs_of_30_days(graph: AssetGraph) -> None:
    policies = {graph.get(key).backfill_policy for key in graph.get_all_asset_keys()}
    assert {policy.max_partitions_per_run for policy in policies if policy} == {30}
    assert None not in policies


def test_one_job_lands_and_one_computes(definitions: dg.Definitions) -> None:
    selected = {
        name: {key.to_user_string() for key in definitions.resolve_job_def(name).asset_layer.selected_asset_keys}
        for name in ("landing_days", "event_days")
    }
    assert selected == {"landing_days": {"landed_events"}, "event_days": ASSETS.keys() - {"landed_events"}}


def test_a_run_is_one_process(definitions: dg.Definitions) -> None:
    assert {job.executor_def.name for job in definitions.resolve_all_job_defs()} == {"in_process"}


def test_the_module_that_dagster_loads_imports_nothing_slow() -> None:
    script = "import sys, usage_pipeline.definitions; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert SLOW & set(loaded.stdout.split()) == set()


def test_it_loads_without_a_warning() -> None:
    script = "import usage_pipeline.definitions"
    loaded = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=False
    )
    assert (loaded.returncode, loaded.stderr) == (0, "")
