"""The pipeline finds in simulated logs exactly what the simulator knows to have written."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from usage_pipeline.cli.demo.truth import KNOWN_METRICS, read_truth
from usage_pipeline.pipeline.refresh import PlainRunner, refresh
from usage_pipeline.pipeline.totals import Totals, compare, read_totals
from usage_pipeline.settings import Settings
from usage_pipeline.simulation.simulate import simulate
from usage_pipeline.storage.opened import Storage, open_storage
from usage_pipeline_tests.conftest import NOW
from usage_pipeline_tests.simulation.support import small


@pytest.fixture(scope="module", params=[2, 3, 4])
def simulated(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, new_database: Callable[[], str]
) -> Iterator[Storage]:
    """A simulation with this seed, landed and computed once for all tests of this module, without Dagster."""
    out = tmp_path_factory.mktemp("simulated")
    simulate(small(request.param), out)
    settings = Settings.load(data_dir=out, database_url=new_database(), digest_key="test", now=NOW)
    with open_storage(settings) as storage:
        refresh(storage, PlainRunner(storage))
        yield storage


@pytest.fixture(scope="module")
def expected(simulated: Storage) -> Totals:
    return read_truth(Path(simulated.settings.data_dir)).totals


@pytest.fixture(scope="module")
def found(simulated: Storage) -> Totals:
    return read_totals(simulated, KNOWN_METRICS)


@pytest.mark.parametrize("kind", [entry.name for entry in fields(Totals)])
def test_all_totals_of_this_kind_are_the_truths(kind: str, expected: Totals, found: Totals) -> None:
    assert +getattr(found, kind) == +getattr(expected, kind) != Counter()


def test_nothing_differs_from_the_truth(expected: Totals, found: Totals) -> None:
    _, differences = compare(expected, found)
    assert differences == []
