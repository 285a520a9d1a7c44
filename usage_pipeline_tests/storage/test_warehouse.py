"""The warehouse is migrated before anything uses it, and its tables are the ones that the code knows."""

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, insert, inspect, make_url, select, text

from usage_pipeline.errors import WarehouseError
from usage_pipeline.pipeline.tables import TABLES
from usage_pipeline.series.tables import TOKEN_SERIES
from usage_pipeline.settings import Settings
from usage_pipeline.storage import warehouse
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import metadata, warehouse_table
from usage_pipeline.storage.tables import SCHEMA, Zone
from usage_pipeline.storage.warehouse import HEAD, Connections, migrate, open_warehouse
from usage_pipeline_tests.storage.things import DAY, NEXT_DAY

token_series = warehouse_table(TOKEN_SERIES.spec)
WAREHOUSE = [spec for spec in TABLES if spec.zone is Zone.WAREHOUSE]


@pytest.fixture
def absent(server: str) -> str:
    """The URL of a database that does not exist."""
    return make_url(server).set(database=f"usage_{uuid4().hex[:12]}").render_as_string(hide_password=False)


@pytest.fixture
def empty(server: str, absent: str) -> str:
    """The URL of a database without tables."""
    maintenance = make_url(server).set(database="postgres").render_as_string(hide_password=False)
    with psycopg.connect(maintenance, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{make_url(absent).database}"'.encode())
    return absent


@pytest.fixture
def migrated(new_settings: Callable[..., Settings]) -> Iterator[Engine]:
    engine = open_warehouse(new_settings())
    yield engine
    engine.dispose()


@pytest.mark.parametrize("database", ["absent", "empty"])
def test_a_server_database_that_was_never_migrated_says_what_to_run(
    database: str, request: pytest.FixtureRequest, new_settings: Callable[..., Settings]
) -> None:
    settings = new_settings(database_url=request.getfixturevalue(database))
    with pytest.raises(WarehouseError) as error:
        open_warehouse(settings)
    assert str(error.value) == (
        f"The warehouse is at migration none, this code needs {HEAD}. Run `usage-pipeline migrate`."
    )


@pytest.mark.parametrize("database", ["absent", "empty"])
def test_migrating_makes_a_database_usable(
    database: str, request: pytest.FixtureRequest, new_settings: Callable[..., Settings]
) -> None:
    settings = new_settings(database_url=request.getfixturevalue(database))
    migrate(settings)
    open_warehouse(settings).dispose()


def test_migrating_again_changes_nothing(storage: Storage) -> None:
    row = {"day": DAY, "tenant_id": "acme", "total": 120}
    with storage.warehouse.begin() as connection:
        connection.execute(insert(token_series), [row])
    migrate(storage.settings)
    with storage.warehouse.connect() as connection:
        assert connection.execute(select(token_series)).mappings().all() == [row]


def test_a_server_that_does_not_answer_is_named(tmp_path: Path) -> None:
    settings = Settings.load(data_dir=tmp_path, database_url="postgresql://me:secret@127.0.0.1:1/usage")
    with pytest.raises(WarehouseError, match="Cannot connect to the warehouse") as error:
        open_warehouse(settings)
    assert "secret" not in str(error.value)


def test_statements_end_after_the_seconds_that_a_process_allows_them(settings: Settings) -> None:
    engine = open_warehouse(settings, Connections(statement_seconds=7))
    for _ in range(2):
        with engine.connect() as connection:
            assert connection.execute(text("SHOW statement_timeout")).scalar_one() == "7s"
    engine.dispose()


def test_the_migrations_create_the_tables_of_the_code(migrated: Engine) -> None:
    for spec in WAREHOUSE:
        warehouse_table(spec)
    with migrated.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "version_table_schema": SCHEMA,
                "include_schemas": True,
                "include_name": lambda name, kind, _: kind != "schema" or name == SCHEMA,
            },
        )
        assert compare_metadata(context, metadata) == []


def test_keys_have_the_order_of_their_declaration(migrated: Engine) -> None:
    found = {
        table: key["constrained_columns"]
        for (_, table), key in inspect(migrated).get_multi_pk_constraint(SCHEMA).items()
    }
    assert found == {"alembic_version": ["version_num"], **{spec.name: list(spec.key) for spec in WAREHOUSE}}


def test_there_are_no_other_tables(migrated: Engine) -> None:
    assert set(inspect(migrated).get_table_names(schema=SCHEMA)) == {
        "alembic_version",
        "landing_files",
        "landing_event_days",
        "pruned_tenants",
        "erased_tenants",
        "partition_state",
        "deployment",
        "token_series",
        "conversation_series",
        "message_series",
        "line_tallies",
        "audit_log",
        "usage_versions",
        "daily_breakdown",
        "daily_performance",
        "daily_quality",
        "price_books",
        "rated_days",
        "tenant_costs",
        "cost_drift",
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
    }


def test_the_code_needs_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(warehouse.__file__).parent / "migrations"))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_replacing_a_day_leaves_the_other_days(storage: Storage) -> None:
    def rows(*totals: int, day: object = DAY) -> list[tuple[object, ...]]:
        return [(day, f"tenant {total}", total) for total in totals]

    with storage.warehouse.begin() as connection:
        warehouse.replace_partitions(connection, TOKEN_SERIES.spec, [DAY], rows(1, 2))
        warehouse.replace_partitions(connection, TOKEN_SERIES.spec, [NEXT_DAY], rows(3, day=NEXT_DAY))
        warehouse.replace_partitions(connection, TOKEN_SERIES.spec, [DAY], rows(4))
        found = connection.execute(select(token_series.c.total).order_by("total")).scalars()
        assert list(found) == [3, 4]


def test_replacing_a_day_with_nothing_empties_it(storage: Storage) -> None:
    with storage.warehouse.begin() as connection:
        warehouse.replace_partitions(connection, TOKEN_SERIES.spec, [DAY], [(DAY, "acme", 1)])
        warehouse.replace_partitions(connection, TOKEN_SERIES.spec, [DAY], [])
        assert connection.execute(select(token_series)).all() == []
