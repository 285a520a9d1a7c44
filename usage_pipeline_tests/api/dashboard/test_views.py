"""Each view shows the numbers of the API."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from usage_pipeline.keys.keys import Scope
from usage_pipeline_tests.api.dashboard.conftest import Visit
from usage_pipeline_tests.api.dashboard.reading import cards, labels, notes, table

Visiting = Callable[..., Visit]

DAYS = "from=2026-05-18&to=2026-05-23"


def test_the_overview_has_cards_and_series_with_average_and_comparison(visit: Visiting) -> None:
    page = visit("initech").open("?from=2026-05-20&to=2026-05-22")
    assert page.title() == "Overview · initech · Example"
    assert cards(page, "At a glance") == {
        "Prompt events": ["2", "2", "nothing to compare with"],
        "Personas": ["2", "2", "nothing to compare with"],
        "Timeline entries": ["1", "1", "nothing to compare with"],
        "Tokens in": ["220", "220", "nothing to compare with"],
        "Tokens out": ["24", "24", "nothing to compare with"],
        "Latency, p50": ["1 s", "1,012 ms", "nothing to compare with"],
        "Latency, p95": ["20.7 s", "20,670 ms", "nothing to compare with"],
        "Quality: checks without issue": ["0 %", "0 %", "nothing to compare with"],
        "Cost, USD": ["220.00", "220", "nothing to compare with"],
        "Tokens with a price": ["81.06 %", "81.06 %", "nothing to compare with"],
        "Credits left": ["-110", "-110", "-110 since the range began"],
    }


def test_the_series_name_missing_days_and_compare_with_the_range_before(visit: Visiting) -> None:
    page = visit("acme").open("?from=2026-05-20&to=2026-05-23")
    assert notes(page) == [
        "1 day is missing, and in no sum: 22 May 2026.",
        "2 days are provisional: late records may change them: 20 May 2026, 21 May 2026.",
    ]
    assert table(page, "Tokens by day") == [
        ["Day", "Status", "Tokens", "7-day average", "As many days before"],
        ["2026-05-20", "provisional", "40", "37.1", "–"],
        ["2026-05-21", "provisional", "5", "37.9", "150"],
        ["2026-05-22", "missing", "–", "–", "70"],
        ["Total", "", "45", "–", "220"],
    ]
    assert labels(page)[0] == "Tokens by day: 45 in 3 days, 220 in the days before."
    assert page.locator(".legend").first.locator("li").all_text_contents() == [
        *("Missing day", "Provisional day", "Range before", "7-day average"),
    ]
    assert cards(page, "At a glance")["Tokens in"] == ["45", "45", ""]
    assert page.get_by_text("Logs begin on 18 May 2026: the 3 days before can't be compared with.").is_visible()
    comparable = cards(visit("acme").open("?from=2026-05-20&to=2026-05-22"), "At a glance")
    assert comparable["Tokens in"] == ["45", "45", "-79.5 % (220 before)"]
    assert comparable["Credits left"] == ["67.50", "67.5", "+77.50 since the range began"]


def test_costs_say_what_has_no_price_and_by_what_they_are_grouped(visit: Visiting) -> None:
    page = visit("acme").open(f"?view=costs&{DAYS}")
    assert cards(page, "Cost") == {
        "Cost, USD": ["255.00", "255", ""],
        "Tokens": ["265", "", ""],
        "Unpriced tokens": ["10", "", "96.22 % have a price"],
        "Unpriced requests": ["0", "", ""],
        "Unpriced tool calls": ["0", "", ""],
    }
    assert table(page, "Cost by day")[1:] == [
        ["2026-05-18", "final", "150.00", "100 %"],
        ["2026-05-19", "provisional", "60.00", "85.71 %"],
        ["2026-05-20", "provisional", "40.00", "100 %"],
        ["2026-05-21", "provisional", "5.00", "100 %"],
        ["2026-05-22", "missing", "–", "–"],
        ["Total", "", "255.00", "96.22 %"],
    ]
    assert page.get_by_text("There is no forecast: 4 days with a number since").is_visible()
    assert table(page, "Usage without a price")[1:] == [["y", "unknown model", "10", "0"]]
    page.get_by_role("tab", name="Model").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Member")).to_be_focused()
    page.get_by_role("table", name="Cost by member").wait_for()
    assert "by=member_id" in page.url
    assert table(page, "Cost by member")[1:] == [
        ["ann", "", "205.00", "205", "0", "100 %"],
        ["bob", "", "50.00", "60", "10", "83.33 %"],
        ["Total", "", "255.00", "265", "10", "96.22 %"],
    ]
    page.get_by_role("link", name="bob").click()
    page.get_by_role("link", name="Remove the filter Member: bob").wait_for()
    page.get_by_role("table", name="Cost by member").wait_for()
    assert table(page, "Cost by member")[-1] == ["Total", "", "50.00", "60", "10", "83.33 %"]


def test_credits_burn_down_by_grant_and_by_day(visit: Visiting) -> None:
    page = visit(None).open(f"?view=costs&tenant=acme&{DAYS}")
    assert table(page, "Credits by grant")[1:] == [
        ["allocation/2026-05-20", "allocation", "100", "32.50", "0", "67.50", "2026-06-20"],
        ["allocation/2026-04-20", "allocation", "100", "100", "0", "0", "2026-05-20"],
        ["Total", "", "200", "132.50", "0", "67.50", ""],
    ]
    assert table(page, "Credits by day")[1:4] == [
        ["2026-05-18", "0", "75", "0", "25"],
        ["2026-05-19", "0", "35", "0", "-10"],
        ["2026-05-20", "100", "20", "0", "70"],
    ]
    assert labels(page)[-1] == "Credits by day: 132.50 used, 67.50 left on 2026-05-22."


@pytest.mark.parametrize(
    ("days", "used"), [("from=2026-05-19&to=2026-06-20", "57.50"), ("from=2025-05-22&to=2026-05-23", "132.50")]
)
def test_credits_of_a_range_that_goes_on_or_of_a_leap_year_end_today(
    visit: Visiting, days: str, used: str
) -> None:
    page = visit("acme").open(f"?view=costs&{days}")
    assert labels(page)[-1] == f"Credits by day: {used} used, 67.50 left on 2026-05-22."
    assert "67.50" in cards(visit("acme").open(f"?{days}"), "At a glance")["Credits left"][0]


def test_a_range_that_is_to_come_has_no_credits(visit: Visiting) -> None:
    page = visit("acme").open("?view=costs&from=2026-05-24&to=2026-05-26")
    assert page.get_by_text("This tenant has no credits in this range.").count() == 2


def test_breakdowns_are_by_dimension_and_metric_and_a_name_filters(visit: Visiting) -> None:
    page = visit(None).open(f"?view=breakdown&{DAYS}")
    assert [row[0] for row in table(page, "Tokens by tenant")] == ["Tenant", "globex", "initech", "acme", "Total"]
    page.get_by_role("link", name="acme").click()
    page.get_by_role("table", name="Tokens by model").wait_for()
    assert "tenant=acme" in page.url
    page.get_by_label("Metric").select_option("Credits")
    page.get_by_role("table", name="Credits by model").wait_for()
    assert table(page, "Credits by model")[1:] == [
        ["x", "", "127.50", "255", "5", "10", "0", "0", "96.2 %"],
        ["y", "", "5", "10", "1", "2", "0", "0", "3.8 %"],
        ["(none)", "", "–", "0", "1", "0", "0", "0", "–"],
        ["Total", "", "132.50", "265", "7", "12", "0", "0", "100.0 %"],
    ]
    assert labels(page) == ["Tokens by hour of the week, UTC: most on Mon at 8:00, 150."]
    assert table(page, "Tokens by hour of the week")[9] == ["8:00", "150", "70", "40", "5", "–", "–", "–"]
    page.get_by_role("link", name="x", exact=True).click()
    page.get_by_role("link", name="Remove the filter Model: x").wait_for()
    assert "model=x" in page.url


def test_limits_say_in_words_how_they_stand_and_which_alerts_are_open(visit: Visiting) -> None:
    page = visit("acme").open("?view=limits")
    meters = page.get_by_role("meter")
    assert [
        (meter.get_attribute("aria-valuenow"), meter.get_attribute("aria-valuetext")) for meter in meters.all()
    ] == [
        ("100", "106 %, 265 of 250 tokens. Over the limit."),
        ("40", "40 %, 4 of 10 records. Within the limit."),
        ("25.5", "25.5 %, 255 of 1,000 US dollars. Within the limit."),
    ]
    assert page.locator(".limits .badge").all_text_contents() == ["Over the limit", *["Within the limit"] * 2]
    assert "over since 20 May 2026" in page.locator(".limits li").first.inner_text()
    assert table(page, "Open alerts") == [
        ["About", "Kind", "Threshold", "Used", "Amount", "Raised", "State"],
        ["tokens", "limit", "100 %", "265", "250", "22 May 2026, 12:00", "raised"],
        ["y", "usage without a price", "–", "–", "–", "22 May 2026, 12:00", "raised"],
    ]
    assert page.get_by_text("No alert has ended lately.").is_visible()


def test_days_have_a_status_and_operators_see_failed_checks(visit: Visiting) -> None:
    page = visit(None).open(f"?view=days&{DAYS}")
    marks = page.locator(".calendar td:not(.outside)")
    assert [cell.inner_text().split() for cell in marks.all()] == [
        ["18", "final"],
        ["19", "prov."],
        ["20", "prov."],
        ["21", "prov."],
        ["22", "missing"],
    ]
    assert marks.first.get_attribute("title") == "18 May 2026: final, version 1"
    assert table(page, "Failed checks")[1:] == [
        ["2026-05-20", "warning", "usage_records", "ids_are_unique", "1 row", "none"]
    ]
    own = visit("acme").open(f"?view=days&{DAYS}")
    assert own.get_by_role("heading", level=2).all_text_contents() == ["Status of days"]


def test_runs_are_filtered_and_paged_and_their_texts_take_a_scope(visit: Visiting) -> None:
    page = visit("initech", Scope.CONTENT).open(f"?view=runs&{DAYS}")
    assert [row[:3] for row in table(page, "Runs")[1:]] == [
        ["initech-third", "running", "21 May 2026, 09:00"],
        ["initech-second", "failed: quota", "20 May 2026, 23:59"],
        ["initech-first", "succeeded", "20 May 2026, 09:00"],
    ]
    page.get_by_role("combobox", name="Member").fill("initech-eve")
    page.get_by_role("combobox", name="Status").fill("failed")
    page.get_by_role("button", name="Filter").click()
    page.get_by_role("link", name="Remove the filter Status: failed").wait_for()
    page.get_by_role("link", name="initech-second").click()
    page.get_by_role("heading", name="Run initech-second").wait_for()
    expect(page.get_by_role("region", name="Error")).to_have_text("initech is over its quota")
    assert facts(page) | {"Cost, USD": "10", "Took": "1 min 12 s (72,000 ms)", "Tokens": "12"} == facts(page)
    other = visit("initech").open(f"?view=runs&{DAYS}&run=initech-second")
    assert other.get_by_text("The texts of runs need a key with the scope content.").is_visible()


def facts(page: Page) -> dict[str, str]:
    names, values = (page.locator(f"main .facts {tag}").all_text_contents() for tag in ("dt", "dd"))
    return dict(zip(names, values, strict=True))


def test_reports_and_records_are_downloaded(visit: Visiting, tmp_path: Path) -> None:
    started = visit("acme")
    page = started.open(f"?view=downloads&{DAYS}")
    assert table(page, "Reports")[1][:4] == ["18 May 2026 to 19 May 2026", "", "1", "provisional"]
    with page.expect_download() as download:
        page.get_by_role("link", name="report.json").click()
    download.value.save_as(tmp_path / "report.json")
    href = page.get_by_role("link", name="report.json").get_attribute("href")
    assert (tmp_path / "report.json").read_bytes() == page.request.get(str(href)).body()
    page = visit("initech").open(f"?view=downloads&{DAYS}")
    for name, value in {"Type": "token", "Bot id": "initech-2"}.items():
        page.get_by_label("Filter by").select_option(name)
        page.get_by_label("Value").fill(value)
        page.get_by_role("button", name="Filter").click()
        page.get_by_role("link", name=f"Remove the filter {name}: {value}").wait_for()
    with page.expect_download() as download:
        page.get_by_role("link", name="Records as JSON lines").click()
    assert download.value.suggested_filename == "records_initech_2026-05-18_2026-05-22.jsonl"
    download.value.save_as(tmp_path / "records.jsonl")
    (record,) = map(json.loads, (tmp_path / "records.jsonl").read_text().splitlines())
    assert (record["id"], record["count"]) == ("initech-r4", 7)
