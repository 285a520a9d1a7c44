"""Charts as the lines that are printed."""

import pytest

from usage_pipeline.cli.demo.summary import bars, chart


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ([1, 2, 3, 4, 5, 6, 7, 8], "▁▂▃▄▅▆▇█"),
        ([0, 1_000_000, 1], " █▁"),
        ([5, 5], "██"),
        ([0, 0], "  "),
        ([], ""),
    ],
)
def test_the_largest_value_is_a_full_block_and_only_zero_is_none(values: list[int], line: str) -> None:
    assert bars(values) == [line]


def test_higher_bars_have_their_upper_ends_in_the_lines_above() -> None:
    assert bars([4, 8, 12, 16], height=2) == [
        "  ▄█",
        "▄███",
    ]


def test_a_chart_has_its_largest_value_zero_and_both_ends() -> None:
    assert list(chart([1_000, 2_000] * 6, ("May 1", "May 9"), margin=6, height=2)) == [
        " 2,000 ┤ █ █ █ █ █ █",
        "       ┤████████████",
        "     0 └────────────",
        "        May 1  May 9",
    ]


def test_ends_that_are_longer_than_the_chart_stand_side_by_side() -> None:
    assert list(chart([3], ("May 1", "May 1"), margin=1, height=1))[-1] == "   May 1 May 1"
