"""The columns of a table on paper: numbers are whole, names take what is left, and nothing leaves the page."""

import pytest

from usage_pipeline.reports.display import Kind
from usage_pipeline.reports.formats.table_layout import UPRIGHT, Layout, layout_of
from usage_pipeline.reports.model import Column
from usage_pipeline.reports.table_spec import TableSpec


def _layout(name: str, number: int, columns: int = 1) -> Layout:
    numbers = [Column(f"n{at}", "Number", Kind.COUNT) for at in range(columns)]
    spec = TableSpec("table", "Table", "About.", (Column("name", "Name", Kind.TEXT), *numbers))
    return layout_of(spec.table([(name, *(number,) * columns)]))


def test_a_number_has_the_width_of_its_digits_and_commas() -> None:
    _, number = _layout("a", 1_234_567_890).widths(UPRIGHT)
    assert number == pytest.approx((10 * 0.573 + 3 * 0.29) * 8 + 8.5)


def test_a_name_has_what_numbers_leave_if_it_needs_that() -> None:
    assert sum(_layout("n" * 100, 1_000_000).widths(UPRIGHT)) == pytest.approx(UPRIGHT)
    assert sum(_layout("name", 1_000_000).widths(UPRIGHT)) < 100


def test_letters_are_smaller_where_numbers_need_more_room_than_there_is() -> None:
    layout = _layout("n" * 100, 10**18, columns=6)
    assert sum(layout.widths(UPRIGHT)) == pytest.approx(UPRIGHT)
    assert layout.size(UPRIGHT) == pytest.approx(8 * UPRIGHT / layout.least)
    assert _layout("n", 1).size(UPRIGHT) == 8


def test_only_a_long_name_may_need_more_than_a_page() -> None:
    assert (_layout("n" * 100, 1).has_long_names, _layout("n" * 101, 1).has_long_names) == (False, True)
