"""Days that are missing although they have records: today, and a day since whose end nothing has landed."""

import json
from collections.abc import Callable

import pytest

from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.cli.conftest import notes
from usage_pipeline_tests.support import Landing, prompt

TODAY = "2026-06-01"


def write_today(landing: Landing) -> None:
    """One record of 30 May, two of today, 1 June; 31 May did not land."""
    landing.write("persona", "2026-05-30", [prompt("e1", "2026-05-30T08:00:00Z")])
    landing.write("persona", TODAY, [prompt(name, f"{TODAY}T00:00:00Z") for name in ("e2", "e3")])


@pytest.fixture(scope="module")
def settings(deploy: Callable[..., Storage]) -> Settings:
    """Those of a deployment whose present is the first minute of 1 June."""
    return deploy(write_today).settings


NOTE = f"Note: {TODAY} has not ended: 2 records so far are in the tables, not in these numbers"


def test_days_shows_the_records_of_a_missing_day(call: Callable[..., str]) -> None:
    found = json.loads(call("days", "--format", "json"))
    assert [(day["day"], day["status"], day["records"]) for day in found] == [
        ("2026-05-30", "provisional", 1),
        ("2026-05-31", "missing", 0),
        (TODAY, "missing", 2),
    ]


@pytest.mark.usefixtures("call")
@pytest.mark.parametrize("command", ["series --tenant acme --from 2026-06-01", "usage", "usage --interval day"])
def test_what_is_by_day_notes_that_today_has_not_ended(command: str) -> None:
    assert notes(*command.split(), "--format", "json") == NOTE


@pytest.mark.usefixtures("call")
@pytest.mark.parametrize(
    "command", ["usage --group-by tenant", "costs --group-by tenant", "quality --from 2026-05-30"]
)
def test_sums_warn_of_other_missing_days_only(command: str) -> None:
    first, *others = notes(*command.split()).splitlines()
    assert first == NOTE
    assert others[0] == "Warning: 1 of 3 days is missing and not in these sums: 2026-05-31"


@pytest.mark.usefixtures("call")
def test_a_day_that_has_ended_and_after_which_nothing_has_landed_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USAGE_NOW", "2026-06-03T00:00:00Z")
    assert notes("usage", "--from", TODAY, "--to", TODAY) == (
        f"Note: {TODAY} is missing, as nothing has landed since it ended: 2 records so far are in the tables, "
        "not in these numbers"
    )


@pytest.mark.usefixtures("call")
def test_what_was_published_by_then_has_no_note() -> None:
    assert not notes("series", "--tenant", "acme", "--from", TODAY, "--as-of", "1")
