"""Which method a backtest chooses, and what errors are compared with."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from usage_pipeline.insights.forecasting.backtest import METHODS, Backtest
from usage_pipeline.insights.forecasting.models import Method

SEASON = 7
OTHERS = dict.fromkeys(Method, 1.0)

CHOICES: Mapping[str, tuple[int, Mapping[Method, float], Method]] = {
    "no window": (0, {}, Method.MEAN),
    "all alike": (8, {}, Method.MEAN),
    "a little less in one window": (1, {Method.SEASONAL_NAIVE: 0.8}, Method.MEAN),
    "far less in one window": (1, {Method.THETA: 0.2}, Method.THETA),
    "half as much in two windows": (2, {Method.SEASONAL_NAIVE: 0.5}, Method.SEASONAL_NAIVE),
    "a little less in eight windows": (8, {Method.DRIFT: 0.9}, Method.DRIFT),
}


def backtest(errors: Sequence[Mapping[Method, float]]) -> Backtest:
    """A backtest of one row that found these errors, by window and method."""
    found = np.array([[[window[method] for method in METHODS]] for window in errors]).reshape(-1, 1, len(METHODS))
    return Backtest([], found, np.zeros_like(found), 2 * SEASON, np.zeros((1, 0), dtype=np.bool_))


@pytest.mark.parametrize("name", CHOICES)
def test_what_is_known_of_few_windows_counts_less(name: str) -> None:
    windows, errors, expected = CHOICES[name]
    assert METHODS[backtest([{**OTHERS, **errors}] * windows).best[0]] is expected


def test_one_window_with_large_errors_counts_like_any_other() -> None:
    large = {**dict.fromkeys(Method, 2000.0), Method.SEASONAL_NAIVE: 1000.0}
    small = [{**OTHERS, Method.SEASONAL_NAIVE: 1.5}] * 3
    assert METHODS[backtest([large, *small]).best[0]] is Method.MEAN


def test_errors_are_compared_with_the_value_a_week_before() -> None:
    rows = np.array([[*range(1, 36)]], dtype=np.float64)
    (window,) = Backtest.of(rows, SEASON).windows
    assert window.before.tolist() == [[*range(15, 22)] * 2]
    assert window.error(window.before).tolist() == [1.5]
