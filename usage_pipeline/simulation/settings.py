"""The parameters of a simulation, and the names of its sources."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

PERSONA, STATISTICS, RUNS = "persona", "usage_statistics", "agent_runs"
SOURCES = (PERSONA, STATISTICS, RUNS)
"""The sources, in the order in which arrays count them."""

FIRST_DAY = date(2023, 1, 1)
"""First day of the tenants' plans, and of the pipeline's calendar by default."""

MIN_TENANTS = 3
"""One for each plan, because retention decides which lines are too old to land."""

DEFAULT_SEED = 1

LOOKBACK_DAYS = 90
"""Days without a record after which a conversation counts as new."""


@dataclass(frozen=True)
class Simulation:
    """The parameters; the same values give the same bytes.

    `events_per_day` is the mean per tenant and day, before the planted anomalies; `last_day` is the last event
    day and the last landing day, UTC. `prompt_bytes` is the size of every prompt; with 0, prompts are short.
    """

    days: int
    tenants: int
    events_per_day: int
    seed: int
    last_day: date
    prompt_bytes: int = 0

    def __post_init__(self) -> None:
        """Raise ValueError for values that cannot be simulated."""
        bounds = {"days": 1, "tenants": MIN_TENANTS, "events_per_day": 1, "seed": 0, "prompt_bytes": 0}
        for name, least in bounds.items():
            if getattr(self, name) < least:
                raise ValueError(f"{name}: expected at least {least}, found {getattr(self, name)}")
        if self.date(0) < FIRST_DAY:
            raise ValueError(
                f"first day {self.date(0)}: expected {FIRST_DAY} or later; take fewer days, or a later last day"
            )

    def date(self, day: int) -> date:
        """Return the date of the day with this number, from 0."""
        return self.last_day - timedelta(days=self.days - 1 - day)

    def as_json(self) -> dict[str, Any]:
        """Return the parameters for JSON, without `prompt_bytes` if it is 0."""
        return {name: value for name, value in vars(self).items() if name != "prompt_bytes" or value} | {
            "last_day": str(self.last_day)
        }
