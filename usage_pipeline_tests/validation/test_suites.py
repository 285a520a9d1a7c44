"""Each shipped check passes on a good day, and fails on a day that breaks exactly it."""

import socket
import tempfile
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert

from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.records.tables import USAGE_RECORDS
from usage_pipeline.registry import METRIC_NAMES
from usage_pipeline.series.breakdown_tables import DAILY_BREAKDOWN
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import partition_state, warehouse_table
from usage_pipeline.storage.tables import TableSpec
from usage_pipeline.validation.checking import validate_days
from usage_pipeline.validation.results import CheckResult, Outcome, read_results
from usage_pipeline.validation.suite_files import Suite, load_suites
from usage_pipeline_tests.conftest import Prepare
from usage_pipeline_tests.support import Landing, at, land_and_compute, prompt
from usage_pipeline_tests.validation.tampering import rewrite

daily_breakdown = warehouse_table(DAILY_BREAKDOWN.spec)

DAY = date(2026, 5, 1)
ROWS = 20


def good_day(storage: Storage) -> None:
    """A good day of 20 prompts, after a week with as many a day."""
    lines = [
        prompt(f"e{number}", f"2026-05-01T08:00:{number:02}Z", modelName="m", latencyMs=5)
        for number in range(ROWS)
    ]
    Landing(storage.settings.landing).write("persona", str(DAY), lines)
    land_and_compute(storage, "records")  # no suite reads what is made of records
    with storage.warehouse.begin() as connection:
        for back in range(1, 8):
            before = {"day": DAY - timedelta(days=back)}
            for table in (LANDED_EVENTS.name, USAGE_RECORDS.name):
                known = {"table_name": table, "state": "committed", "version": 1, "run": "before", "rows": ROWS}
                connection.execute(insert(partition_state).values(**before, **known))
            value = {"tenant_id": "acme", "dimension": "model", "value": "m"}
            connection.execute(insert(daily_breakdown).values(**before, **value, **dict.fromkeys(METRIC_NAMES, 1)))


@pytest.fixture
def day(storage: Storage, prepare: Prepare) -> Storage:
    """The good day, for tests that change it."""
    prepare("day", lambda: good_day(storage))
    return storage


@pytest.fixture(scope="module")
def unchanged_day(open_shared: Callable[..., Storage]) -> Storage:
    """The good day, for tests that only validate it."""
    storage = open_shared()
    good_day(storage)
    return storage


def look(storage: Storage, spec: TableSpec) -> dict[str, CheckResult]:
    suite = load_suites(storage.settings)[spec.name]
    return {result.check_name: result for result in validate_days(storage, suite, [DAY], "test")}


def failed(storage: Storage, spec: TableSpec) -> dict[str, str]:
    """What was observed by the checks that failed."""
    return {name: result.observed for name, result in look(storage, spec).items() if result.failed}


def test_a_good_day_passes(unchanged_day: Storage) -> None:
    found = [*look(unchanged_day, LANDED_EVENTS).values(), *look(unchanged_day, USAGE_RECORDS.spec).values()]
    assert [result.check_name for result in found if result.failed] == []
    assert {result.observed for result in found if result.check_name == "as_much_as_usual"} == {"20 rows"}


def test_a_day_that_is_not_over_is_not_compared_with_whole_days(unchanged_day: Storage) -> None:
    found = look(at(unchanged_day, datetime(2026, 5, 1, 12, tzinfo=UTC)), LANDED_EVENTS)["as_much_as_usual"]
    assert (found.outcome, found.observed) == (
        Outcome.NOT_EVALUATED,
        "nothing to compare: the day is not over",
    )


@pytest.mark.parametrize(
    ("check", "select", "observed"),
    [
        ("columns_are_there", "SELECT * EXCLUDE (session_id) FROM rows", "without session_id"),
        ("as_much_as_usual", "FROM rows ORDER BY record_id LIMIT 5", "5 rows"),
        (
            "ids_are_unique",
            "SELECT * REPLACE (CASE record_id WHEN 'e1' THEN 'e2' ELSE record_id END AS record_id) FROM rows",
            "1",
        ),
        (
            "keys_are_filled",
            "SELECT * REPLACE (CASE record_id WHEN 'e1' THEN NULL ELSE tenant_id END AS tenant_id) FROM rows",
            "tenant_id: 1 of 20 rows at fault",
        ),
        (
            "happened_on_the_day",
            "SELECT * REPLACE (occurred_at + INTERVAL 16 HOUR AS occurred_at) FROM rows",
            "20 at fault",
        ),
        (
            "tokens_add_up",
            "SELECT * REPLACE (CAST(tokens_in + 1 AS BIGINT) AS tokens_total) FROM rows",
            "20 at fault",
        ),
        ("tokens_add_up", "SELECT * REPLACE (CAST(101 AS BIGINT) AS tokens_cached) FROM rows", "20 at fault"),
        ("counts_are_not_negative", "SELECT * REPLACE (CAST(-1 AS BIGINT) AS messages) FROM rows", "20 at fault"),
    ],
)
def test_records_that_break_one_check(day: Storage, check: str, select: str, observed: str) -> None:
    rewrite(day, USAGE_RECORDS.spec, select)
    assert failed(day, USAGE_RECORDS.spec) == {check: observed}


@pytest.mark.parametrize(
    ("check", "select", "observed"),
    [
        ("columns_are_there", "SELECT * EXCLUDE (session_id) FROM rows", "without session_id"),
        ("as_much_as_usual", "FROM rows UNION ALL FROM rows UNION ALL FROM rows UNION ALL FROM rows", "80 rows"),
        (
            "keys_are_filled",
            "SELECT * REPLACE (NULL::VARCHAR AS source) FROM rows",
            "source: 20 of 20 rows at fault",
        ),
        ("types_are_known", "SELECT * REPLACE ('persona_dance' AS type) FROM rows", "20 at fault"),
        ("models_are_known", "SELECT * REPLACE ('new' AS model) FROM rows", "model: 20 of 20 rows at fault"),
        (
            "latencies_are_plausible",
            "SELECT * REPLACE (CAST(86400001 AS BIGINT) AS latency_ms) FROM rows",
            "latency_ms: 20 of 20 rows at fault",
        ),
        (
            "tokens_are_plausible",
            "SELECT * REPLACE (CAST(10000001 AS BIGINT) AS tokens_total) FROM rows",
            "tokens_total: 20 of 20 rows at fault",
        ),
    ],
)
def test_lines_that_break_one_check(day: Storage, check: str, select: str, observed: str) -> None:
    rewrite(day, LANDED_EVENTS, select)
    assert failed(day, LANDED_EVENTS) == {check: observed}


def test_a_type_that_a_pattern_of_the_catalogue_admits_is_known(day: Storage) -> None:
    rewrite(day, LANDED_EVENTS, "SELECT * REPLACE ('command_add' AS type) FROM rows")
    assert failed(day, LANDED_EVENTS) == {}


def test_an_empty_day_does_not_pass(day: Storage) -> None:
    rewrite(day, USAGE_RECORDS.spec, "FROM rows WHERE false")
    assert failed(day, USAGE_RECORDS.spec) == {"something_was_used": "0 rows", "as_much_as_usual": "0 rows"}


def test_more_than_one_rejected_line_in_a_hundred_warns(storage: Storage, landing: Landing) -> None:
    landing.write("persona", str(DAY), [prompt("e1", "2026-05-01T08:00:00Z"), "no JSON"])
    land_and_compute(storage)
    assert failed(storage, LANDED_EVENTS) == {"few_lines_are_rejected": "0.5"}


def test_a_day_that_the_table_does_not_have_neither_passes_nor_fails(storage: Storage) -> None:
    found = look(storage, LANDED_EVENTS).values()
    assert {(result.outcome, result.observed) for result in found} == {
        (Outcome.NOT_EVALUATED, "nothing to compare: the table does not have the day")
    }


def test_a_landing_day_with_an_empty_file_warns_and_compares_no_rows(storage: Storage, landing: Landing) -> None:
    landing.write("persona", str(DAY), [])
    land_and_compute(storage)
    found = {name: result.outcome for name, result in look(storage, LANDED_EVENTS).items()}
    assert found == {
        "columns_are_there": Outcome.PASSED,
        "something_landed": Outcome.WARNING,
        **dict.fromkeys(found.keys() - {"columns_are_there", "something_landed"}, Outcome.NOT_EVALUATED),
    }


def test_without_enough_days_before_nothing_is_usual(storage: Storage, landing: Landing) -> None:
    landing.write("persona", str(DAY), [prompt("e1", "2026-05-01T08:00:00Z", modelName="m")])
    land_and_compute(storage)
    found = look(storage, LANDED_EVENTS)
    for name in ("as_much_as_usual", "models_are_known"):
        assert found[name].outcome is Outcome.NOT_EVALUATED
        assert found[name].observed.startswith("nothing to compare: too few of the 28 days before have ")


def test_a_broken_schema_is_an_error_and_all_else_a_warning(day: Storage) -> None:
    rewrite(day, LANDED_EVENTS, "SELECT * EXCLUDE (session_id) REPLACE ('new' AS model) FROM rows")
    outcomes = {name: result.outcome for name, result in look(day, LANDED_EVENTS).items() if result.failed}
    assert outcomes == {"columns_are_there": Outcome.ERROR, "models_are_known": Outcome.WARNING}


def test_a_check_of_a_column_that_is_missing_fails_and_raises_nothing(day: Storage) -> None:
    rewrite(day, USAGE_RECORDS.spec, "SELECT * EXCLUDE (occurred_at) FROM rows")
    found = failed(day, USAGE_RECORDS.spec)
    assert found.keys() == {"columns_are_there", "keys_are_filled", "happened_on_the_day"}
    assert 'The column "occurred_at"' in found["keys_are_filled"]


def test_results_are_kept_by_day_and_replaced(day: Storage) -> None:
    look(day, USAGE_RECORDS.spec)
    look(day, USAGE_RECORDS.spec)
    with day.warehouse.connect() as connection:
        kept = read_results(connection, DAY, DAY)
    assert [(result.day, result.check_name) for result in kept] == sorted(
        (DAY, name) for name in load_suites(day.settings)["usage_records"].entries
    )


@pytest.fixture
def own(unchanged_day: Storage, tmp_path: Path) -> Callable[[str], CheckResult]:
    """Validates the records of the day by one check of the user's own."""

    def validate(text: str) -> CheckResult:
        (tmp_path / "usage_records.yaml").write_text(f"mine: {{description: d, {text}}}\n")
        settings = unchanged_day.settings.model_copy(update={"suites_dir": tmp_path})
        suite = load_suites(settings)["usage_records"]
        only = Suite(suite.spec, {"mine": suite.entries["mine"]})
        (found,) = validate_days(unchanged_day, only, [DAY], "test")
        return found

    return validate


@pytest.mark.parametrize(
    ("text", "success"),
    [
        ("expect: one_of, column: model, values: [m]", True),
        ("expect: one_of, column: model, values: [n]", False),
        ("expect: between, column: tokens_in, min: 100, max: 100", True),
        ("expect: between, column: tokens_in, max: 99", False),
        ("expect: holds, condition: \"tokens_in = 100 AND '{' < '}'\"", True),
        ("expect: holds, condition: record_id <> 'e1'", False),
        ("expect: number, select: SELECT sum(tokens_in) FROM usage_records, at_least: 2000", True),
        ("expect: number, select: SELECT sum(tokens_in) FROM usage_records, at_least: 2001", False),
        ("expect: unique, columns: [record_id]", True),
        ("expect: unique, columns: [tenant_id]", False),
        ("expect: rows, at_least: 20", True),
        ("expect: rows, at_least: 21", False),
    ],
)
def test_a_check_of_ones_own(own: Callable[[str], CheckResult], text: str, success: bool) -> None:  # noqa: FBT001 - by pytest
    assert own(text).success is success


def test_wrong_sql_fails_its_check_and_is_quoted(own: Callable[[str], CheckResult]) -> None:
    found = own("expect: holds, condition: no_such_column = 1")
    assert not found.success
    assert "Binder Error" in found.observed


def test_an_error_about_rows_does_not_quote_them(own: Callable[[str], CheckResult]) -> None:
    found = own("expect: holds, condition: CAST(record_id AS INTEGER) = 1")
    assert found.observed == "could not be computed: DuckDB failed on the rows"


def test_nothing_is_sent_and_nothing_written_elsewhere(
    day: Storage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setattr(tempfile, "tempdir", str(home))
    monkeypatch.chdir(home)
    opened: list[object] = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda *asked, **_: opened.append(asked))
    look(day, USAGE_RECORDS.spec)
    assert (opened, list(home.rglob("*"))) == ([], [])
