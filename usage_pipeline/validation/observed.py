"""Puts results of expectations into words: numbers and names of columns, never a value of a row."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from usage_pipeline.storage.tables import TableSpec

_ABOUT_THE_QUERY = ("Binder Error", "Parser Error", "Catalog Error", 'The column "')
"""Messages that quote the suite. Other messages may quote values of rows."""

_ALL_COLUMNS = "all there"

_HELD = {
    "expect_table_columns_to_match_set": _ALL_COLUMNS,
    "unexpected_rows_expectation": "0 at fault",
    "expect_column_max_to_be_between": "0",
    "expect_table_row_count_to_be_between": "{rows:,} rows",
}


def observed(found: Sequence[Any], spec: TableSpec) -> str:
    """Describe the failed expectations of a check, or the first one if none failed."""
    failed = [result for result in found if not result.success]
    return "; ".join(_observed(result, spec) for result in failed or found[:1]) or "nothing to compare with"


def held(kind: str, rows: int) -> str:
    """Describe an expectation of this kind that holds for all of these rows."""
    return _HELD.get(kind, "0 of {rows:,} rows at fault").format(rows=rows)


def _observed(result: Any, spec: TableSpec) -> str:  # noqa: ANN401 - of Great Expectations, which is slow to import
    if problems := list(_problems(result.exception_info)):
        return f"could not be computed: {problems[0]}"
    details = result.result
    match result.expectation_config.type:
        case "expect_table_columns_to_match_set":
            missing = [name for name in spec.column_names if name not in details["observed_value"]]
            return f"without {', '.join(missing)}" if missing else _ALL_COLUMNS
        case "expect_table_row_count_to_be_between":
            return f"{details['observed_value']:,} rows"
        case "unexpected_rows_expectation":
            return f"{details['observed_value']:,} at fault"
        case "expect_column_max_to_be_between":
            value = details["observed_value"]
            return "null" if value is None else f"{value:,.6g}"
        case _:
            count, rows = details.get("unexpected_count") or 0, details.get("element_count") or 0
            at_fault = f"{count:,} of {rows:,} rows at fault"
            return at_fault if result.success else f"{result.expectation_config.kwargs['column']}: {at_fault}"


def _problems(exception_info: Mapping[str, Any]) -> Iterator[str]:
    """Yield the errors: one of the expectation, or one for each metric that failed."""
    by_metric = all(isinstance(info, Mapping) for info in exception_info.values())
    for info in exception_info.values() if by_metric else [exception_info]:
        if info.get("raised_exception"):
            yield _without_values(str(info.get("exception_message") or ""))


def _without_values(message: str) -> str:
    starts = [message.index(start) for start in _ABOUT_THE_QUERY if start in message]
    return message[min(starts) :].splitlines()[0] if starts else "DuckDB failed on the rows"
