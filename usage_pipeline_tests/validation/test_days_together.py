"""Days that are validated together have the results of each day alone, whatever is wrong with some of them."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import cache

import pytest
from sqlalchemy import insert

from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.records.tables import USAGE_RECORDS
from usage_pipeline.registry import METRIC_NAMES
from usage_pipeline.series.breakdown_tables import DAILY_BREAKDOWN
from usage_pipeline.storage.batches import BATCH_ROWS, batches_of
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import partition_state, warehouse_table
from usage_pipeline.storage.tables import TableSpec
from usage_pipeline.validation.checking import validate_days
from usage_pipeline.validation.history import History
from usage_pipeline.validation.results import CheckResult
from usage_pipeline.validation.suite import (
    Between,
    Entry,
    HasColumns,
    Holds,
    NotNull,
    Number,
    OneOf,
    Rows,
    Unique,
    UsualRows,
)
from usage_pipeline.validation.suite_files import CHECKED, Suite
from usage_pipeline_tests.conftest import FillOnce
from usage_pipeline_tests.support import Landing, land_and_compute, prompt
from usage_pipeline_tests.validation.tampering import rewrite_object

daily_breakdown = warehouse_table(DAILY_BREAKDOWN.spec)

Validated = Callable[..., list[CheckResult]]
GOOD, SMALL, ODD, EMPTY, NARROW, LAST = DAYS = [date(2026, 5, day) for day in range(1, 7)]
LINES = {GOOD: 4, SMALL: 1, ODD: 4, EMPTY: 4, NARROW: 4, LAST: 5}

TOGETHER: dict[str, Entry] = {
    "columns": HasColumns(description="d", expect="columns"),
    "filled": NotNull(description="d", expect="not_null", columns=("source", "tenant_id")),
    "unique": Unique(description="d", expect="unique", columns=("record_id",)),
    "source": OneOf(description="d", expect="one_of", column="source", values=("persona",)),
    "type": OneOf(description="d", expect="one_of", column="type", values="event_types"),
    "tokens": Between(description="d", expect="between", column="tokens_in", min=1),
    "on_the_day": Holds(description="d", expect="holds", condition="CAST(occurred_at AS DATE) = day"),
    "of_a_session": Holds(description="d", expect="holds", condition="session_id IS DISTINCT FROM 'none'"),
}
ALONE: dict[str, Entry] = {
    "rows": Rows(description="d", expect="rows", at_least=2),
    "usual": UsualRows(description="d", expect="usual_rows", at_least=0.5, at_most=1.2),
    "model": OneOf(description="d", expect="one_of", column="model", values="recent", mostly=0.5),
    "some_tokens": Between(description="d", expect="between", column="tokens_in", min=1, mostly=0.5),
    "some_sources": OneOf(description="d", expect="one_of", column="source", values=("persona",), mostly=0.9),
    "sum": Number(description="d", expect="number", select="SELECT sum(tokens_in) FROM {table}", at_most=400),
    "least": Holds(
        description="d",
        expect="holds",
        condition="tokens_in < 100 OR tokens_in = (SELECT max(tokens_in) FROM {table})",
    ),
}

each_table = pytest.mark.parametrize("spec", CHECKED.values(), ids=CHECKED)


def six_days(storage: Storage) -> None:
    """Six good days, of one to five prompts, after a week with four a day."""
    landing = Landing(storage.settings.landing)
    for day, count in LINES.items():
        lines = [
            prompt(f"{day}-{number}", f"{day}T08:00:00Z", modelName="m", tokensIn=100 + count)
            for number in range(count)
        ]
        landing.write("persona", str(day), lines)
    land_and_compute(storage, "records")  # no suite reads what is made of records
    with storage.warehouse.begin() as connection:
        for before in (GOOD - timedelta(days=back) for back in range(1, 8)):
            for table in CHECKED:
                known = {"table_name": table, "state": "committed", "version": 1, "run": "before", "rows": 4}
                connection.execute(insert(partition_state).values(day=before, **known))
            value = {
                "tenant_id": "acme",
                "dimension": "model",
                "value": "m",
                **dict.fromkeys(METRIC_NAMES, 1),
            }
            connection.execute(insert(daily_breakdown).values(day=before, **value))


def break_three(days: Storage) -> Storage:
    """Of the days, make one break all that can hold of a row, one have no rows, and one lack a column."""
    changes = {
        ODD: "SELECT * REPLACE (NULL::VARCHAR AS tenant_id, 'e1' AS record_id, 'x' AS source, 'new' AS model, "
        "'persona_dance' AS type, CAST(0 AS BIGINT) AS tokens_in, occurred_at + INTERVAL 1 DAY AS occurred_at, "
        "'none' AS session_id) FROM rows",
        EMPTY: "FROM rows WHERE false",
        NARROW: "SELECT * EXCLUDE (session_id) FROM rows",
    }
    for spec in CHECKED.values():
        for day, select in changes.items():
            (path,) = days.lake.folder(spec, day).glob("*.parquet")
            rewrite_object(days, path, select)
    return days


@pytest.fixture
def breakable(storage: Storage, fill_once: FillOnce) -> Storage:
    """The six days, for tests that break them."""
    fill_once(storage, six_days)
    return storage


@pytest.fixture(scope="module")
def days(open_filled: Callable[..., Storage]) -> Storage:
    """The six days, to be read only."""
    return open_filled(six_days)


@pytest.fixture(scope="module")
def broken(open_filled: Callable[..., Storage]) -> Storage:
    """The six days with three of them broken, to be read only."""
    return break_three(open_filled(six_days))


@pytest.fixture(scope="module")
def validated(broken: Storage) -> Validated:
    """Gives the results of a table on some of the broken days, validated together once."""
    return cache(lambda table, *days: validate(broken, CHECKED[table], days))


def validate(storage: Storage, spec: TableSpec, days: Sequence[date]) -> list[CheckResult]:
    return validate_days(storage, Suite(spec, entries(spec)), days, "test")


def entries(spec: TableSpec) -> dict[str, Entry]:
    """All kinds, those with SQL asking for the table."""
    return {name: _of_table(entry, spec) for name, entry in {**ALONE, **TOGETHER}.items()}


def _of_table(entry: Entry, spec: TableSpec) -> Entry:
    texts = {key: value for key, value in vars(entry).items() if key in {"select", "condition"}}
    return entry.model_copy(update={key: text.replace("{table}", spec.name) for key, text in texts.items()})


def failed(results: Sequence[CheckResult]) -> dict[date, dict[str, str]]:
    """By day, what was observed by the checks that failed."""
    return {
        day: {result.check_name: result.observed for result in results if result.day == day and result.failed}
        for day in DAYS
    }


def observed(results: Sequence[CheckResult], check: str) -> list[str]:
    return [result.observed for result in results if result.check_name == check]


@each_table
@pytest.mark.parametrize("asked", [DAYS, [GOOD, SMALL, EMPTY, NARROW, LAST], [SMALL, EMPTY, LAST]])
def test_results_are_those_of_each_day_alone(validated: Validated, spec: TableSpec, asked: list[date]) -> None:
    alone = [result for day in asked for result in validated(spec.name, day)]
    assert validated(spec.name, *asked) == alone


@each_table
def test_what_fails_on_a_day_fails_on_that_day_only(validated: Validated, spec: TableSpec) -> None:
    gone = 'could not be computed: Binder Error: Referenced column "session_id" not found in FROM clause!'
    assert failed(validated(spec.name, *DAYS)) == {
        GOOD: {"sum": "416"},
        SMALL: {"rows": "1 rows", "usual": "1 rows"},
        ODD: {
            "model": "model: 4 of 4 rows at fault",
            "some_tokens": "tokens_in: 4 of 4 rows at fault",
            "some_sources": "source: 4 of 4 rows at fault",
            "filled": "tenant_id: 4 of 4 rows at fault",
            "unique": "1",
            "source": "source: 4 of 4 rows at fault",
            "type": "4 at fault",
            "tokens": "tokens_in: 4 of 4 rows at fault",
            "on_the_day": "4 at fault",
            "of_a_session": "4 at fault",
        },
        EMPTY: {"rows": "0 rows", "usual": "0 rows"},
        NARROW: {"sum": "416", "columns": "without session_id", "of_a_session": gone},
        LAST: {"usual": "5 rows", "sum": "525"},
    }


@each_table
def test_a_day_whose_object_is_gone_fails_and_hides_no_other(
    breakable: Storage, validated: Validated, spec: TableSpec
) -> None:
    broken = break_three(breakable)
    (path,) = broken.lake.folder(spec, GOOD).glob("*.parquet")
    path.unlink()
    found = validate(broken, spec, DAYS)
    assert [result for result in found if result.day != GOOD] == [
        result for result in validated(spec.name, *DAYS) if result.day != GOOD
    ]
    reason = f"{path} is gone. Run `usage-pipeline run`: it computes what is missing."
    assert failed(found)[GOOD] == dict.fromkeys(entries(spec), f"nothing could be read: {spec.name}: {reason}")


@each_table
def test_a_damaged_object_fails_its_day_and_hides_no_other(breakable: Storage, spec: TableSpec) -> None:
    (path,) = breakable.lake.folder(spec, LAST).glob("*.parquet")
    path.write_bytes(b"no Parquet")
    found = failed(validate(breakable, spec, [SMALL, ODD, LAST]))
    assert found[ODD] == {"sum": "416"}
    assert found[LAST].keys() == entries(spec).keys()
    assert found[LAST]["rows"].startswith("nothing could be read: Invalid Input Error")


@each_table
def test_each_day_has_its_own_numbers(validated: Validated, spec: TableSpec) -> None:
    found = validated(spec.name, *DAYS)
    assert observed(found, "rows") == ["4 rows", "1 rows", "4 rows", "0 rows", "4 rows", "5 rows"]
    assert observed(found, "sum") == ["416", "101", "0", "nothing to compare: no value", "416", "525"]
    assert observed(found, "columns") == [*["all there"] * 4, "without session_id", "all there"]
    assert observed(found, "some_tokens") == [
        "0 of 4 rows at fault",
        "0 of 1 rows at fault",
        "tokens_in: 4 of 4 rows at fault",
        "nothing to compare: no rows",
        "0 of 4 rows at fault",
        "0 of 5 rows at fault",
    ]


def test_what_holds_together_is_told_with_the_rows_of_each_day(days: Storage) -> None:
    found = validate(days, USAGE_RECORDS.spec, DAYS)
    assert observed(found, "filled") == [f"0 of {count} rows at fault" for count in LINES.values()]
    assert {name: observed(found, name)[0] for name in TOGETHER} == {
        "columns": "all there",
        "filled": "0 of 4 rows at fault",
        "unique": "0",
        "source": "0 of 4 rows at fault",
        "type": "0 at fault",
        "tokens": "0 of 4 rows at fault",
        "on_the_day": "0 at fault",
        "of_a_session": "0 at fault",
    }


def test_numbers_of_landing_files_are_those_of_each_day(broken: Storage) -> None:
    lines = Number(description="d", expect="number", select="SELECT sum(lines) FROM landing_files", at_most=4)
    nothing = lines.model_copy(update={"select": f"{lines.select} WHERE state = 'failed'"})
    suite = Suite(LANDED_EVENTS, {"lines": lines, "nothing": nothing})
    found = validate_days(broken, suite, DAYS, "test")
    assert observed(found, "lines") == [str(count) for count in LINES.values()]
    assert observed(found, "nothing") == ["nothing to compare: no value"] * len(DAYS)
    assert failed(found) == {day: {"lines": "5"} if day == LAST else {} for day in DAYS}
    assert found == [result for day in DAYS for result in validate_days(broken, suite, [day], "test")]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the library that is slow to import
def test_only_what_asks_row_by_row_is_validated_together(storage: Storage) -> None:
    from usage_pipeline.validation.expectations import Compiler  # noqa: PLC0415 - slow to import

    spec = USAGE_RECORDS.spec
    with storage.warehouse.connect() as connection:
        compiler = Compiler(spec, History(connection, spec.name, GOOD))
        found = {name for name, entry in entries(spec).items() if compiler.compile(name, entry).row_by_row}
    assert found == TOGETHER.keys()


def test_days_are_cut_by_the_rows_of_the_table(storage: Storage) -> None:
    half = BATCH_ROWS // 2
    rows = dict(zip(DAYS, (half, half, 1, 3 * BATCH_ROWS, 0, half), strict=True))
    with storage.warehouse.begin() as connection:
        for day, count in rows.items():
            known = {
                "table_name": LANDED_EVENTS.name,
                "state": "committed",
                "version": 1,
                "run": "r",
                "rows": count,
            }
            connection.execute(insert(partition_state).values(day=day, **known))
    assert list(batches_of(LANDED_EVENTS, storage, DAYS)) == [DAYS[:2], DAYS[2:3], DAYS[3:4], DAYS[4:]]
    assert list(batches_of(LANDED_EVENTS, storage, [])) == []
