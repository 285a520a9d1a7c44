"""Turns results of expectations into evaluations: numbers and names of columns, never a value of a row."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from usage_pipeline.storage.tables import TableSpec
from usage_pipeline.validation.results import Evaluation, Numbers, nothing_compared

_ABOUT_THE_QUERY = ("Binder Error", "Parser Error", "Catalog Error", 'The column "')
"""Messages that quote the suite. Other messages may quote values of rows."""

_ALL_COLUMNS = "all there"
_AT_FAULT = "at_fault"

_HELD = {
    "expect_table_columns_to_match_set": _ALL_COLUMNS,
    "unexpected_rows_expectation": "0 at fault",
    "expect_column_max_to_be_between": "0",
    "expect_table_row_count_to_be_between": "{rows:,} rows",
}


def evaluation(results: Sequence[Any], expected: str, spec: TableSpec) -> Evaluation:
    """Evaluate a check by the results of its expectations on a day."""
    if not results:
        return nothing_compared(expected.removeprefix("nothing: "), expected)
    failed = [result for result in results if not result.success]
    shown = failed or results[:1]
    if any(_is_null(result) for result in shown):
        return nothing_compared("no value", expected)
    numbers = [_numbers(result, spec) for result in shown]
    return Evaluation(
        not failed,
        "; ".join(_observed(result, spec) for result in shown),
        expected,
        {name: max(found.get(name, 0) for found in numbers) for name in numbers[0]},
    )


def holding(kind: str, rows: int, expected: str) -> Evaluation:
    """Evaluate a check whose expectation, of this kind, holds for all of these rows."""
    observed = _HELD.get(kind, "0 of {rows:,} rows at fault").format(rows=rows)
    numbers: dict[str, Numbers] = {
        "expect_column_max_to_be_between": {"value": 0.0},
        "expect_table_row_count_to_be_between": {"rows": rows},
    }
    return Evaluation(
        success=True, observed=observed, expected=expected, numbers=numbers.get(kind, {_AT_FAULT: 0})
    )


def within(number: float, expected: str) -> Evaluation:
    """Evaluate a check of the number of a query that is within its bounds."""
    return Evaluation(success=True, observed=_shown(number), expected=expected, numbers={"value": number})


def _shown(number: float) -> str:
    return f"{number:,.6g}"


def _is_null(result: Any) -> bool:  # noqa: ANN401 - of Great Expectations, which is slow to import
    return (
        result.expectation_config.type == "expect_column_max_to_be_between"
        and not any(_problems(result.exception_info))
        and result.result["observed_value"] is None
    )


def _numbers(result: Any, spec: TableSpec) -> Numbers:  # noqa: ANN401 - of Great Expectations, which is slow to import
    details = result.result
    if any(_problems(result.exception_info)):
        return {}
    match result.expectation_config.type:
        case "expect_table_columns_to_match_set":
            return {_AT_FAULT: len(set(spec.column_names).difference(details["observed_value"]))}
        case "expect_table_row_count_to_be_between":
            return {"rows": details["observed_value"]}
        case "unexpected_rows_expectation":
            return {_AT_FAULT: details["observed_value"]}
        case "expect_column_max_to_be_between":
            return {"value": float(details["observed_value"])}
        case _:
            return {_AT_FAULT: details.get("unexpected_count") or 0}


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
            return _shown(details["observed_value"])
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
