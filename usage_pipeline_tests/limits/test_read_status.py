"""How limits stand, from what has landed: sums by period and scope, to the last digit."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from duckdb import DuckDBPyConnection

from usage_pipeline.errors import QueryError
from usage_pipeline.limits.read_status import read_status
from usage_pipeline.limits.status import LimitStatus
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.limits.reading import limit, status, write_limits
from usage_pipeline_tests.support import at

EACH_MEMBER = '{member_id: "*"}'


def used_by(found: list[LimitStatus]) -> list[tuple[str, str, int]]:
    return [(entry.tenant_id, "/".join(filter(None, entry.values)), int(entry.used)) for entry in found]


@pytest.mark.parametrize(
    ("period", "days", "tokens"),
    [
        ("day", "2026-05-21 2026-05-21", 5),
        ("week", "2026-05-18 2026-05-24", 265),
        ("month", "2026-05-01 2026-05-31", 265),
        ("billing", "2026-05-20 2026-06-19", 45),
        ("{rolling_days: 2}", "2026-05-20 2026-05-21", 45),
    ],
)
def test_only_the_days_of_the_period_count(used: Storage, period: str, days: str, tokens: int) -> None:
    (found,) = status(used, limit("tokens_total", 1000, period))
    assert (f"{found.days.first} {found.days.last}", found.used) == (days, tokens)


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ("tokens_total", "265"),
        ("tokens_in", "265"),
        ("prompts", "6"),
        ("requests", "7"),
        ("conversations", "0"),
        ("cost", "255"),  # without the 10 tokens of the model y
        ("credits", "132.5"),
    ],
)
def test_each_metric_is_that_of_its_rollup(used: Storage, metric: str, expected: str) -> None:
    (found,) = status(used, limit(metric, 1000))
    assert found.used == Decimal(expected)


def test_usage_without_a_price_or_a_rate_makes_its_limits_incomplete(used: Storage) -> None:
    of_x = '{model: "x"}'
    found = status(
        used,
        limit("cost", 1, id="cost"),
        limit("cost", 1, id="cost-of-x", scope=of_x),
        limit("credits", 1, id="credits"),
        limit("credits", 1, id="credits-of-x", scope=of_x),
        limit("tokens_total", 1, id="tokens"),
    )
    assert {entry.limit.id: entry.incomplete for entry in found} == {
        "cost": True,
        "cost-of-x": False,
        "credits": True,
        "credits-of-x": False,
        "tokens": False,
    }


def test_each_value_with_usage_has_a_row_and_a_named_one_always(used: Storage) -> None:
    found = status(
        used,
        limit("tokens_total", 1000, id="each", scope=EACH_MEMBER),
        limit("tokens_total", 1000, id="carl", scope='{member_id: "carl"}'),
        limit("tokens_total", 1000, id="both", scope='{member_id: "*", model: "y"}'),
        limit("tokens_total", 1000, id="red", scope='{project: "red"}'),
    )
    assert used_by(found) == [
        ("acme", "ann", 205),
        ("acme", "bob", 60),
        ("acme", "carl", 0),
        ("acme", "bob/y", 10),
        ("acme", "red", 5),
    ]


def test_a_limit_of_each_tenant_has_a_row_for_all_that_are_known(used: Storage) -> None:
    assert used_by(status(used, limit("conversations", 10, tenant='"*"'))) == [
        ("acme", "", 0),
        ("globex", "", 1),
        ("initech", "", 0),
    ]


@pytest.mark.parametrize(
    ("amount", "first", "threshold"),
    [
        (149, 18, 100),
        (150, 19, 100),
        (219, 19, 100),
        (220, 20, 100),
        (265, None, 100),
        (331, None, 80),
        (600, None, None),
    ],
)
def test_the_first_day_over_is_the_first_on_which_more_was_used(
    used: Storage, amount: int, first: int | None, threshold: int | None
) -> None:
    (found,) = status(used, limit("tokens_total", amount))
    assert found.first_day_over == (first and date(2026, 5, first))
    assert found.threshold == threshold


@pytest.mark.parametrize(
    ("day", "amount", "first"), [(19, 149, 18), (19, 150, 19), (20, 109, None), (21, 44, None)]
)
def test_a_rolling_limit_is_over_since_its_sum_is_or_since_before_its_period(
    used: Storage, day: int, amount: int, first: int | None
) -> None:
    # From the 18th to the 21st 150, 70, 40 and 5 tokens were used: 150, 220, 110 and 45 on two days each.
    rolling = limit("tokens_total", amount, "{rolling_days: 2}")
    (found,) = status(used, rolling, at=datetime(2026, 5, day, 12, tzinfo=UTC))
    assert (found.is_over, found.first_day_over) == (True, first and date(2026, 5, first))


def test_at_an_earlier_instant_only_days_that_had_begun_count(used: Storage) -> None:
    (at_noon,) = status(used, limit("tokens_total", 1000), at=datetime(2026, 5, 19, 12, tzinfo=UTC))
    (at_midnight,) = status(used, limit("tokens_total", 1000), at=datetime(2026, 5, 19, tzinfo=UTC))
    assert (at_noon.used, at_midnight.used) == (220, 150)
    assert (at_noon.projected, at_midnight.projected) == (Decimal("358.947368421053"), Decimal("258.333333333333"))


def test_the_version_of_the_day_applies(used: Storage) -> None:
    entries = (limit("tokens_total", 1000), limit("tokens_total", 50, **{"from": "2026-05-20"}))
    (before,) = status(used, *entries, at=datetime(2026, 5, 19, tzinfo=UTC))
    (now,) = status(used, *entries)
    assert (before.limit.amount, now.limit.amount) == (1000, 50)


def test_days_of_which_no_logs_are_there_are_counted(used: Storage) -> None:
    entry = limit("tokens_total", 1000, "{rolling_days: 7}")
    (now,) = status(used, entry)
    (later,) = status(at(used, datetime(2026, 5, 24, 12, tzinfo=UTC)), entry)
    assert (now.missing_days, later.missing_days) == (0, 3)  # 21 May has not landed since it ended


def test_a_projection_goes_on_as_on_the_days_that_are_known(used: Storage) -> None:
    (later,) = status(at(used, datetime(2026, 5, 24, 12, tzinfo=UTC)), limit("tokens_total", 1000))
    assert later.projected is not None
    assert later.projected == (later.used * 31 * 2 / 41).quantize(Decimal("1E-12"))  # of 23.5 days, 3 are missing
    (unknown,) = status(at(used, datetime(2026, 6, 3, 12, tzinfo=UTC)), limit("tokens_total", 1000))
    assert (unknown.used, unknown.missing_days, unknown.projected) == (0, 2, None)


def test_an_instant_that_has_not_come_is_refused(used: Storage) -> None:
    with pytest.raises(QueryError, match="2026-05-21T12:00:01Z has not come"):
        status(used, limit("tokens_total", 1), at=datetime(2026, 5, 21, 12, 0, 1, tzinfo=UTC))


def test_without_limits_nothing_is_read(used: Storage) -> None:
    def refuse() -> DuckDBPyConnection:
        raise AssertionError("somebody asks for usage")

    write_limits(used)
    assert read_status(replace(used, get_engine=refuse)) == []
    write_limits(used, limit("tokens_total", 1))
    with pytest.raises(AssertionError):
        read_status(replace(used, get_engine=refuse))
