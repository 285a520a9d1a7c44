"""Real Dagster runs over three days, on a storage and an instance of their own."""

from collections.abc import Iterator
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import dagster as dg
import pytest
from sqlalchemy import make_url

from usage_pipeline.definitions import build_definitions
from usage_pipeline.orchestration.execution import DagsterRunner
from usage_pipeline.orchestration.resources import PROGRESS, STORAGE
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.orchestration.asking import KEYS, Told
from usage_pipeline_tests.support import Landing, prompt

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def definitions() -> dg.Definitions:
    """All there is, from the first day of 2025 on."""
    return build_definitions(Settings.load(first_day=date(2025, 1, 1)))


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture
def database(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of the database that the settings give to Dagster."""
    database = f"dagster_{uuid4().hex[:12]}"
    url = make_url(server).set(database=database).render_as_string(hide_password=False)
    monkeypatch.setenv("DAGSTER_HOME", str(CHECKOUT))
    monkeypatch.setenv("USAGE_DATABASE_URL", server)
    monkeypatch.setenv("USAGE_DAGSTER_DATABASE_URL", url)
    monkeypatch.setenv("USAGE_DATA_DIR", str(tmp_path))
    return database


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def runner(settings: Settings, storage: Storage, instance: dg.DagsterInstance, told: Told) -> DagsterRunner:
    used = {STORAGE: storage, PROGRESS: told.done}
    resources = {name: dg.ResourceDefinition.hardcoded_resource(value) for name, value in used.items()}
    return DagsterRunner(partial(build_definitions, settings, resources), instance, "test", told)


@pytest.fixture
def three_days(landing: Landing) -> None:
    """One, two and three records; on the last day also a duplicate and a line that is rejected."""
    for number, day in enumerate(KEYS, start=1):
        lines: list[dict[str, Any] | str] = [
            prompt(f"e{count}", f"{day}T0{count}:00:00Z") for count in range(number)
        ]
        landing.write("persona", day, [*lines, lines[0], "no JSON"] if number == 3 else lines)
