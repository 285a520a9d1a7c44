"""What is missing or without a price is never 0: it is told on every total."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest

from usage_pipeline.metrics.queries import CostQuery
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.costs.generic import call, price, write_format, write_prices
from usage_pipeline_tests.costs.reading import Cost, costs_of
from usage_pipeline_tests.support import Landing, land_and_compute

DAYS = date(2026, 5, 1), date(2026, 5, 4)
OUTAGE = date(2026, 5, 2)


@pytest.fixture(scope="module")
def settings(open_shared: Callable[..., Storage], tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """1 May: ten tokens with a price and five without; the 2nd: an outage; the 3rd: five without; then none."""
    folder = tmp_path_factory.mktemp("missing")
    (folder / "reference").mkdir()
    write_prices(folder / "reference", price("one", 'input: "1"'))
    storage = open_shared(formats_dir=write_format(folder / "formats"), reference_dir=folder / "reference")
    landing = Landing(storage.settings.landing)
    landing.write(
        "calls", "2026-05-01", [call("a", tokens_in=10), call("b", tokens_in=5, tokens_cached=5, member="ann")]
    )
    landing.write("calls", "2026-05-03", [call("c", "2026-05-03T08:00:00Z", tokens_in=5, tokens_cached=5)])
    landing.write("calls", "2026-05-04", [])
    land_and_compute(storage, "records", "costs")
    return storage.settings


def found(storage: Storage, *group_by: str, days: tuple[date, date] = DAYS) -> list[Cost]:
    return costs_of(storage, CostQuery(*days, group_by))


def test_a_total_has_its_coverage_and_the_number_of_days_that_are_not_in_it(storage: Storage) -> None:
    assert found(storage) == [Cost((), 20, 10, Decimal(50), Decimal(10), 1)]


def test_a_group_has_them_too(storage: Storage) -> None:
    assert found(storage, "member_id") == [
        Cost(("(none)",), 15, 5, Decimal("66.66"), Decimal(10), 1),
        Cost(("ann",), 5, 5, Decimal(0), None, 1),
    ]


def test_a_day_without_usage_is_zero_and_one_without_data_or_price_is_not(storage: Storage) -> None:
    assert found(storage, "day") == [
        Cost((date(2026, 5, 1),), 15, 5, Decimal("66.66"), Decimal(10), 0),
        Cost((OUTAGE,), None, None, None, None, 1),
        Cost((date(2026, 5, 3),), 5, 5, Decimal(0), None, 0),
        Cost((date(2026, 5, 4),), 0, 0, None, Decimal(0), 0),
    ]


def test_a_total_of_missing_days_alone_is_null(storage: Storage) -> None:
    assert found(storage, days=(OUTAGE, OUTAGE)) == [Cost((), None, None, None, None, 1)]
