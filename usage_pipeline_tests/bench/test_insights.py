"""What `python -m bench.insights` measures: forecasts of real logs, planted anomalies, and where the tables go."""

from pathlib import Path

import numpy as np
import pytest

from bench.errors import BenchError
from bench.insights.backtests import measure_backtests
from bench.insights.made import made_days
from bench.insights.planted import measure_planted
from bench.insights.real import since_first_use
from bench.insights.result import at_least, at_most
from bench.publishing import published, update_marked


def silent(_: str) -> None:
    """Tell nobody."""


def test_backtests_of_all_data_pass_their_bars() -> None:
    result = measure_backtests(silent)
    assert result.rows[0][0] == "20 made tenants, 182 days"
    assert [bar for bar in result.bars if not bar.passed] == []


@pytest.mark.acceptance
def test_planted_anomalies_are_found_and_false_alarms_are_rare() -> None:
    assert [bar for bar in measure_planted(silent).bars if not bar.passed] == []


def test_made_tenants_are_the_same_each_time() -> None:
    assert made_days(1, 3).tolist() == made_days(1, 90)[:3].tolist()


def test_nothing_is_known_before_the_first_use() -> None:
    found = since_first_use(np.array([[0.0, 0, 5, 0], [np.nan, 3, 0, 1]]))
    assert np.isnan(found).tolist() == [[True, True, False, False], [True, False, False, False]]


def test_bars_include_their_limit() -> None:
    assert [at_least("found", 95, 95.0, " %").passed, at_most("false", 1, 1.01).passed] == [True, False]
    assert at_least("found", 95, 94.88, " %").found == "94.88 %"


def test_tables_are_put_between_the_marks(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- bench -->\nold\n<!-- /bench -->\nafter\n")
    update_marked(page, "| new |")
    assert (published(page), page.read_text().splitlines()[-1]) == ("| new |", "after")
    page.write_text("nothing")
    with pytest.raises(BenchError, match=r"page.md has no <!-- bench --> followed by"):
        update_marked(page, "| new |")
