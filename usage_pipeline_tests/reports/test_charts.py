"""What the charts of a report show."""

import re
from collections import Counter
from dataclasses import replace

from usage_pipeline.reports.charts import style
from usage_pipeline.reports.charts.drawing import charts
from usage_pipeline.reports.model import Report
from usage_pipeline_tests.reports.made import made_report


def _svg(report: Report, table: str) -> str:
    (chart,) = [chart for chart in charts(report) if chart.table == table]
    return chart.svg


def _texts(svg: str) -> list[str]:
    return [re.sub("<[^>]*>", "", text) for text in re.findall("<text[^>]*>(.*?)</text>", svg)]


def _fills(svg: str) -> Counter[str]:
    """Count the bars, cells and signs of the legend by their colour."""
    return Counter(re.findall('<path [^>]*fill="(#[0-9a-f]{6})"', svg))


def test_each_table_with_a_chart_has_one() -> None:
    assert [chart.table for chart in charts(made_report())] == [
        "daily",
        "by_model",
        "credit_days",
        "weekday_hours",
    ]


def test_a_table_that_is_not_there_or_has_nothing_to_be_seen_has_no_chart() -> None:
    report = made_report(tokens=0, models=())
    assert charts(report) == ()
    assert charts(replace(report, tables=())) == ()


def test_missing_days_are_grey_and_the_line_has_gaps_there() -> None:
    svg = _svg(made_report(days=7, missing=(2, 5)), "daily")
    fills = _fills(svg)
    assert (fills[style.BARS], fills[style.MISSING]) == (5 + 1, 2 + 1)  # with their signs in the legend
    (line,) = re.findall(f'd="([^"]*)"[^>]* stroke="{style.LINE}" stroke-width="2"', svg)
    assert line.count("M") == 3


def test_without_missing_days_the_legend_does_not_have_them() -> None:
    assert _texts(_svg(made_report(), "daily"))[-2:] == ["Tokens", "7-day average"]


def test_few_days_have_their_own_labels_and_axes_have_short_numbers() -> None:
    texts = _texts(_svg(made_report(days=3), "daily"))
    assert texts[:3] == ["2026-02-01", "2026-02-02", "2026-02-03"]
    assert {"0", "200k", "1.2M", "Tokens"} <= set(texts)


def test_a_long_period_has_labels_for_some_days() -> None:
    texts = _texts(_svg(made_report(days=90), "daily"))
    assert [text for text in texts if text.startswith("2026-")][:3] == ["2026-02-01", "2026-02-12", "2026-02-23"]


def test_models_are_the_ten_that_cost_most_and_the_others_together() -> None:
    svg = _svg(made_report(models=[f"model-{at}" for at in range(14)]), "by_model")
    texts = _texts(svg)
    assert _fills(svg)[style.BARS] == 11
    assert [text for text in texts if not text[0].isdigit()] == ["Cost, USD", *(f"model-{at}" for at in range(10))]
    assert "4 others" in texts
    assert {"120.00", "60.00", "38.71"} <= set(texts)  # 120/11 + 120/12 + 120/13 + 120/14, each cut to 4 places


def test_a_model_without_a_price_says_so() -> None:
    assert "no price" in _texts(_svg(made_report(), "by_model"))


def test_hours_without_usage_are_almost_white() -> None:
    assert _fills(_svg(made_report(), "weekday_hours"))[style.NOTHING] == 72


def test_every_colour_has_one_for_dark_pages() -> None:
    colours = {
        colour for chart in charts(made_report(missing=(1,))) for colour in re.findall("#[0-9a-f]{6}", chart.svg)
    }
    assert colours - set(style.DARK) == set()


def test_a_name_is_text_in_the_picture() -> None:
    svg = _svg(made_report(models=("<b>&\x01\U0001f680 x", "")), "by_model")
    assert "&lt;b&gt;&amp;\N{REPLACEMENT CHARACTER}<tspan" in svg
