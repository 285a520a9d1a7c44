"""Schedules that look first: yesterday is requested once if something of it landed, limits if there are any."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import dagster as dg
import pytest

from usage_pipeline.definitions import build_definitions
from usage_pipeline.insights.kept.keeping import keep_insights
from usage_pipeline.orchestration.resources import STORAGE
from usage_pipeline_tests.orchestration.automation.conftest import DAYS, Automation, land
from usage_pipeline_tests.support import at


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """An instance in files: a schedule opens the one that its context refers to."""
    with dg.instance_for_test(temp_dir=str(tmp_path)) as instance:
        yield instance


@pytest.mark.usefixtures("four_days")
def test_yesterday_is_requested_once_after_midnight(automation: Automation) -> None:
    land(automation.storage, *DAYS)
    at_night = datetime(2026, 5, 5, 0, 15, tzinfo=UTC)
    (request,) = automation.scheduled("yesterday", at_night)
    assert (request.partition_key, request.tags["dagster/priority"]) == ("2026-05-04", "10")
    automation.create(request)
    assert automation.scheduled("yesterday", at_night) == []
    assert automation.skipped == "2026-05-04 is under way"


@pytest.mark.usefixtures("four_days")
def test_a_yesterday_of_an_outage_is_not_requested(automation: Automation) -> None:
    land(automation.storage, *DAYS)
    assert automation.scheduled("yesterday", datetime(2026, 5, 6, 0, 15, tzinfo=UTC)) == []
    assert automation.skipped == "Nothing of yesterday has landed, and there is no landing folder of it"


@pytest.mark.usefixtures("four_days")
def test_insights_are_requested_of_all_days_without_any(automation: Automation) -> None:
    hour = datetime(2026, 5, 5, 1, tzinfo=UTC)
    assert automation.scheduled("insights", hour) == []
    assert automation.skipped == "Nothing has landed"
    land(automation.storage, *DAYS)
    keep_insights(at(automation.storage, hour), DAYS[1], ["requests"])
    first, later = automation.scheduled("insights", hour)
    assert (first.partition_key, first.run_key) == ("2026-05-01", "2026-05-05:2026-05-01")
    assert (later.partition_key, later.tags["dagster/asset_partition_range_end"]) == (None, "2026-05-04")
    for day in (DAYS[0], *DAYS[2:]):
        keep_insights(at(automation.storage, hour), day, ["requests"])
    assert automation.scheduled("insights", hour) == []
    assert automation.skipped == "Insights as of all days up to yesterday are made or under way"


@pytest.mark.usefixtures("four_days")
def test_days_before_the_loaded_calendar_wait_until_it_is_loaded_again(automation: Automation) -> None:
    land(automation.storage, *DAYS)
    waits = "Data from {} on waits until the code location is loaded again: it begins on {}"

    def loaded_from(first: date) -> Automation:
        settings = automation.storage.settings.model_copy(update={"first_day": first})
        return replace(automation, definitions=build_definitions(settings, {STORAGE: automation.storage}))

    fifth = loaded_from(date(2026, 5, 5))
    assert fifth.scheduled("yesterday", datetime(2026, 5, 5, 0, 15, tzinfo=UTC)) == []
    assert fifth.skipped == f"2026-05-04 is not in the calendar. {waits.format('2026-05-04', '2026-05-05')}"
    (request,) = loaded_from(DAYS[3]).scheduled("insights", datetime(2026, 5, 5, 1, tzinfo=UTC))
    assert request.partition_key == "2026-05-04"
    assert fifth.scheduled("insights", datetime(2026, 5, 5, 1, tzinfo=UTC)) == []
    made = "Insights as of all days up to yesterday are made or under way"
    assert fifth.skipped == f"{made}. {waits.format('2026-05-01', '2026-05-05')}"


def test_limits_are_refreshed_if_there_are_any(automation: Automation) -> None:
    hour, reference = datetime(2026, 5, 8, 1, 45, tzinfo=UTC), automation.storage.settings.reference
    assert automation.scheduled("limits", hour) == []
    assert automation.skipped == "There are no limits, and nothing has landed"
    reference.mkdir(parents=True, exist_ok=True)
    (reference / "limits.yaml").write_text("")
    assert len(automation.scheduled("limits", hour)) == 1


@pytest.mark.parametrize("cadence", ["daily", "weekly", "monthly"])
def test_a_schedule_of_a_broken_file_says_which(automation: Automation, cadence: str) -> None:
    (automation.storage.settings.reference / "report_subscriptions.yaml").mkdir(parents=True)
    assert automation.scheduled(f"{cadence}_reports", datetime(2026, 5, 8, 7, 20, tzinfo=UTC)) == []
    assert automation.skipped == "report_subscriptions.yaml is broken; `usage-pipeline doctor` says where"
