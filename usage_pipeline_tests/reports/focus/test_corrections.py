"""What changed after a period was closed: it stays out of that period, and a correction is in a later one."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from usage_pipeline.billing.closing import Closing, close
from usage_pipeline.billing.statements import read_statement
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.costs.generic import call, price, write_format
from usage_pipeline_tests.reports.focus.reading import charges, total
from usage_pipeline_tests.support import Landing, land_and_compute

ADJUSTING = "adjusting: {retention_days: null, late_usage: next_period}\ndefault: adjusting\n"


@pytest.fixture(scope="module")
def adjusted(open_shared: Callable[..., Storage], tmp_path_factory: pytest.TempPathFactory) -> Storage:
    """March is closed with 10 tokens of a dollar each; 7 more of the 10th came later, when April was open."""
    storage = open_shared(
        formats_dir=write_format(tmp_path_factory.mktemp("formats") / "own"), automatic_closing=False
    )
    reference, landing = storage.settings.reference, Landing(storage.settings.landing)
    reference.mkdir(parents=True)
    (reference / "prices.yaml").write_text(price("one", 'input: "1"'))
    (reference / "plans.yaml").write_text(ADJUSTING)
    landing.write("calls", "2026-03-11", [call("a", "2026-03-10T08:00:00Z", tokens_in=10)])
    land_and_compute(storage, "records", "rollups", "series", "costs", "credits")
    close(storage, "acme", date(2026, 3, 1), Closing("ann", "test", forced=True))
    late = [call("b", "2026-03-10T09:00:00Z", tokens_in=7), call("c", "2026-04-02T09:00:00Z", tokens_in=2)]
    landing.write("calls", "2026-05-02", late)
    land_and_compute(storage, "records", "rollups", "series", "costs", "credits")
    return storage


def test_the_closed_period_costs_what_its_statement_says(adjusted: Storage, tmp_path: Path) -> None:
    rows = charges(adjusted, tmp_path, "2026-03-01", "2026-03-31")
    assert [
        (row["ChargeCategory"], row["ChargeClass"], row["ConsumedQuantity"], row["BilledCost"]) for row in rows
    ] == [
        ("Adjustment", None, None, Decimal(-7)),
        ("Usage", None, Decimal(17), Decimal(17)),
    ]
    assert total(rows) == read_statement(adjusted, "acme", date(2026, 3, 1)).total == 10


def test_the_correction_is_a_charge_of_the_day_in_the_period_that_carries_it(
    adjusted: Storage, tmp_path: Path
) -> None:
    rows = charges(adjusted, tmp_path, "2026-04-01", "2026-04-30")
    (correction,) = (row for row in rows if row["ChargeClass"] == "Correction")
    assert {name: correction[name] for name in ("ChargeDescription", "BilledCost", "x_ClosedPeriod", "Tags")} == {
        "ChargeDescription": "Change of Input Tokens of m after 2026-03 was closed, billed in 2026-04",
        "BilledCost": Decimal(7),
        "x_ClosedPeriod": "2026-03",
        "Tags": None,
    }
    assert f"{correction['ChargePeriodStart']:%F} {correction['BillingPeriodStart']:%F}" == "2026-03-10 2026-04-01"
    assert total(rows) == read_statement(adjusted, "acme", date(2026, 4, 1)).total == 9


@pytest.mark.parametrize(
    "cuts",
    [
        [("2026-03-01", "2026-04-30")],
        [("2026-03-01", "2026-03-31"), ("2026-04-01", "2026-04-30")],
        [("2026-03-01", "2026-03-10"), ("2026-03-11", "2026-04-29"), ("2026-04-30", "2026-04-30")],
    ],
    ids=["at once", "by month", "by other days"],
)
def test_exports_side_by_side_have_each_charge_once(
    adjusted: Storage, tmp_path: Path, cuts: list[tuple[str, str]]
) -> None:
    rows = [row for first, last in cuts for row in charges(adjusted, tmp_path, first, last)]
    assert (len(rows), total(rows)) == (4, 19)


def test_with_filters_costs_are_those_of_now_without_corrections(adjusted: Storage, tmp_path: Path) -> None:
    rows = charges(adjusted, tmp_path, "2026-03-01", "2026-04-30", filters=(("model", ("m",)),))
    assert [(row["ChargeClass"], row["BilledCost"]) for row in rows] == [(None, 17), (None, 2)]
