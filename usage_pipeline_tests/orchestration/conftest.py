"""Real Dagster runs over three days: one that all tests look at, and a storage with an instance for others."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import dagster as dg
import pytest
from dagster._core.definitions.assets.graph.asset_graph import AssetGraph

from usage_pipeline.definitions import build_definitions
from usage_pipeline.orchestration.execution import DagsterRunner
from usage_pipeline.orchestration.instance import open_instance
from usage_pipeline.pipeline.refresh import refresh
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage, open_storage
from usage_pipeline_tests.conftest import NOW, settings_of
from usage_pipeline_tests.orchestration.asking import KEYS, Told, runner_on
from usage_pipeline_tests.server import database_of
from usage_pipeline_tests.support import Landing, prompt

CHECKOUT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Ran:
    """A storage after runs of the jobs, the instance that knows of them, and what they told of their progress."""

    storage: Storage
    instance: dg.DagsterInstance
    told: Told


@pytest.fixture(scope="module")
def definitions() -> dg.Definitions:
    """All there is, from the first day of 2025 on."""
    return build_definitions(Settings.load(first_day=date(2025, 1, 1)))


@pytest.fixture(scope="module")
def graph(definitions: dg.Definitions) -> AssetGraph:
    return definitions.resolve_asset_graph()


@pytest.fixture(scope="module")
def specs(definitions: dg.Definitions) -> dict[str, dg.AssetSpec]:
    return {spec.key.to_user_string(): spec for spec in definitions.resolve_all_asset_specs()}


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def set_dagster_environment(patch: pytest.MonkeyPatch, databases: tuple[str, str], data_dir: Path) -> None:
    """Let the settings name these databases, ours and Dagster's."""
    patch.setenv("DAGSTER_HOME", str(CHECKOUT))
    patch.setenv("USAGE_DATABASE_URL", databases[0])
    patch.setenv("USAGE_DAGSTER_DATABASE_URL", databases[1])
    patch.setenv("USAGE_DATA_DIR", str(data_dir))


@contextmanager
def open_project(databases: tuple[str, str], data_dir: Path) -> Iterator[tuple[Storage, dg.DagsterInstance]]:
    """A storage, and the instance that `dagster.yaml` describes, on a database of ours and one of Dagster."""
    settings = Settings.load(data_dir=data_dir, database_url=databases[0], digest_key="test", now=NOW)
    with pytest.MonkeyPatch.context() as patch:
        set_dagster_environment(patch, databases, data_dir)
        with open_storage(settings) as storage, open_instance() as instance:
            yield storage, instance


@pytest.fixture
def database(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of the database that the settings give to Dagster, which is not there yet."""
    database = f"dagster_{uuid4().hex[:12]}"
    set_dagster_environment(monkeypatch, (server, database_of(server, database)), tmp_path)
    return database


@pytest.fixture
def runner(storage: Storage, instance: dg.DagsterInstance) -> DagsterRunner:
    """A runner that leaves the suites out: they take most of the time, and have tests of their own."""
    return runner_on(storage, instance)


def write_three_days(landing: Landing) -> None:
    """One, two and three records; on the last day also a duplicate, and half of its lines are broken."""
    for number, day in enumerate(KEYS, start=1):
        lines: list[dict[str, Any] | str] = [
            prompt(f"{day} {count}", f"{day}T0{count}:00:00Z") for count in range(number)
        ]
        landing.write("persona", day, [*lines, lines[0], *["no JSON"] * 4] if number == 3 else lines)


@pytest.fixture
def three_days(landing: Landing) -> None:
    write_three_days(landing)


@pytest.fixture(scope="session")
def ran(tmp_path_factory: pytest.TempPathFactory, new_database: Callable[[], str]) -> Iterator[Ran]:
    """The three days landed, computed and validated by one run of each job. Tests only look at it.

    Files of other packages come between those of this one, and a package would make it again after each.
    """
    settings = settings_of(tmp_path_factory.mktemp("ran"), new_database())
    write_three_days(Landing(settings.landing))
    with open_storage(settings) as storage, dg.DagsterInstance.ephemeral() as instance:
        told = Told()
        refresh(storage, runner_on(storage, instance, told, suites=True))
        yield Ran(storage, instance, told)
