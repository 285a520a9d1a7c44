"""A broken `prices.yaml` concerns days that were never rated, and no day beside them."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import dagster as dg
import pytest

from usage_pipeline.errors import FailedDaysError
from usage_pipeline.pipeline.refresh import find_stale
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.conftest import Prepare
from usage_pipeline_tests.costs.generic import call, price
from usage_pipeline_tests.costs.reading import Prices, Run, amounts, compute
from usage_pipeline_tests.orchestration.asking import runner_on
from usage_pipeline_tests.support import Landing

RATED, NEW, NEWER = (date(2026, 5, day) for day in (1, 2, 3))
GOOD, BROKEN = price("one", 'input: "1"'), price("one", 'input: "cheap"')
COST_TABLES = {"daily_costs", "tenant_costs", "cost_drift"}
AFTER_COSTS = {"credit_usage", "credit_seconds"}


@pytest.fixture
def file(storage: Storage, landing: Landing, run: Run, prices: Prices, prepare: Prepare) -> Path:
    """`prices.yaml`, broken since a day was rated; a late event of that day and two new days have landed."""
    prices(GOOD)
    landing.write("calls", str(RATED), [call("a", tokens_in=10)])
    prepare("rated", run)
    prices(BROKEN)
    late = call("b", f"{RATED}T09:00:00Z", tokens_in=5)
    landing.write("calls", str(NEW), [late, call("c", f"{NEW}T08:00:00Z", tokens_in=1)])
    landing.write("calls", str(NEWER), [call("d", f"{NEWER}T08:00:00Z", tokens_in=2)])
    return storage.settings.reference / "prices.yaml"


def test_rated_days_keep_their_prices_and_the_others_fail_with_what_is_broken(
    storage: Storage, run: Run, file: Path
) -> None:
    with pytest.raises(FailedDaysError) as raised:
        run()
    assert raised.value.reasons.keys() == {NEW, NEWER}
    assert str(raised.value) == (
        f"{file}: one: prices.input: expected a decimal number in quotes, such as \"99.50\", found 'cheap'.\n"
        "Days that were never rated have no costs until the file is corrected. Days that are rated keep their "
        "prices and are not affected."
    )
    assert amounts(storage, "day")[RATED] == Decimal(15)
    assert find_stale(storage) == dict.fromkeys([NEW, NEWER], COST_TABLES | AFTER_COSTS)


def test_days_that_failed_are_rated_once_the_file_is_corrected(storage: Storage, run: Run, file: Path) -> None:
    with pytest.raises(FailedDaysError):
        run()
    file.write_text(GOOD)
    compute(storage)
    found = amounts(storage, "day")
    assert (found[RATED], found[NEW], found[NEWER]) == (Decimal(15), Decimal(1), Decimal(2))
    assert find_stale(storage) == {}


def test_the_steps_of_a_run_tell_it_once_with_the_days_that_it_concerns(
    storage: Storage, run: Run, file: Path
) -> None:
    with pytest.raises(FailedDaysError):
        run()
    with dg.DagsterInstance.ephemeral() as instance:
        runner = runner_on(storage, instance)
        with pytest.raises(FailedDaysError) as raised:
            runner.compute(COST_TABLES, [RATED, NEW, NEWER])
        (last,) = instance.get_runs()
        messages = [entry.to_json() for entry in instance.all_logs(last.run_id) if entry.step_key]
    assert raised.value.reasons.keys() == {NEW, NEWER}
    telling = [message for message in messages if str(file) in message]
    assert len(telling) == 1
    assert "2 days, 2026-05-02 to 2026-05-03: " in telling[0]
