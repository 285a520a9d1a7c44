"""The first day of the calendar: of the setting, of what has landed, or of the landing folder."""

from collections.abc import Callable
from datetime import date

import pytest

from usage_pipeline.orchestration.calendar import first_day, note_first_day
from usage_pipeline.settings import Settings

NOW = "2026-05-10T12:00:00Z"
TODAY = date(2026, 5, 10)


@pytest.fixture
def settings(new_settings: Callable[..., Settings]) -> Settings:
    return new_settings(now=NOW)


def test_it_is_today_when_there_is_nothing(settings: Settings) -> None:
    assert first_day(settings) == TODAY


def test_it_is_the_earliest_landing_day_of_all_sources(settings: Settings) -> None:
    for folder in ("persona/2026-05-02", "void/2026-05-01", "persona/notes", "persona/2026-05-11"):
        (settings.landing / folder).mkdir(parents=True)
    assert first_day(settings) == date(2026, 5, 1)


def test_it_is_the_noted_day_if_events_lie_before_all_landing_days(settings: Settings) -> None:
    (settings.landing / "persona" / "2026-05-02").mkdir(parents=True)
    note_first_day(settings, date(2026, 4, 1))
    assert first_day(settings) == date(2026, 4, 1)
    note_first_day(settings, date(2026, 3, 1))
    assert first_day(settings) == date(2026, 3, 1)


def test_no_day_is_before_that_of_the_rules(settings: Settings) -> None:
    (settings.landing / "persona" / "2022-12-31").mkdir(parents=True)
    assert first_day(settings) == TODAY


def test_a_setting_decides(new_settings: Callable[..., Settings]) -> None:
    settings = new_settings(now=NOW, first_day="2025-01-01")
    (settings.landing / "persona" / "2026-05-02").mkdir(parents=True)
    assert first_day(settings) == date(2025, 1, 1)
