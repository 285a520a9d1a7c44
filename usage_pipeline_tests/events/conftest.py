"""Fixtures: a directory for formats of one's own, and the files that people edit."""

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from usage_pipeline.events.landing.land import land_days
from usage_pipeline.pipeline.refresh import RefreshSummary
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.events.each import CALLS, Became, Line, landed_each
from usage_pipeline_tests.support import Landing, land_and_compute

JOBS: dict[str, Any] = {
    "description": "Jobs.",
    "format": "jsonl",
    "identity": ["$.id"],
    "tenant": "$.tenant",
    "type": {"present": "$.done", "then": "agent_run", "otherwise": "agent_run_started"},
    "times": {"occurred_at": {"field": ["$.done", "$.begun"], "format": "iso"}},
}


@pytest.fixture
def settings(new_settings: Callable[..., Settings], tmp_path: Path) -> Settings:
    """Settings on a fresh data directory and database, with a directory for formats."""
    formats_dir = tmp_path / "formats"
    formats_dir.mkdir()
    return new_settings(formats_dir=formats_dir)


@pytest.fixture
def add_format(settings: Settings) -> Callable[[str, str], Path]:
    """Writes a format of one's own: name and YAML."""

    def write(name: str, content: str) -> Path:
        assert settings.formats_dir is not None
        file = settings.formats_dir / f"{name}.yaml"
        file.write_text(content, encoding="utf-8")
        return file

    return write


@pytest.fixture
def add_reference(settings: Settings) -> Callable[[str, str], None]:
    """Writes a reference file: name and YAML."""

    def write(name: str, content: str) -> None:
        settings.reference.mkdir(parents=True, exist_ok=True)
        (settings.reference / f"{name}.yaml").write_text(content, encoding="utf-8")

    return write


@pytest.fixture
def land(storage: Storage) -> Callable[[str], None]:
    """Lands one day, without computing the tables behind it."""

    def one_day(day: str) -> None:
        land_days(storage, [date.fromisoformat(day)], "test")

    return one_day


@pytest.fixture
def deliver(landing: Landing, land: Callable[[str], None]) -> Callable[..., None]:
    """Writes lines like `landing.write`, and lands their day."""

    def write_and_land(source: str, day: str, lines: list[Any], **place: str) -> None:
        landing.write(source, day, lines, **place)
        land(day)

    return write_and_land


@pytest.fixture(scope="module")
def land_each(
    open_shared: Callable[..., Storage], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., dict[str, Became]]:
    """Lands each line as a file of its own, all together, and says by name what became of each.

    No line affects another, as if each had landed alone, and all are validated at once.
    The format of one's own has the name of the source.
    """

    def land(
        source: str, lines: Mapping[str, Line], source_format: str | None = None, tenant: str | None = "acme"
    ) -> dict[str, Became]:
        folder = tmp_path_factory.mktemp("each") / "formats"
        folder.mkdir()
        if source_format is not None:
            (folder / f"{source}.yaml").write_text(source_format, encoding="utf-8")
        return landed_each(open_shared(formats_dir=folder), source, lines, tenant)

    return land


@pytest.fixture
def run(storage: Storage) -> Callable[[], RefreshSummary]:
    """Lands what is new, and computes the tables of records."""
    return lambda: land_and_compute(storage, "records")


@pytest.fixture
def run_to_series(storage: Storage) -> Callable[[], RefreshSummary]:
    """Lands what is new, and computes the series and what they are made of."""
    return lambda: land_and_compute(storage, "records", "rollups", "series")


@pytest.fixture(scope="module")
def land_calls(land_each: Callable[..., dict[str, Became]]) -> Callable[..., dict[str, Became]]:
    """Lands each of these lines by a format with these keys; lines without id and time get one."""

    def land(lines: dict[str, dict[str, Any]], folder: str | None = "acme", **keys: Any) -> dict[str, Became]:
        whole: dict[str, Line] = {
            name: {"id": name, "at": "2026-05-01T08:00:00Z", **line} for name, line in lines.items()
        }
        return land_each("calls", whole, yaml.safe_dump({**CALLS, **keys}), folder)

    return land


@pytest.fixture
def add_jobs(add_format: Callable[[str, str], Path]) -> Callable[..., Path]:
    """Adds the format of jobs, with these keys changed."""
    return lambda **changes: add_format("jobs", yaml.safe_dump({**JOBS, **changes}))
