"""Trends, forecasts, anomalies and recommendations of reports: what is kept as of the end of the period."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest

from usage_pipeline.insights.kept.keeping import keep_insights
from usage_pipeline.reports.building import build_report
from usage_pipeline.reports.digest import data_version
from usage_pipeline.reports.scope import ReportPeriod, ReportScope
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.insights.steady import AS_OF, fill
from usage_pipeline_tests.reports.conftest import table_of

MAY = ReportPeriod(date(2026, 5, 1), AS_OF)
INSIGHTS = {"trends", "forecast", "anomalies", "recommendations"}


@pytest.fixture(scope="module")
def steady(open_filled: Callable[..., Storage]) -> Storage:
    """Nine weeks of a tenant that uses the same every week, and much on the last day."""
    storage = open_filled(fill)
    keep_insights(storage, AS_OF, ("tokens_total", "cost"))
    return storage


def test_a_report_has_what_is_kept_as_of_the_last_day(steady: Storage) -> None:
    report = build_report(steady, ReportScope(MAY, "acme"))
    assert table_of(report, "trends").rows[1] == (
        *("tokens_total", AS_OF, 150_000, Decimal("105714.29"), Decimal("92857.14")),
        *map(Decimal, ("400.0", "19.4", "4.8")),
    )
    forecast = table_of(report, "forecast")
    assert (len(forecast.rows), forecast.rows[0][0]) == (30, date(2026, 6, 1))
    tokens, costs, credit = (forecast.rows[0][start : start + 3] for start in (1, 4, 7))
    assert [tokens, costs] == [pytest.approx([Decimal(usual)] * 3, rel=Decimal("0.02")) for usual in (100_000, 10)]
    assert list(credit) == [None] * 3
    assert table_of(report, "anomalies").rows[1] == (
        *("tokens_total", "spike", AS_OF, AS_OF, AS_OF),
        *map(Decimal, (150_000, 30_000, 26_975, 33_343)),
        None,
    )
    assert report.table("recommendations") is None


def test_insights_of_all_tenants_together_and_of_no_other_days(steady: Storage) -> None:
    together = build_report(steady, ReportScope(MAY, None))
    assert table_of(together, "trends").column("measure") == ["cost", "tokens_total"]
    april = ReportPeriod(date(2026, 4, 1), date(2026, 4, 30))
    others = (ReportScope(april, "acme"), ReportScope(MAY, "acme", (("model", ("alpha-mini",)),)))
    for scope in others:
        assert INSIGHTS.isdisjoint(table.name for table in build_report(steady, scope).tables)


def test_a_report_whose_insights_are_not_made_yet_says_what_makes_them(steady: Storage) -> None:
    early = ReportPeriod(date(2026, 5, 1), date(2026, 5, 30))
    (note,) = (note for note in build_report(steady, ReportScope(early, "acme")).notes if "not made yet" in note)
    assert note.startswith("Trends, forecast, anomalies and recommendations are not made yet as of 2026-05-30. ")
    assert note.endswith("--select usage_trends --partition 2026-05-30")
    filtered = ReportScope(early, "acme", (("model", ("alpha-mini",)),))
    for scope in (ReportScope(MAY, "acme"), filtered):
        assert not [note for note in build_report(steady, scope).notes if "not made yet" in note]


def test_insights_change_no_version_of_a_report(steady: Storage) -> None:
    report = build_report(steady, ReportScope(MAY, "acme"))
    assert data_version([table for table in report.tables if table.name not in INSIGHTS]) == report.data_version
