"""Runs a simulation, day by day and source by source."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from usage_pipeline.simulation import agent_runs, persona, usage_statistics
from usage_pipeline.simulation.costs import read_prices
from usage_pipeline.simulation.credits import read_credit_rates
from usage_pipeline.simulation.faults import deliver
from usage_pipeline.simulation.plan import Plan
from usage_pipeline.simulation.reference import CREDIT_RATES, PRICES, write_reference
from usage_pipeline.simulation.settings import Simulation
from usage_pipeline.simulation.truth import Truth
from usage_pipeline.simulation.writing import Writer

_SOURCES = (persona, usage_statistics, agent_runs)


@dataclass(frozen=True)
class Written:
    """Counts of written records (lines that must count), lines and landing files."""

    records: int
    lines: int
    files: int


def simulate(simulation: Simulation, out: Path, day_done: Callable[[date], None] = lambda _: None) -> Written:
    """Write landing files, reference files and `truth.json` below `out`; `day_done` is called after each day."""
    plan = Plan(simulation)
    truth, writer = Truth(plan, read_prices(PRICES), read_credit_rates(CREDIT_RATES)), Writer(plan, out)
    for day in range(simulation.days):
        for source in _SOURCES:
            delivery = deliver(plan, source.make(plan, day))
            truth.count(delivery)
            writer.take(delivery.drops)
        truth.files.update(writer.write_day(day))
        day_done(simulation.date(day))
    write_reference(plan, out)
    content = truth.as_json()
    (out / "truth.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    lines = sum(file["lines"] for file in content["files"].values())
    return Written(content["totals"]["records"], lines, len(truth.files))
