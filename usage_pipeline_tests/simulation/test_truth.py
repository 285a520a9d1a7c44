"""The pipeline finds in simulated logs exactly what the simulator knows to have written."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from usage_pipeline.events.record import REJECTED_LINES
from usage_pipeline.pipeline.refresh import PlainRunner, refresh
from usage_pipeline.series.queries import UsageQuery, read_series, read_usage
from usage_pipeline.series.status import DayReader
from usage_pipeline.settings import Settings
from usage_pipeline.simulation.batch import MEASURES
from usage_pipeline.simulation.simulate import simulate
from usage_pipeline.storage import state
from usage_pipeline.storage.opened import Storage, open_storage
from usage_pipeline_tests.conftest import NOW
from usage_pipeline_tests.simulation.support import LAST_DAY, small, truth_of
from usage_pipeline_tests.support import rows

FIRST_DAY = date(2026, 5, 26)


@pytest.fixture(scope="module", params=[1, 2, 3])
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


@pytest.fixture
def truth(simulated: Storage) -> dict[str, Any]:
    return truth_of(Path(simulated.settings.data_dir))


def cells(truth: dict[str, Any]) -> dict[tuple[str, str], dict[str, int]]:
    """What the truth says of each day and tenant with a record: the measures."""
    return {
        (day, tenant): {name: sums[name] for name in MEASURES}
        for day, tenants in truth["days"].items()
        for tenant, sums in tenants.items()
        if sums["records"]
    }


def test_every_metric_of_every_day_and_tenant_is_the_truths(simulated: Storage, truth: dict[str, Any]) -> None:
    found = read_usage(simulated, UsageQuery(FIRST_DAY, LAST_DAY, ("day", "tenant"), metrics=MEASURES))
    assert {(str(row["day"]), row["tenant"]): {name: row[name] for name in MEASURES} for row in found} == cells(
        truth
    )


def test_totals_of_all_days_are_the_truths(simulated: Storage, truth: dict[str, Any]) -> None:
    (found,) = read_usage(simulated, UsageQuery(date(2026, 5, 1), NOW.date(), metrics=MEASURES))
    assert found == {name: truth["totals"][name] for name in MEASURES}


def test_the_three_series_of_every_tenant_are_the_truths(simulated: Storage, truth: dict[str, Any]) -> None:
    found = {
        (str(point.day), tenant): (point.tokens, point.conversations, point.messages)
        for tenant in truth["tenants"]
        for point in read_series(simulated, tenant, FIRST_DAY, LAST_DAY)
    }
    assert found == {
        (day, tenant): (sums["tokens_total"], sums["conversations"], sums["messages"])
        for day, tenants in truth["days"].items()
        for tenant, sums in tenants.items()
    }


def test_tokens_of_every_model_are_the_truths(simulated: Storage, truth: dict[str, Any]) -> None:
    names = ("tokens_in", "tokens_cached", "tokens_out", "tokens_reasoning", "tokens_total")
    found = read_usage(simulated, UsageQuery(FIRST_DAY, LAST_DAY, ("model",), metrics=names))
    assert {row["model"]: {name: row[name] for name in names} for row in found} == truth["models"]


def test_lines_of_every_file_are_judged_as_the_truth_says(simulated: Storage, truth: dict[str, Any]) -> None:
    with simulated.warehouse.connect() as connection:
        landed = state.files(connection)
    assert {
        file.path: (file.state, file.lines, file.header, file.blank, file.accepted, file.rejected)
        for file in landed
    } == {
        path: (
            "landed",
            file["lines"],
            file["header"],
            file["blank"],
            file["accepted"],
            sum(file["rejected"].values()),
        )
        for path, file in truth["files"].items()
    }


def test_reasons_of_rejected_lines_in_every_file_are_the_truths(simulated: Storage, truth: dict[str, Any]) -> None:
    found = Counter(rows(simulated, REJECTED_LINES, "landing_file", "reason"))
    assert found == Counter(
        {
            (path, reason): count
            for path, file in truth["files"].items()
            for reason, count in file["rejected"].items()
        }
    )


def test_duplicates_and_conflicts_of_every_day_are_the_truths(simulated: Storage, truth: dict[str, Any]) -> None:
    with simulated.warehouse.connect() as connection:
        found = DayReader(simulated, connection).read(FIRST_DAY, LAST_DAY)
    assert {str(day.day): (day.duplicates, day.conflicts) for day in found} == {
        day: tuple(sum(sums[name] for sums in tenants.values()) for name in ("duplicates", "conflicts"))
        for day, tenants in truth["days"].items()
    }
