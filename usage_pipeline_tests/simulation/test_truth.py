"""The pipeline finds in simulated logs exactly what the simulator knows to have written."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import fields
from datetime import date
from pathlib import Path

import pytest

from usage_pipeline.cli.demo.steps import add_grants
from usage_pipeline.cli.demo.truth import KNOWN_METRICS, Truth, read_truth
from usage_pipeline.pipeline.refresh import PlainRunner, refresh
from usage_pipeline.pipeline.totals import Totals, compare, read_totals
from usage_pipeline.settings import Settings
from usage_pipeline.simulation.settings import Simulation
from usage_pipeline.simulation.simulate import simulate
from usage_pipeline.storage.opened import Storage, open_storage
from usage_pipeline_tests.conftest import NOW
from usage_pipeline_tests.simulation.support import small

SIMULATIONS = {"May": small(2), "another May": small(3), "April and May": small(4, last_day=date(2026, 5, 2))}


@pytest.fixture(scope="module", params=SIMULATIONS.values(), ids=SIMULATIONS)
def simulated(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, new_database: Callable[[], str]
) -> Iterator[Storage]:
    """A simulation, landed and computed once for all tests of this module, without Dagster."""
    out, simulation = tmp_path_factory.mktemp("simulated"), request.param
    assert isinstance(simulation, Simulation)
    simulate(simulation, out)
    settings = Settings.load(data_dir=out, database_url=new_database(), digest_key="test", now=NOW)
    with open_storage(settings) as storage:
        add_grants(storage, read_truth(out).grants)
        refresh(storage, PlainRunner(storage))
        yield storage


@pytest.fixture(scope="module")
def truth(simulated: Storage) -> Truth:
    return read_truth(Path(simulated.settings.data_dir))


@pytest.fixture(scope="module")
def expected(truth: Truth) -> Totals:
    return truth.totals


@pytest.fixture(scope="module")
def found(simulated: Storage, truth: Truth) -> Totals:
    return read_totals(simulated, KNOWN_METRICS, truth.balances_at)


@pytest.mark.parametrize("kind", [entry.name for entry in fields(Totals)])
def test_all_totals_of_this_kind_are_the_truths(kind: str, expected: Totals, found: Totals) -> None:
    assert +getattr(found, kind) == +getattr(expected, kind) != Counter()


def test_nothing_differs_from_the_truth(expected: Totals, found: Totals) -> None:
    _, differences = compare(expected, found)
    assert differences == []
