"""One id on several days: each day counts one record of it, and that is reported."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from usage_pipeline.clock import days_between
from usage_pipeline.events.landing.land import land_days
from usage_pipeline.records.repeated_ids import RepeatedIds, ids_on_several_days
from usage_pipeline.records.tables import CONFLICTS, EXCLUDED_EVENTS, USAGE_RECORDS
from usage_pipeline.settings import Settings
from usage_pipeline.storage import state
from usage_pipeline.storage.compute import compute_days
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.support import Landing, prompt, write_persona

FIRST, LAST = date(2026, 3, 2), date(2026, 4, 30)
MIDDLE = datetime(2026, 4, 1, tzinfo=UTC)
STEP = timedelta(seconds=5184)  # a thousandth of 60 days


@pytest.fixture
def settings(new_settings: Callable[..., Settings], tmp_path: Path) -> Settings:
    """A source like `persona`, whose ids are of one day each."""
    write_persona(tmp_path / "formats", "daily", 0)
    return new_settings(formats_dir=tmp_path / "formats")


@pytest.fixture
def _same_id(storage: Storage, landing: Landing) -> None:
    """OpenMeter: 1,000 events with one id and source at different times within 30 days before and after."""
    times = [MIDDLE + (number - 500) * STEP for number in range(1000)]
    landing.write("daily", str(LAST), [prompt("same", time.isoformat()) for time in times])
    land_days(storage, [LAST], "test")
    compute(storage, FIRST, LAST)


def compute(storage: Storage, first: date, last: date) -> None:
    for table in (EXCLUDED_EVENTS, USAGE_RECORDS, CONFLICTS):
        compute_days(storage, table, days_between(first, last), "test").raise_failures()


def totals(storage: Storage) -> dict[str, int]:
    """Days, records, duplicates and conflicts."""
    with storage.warehouse.connect() as connection:
        partitions = state.partitions(connection, USAGE_RECORDS.name).values()
    sums: dict[str, Any] = {"days": len(partitions)}
    for name in ("rows", "duplicates", "conflicts"):
        sums[name] = sum(getattr(partition, name) for partition in partitions)
    return sums


@pytest.mark.usefixtures("_same_id")
def test_same_id_at_different_times_is_a_record_a_day_and_conflicts_and_is_reported(storage: Storage) -> None:
    assert totals(storage) == {"days": 60, "rows": 60, "duplicates": 0, "conflicts": 940}
    assert ids_on_several_days(storage, FIRST, LAST) == [RepeatedIds("acme", "daily", 1, "same", 60)]


def test_same_id_with_equal_payload_on_one_day_is_duplicates(storage: Storage, landing: Landing) -> None:
    landing.write("daily", str(LAST), [prompt("same", "2026-04-30T08:00:00Z")] * 1000)
    land_days(storage, [LAST], "test")
    compute(storage, LAST, LAST)
    assert totals(storage) == {"days": 1, "rows": 1, "duplicates": 999, "conflicts": 0}
    assert ids_on_several_days(storage, LAST, LAST) == []


def test_ids_are_reported_by_tenant_and_source_with_the_one_that_is_seen_most(
    storage: Storage, landing: Landing
) -> None:
    days = ("2026-04-28", "2026-04-29", "2026-04-30")
    lines = [
        *(prompt("a", f"{day}T08:00:00Z") for day in days[:2]),
        *(prompt("b", f"{day}T08:00:00Z") for day in days),
        prompt("c", f"{days[0]}T08:00:00Z"),
        *(prompt("a", f"{day}T08:00:00Z", tenantId="globex") for day in days[1:]),
    ]
    landing.write("daily", str(LAST), lines)
    land_days(storage, [LAST], "test")
    compute(storage, date(2026, 4, 28), LAST)
    assert ids_on_several_days(storage, FIRST, LAST) == [
        RepeatedIds("acme", "daily", 2, "b", 3),
        RepeatedIds("globex", "daily", 1, "a", 2),
    ]
    assert ids_on_several_days(storage, date(2026, 4, 30), LAST) == []
