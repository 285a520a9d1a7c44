"""Consistency checks: all of them, and each issue type that they found."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from usage_pipeline.errors import FailedDaysError
from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.metrics.queries import QualityQuery, of_tenant
from usage_pipeline.metrics.read import read
from usage_pipeline.pipeline.refresh import PlainRunner, refresh
from usage_pipeline.series.breakdown_tables import ALL, DAILY_QUALITY
from usage_pipeline.storage.engine import PARQUET, literal, parquet_scan, session
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import warehouse_table
from usage_pipeline_tests.series.generic import line
from usage_pipeline_tests.series.reading import MAY, Run
from usage_pipeline_tests.support import Landing, prompt

daily_quality = warehouse_table(DAILY_QUALITY.spec)

TIME = "2026-05-01T08:00:00Z"


def check(record_id: str, *issue_types: object, **fields: object) -> dict[str, Any]:
    """A consistency check of tenant acme that found these issues."""
    return {
        "id": record_id,
        "event": "persona_consistency_check",
        "timestamp": TIME,
        "tenantId": "acme",
        "issueCount": len(issue_types),
        "issueTypes": list(issue_types),
        **fields,
    }


def stored(storage: Storage, tenant: str = "acme") -> dict[str, tuple[int, int, int]]:
    """Checks, clean checks and issues of a tenant by issue type."""
    table = daily_quality.c
    query = select(table.issue_type, table.checks, table.clean_checks, table.issues).where(
        table.tenant_id == tenant
    )
    with storage.warehouse.connect() as connection:
        return {name: tuple(counts) for name, *counts in connection.execute(query)}


def test_a_value_that_the_database_does_not_take_fails_its_day_and_no_other(
    storage: Storage, landing: Landing
) -> None:
    landing.write("persona", "2026-05-01", [check("e1", "age")])
    landing.write("persona", "2026-05-02", [check("e2", "age", timestamp="2026-05-02T08:00:00Z")])
    first, second = date(2026, 5, 1), date(2026, 5, 2)
    PlainRunner(storage).land([first, second])
    # Landing refuses such a value now, and earlier versions did not.
    (landed,) = storage.lake.folder(LANDED_EVENTS, first).iterdir()
    with session(storage.engine) as duck:
        rows = f"SELECT * REPLACE (issue_types || chr(0) AS issue_types) FROM {parquet_scan([landed])}"
        duck.execute(f"CREATE TEMP TABLE damaged AS {rows}")
        duck.execute(f"COPY damaged TO {literal(str(landed))} ({PARQUET})")
    with pytest.raises(FailedDaysError) as failed:
        refresh(storage, PlainRunner(storage))
    assert str(failed.value) == (
        "daily_quality of 2026-05-01: the database does not take a value: PostgreSQL text fields cannot contain "
        "NUL (0x00) bytes. Find the file that brought it, and take it back with `withdraw`."
    )
    assert list(failed.value.reasons) == [first]
    assert stored(storage) == {ALL: (1, 0, 1), "age": (1, 0, 1)}


def test_checks_and_their_issues_are_counted(storage: Storage, landing: Landing, run_to_breakdowns: Run) -> None:
    lines = [
        check("e1", "age", "employer"),
        check("e2", "age"),
        check("e3"),
        check("e4", "tone", tenantId="zeta"),
        prompt("e5", TIME),
    ]
    landing.write("persona", "2026-05-01", lines)
    run_to_breakdowns()
    assert stored(storage) == {ALL: (3, 1, 3), "age": (2, 0, 2), "employer": (1, 0, 1)}
    assert stored(storage, "zeta") == {ALL: (1, 0, 1), "tone": (1, 0, 1)}


def test_an_issue_that_occurs_twice_in_a_check_is_two_issues_of_one_check(
    storage: Storage, landing: Landing, run_to_breakdowns: Run
) -> None:
    landing.write("persona", "2026-05-01", [check("e1", "age", "age", "age")])
    run_to_breakdowns()
    assert stored(storage) == {ALL: (1, 0, 3), "age": (1, 0, 3)}


def test_a_check_without_a_count_found_nothing(storage: Storage, landing: Landing, run_to_breakdowns: Run) -> None:
    landing.write("persona", "2026-05-01", [check("e1", issueCount=None, issueTypes=None)])
    run_to_breakdowns()
    assert stored(storage) == {ALL: (1, 1, 0)}


ISSUE_TYPES = [
    pytest.param(["a,b", "c"], {"a,b", "c"}, id="a comma"),
    pytest.param(['a","b', "c"], {r"a\",\"b", "c"}, id="what looks like the end of a text"),
    pytest.param(["a\\", "b"], {r"a\\", "b"}, id="a backslash at the end"),
    pytest.param(["[x]", '"'], {"[x]", r"\""}, id="brackets and quotes"),
    pytest.param(["日本", "é"], {"日本", "é"}, id="other scripts"),
    pytest.param(["", "a"], {"", "a"}, id="an empty name"),
    pytest.param(["a\0"], {r"a\u0000"}, id="a NUL, which JSON text spells out"),
    pytest.param([1, 2], {"[1,2]"}, id="numbers are not taken apart"),
    pytest.param("age", {"age"}, id="a text instead of a list"),
    pytest.param([ALL, "a"], {f'"{ALL}"', "a"}, id="the name of the row of all checks"),
    pytest.param(["x" * 300], {"x" * 256}, id="a long name"),
]
"""Issue types of a check, and the names that they have."""


@pytest.fixture(scope="module")
def named(computed: Callable[..., Storage]) -> Storage:
    """A check of each of these cases, by a tenant with the number of the case."""
    checks = [
        check("e1", issueTypes=case.values[0], issueCount=1, tenantId=f"tenant-{number}")
        for number, case in enumerate(ISSUE_TYPES)
    ]
    return computed({("persona", "2026-05-01"): checks})


@pytest.mark.parametrize(("issue_types", "names"), ISSUE_TYPES)
def test_issue_types_are_named_as_the_json_text_has_them(
    named: Storage, issue_types: object, names: set[str]
) -> None:
    tenant = f"tenant-{[case.values[0] for case in ISSUE_TYPES].index(issue_types)}"
    assert stored(named, tenant) == {ALL: (1, 0, 1), **dict.fromkeys(names, (1, 0, 1))}


def test_records_of_two_sources_with_one_id_are_two_checks(
    storage: Storage, landing: Landing, run_to_breakdowns: Run
) -> None:
    landing.write("persona", "2026-05-01", [check("e1", "age")])
    landing.write("generic", "2026-05-01", [line("e1", "check", issue_count=1, issue_types=["age"])])
    run_to_breakdowns()
    assert stored(storage) == {ALL: (2, 0, 2), "age": (2, 0, 2)}


@pytest.fixture(scope="module")
def landed(computed: Callable[..., Storage]) -> Storage:
    """Two days with three checks of acme, one of zeta, and seven prompts of acme."""
    prompts = [prompt(f"p{number}", TIME) for number in range(7)]
    checks = [check("e1", "employer", "age"), check("e2"), check("z1", "age", tenantId="zeta")]
    next_day = [check("e3", "employer", timestamp="2026-05-02T08:00:00Z")]
    return computed({("persona", "2026-05-01"): [*prompts, *checks], ("persona", "2026-05-02"): next_day})


def quality(storage: Storage, tenant: str | None) -> list[tuple[Any, ...]]:
    """Issue type, checks, clean checks in percent, issues and issues per 1,000 prompts of May."""
    return [tuple(row.values()) for row in read(storage, QualityQuery(*MAY, where=of_tenant(tenant))).rows]


def test_quality_is_read_over_days_the_most_frequent_issue_first(landed: Storage) -> None:
    assert quality(landed, "acme") == [
        (ALL, 3, Decimal("33.3"), 3, Decimal("428.6")),
        ("employer", 2, None, 2, Decimal("285.7")),
        ("age", 1, None, 1, Decimal("142.9")),
    ]


def test_without_prompts_there_is_no_ratio_to_them(landed: Storage) -> None:
    assert quality(landed, "zeta") == [
        (ALL, 1, Decimal("0.0"), 1, None),
        ("age", 1, None, 1, None),
    ]


def test_without_a_tenant_all_are_together(landed: Storage) -> None:
    assert quality(landed, None)[0] == (ALL, 4, Decimal("25.0"), 4, Decimal("571.4"))


def test_without_checks_there_is_no_share(storage: Storage) -> None:
    assert quality(storage, None) == [(ALL, 0, None, 0, None)]
