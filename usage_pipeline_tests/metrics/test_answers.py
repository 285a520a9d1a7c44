"""Ratios are rounded once, half to even."""

from decimal import Decimal

import pytest

from usage_pipeline.metrics.answers import one_decimal


@pytest.mark.parametrize(
    ("numerator", "denominator", "expected"),
    [
        pytest.param(1, 3, "0.3", id="down"),
        pytest.param(2, 3, "0.7", id="up"),
        pytest.param(1, 4, "0.2", id="half to even, down"),
        pytest.param(3, 4, "0.8", id="half to even, up"),
        pytest.param(5, 1, "5.0", id="whole"),
        pytest.param(0, 7, "0.0", id="nothing"),
        pytest.param(2**63 - 1, 2, "4611686018427387903.5", id="more than a double holds"),
    ],
)
def test_a_ratio_has_one_decimal(numerator: int, denominator: int, expected: str) -> None:
    assert one_decimal(numerator, denominator) == Decimal(expected)


def test_without_a_denominator_there_is_no_ratio() -> None:
    assert one_decimal(3, 0) is None
