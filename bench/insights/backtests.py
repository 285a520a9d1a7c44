"""How forecasts came true that would have been made earlier: on real logs and on made tenants."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from bench.insights.made import made_days
from bench.insights.real import aider_days, servegen_hours, since_first_use
from bench.insights.result import Result, Row, at_least, at_most
from usage_pipeline.insights.estimates import LEVELS
from usage_pipeline.insights.forecasting.backtest import Backtest, Scores
from usage_pipeline.insights.forecasting.forecast import WEEK
from usage_pipeline.insights.matrix import Floats
from usage_pipeline.insights.outlook.horizon import HISTORY_DAYS

_DAY_HOURS = 24
_TENANTS = 20
_MADE_DAYS = 182
_STEP = 28
_COVERAGE_80 = LEVELS.index(80)
_LEAST_COVERED, _MOST_COVERED = 70, 90


@dataclass(frozen=True)
class Data:
    """Series as rows, and the steps of a season."""

    name: str
    rows: Floats
    season: int


def measure_backtests(tell: Callable[[str], None]) -> Result:
    """Backtest all series, and compare the errors with those of the value a season before, the last known one."""
    rows: list[Row] = []
    bars = []
    for data in _all_data():
        tell(data.name)
        scores = Backtest.of(data.rows, data.season).scores()
        known = np.isfinite(scores.error) & np.isfinite(scores.naive)
        error, naive = (float(of[known].mean()) for of in (scores.error, scores.naive))
        coverage = _coverage(scores)
        rows.append(
            (
                data.name,
                str(int((scores.windows > 0).sum())),
                str(int(scores.windows.sum())),
                f"{error:.3f}",
                f"{naive:.3f}",
                str(int(scores.left_out.sum())),
                *(f"{percent:.1f} %" for percent in coverage),
            )
        )
        bars += [
            at_most(f"MASE beside that of seasonal naive, {data.name}", 1, error / naive, " times"),
            at_least(f"Within the 80 % range, {data.name}", _LEAST_COVERED, coverage[_COVERAGE_80], " %"),
            at_most(f"Within the 80 % range, {data.name}", _MOST_COVERED, coverage[_COVERAGE_80], " %"),
        ]
    columns = (
        "Data",
        "Series",
        "Windows",
        "MASE",
        "of seasonal naive",
        "Left out",
        *(f"in {level} %" for level in LEVELS),
    )
    return Result("Forecasts beside what came", columns, rows, bars)


def _coverage(scores: Scores) -> list[float]:
    """Return the percentage of steps within the range of each level, each window counting the same."""
    told = scores.windows > 0
    weights = scores.windows[told][:, None]
    shares = (scores.coverage[told] * weights).sum(axis=0) / weights.sum()
    return [100 * float(share) for share in shares]


def _all_data() -> Sequence[Data]:
    made = np.stack([made_days(seed, _MADE_DAYS) for seed in range(1, _TENANTS + 1)])
    found = [Data(f"{_TENANTS} made tenants, {_MADE_DAYS} days", made, WEEK)]
    hours = servegen_hours(_TENANTS)
    if hours is not None:
        found.append(Data(f"{_TENANTS} ServeGen tenants, {hours.shape[1]} hours", hours, _DAY_HOURS))
    for name, days in aider_days().items():
        found.append(Data(f"aider log, {name}", _histories(days), WEEK))
    return found


def _histories(days: Floats) -> Floats:
    """Return the history of each fourth week, as rows: a backtest looks at the last windows of a row only."""
    ends = range(len(days), HISTORY_DAYS - 1, -_STEP)
    return since_first_use(np.stack([days[end - HISTORY_DAYS : end] for end in ends]))
