"""The tallies balance after every run, and each fails when its table is changed behind the pipeline's back."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date

import pytest
from sqlalchemy import text

from usage_pipeline.errors import PartitionError
from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.pipeline.refresh import PlainRunner
from usage_pipeline.pipeline.tables import TABLES
from usage_pipeline.records.tables import EXCLUDED_EVENTS, USAGE_RECORDS
from usage_pipeline.registry import DIMENSION_NAMES
from usage_pipeline.series.tables import CONVERSATIONS, DAILY_USAGE, USAGE_QUARTER_HOURS
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import warehouse_table
from usage_pipeline.storage.tables import TableSpec
from usage_pipeline.validation.checking import check_days
from usage_pipeline.validation.checks import COST_CHECKS, DAY_CHECKS, LANDING_CHECKS, Check, Severity
from usage_pipeline.validation.results import Outcome
from usage_pipeline_tests.support import Landing, land_and_compute, prompt
from usage_pipeline_tests.validation.tampering import rewrite

DAY = date(2026, 5, 1)
TIME = "2026-05-01T08:00:00Z"
GROUPS = ("records", "rollups", "series", "breakdowns")  # all that these tallies are about: not costs
ACCOUNTS = tuple(check for check in DAY_CHECKS if check not in COST_CHECKS)


def computed_day(storage: Storage) -> Storage:
    """A day with two tenants, a duplicate, a conflict, a failed prompt and conversations with and without ids."""
    first = prompt("e1", TIME, modelName="m", conversationId="c1")
    lines = [
        first,
        first,
        {**first, "tokensIn": 7},
        prompt("e2", TIME, status="failed", conversationId="c1"),
        prompt("e3", TIME, tenantId="zeta", tokensIn=5, tokensOut=1),
    ]
    landing = Landing(storage.settings.landing)
    landing.write("persona", str(DAY), lines)
    counted = {"id": "u1", "type": "conversation", "count": 3, "createdAt": 1777622400000, "meta": {}}
    landing.write("usage_statistics", str(DAY), [counted], tenant="zeta")
    land_and_compute(storage, *GROUPS)
    return storage


@pytest.fixture(scope="module")
def shared_day(open_shared: Callable[..., Storage]) -> Storage:
    """The day, which tests put back as it was."""
    return computed_day(open_shared())


@pytest.fixture
def day(shared_day: Storage) -> Iterator[Storage]:
    """The day; objects that a test changes or removes are put back after it."""
    objects = {path: path.read_bytes() for path in shared_day.settings.data_dir.rglob("*.parquet")}
    yield shared_day
    for path, content in objects.items():
        path.write_bytes(content)


@contextmanager
def updated(storage: Storage, name: str, change: str) -> Iterator[None]:
    """Rows of a table of the warehouse changed, and put back in the end."""
    table = next(warehouse_table(spec) for spec in TABLES if spec.name == name)
    with storage.warehouse.begin() as connection:
        rows = [dict(row) for row in connection.execute(table.select()).mappings()]
        connection.execute(text(f"UPDATE {table.fullname} {change}"))
    try:
        yield
    finally:
        with storage.warehouse.begin() as connection:
            connection.execute(table.delete())
            connection.execute(table.insert(), rows)


def apart(storage: Storage, checks: tuple[Check, ...] = ACCOUNTS) -> dict[str, str]:
    """By table, what was observed by the checks that found an error."""
    found = check_days(storage, checks, [DAY], "test")
    return {
        result.table_name: result.in_words
        for result in found
        if result.failed and result.severity is Severity.ERROR
    }


def test_after_a_run_all_accounts_balance(day: Storage) -> None:
    found = check_days(day, [*ACCOUNTS, *LANDING_CHECKS], [DAY], "test")
    assert [result for result in found if result.failed] == []
    nothing = {result.check_name for result in found if result.outcome is Outcome.NOT_EVALUATED}
    assert nothing == {"voids_have_targets", "totals_are_input_plus_output"}
    assert len(found) == len(ACCOUNTS) + len(LANDING_CHECKS)


@pytest.mark.parametrize(
    ("spec", "select", "observed"),
    [
        (
            DAILY_USAGE.spec,
            "SELECT * REPLACE (tokens_out + 1 AS tokens_out) FROM rows",
            {"daily_usage": "2 of 2 apart: metric tokens_out, apart 2"},
        ),
        (
            DAILY_USAGE.spec,
            "FROM rows WHERE tenant_id = 'acme'",
            {
                "daily_usage": "1 of 2 apart: metric records, apart 1; metric requests, apart 1; metric prompts, "
                "apart 1; metric messages, apart 1; metric tokens_in, apart 1; metric tokens_out, apart 1; "
                "metric tokens_total, apart 1"
            },
        ),
        (
            USAGE_QUARTER_HOURS.spec,
            "SELECT * REPLACE (CASE tenant_id WHEN 'zeta' THEN errors + 1 ELSE errors END AS errors) FROM rows",
            {"usage_quarter_hours": "1 of 2 apart: metric errors, apart 1"},
        ),
        (
            CONVERSATIONS.spec,
            "FROM rows WHERE conversation_digest IS NULL",
            {"conversations": "1 of 2 apart: metric records, apart 1; metric conversations, apart 1"},
        ),
        (
            EXCLUDED_EVENTS.spec,
            "FROM rows WHERE verdict <> 'conflict'",
            {"usage_records": "1 of 2 files apart: file persona/2026-05-01/events.jsonl"},
        ),
    ],
)  # fmt: skip
def test_a_changed_object_is_found(day: Storage, spec: TableSpec, select: str, observed: dict[str, str]) -> None:
    rewrite(day, spec, select)
    assert apart(day) == observed


@pytest.mark.parametrize(
    ("table", "change", "observed"),
    [
        ("token_series", "SET total = total - 1 WHERE tenant_id = 'zeta'", "1 of 2 apart: metric total, apart 1"),
        ("message_series", "SET total = 0", "2 of 2 apart: metric total, apart 2"),
        ("conversation_series", "SET total = 9", "2 of 2 apart: metric total, apart 2"),
        (
            "daily_breakdown",
            "SET conversations = conversations + 1 WHERE dimension = 'model' AND value = 'm'",
            f"1 of {2 * len(DIMENSION_NAMES)} apart: metric conversations, apart 1",
        ),
        (
            "daily_breakdown",
            "SET tokens_in = 0 WHERE dimension = 'source' AND tenant_id = 'zeta'",
            f"1 of {2 * len(DIMENSION_NAMES)} apart: metric tokens_in, apart 1",
        ),
    ],
)
def test_a_changed_row_of_the_warehouse_is_found(day: Storage, table: str, change: str, observed: str) -> None:
    with updated(day, table, change):
        assert apart(day) == {table: observed}


def test_a_record_that_is_gone_is_found_by_all_that_count_it(day: Storage) -> None:
    rewrite(day, USAGE_RECORDS.spec, "FROM rows WHERE record_id <> 'e3'")
    assert apart(day).keys() == {
        "usage_records",
        "daily_usage",
        "usage_quarter_hours",
        "token_series",
        "message_series",
        "daily_breakdown",
    }


@pytest.mark.parametrize("column", ["lines", "blank", "skipped", "superseded", "accepted", "rejected"])
def test_a_landing_file_whose_lines_do_not_add_up_is_named(day: Storage, column: str) -> None:
    with updated(day, "landing_files", f"SET {column} = {column} + 1 WHERE source = 'persona'"):
        found = apart(day, LANDING_CHECKS)
    assert found == {"landed_events": "1 of 2 files apart: file persona/2026-05-01/events.jsonl"}


def test_an_object_that_is_gone_fails_its_checks_and_no_others(day: Storage) -> None:
    day.lake.object(DAILY_USAGE.spec, DAY).unlink()
    found = apart(day)
    assert found.keys() == {"daily_usage"}
    assert "daily_usage of 2026-05-01 is not computed yet" in found["daily_usage"]


def test_a_column_that_is_gone_fails_the_check_of_its_table(day: Storage) -> None:
    rewrite(day, DAILY_USAGE.spec, "SELECT * EXCLUDE (tool_calls) FROM rows")
    assert apart(day)["daily_usage"].startswith("nothing could be read: Binder Error")


def test_computing_from_a_broken_schema_stops_and_says_which_column(storage: Storage) -> None:
    day = computed_day(storage)
    rewrite(day, USAGE_RECORDS.spec, "SELECT * EXCLUDE (tool_calls) FROM rows")
    with pytest.raises(
        PartitionError, match=r"daily_usage of 2026-05-01: what it reads has another schema.*tool_calls"
    ):
        PlainRunner(day).compute(["daily_usage"], [DAY])


def test_results_do_not_name_tenants(day: Storage) -> None:
    rewrite(day, DAILY_USAGE.spec, "FROM rows WHERE false")
    found = check_days(day, [*ACCOUNTS, *LANDING_CHECKS], [DAY], "test")
    assert not any(name in f"{result.observed} {result.expected}" for result in found for name in ("acme", "zeta"))


def test_landed_events_of_another_schema_fail_nothing_silently(day: Storage) -> None:
    for path in day.lake.folder(LANDED_EVENTS, DAY).iterdir():
        path.unlink()
    assert "are not in the lake" in apart(day)["usage_records"]
