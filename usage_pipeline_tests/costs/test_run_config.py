"""The run config of the asset `daily_costs`, in a real run."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import dagster as dg
import pytest

from usage_pipeline.definitions import build_definitions
from usage_pipeline.orchestration.jobs import EVENT_DAYS
from usage_pipeline.orchestration.resources import STORAGE
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.costs.generic import call, price
from usage_pipeline_tests.costs.reading import Prices, amounts
from usage_pipeline_tests.support import Landing, land_and_compute


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.mark.parametrize(("config", "expected"), [("pinned", 10), ("current", 30)])
def test_a_run_moves_the_day_to_the_prices_of_now_only_where_it_is_told_to(  # noqa: PLR0913, PLR0917 - fixtures
    storage: Storage,
    landing: Landing,
    prices: Prices,
    instance: dg.DagsterInstance,
    config: str,
    expected: int,
) -> None:
    prices(price("old", 'input: "1"'))
    landing.write("calls", "2026-05-01", [call("a", tokens_in=10)])
    land_and_compute(storage, "costs")
    prices(price("new", 'input: "3"'))
    job = build_definitions(storage.settings, {STORAGE: storage}).resolve_job_def(EVENT_DAYS.name)
    job.execute_in_process(
        instance=instance,
        partition_key=date(2026, 5, 1).isoformat(),
        asset_selection=[dg.AssetKey(name) for name in ("daily_costs", "tenant_costs")],
        run_config={"ops": {"daily_costs": {"config": {"price_book": config}}}},
    )
    assert amounts(storage) == {None: Decimal(expected)}
