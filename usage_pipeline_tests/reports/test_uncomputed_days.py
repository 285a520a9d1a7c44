"""A day that has landed and could not be rated: its costs and credits are unknown wherever they are told."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from usage_pipeline.billing.statements import read_statement
from usage_pipeline.costs.tables import DAILY_COSTS
from usage_pipeline.insights.measures import MEASURES
from usage_pipeline.insights.read_series import SeriesQuestion, read_series
from usage_pipeline.metrics.queries import CostQuery, UsageQuery
from usage_pipeline.metrics.read import read
from usage_pipeline.reports.focus.export import write_focus
from usage_pipeline.reports.mailing import due_mails
from usage_pipeline.reports.scope import ReportPeriod, ReportScope
from usage_pipeline.reports.subscriptions import Cadence
from usage_pipeline.series.status import DayStatus
from usage_pipeline.storage.compute import compute_days
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.limits.reading import limit, status, write_usage
from usage_pipeline_tests.reports.conftest import DAYS, GROUPS, NOW, report_of, table_of
from usage_pipeline_tests.support import Landing, at, land_and_compute, prompt

FAILED = date(2026, 5, 21)
ONLY = ReportPeriod(FAILED, FAILED)


def write_and_fail(storage: Storage) -> None:
    """Compute the usage of `write_usage` up to 20 May; of the 21st, prices are broken when it is rated."""
    reference, landing = storage.settings.reference, Landing(storage.settings.landing)
    write_usage(reference, landing)
    (late,) = (storage.settings.landing / "persona" / str(FAILED)).iterdir()
    lines = late.read_bytes()
    late.unlink()
    land_and_compute(at(storage, NOW), *GROUPS)
    late.write_bytes(lines)
    (reference / "prices.yaml").write_text("- {id: x}\n")
    land_and_compute(at(storage, NOW), "records", "rollups", "series", "breakdowns")
    assert compute_days(at(storage, NOW), DAILY_COSTS, [FAILED], "test").failures.keys() == {FAILED}


@pytest.fixture(scope="module")
def failed(open_filled: Callable[..., Storage]) -> Storage:
    """That usage, at noon of the 22nd."""
    return open_filled(write_and_fail, now=NOW)


def test_its_costs_are_null_and_missing_and_its_usage_is_known(failed: Storage) -> None:
    costs = read(failed, CostQuery(date(2026, 5, 20), FAILED, ("day",), metrics=("amount",)))
    assert [tuple(row.values()) for row in costs.rows] == [
        (date(2026, 5, 20), Decimal(40), 0),
        (FAILED, None, 1),
    ]
    assert costs.missing == [FAILED]
    usage = read(failed, UsageQuery(FAILED, FAILED, ("day",), metrics=("tokens_total",)))
    assert (usage.rows, usage.statuses) == ([{"day": FAILED, "tokens_total": 5}], {FAILED: DayStatus.PROVISIONAL})


def test_a_sum_says_that_it_is_not_in_it(failed: Storage) -> None:
    (found,) = read(failed, CostQuery(DAYS.first, DAYS.last, metrics=("amount",))).rows
    assert found == {"amount": Decimal(1250), "missing_days": 1}


def test_limits_on_cost_and_credits_say_that_its_use_is_unknown(failed: Storage) -> None:
    found = status(failed, *(limit(metric, 1000) for metric in ("cost", "credits", "tokens_total")))
    assert [(one.limit.metric, int(one.used), one.missing_days) for one in found] == [
        ("cost", 250, 1),
        ("credits", 130, 1),
        ("tokens_total", 265, 0),
    ]


def test_of_the_present_day_too(failed: Storage) -> None:
    """At noon of the 21st it was the present one."""
    found = status(at(failed, NOW.replace(day=21)), *(limit(metric, 1000) for metric in ("cost", "tokens_total")))
    assert [one.missing_days for one in found] == [1, 0]


def test_a_report_of_it_has_its_tokens_and_no_cost(failed: Storage) -> None:
    report = report_of(failed, period=ONLY)
    (day,) = table_of(report, "daily").rows
    names = [column.name for column in table_of(report, "daily").columns]
    values = dict(zip(names, day, strict=True))
    assert [values[name] for name in ("status", "tokens", "cost", "credits")] == ["missing", 5, None, None]
    totals = {row[0]: row[2] for row in table_of(report, "totals").rows}
    assert [totals[name] for name in ("tokens_total", "cost", "credits")] == [5, None, None]
    assert report.notes[0] == (
        "1 day is missing: no logs are there, or they are not computed yet. No sum has the numbers that they lack."
    )


def test_a_report_of_days_around_it_adds_up(failed: Storage) -> None:
    report = report_of(failed)
    daily, totals = table_of(report, "daily"), {row[0]: row[2] for row in table_of(report, "totals").rows}
    sums = {
        column.name: sum(row[at] for row in daily.rows if row[at] is not None)
        for at, column in enumerate(daily.columns)
        if column.adds_up
    }
    assert (sums["tokens"], sums["cost"], sums["credits"]) == (265, Decimal(250), Decimal(130))
    assert [totals[name] for name in ("tokens_total", "cost", "credits")] == [265, Decimal(250), Decimal(130)]


def test_insights_know_its_tokens_and_no_cost(failed: Storage) -> None:
    measures = [MEASURES[name] for name in ("tokens_total", "cost", "credits")]
    found = read_series(failed, SeriesQuestion(measures, FAILED, FAILED), "acme")
    assert [series.values for series in found] == [(5,), (None,), (None,)]


def test_a_statement_lists_it_as_missing(failed: Storage) -> None:
    assert read_statement(failed, "acme", date(2026, 5, 1)).missing[:1] == (FAILED,)


def test_an_export_of_charges_leaves_it_out(failed: Storage, tmp_path: Path) -> None:
    write_focus(failed, ReportScope(ONLY, "acme"), tmp_path)
    assert len((tmp_path / "focus.csv").read_text().splitlines()) == 1


def test_a_mail_on_it_waits(failed: Storage, used: Storage) -> None:
    """Until it is computed, as in the other storage."""
    for storage in (failed, used):
        (storage.settings.reference / "report_subscriptions.yaml").write_text(
            "- {id: every-day, tenant: acme, cadence: daily, recipients: [a@acme.example]}\n"
        )
    assert due_mails(failed, Cadence.DAILY) == []
    assert [due.period for due in due_mails(used, Cadence.DAILY)] == [ONLY]


def test_a_day_that_was_computed_and_is_stale_keeps_its_numbers(storage: Storage, landing: Landing) -> None:
    then = at(storage, NOW)
    landing.write("persona", "2026-05-20", [prompt("a", "2026-05-20T08:00:00Z", tokensIn=3, tokensOut=0)])
    land_and_compute(then, *GROUPS)
    late = prompt("b", "2026-05-20T09:00:00Z", tokensIn=4, tokensOut=0)
    landing.write("persona", "2026-05-21", [late])
    land_and_compute(then, "records")
    query = UsageQuery(date(2026, 5, 20), FAILED, ("day",), metrics=("tokens_total", "credits"))
    assert [row["tokens_total"] for row in read(replace(then), query).rows] == [3, 0]
