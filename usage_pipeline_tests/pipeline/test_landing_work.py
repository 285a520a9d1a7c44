"""What the landing folder asks for: new and changed files; and what is odd there, named and left alone."""

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from usage_pipeline.events.format_files import SOURCES
from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.pipeline.landing_work import LandingWork, find_landing_work, scan
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.conftest import Prepare
from usage_pipeline_tests.support import Landing, digests, prompt

Run = Callable[[], object]

DAY, NEXT_DAY = date(2026, 5, 1), date(2026, 5, 2)
NOTHING = LandingWork(days=[], misplaced=(), vanished=[], outdated=[])


@pytest.fixture
def source_format(tmp_path: Path) -> Path:
    """A format of our own in the place of the shipped one."""
    file = tmp_path / "formats" / "persona.yaml"
    file.parent.mkdir()
    file.write_text((SOURCES / "persona.yaml").read_text())
    return file


@pytest.fixture
def settings(new_settings: Callable[..., Settings], source_format: Path) -> Settings:
    return new_settings(formats_dir=source_format.parent)


@pytest.fixture
def landed(landing: Landing, run: Run, prepare: Prepare) -> Path:
    """One landed file."""
    file = landing.write("persona", "2026-05-01", [prompt("e1", "2026-05-01T08:00:00Z")])
    prepare("landed", run)
    return file


def test_an_empty_landing_folder_asks_for_nothing(storage: Storage) -> None:
    assert find_landing_work(storage) == NOTHING


@pytest.mark.usefixtures("landed")
def test_a_landed_file_asks_for_nothing(storage: Storage) -> None:
    assert find_landing_work(storage) == NOTHING


def test_a_new_file_asks_for_its_landing_day(storage: Storage, landing: Landing) -> None:
    landing.write("persona", "2026-05-02", [prompt("e1", "2026-05-01T08:00:00Z")])
    assert find_landing_work(storage).days == [NEXT_DAY]


def test_a_changed_file_asks_for_its_landing_day(storage: Storage, landed: Path) -> None:
    landed.write_text(landed.read_text() * 2)
    assert find_landing_work(storage).days == [DAY]


@pytest.mark.usefixtures("landed")
def test_a_landed_file_whose_object_is_gone_asks_for_its_landing_day(storage: Storage) -> None:
    shutil.rmtree(storage.lake.folder(LANDED_EVENTS, DAY))
    assert find_landing_work(storage).days == [DAY]


def test_a_file_that_failed_is_not_tried_again_until_it_changes(
    storage: Storage, landing: Landing, run: Run
) -> None:
    file = landing.write("persona", "2026-05-01", []).with_name("broken.jsonl.gz")
    file.write_bytes(b"not gzip")
    run()
    assert find_landing_work(storage) == NOTHING
    file.write_bytes(b"not gzip either")
    assert find_landing_work(storage).days == [DAY]


def test_a_file_that_vanished_is_named_and_still_counts(storage: Storage, landed: Path, run: Run) -> None:
    before = digests(storage)
    landed.unlink()
    assert find_landing_work(storage).vanished == ["persona/2026-05-01/events.jsonl"]
    run()
    assert digests(storage) == before


def test_what_lies_in_the_wrong_place_is_named(storage: Storage, landing: Landing) -> None:
    landing.write("unknown", "2026-05-01", [])
    assert [entry.path for entry in find_landing_work(storage).misplaced] == ["unknown"]


@pytest.mark.usefixtures("landed")
def test_a_changed_format_makes_landed_days_outdated(storage: Storage, source_format: Path) -> None:
    source_format.write_text(source_format.read_text().replace("feature: $.feature", "feature: $.part"))
    work = find_landing_work(storage)
    assert (work.days, work.outdated) == ([], [DAY])


@pytest.mark.usefixtures("landed")
def test_a_changed_description_of_a_format_makes_nothing_outdated(storage: Storage, source_format: Path) -> None:
    source_format.write_text(source_format.read_text().replace("description: ", "description: New "))
    assert find_landing_work(storage) == NOTHING


@pytest.mark.usefixtures("landed")
def test_changed_retention_makes_landed_days_outdated(storage: Storage) -> None:
    storage.settings.reference.mkdir(parents=True)
    (storage.settings.reference / "plans.yaml").write_text("default: small\nsmall: {retention_days: 7}\n")
    work = find_landing_work(storage)
    assert (work.days, work.outdated) == ([], [DAY])


def test_landing_days_are_those_with_files(storage: Storage, landing: Landing) -> None:
    for day in ("2026-05-01", "2026-05-03"):
        landing.write("persona", day, [])
    (landing.root / "persona" / "2026-05-02").mkdir()
    assert scan(storage).days().keys() == {DAY, date(2026, 5, 3)}
