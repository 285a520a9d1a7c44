"""A chart is a picture within Markdown, with a bar for each day, and says in words what it shows."""

import re
from datetime import date, timedelta
from urllib.parse import unquote
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from usage_pipeline.orchestration.charts import chart, chart_of_stock

DAYS = [date(2026, 5, day) for day in (1, 2, 3, 4)]
SVG = "{http://www.w3.org/2000/svg}"
SHOWN_ON_THE_PAGE = 1_000
LARGEST = 10**18 - 1


def outline(markdown: str) -> str | None:
    """The outline of all bars: V goes up or down to a height below the upper edge, h one day to the right."""
    found = re.fullmatch(r"!\[.*\]\(data:image/svg\+xml,([^() ]+)\)\n\n.*\n.*", markdown)
    assert found
    bars, _ = ET.fromstring(unquote(found[1])).findall(f"{SVG}path")  # noqa: S314 - our own picture
    return bars.get("d")


def test_heights_of_bars_stand_for_the_values() -> None:
    assert (
        outline(chart("tokens", dict(zip(DAYS, (59, 1, 118, 30), strict=True)))) == "M0,60V29h1V58h1V0h1V44h1V60"
    )


def test_a_missing_day_has_no_bar_and_a_zero_is_a_line() -> None:
    assert (
        outline(chart("tokens", dict(zip(DAYS, (10, None, 0, 10), strict=True)))) == "M0,60V0h1V60h1V59h1V0h1V60"
    )


def test_days_that_are_all_zero_are_a_chart_too() -> None:
    assert outline(chart("tokens", dict.fromkeys(DAYS, 0))) == "M0,60V59h4V60"


def test_the_words_tell_days_sum_peak_and_newest_and_leave_missing_days_out() -> None:
    assert chart("tokens", dict(zip(DAYS, (1000, None, 500, None), strict=True))).endswith(
        "\n\ntokens, 2026-05-01 to 2026-05-04.\n1,500 in 2 of 4 days; most on 2026-05-01: 1,000; 2026-05-03: 500."
    )


def test_the_words_of_a_stock_tell_the_newest_and_no_sum() -> None:
    assert chart_of_stock("left", dict(zip(DAYS, (1000, 500, 0, 20.5), strict=True))).endswith(
        "\n\nleft, 2026-05-01 to 2026-05-04.\n"
        "20.50 on 2026-05-04; most on 2026-05-01: 1,000; least on 2026-05-03: 0."
    )


def test_days_that_are_all_missing_are_said_to_be() -> None:
    assert chart("tokens", dict.fromkeys(DAYS)).endswith("\nNo day is computed yet.")


@given(st.lists(st.none() | st.integers(0, LARGEST), min_size=90, max_size=90))
def test_a_chart_of_90_days_is_short_enough_to_be_shown_on_the_page(values: list[int | None]) -> None:
    days = (DAYS[0] + timedelta(days=position) for position in range(90))
    title = "conversations by landing day, all tenants"
    assert len(chart(title, dict(zip(days, values, strict=True)))) < SHOWN_ON_THE_PAGE
