"""What people see of a table: rounded parts come to the rounded total, and what is not shown is one line."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from usage_pipeline.reports.display import Kind
from usage_pipeline.reports.model import Column, Role
from usage_pipeline.reports.table_spec import TableSpec

_COLUMNS = (
    Column("model", "Model", Kind.TEXT),
    Column("tokens", "Tokens", Kind.COUNT, adds_up=True),
    Column("cost", "Cost, USD", Kind.MONEY, adds_up=True),
)
_MODELS = TableSpec("models", "Models", "Costs.", _COLUMNS)
_TWO_MODELS = TableSpec("models", "Models", "Costs.", _COLUMNS, most_lines=2)


def _shown(spec: TableSpec, *costs: str | None) -> list[tuple[str, ...]]:
    rows = [(f"m{at}", 1000, None if cost is None else Decimal(cost)) for at, cost in enumerate(costs)]
    return [(line.role.value, *line.cells) for line in spec.summed(rows).lines]


def test_money_has_two_places_rounded_half_to_even() -> None:
    assert _shown(_MODELS, "1.005", "1.015") == [
        ("row", "m0", "1,000", "1.00"),
        ("row", "m1", "1,000", "1.02"),
        ("total", "Total", "2,000", "2.02"),
    ]


def test_what_rounded_parts_lack_of_the_total_is_a_line() -> None:
    assert _shown(_MODELS, "1.004", "1.004", "1.004")[-2:] == [
        ("rounding", "Rounding", "", "0.01"),
        ("total", "Total", "3,000", "3.01"),
    ]


def test_a_total_below_one_has_six_places() -> None:
    assert _shown(_MODELS, "0.0000005", "0.25")[-1] == ("total", "Total", "2,000", "0.250000")


def test_what_is_not_known_is_a_dash_and_in_no_sum() -> None:
    assert _shown(_MODELS, None, "2") == [
        ("row", "m0", "1,000", "–"),
        ("row", "m1", "1,000", "2.00"),
        ("total", "Total", "2,000", "2.00"),
    ]


def test_a_sum_of_nothing_known_is_not_known() -> None:
    assert _shown(_MODELS, None)[-1] == ("total", "Total", "1,000", "–")


def test_rows_beyond_the_first_are_one_line() -> None:
    assert _shown(_TWO_MODELS, "4", "3", "2", "1") == [
        ("row", "m0", "1,000", "4.00"),
        ("row", "m1", "1,000", "3.00"),
        ("others", "2 others", "2,000", "3.00"),
        ("total", "Total", "4,000", "10.00"),
    ]


def test_one_row_more_than_shown_is_shown_itself() -> None:
    assert [line[0] for line in _shown(_TWO_MODELS, "3", "2", "1")] == ["row", "row", "row", "total"]


@given(st.lists(st.none() | st.decimals(-(10**9), 10**9, places=12), max_size=6))
def test_shown_parts_always_come_to_the_shown_total(costs: list[Decimal | None]) -> None:
    table = _TWO_MODELS.summed((f"m{at}", at, cost) for at, cost in enumerate(costs))
    amounts = [
        (line.role, Decimal(cell.replace(",", "")))
        for line in table.lines
        if (cell := line.cells[2]) not in {"", "–"}
    ]
    total = sum(amount for role, amount in amounts if role is Role.TOTAL)
    assert sum(amount for role, amount in amounts if role is not Role.TOTAL) == total
