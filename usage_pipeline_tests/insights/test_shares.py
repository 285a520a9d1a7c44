"""Shares and peaks: which part each value has, and when there is most, read from a computed deployment."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from usage_pipeline.errors import QueryError
from usage_pipeline.insights.anomalies.explain import Change, Contribution, explain_change
from usage_pipeline.insights.measures import measure_of
from usage_pipeline.insights.peaks import PeakQuestion, read_peaks
from usage_pipeline.insights.shares import Share, ShareQuestion, read_shares
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.insights.metered import metered, write_format
from usage_pipeline_tests.support import Landing, land_and_compute

LAST = date(2026, 5, 29)
"""A Friday."""


@pytest.fixture(scope="module")
def weekly(open_shared: Callable[..., Storage], tmp_path_factory: pytest.TempPathFactory) -> Storage:
    """Five Fridays of May 2026: 100 tokens of x and 100 of y, on the last one 900 of x in drafts and 100 of y.

    Those of globex are 5,000 of x on one Friday before, and 400 on the last.
    """
    storage = open_shared(formats_dir=write_format(tmp_path_factory.mktemp("weekly") / "formats"))
    lines = [
        metered(f"{model}{day}", day, 100, model=model, feature="chat")
        for day in (1, 8, 15, 22, 29)
        for model in ("x", "y")
    ]
    lines.append(metered("more", 29, 800, model="x", feature="drafts"))
    for day, tokens in ((1, 100), (8, 100), (15, 5_000), (22, 100), (29, 400)):
        lines.append(metered(f"gx{day}", day, tokens, tenant="globex"))
        lines.append(metered(f"gy{day}", day, 100, tenant="globex", model="y"))
    Landing(storage.settings.landing).write("metered", "2026-05-31", lines)
    land_and_compute(storage, "records", "rollups", "series")
    return storage


def test_what_changed_most_explains_the_change(weekly: Storage) -> None:
    change = Change(measure_of("tokens_total"), "acme", LAST, LAST)
    assert explain_change(weekly, change) == [
        Contribution("feature", "drafts", Decimal(800), Decimal(0), Decimal("1.000")),
        Contribution("model", "x", Decimal(900), Decimal(100), Decimal("1.000")),
    ]


def test_a_ratio_is_explained_by_the_ratios_of_values_and_their_part_of_the_denominator(weekly: Storage) -> None:
    change = Change(measure_of("tokens_per_request"), "acme", LAST, LAST)
    assert explain_change(weekly, change) == [
        Contribution("feature", "drafts", Decimal("800.0"), None, *map(Decimal, ("0.833", "0.333", "0.000"))),
        Contribution("model", "x", *map(Decimal, ("450.0", "100.0", "0.917", "0.667", "0.500"))),
    ]


def test_an_earlier_odd_day_is_not_what_is_usual(weekly: Storage) -> None:
    change = Change(measure_of("tokens_total"), "globex", LAST, LAST)
    assert explain_change(weekly, change) == [
        Contribution("model", "x", Decimal(400), Decimal(100), Decimal("1.000"))
    ]


def test_without_a_change_nothing_explains_it(weekly: Storage) -> None:
    day = date(2026, 5, 22)
    assert explain_change(weekly, Change(measure_of("tokens_total"), "acme", day, day)) == []


def test_what_is_new_as_a_whole_is_explained_by_nothing(weekly: Storage) -> None:
    day = date(2026, 5, 1)
    assert explain_change(weekly, Change(measure_of("tokens_total"), "acme", day, day)) == []


def test_shares_and_their_shift(weekly: Storage) -> None:
    question = ShareQuestion(measure_of("tokens_total"), "model", date(2026, 5, 23), LAST, "acme")
    assert read_shares(weekly, question) == [
        Share("x", 900, Decimal("90.00"), Decimal("50.00")),
        Share("y", 100, Decimal("10.00"), Decimal("50.00")),
    ]
    assert [share.shift for share in read_shares(weekly, question)] == [Decimal("40.00"), Decimal("-40.00")]


def test_a_value_that_is_gone_has_no_part_now(weekly: Storage) -> None:
    question = ShareQuestion(measure_of("tokens_total"), "feature", date(2026, 5, 30), date(2026, 5, 30), "acme")
    assert read_shares(weekly, question) == [
        Share("chat", 0, None, Decimal("20.00")),
        Share("drafts", 0, None, Decimal("80.00")),
    ]


def test_a_ratio_has_no_shares(weekly: Storage) -> None:
    with pytest.raises(QueryError, match="error_percent has no shares; expected a sum, such as tokens_total"):
        read_shares(weekly, ShareQuestion(measure_of("error_percent"), "model", LAST, LAST))


def test_peaks_are_by_the_clock_of_the_zone(weekly: Storage) -> None:
    question = PeakQuestion("tokens_total", date(2026, 5, 22), date(2026, 6, 1), "Asia/Tokyo", "acme")
    found = read_peaks(weekly, question)
    assert found.days[:2] == ((LAST, 1000), (date(2026, 5, 22), 200))
    assert (found.weekdays[4], found.weekdays[0]) == (Decimal("600.00"), Decimal("0.00"))
    assert found.week[4][17] == Decimal("600.00")
    assert found.hours[17] == Decimal("120.00")
    assert date(2026, 6, 1) not in dict(found.days)


def test_peaks_begin_with_the_first_use(weekly: Storage) -> None:
    asked = PeakQuestion("tokens_total", date(2026, 4, 28), date(2026, 5, 7), tenant_id="acme")
    assert read_peaks(weekly, asked).weekdays[:5] == (Decimal(0), Decimal(0), Decimal(0), Decimal(0), Decimal(200))
    assert min(dict(read_peaks(weekly, asked).days)) == date(2026, 5, 1)
    assert min(dict(read_peaks(weekly, replace(asked, begun_before=True)).days)) == date(2026, 4, 28)
