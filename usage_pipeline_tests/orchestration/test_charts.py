"""A chart is a picture within Markdown, with a bar for each day, and says in words what it shows."""

import re
from base64 import b64decode
from datetime import date
from xml.etree import ElementTree as ET

from usage_pipeline.orchestration.charts import chart

DAYS = [date(2026, 5, day) for day in (1, 2, 3, 4)]
SVG = "{http://www.w3.org/2000/svg}"


def picture(markdown: str) -> ET.Element:
    found = re.fullmatch(r"!\[.*\]\(data:image/svg\+xml;base64,([^)]+)\)\n\n.*", markdown)
    assert found
    return ET.fromstring(b64decode(found[1]))  # noqa: S314 - our own picture


def bar_heights(markdown: str) -> list[str]:
    bars, _, _ = picture(markdown).findall(f"{SVG}path")
    return re.findall(r"v-([\d.]+)", bars.get("d") or "")


def dots(markdown: str) -> int:
    _, marks, _ = picture(markdown).findall(f"{SVG}path")
    return (marks.get("d") or "").count("M")


def test_heights_of_bars_stand_for_the_values() -> None:
    found = chart("tokens", dict(zip(DAYS, (50, 0, 100, 25), strict=True)))
    assert (bar_heights(found), dots(found)) == (["86.0", "0.0", "172.0", "43.0"], 0)


def test_a_missing_day_has_a_dot_and_no_bar() -> None:
    found = chart("tokens", dict(zip(DAYS, (50, None, 100, None), strict=True)))
    assert (bar_heights(found), dots(found)) == (["86.0", "172.0"], 2)


def test_a_picture_names_its_subject_its_highest_value_and_its_ends() -> None:
    found = picture(chart("a < b", dict(zip(DAYS, (1, 2, 12_345, 4), strict=True))))
    assert [text.text for text in found.iter(f"{SVG}text")] == [
        "a < b",
        "highest: 12,345",
        "2026-05-01",
        "2026-05-04",
    ]


def test_the_words_leave_missing_days_out() -> None:
    assert chart("tokens", dict(zip(DAYS, (1000, None, 500, None), strict=True))).endswith(
        "\n\n1,500 in 2 of 4 days; most on 2026-05-01: 1,000; 2026-05-03: 500."
    )


def test_days_that_are_all_zero_are_a_chart_too() -> None:
    assert bar_heights(chart("tokens", dict.fromkeys(DAYS, 0))) == ["0.0"] * 4


def test_days_that_are_all_missing_are_said_to_be() -> None:
    assert chart("tokens", dict.fromkeys(DAYS)).endswith("\n\nNo day is computed yet.")
