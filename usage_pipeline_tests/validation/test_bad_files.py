"""A bad file warns as long as somebody has to look at it: until it is withdrawn, or removed from the folder."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from usage_pipeline.events.landing.decisions import withdraw
from usage_pipeline.pipeline.health import check_health
from usage_pipeline.pipeline.landing_work import find_landing_work
from usage_pipeline.pipeline.refresh import PlainRunner, refresh
from usage_pipeline.pipeline.settings_health import Level
from usage_pipeline.series.status import Day, DayReader, DayStatus
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage
from usage_pipeline.validation.checking import check_days
from usage_pipeline.validation.checks import FILES_ARE_USABLE, LINES_ADD_UP
from usage_pipeline.validation.results import CheckResult, Outcome
from usage_pipeline_tests.cases import settings_of_case
from usage_pipeline_tests.conftest import OpenOn, Prepare
from usage_pipeline_tests.support import Landing, files, prompt

DAY = date(2026, 5, 1)
TIME = "2026-05-01T08:00:00Z"
QUARANTINED, FAILED, GOOD, FEW = (
    f"persona/{DAY}/{name}.jsonl" for name in ("quarantined", "failed", "good", "few")
)
Run = Callable[[], object]


@pytest.fixture
def folder(landing: Landing, run: Run, prepare: Prepare) -> Path:
    """A day with a quarantined, a failed and a good file."""
    good = [prompt(f"e{number}", TIME) for number in range(90)]
    landing.write("persona", str(DAY), [*good, *["{"] * 10], name="quarantined.jsonl")
    landing.write_bytes("persona", str(DAY), b"\xff\xfe\x00", name="failed.jsonl")
    landing.write("persona", str(DAY), [prompt("g1", TIME)], name="good.jsonl")
    prepare("three files", run)
    return landing.root / "persona" / str(DAY)


def usable(storage: Storage, day: date = DAY) -> CheckResult:
    (found,) = check_days(storage, [FILES_ARE_USABLE], [day], "test")
    return found


def warnings(storage: Storage) -> list[str]:
    """What `doctor` says of files of the day."""
    found = check_health(storage.settings)
    return [check.text for check in found if check.level is not Level.OK and f"persona/{DAY}" in check.text]


def status(storage: Storage) -> Day:
    with storage.warehouse.connect() as connection:
        (day,) = DayReader(storage, connection).read(DAY, DAY)
    return day


def test_a_bad_file_that_is_withdrawn_or_removed_is_not_warned_of(
    storage: Storage, folder: Path, run: Run
) -> None:
    assert usable(storage).observed.startswith("2 of 3 files count nowhere")
    withdraw(storage, QUARANTINED, "test data", "ann")
    (folder / "failed.jsonl").unlink()
    assert list(find_landing_work(storage).warnings) == []
    run()
    assert usable(storage).outcome is Outcome.PASSED
    assert warnings(storage) == []
    assert (status(storage).status, status(storage).records) == (DayStatus.FINAL, 1)


def test_a_quarantined_file_that_is_removed_is_not_warned_of(storage: Storage, folder: Path, run: Run) -> None:
    (folder / "quarantined.jsonl").unlink()
    (folder / "failed.jsonl").unlink()
    run()
    assert usable(storage).outcome is Outcome.PASSED


def test_a_bad_file_that_is_back_is_warned_of_again(storage: Storage, folder: Path, run: Run) -> None:
    hidden = (folder / "quarantined.jsonl").rename(folder / "quarantined.tmp")
    run()
    hidden.rename(folder / "quarantined.jsonl")
    run()
    assert usable(storage).observed.startswith("2 of 3 files count nowhere")


def test_a_good_file_that_is_removed_is_warned_of_once_and_still_counts(
    storage: Storage, folder: Path, run: Run
) -> None:
    (folder / "good.jsonl").unlink()
    warning = f"{GOOD} is gone from the landing folder; what is known of it stays as it is"
    assert list(find_landing_work(storage).warnings) == [warning]
    run()
    assert list(find_landing_work(storage).warnings) == []
    assert status(storage).records == 1


def test_of_a_day_that_fails_the_files_at_fault_are_listed_first_and_the_others_say_that_they_are_none(
    storage: Storage, landing: Landing, folder: Path, run: Run
) -> None:
    few = [prompt(f"f{number}", TIME) for number in range(199)]
    landing.write("persona", str(DAY), ["no JSON", *few], name="few.jsonl")
    run()
    assert [detail["file"] for detail in usable(storage).details] == [FAILED, QUARANTINED, QUARANTINED, FEW]
    assert usable(storage).details[-1]["problem"] == "malformed_json, first in line 1; too few to fail"
    for name in ("failed.jsonl", "quarantined.jsonl"):
        (folder / name).unlink()
    run()
    (detail,) = usable(storage).details
    assert detail == {"file": FEW, "problem": "malformed_json, first in line 1", "lines": 1}


def test_the_lines_of_a_quarantined_file_add_up_and_only_its_use_warns(
    new_settings: Callable[..., Settings],
    open_on: OpenOn,
) -> None:
    day = date(2026, 2, 20)
    with open_on(settings_of_case(new_settings, "quarantine-check")) as storage:
        refresh(storage, PlainRunner(storage))
        file = files(storage)["a.jsonl"]
        wanted = [FILES_ARE_USABLE, LINES_ADD_UP]
        found = {result.check_name: result.outcome for result in check_days(storage, wanted, [day], "test")}
        assert (file.state, file.lines, file.accepted, file.rejected) == ("quarantined", 105, 95, 10)
        assert found == {"lines_add_up": Outcome.PASSED, "files_are_usable": Outcome.WARNING}
        withdraw(storage, f"persona/{day}/a.jsonl", "test data", "ann")
        assert usable(storage, day).outcome is Outcome.PASSED
