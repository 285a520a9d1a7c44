"""What is expected and what changed, of a tenant that uses the same each Friday."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Page

from usage_pipeline.api.app import create_app
from usage_pipeline.keys.keys import NewKey, Scope, create_key
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.api.dashboard.conftest import Visit
from usage_pipeline_tests.api.dashboard.reading import labels, table
from usage_pipeline_tests.api.serving import served_at
from usage_pipeline_tests.insights.outlook.conftest import fridays

__all__ = ["fridays"]


@pytest.fixture
def visited(fridays: Storage, new_page: Callable[..., Visit]) -> Iterator[Visit]:
    """A page of a server on it, with the session of acme."""
    with fridays.warehouse.begin() as connection:
        key = NewKey("test", "acme", frozenset({Scope.TENANT}), "test")
        shown = create_key(connection, key, fridays.settings.clock.now)
    with served_at(create_app(fridays)) as address:
        visit = replace(new_page(), address=address)
        visit.sign_in(shown)
        yield visit
        visit.page.context.close()  # the server waits for its connections


def test_a_forecast_is_drawn_and_unusual_days_and_trends_are_told(visited: Visit) -> None:
    page = visited.open("?view=costs")
    assert page.get_by_text("Expected: 500.00 (500.00 to 500.00) US dollars from 20 May").is_visible()
    assert "Forecast of the cost in US dollars: 0.00 (0.00 to 0.00) on 1 Jun 2026." in labels(page)
    assert table(page, "Forecast of the cost")[5] == ["2026-06-05", "100.00", "100.00", "100.00"]
    page = visited.open("?view=insights")
    assert told_of_unusual_days(page) == ["Nothing can be judged yet.", "10 measures not judged"]
    assert table(page, "Means of a day")[:2] == [
        ["Measure", "7 days", "Change, 7 days", "28 days", "Change, 28 days", "Last known day"],
        ["Tokens", "14.29", "0 %", "14.29", "-57.1 %", "2026-05-31"],
    ]


def told_of_unusual_days(page: Page) -> list[str]:
    section = page.locator("section", has=page.get_by_role("heading", name="Unusual days"))
    return [section.locator(part).inner_text() for part in (".box", "summary")]
