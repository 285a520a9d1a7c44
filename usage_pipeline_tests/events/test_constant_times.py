"""Constant times and durations: what the landing would refuse on each line is an error of the format."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from duckdb import DuckDBPyConnection

from usage_pipeline.errors import FormatError
from usage_pipeline.events.format_files import load_format
from usage_pipeline.events.landing.rules import landing_sql
from usage_pipeline.storage.engine import literal

DAY = "expected a day such as 2026-02-20, found the constant"
TIME = "expected a time such as 2026-02-20T08:00:00Z, found the constant"
NUMBER = "expected a number since 1970, found the constant"
SMALLER = "; is it a smaller unit?"
WRONG_TIMES = [
    ("day", "20260220", f"{DAY} '20260220'"),
    ("day", "2026-W08-5", f"{DAY} '2026-W08-5'"),
    ("day", "2026-02-30", f"{DAY} '2026-02-30'"),
    ("iso", "2026-02-20T08:00:99Z", f"{TIME} '2026-02-20T08:00:99Z'"),
    ("iso", "2026-02-20T08:60Z", f"{TIME} '2026-02-20T08:60Z'"),
    ("epoch_s", "1.", f"{NUMBER} '1.'"),
    ("epoch_s", "1" * 12, f"expected at most 11 digits of epoch_s, found the constant '{'1' * 12}'{SMALLER}"),
    ("epoch_ms", "1" * 15, f"expected at most 14 digits of epoch_ms, found the constant '{'1' * 15}'{SMALLER}"),
    ("epoch_us", "1" * 18, f"expected at most 17 digits of epoch_us, found the constant '{'1' * 18}'{SMALLER}"),
    ("epoch_ns", "1" * 21, f"expected at most 20 digits of epoch_ns, found the constant '{'1' * 21}'{SMALLER}"),
]
TIMES = [
    *(("day", "2026-02-20"), ("iso", "2026-02-20T08:00Z"), ("iso", "2026-02-20 08:00:59.5+01:00")),
    *(("epoch_s", "1" * 11), ("epoch_s", "0.5"), ("epoch_ms", "1" * 14)),
    *(("epoch_us", "1" * 17), ("epoch_ns", "1" * 20)),
]
WRONG_DURATIONS = [
    ("s", "-1", "expected a number, 0 or more, found the constant '-1'"),
    ("s", "1" * 13, f"expected at most 12 digits of s, found the constant '{'1' * 13}'{SMALLER}"),
    ("ms", "1" * 16, f"expected at most 15 digits of ms, found the constant '{'1' * 16}'{SMALLER}"),
    ("us", "1" * 19, f"expected at most 18 digits of us, found the constant '{'1' * 19}'{SMALLER}"),
    ("ns", "1" * 19, f"expected at most 18 digits of ns, found the constant '{'1' * 19}'{SMALLER}"),
]
DURATIONS = [("s", "1" * 12), ("s", "0.5"), ("ms", "1" * 15), ("us", "1" * 18), ("ns", "1" * 18)]


@pytest.fixture(scope="module")
def duck() -> Iterator[DuckDBPyConnection]:
    """DuckDB with the macros of the landing."""
    with duckdb.connect() as found:
        for statement in landing_sql("macros").split(";\n"):
            found.execute(statement)
        yield found


def takes(duck: DuckDBPyConnection, macro: str, text: str) -> bool:
    return bool(duck.execute(f"SELECT {macro}({literal(text)}) IS NOT NULL").fetchall()[0][0])


def expect_error(file: Path, named: str) -> None:
    with pytest.raises(FormatError) as error:
        load_format(file)
    assert named in str(error.value)


@pytest.mark.parametrize(("notation", "text", "named"), WRONG_TIMES)
def test_a_constant_that_the_landing_takes_for_no_time_is_an_error_of_the_format(
    add_jobs: Callable[..., Path], duck: DuckDBPyConnection, notation: str, text: str, named: str
) -> None:
    assert not takes(duck, f"time_{notation}", text)
    time = {"field": ["$.at", {"constant": text}], "format": notation}
    expect_error(add_jobs(times={"occurred_at": time}), f"times.occurred_at: {named}")
    duration = {"from": {"field": "$.at", "default": text}, "to": "$.end", "format": notation}
    expect_error(add_jobs(fields={"duration_ms": duration}), f"fields.duration_ms: {named}")


@pytest.mark.parametrize(("notation", "text"), TIMES)
def test_a_constant_that_the_landing_takes_for_a_time_is_sound(
    add_jobs: Callable[..., Path], duck: DuckDBPyConnection, notation: str, text: str
) -> None:
    assert takes(duck, f"time_{notation}", text)
    duration: dict[str, Any] = {"from": {"constant": text}, "to": "$.end", "format": notation}
    time = {"field": {"constant": text}, "format": notation}
    load_format(add_jobs(times={"occurred_at": time}, fields={"duration_ms": duration}))


@pytest.mark.parametrize(("unit", "text", "named"), WRONG_DURATIONS)
def test_a_constant_that_the_landing_takes_for_no_duration_is_an_error_of_the_format(
    add_jobs: Callable[..., Path], duck: DuckDBPyConnection, unit: str, text: str, named: str
) -> None:
    assert not takes(duck, f"us_of_{unit}", text)
    offset = {"field": ["$.t", {"constant": text}], "unit": unit}
    time = {"field": "$.at", "format": "iso", "offset": offset}
    expect_error(add_jobs(times={"occurred_at": time}), f"times.occurred_at.offset: {named}")


@pytest.mark.parametrize(("unit", "text"), DURATIONS)
def test_a_constant_that_the_landing_takes_for_a_duration_is_sound(
    add_jobs: Callable[..., Path], duck: DuckDBPyConnection, unit: str, text: str
) -> None:
    assert takes(duck, f"us_of_{unit}", text)
    offset = {"field": {"constant": text}, "unit": unit}
    load_format(add_jobs(times={"occurred_at": {"field": "$.at", "format": "iso", "offset": offset}}))
