"""What follows from what was used: share, remaining, threshold and projection."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from usage_pipeline.limits.limit_file import Limit, Scope
from usage_pipeline.limits.periods import DayRange
from usage_pipeline.limits.status import AsOf, LimitStatus, TenantLimit, Used, statuses_of

FEBRUARY = DayRange(date(2026, 2, 1), date(2026, 2, 28))


def instant(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=UTC)


def found(
    used: str, amount: str = "100", period: object = "month", at: str = "02-15", now: str = "02-15"
) -> LimitStatus:
    written = {"id": "one", "tenant": "acme", "metric": "cost", "period": period, "amount": amount}
    entry = TenantLimit(Limit.model_validate(written), "acme", Scope(), FEBRUARY)
    (status,) = statuses_of(entry, {("", "", ""): Used(Decimal(used))}, AsOf(instant(at), instant(now)))
    return status


@pytest.mark.parametrize(
    ("used", "amount", "expected"),
    [
        ("0", "100", ("0", "100", None, False)),
        ("49.999999999999", "100", ("49.9999", "50.000000000001", None, False)),
        ("50", "100", ("50", "50", 50, False)),
        ("2", "3", ("66.6666", "1", 50, False)),
        ("99.999999999999", "100", ("99.9999", "0.000000000001", 80, False)),
        ("100", "100", ("100", "0", 100, False)),
        ("100.000000000001", "100", ("100", "-0.000000000001", 100, True)),
        (
            "12345678901234567890123456",
            "1",
            ("1234567890123456789012345600", "-12345678901234567890123455", 100, True),
        ),
    ],
)
def test_a_limit_is_over_only_beyond_its_amount(
    used: str, amount: str, expected: tuple[str, str, int | None, bool]
) -> None:
    status, (share, remaining, *others) = found(used, amount), expected
    assert (status.share, status.remaining) == (Decimal(share), Decimal(remaining))
    assert [status.threshold, status.is_over] == others


@pytest.mark.parametrize(
    ("at", "now", "projected"),
    [
        ("02-15", "02-15", "20"),  # half of the month
        ("02-08", "02-15", "40"),
        ("02-07 18:00", "02-15", "40"),  # the whole day is counted
        ("02-07 12:00", "02-07 12:00", "43.076923076923"),  # as far as it is known
        ("02-01", "02-15", None),
    ],
)
def test_the_projection_goes_on_as_so_far(at: str, now: str, projected: str | None) -> None:
    assert found("10", at=at, now=now).projected == (projected and Decimal(projected))


def test_a_rolling_period_has_no_projection() -> None:
    assert found("10", period={"rolling_days": 28}).projected is None
