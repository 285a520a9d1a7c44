"""What is measured on: which simulated logs, and how much of them is landed and computed beforehand."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path

from usage_pipeline.simulation.plan import Plan
from usage_pipeline.simulation.settings import Simulation

DAY = date(2026, 6, 11)
"""The day that is measured, a Thursday; what is measured does not depend on the clock."""

EVENTS = 4_000_000
TEXT_BYTES = 1024
EARLIER_DAYS = 89
_TENANTS = 12
_SEED = 1
_BACKFILL_DAYS, _BACKFILL_EVENTS = 90, 1_000
_REAL_LOG_DAYS = (DAY - date(2024, 8, 13)).days + 1
LISTED_DAYS, LISTED_RECORDS = 90, 100_000
"""Days of the records that are listed, and records of each for a day of `EVENTS`."""
_EARLIER_SHARE = 40
"""Events of the day for each of an earlier day. With days of its own size, making them would take hours."""


class Beforehand(StrEnum):
    """What is done with the logs before anything is measured."""

    NOTHING = "nothing"
    LANDED = "landed"
    COMPUTED = "computed"
    EARLIER_DAYS_COMPUTED = "earlier days computed"
    EMPTY = "without logs"
    REAL_LOG = "the real log laid into the landing folder"
    DEMO = "the command `demo` run"
    LISTED = "records of many tenants landed and computed"
    SERVED = "records of many tenants landed, and all tables computed"

    @property
    def is_simulated(self) -> bool:
        """Whether the benchmark has the simulator write the logs, for days of its own."""
        return self not in {
            *(Beforehand.EMPTY, Beforehand.REAL_LOG, Beforehand.DEMO),
            *(Beforehand.LISTED, Beforehand.SERVED),
        }


@dataclass(frozen=True)
class Dataset:
    """Logs to measure on; the last of its days is `DAY`."""

    name: str
    label: str
    events: int = 0
    """Events of all days that are measured, as far as the simulator is asked for them."""
    days: int = 1
    prompt_bytes: int = 0
    beforehand: Beforehand = Beforehand.NOTHING

    def simulation(self) -> Simulation:
        """The simulation that writes the days that are measured."""
        return _simulation(self.events, self.days, DAY, self.prompt_bytes)

    def earlier(self) -> Simulation:
        """The simulation that writes the days before the one that is measured."""
        events = max(1, self.events // _EARLIER_SHARE) * EARLIER_DAYS
        return _simulation(events, EARLIER_DAYS, DAY - timedelta(days=1), self.prompt_bytes)

    @property
    def first_day(self) -> date:
        """The first of the days that are measured."""
        return DAY - timedelta(days=self.days - 1)


def datasets(events: int) -> dict[str, Dataset]:
    """All datasets by name, for a day of so many events."""
    backfilled = _BACKFILL_DAYS * _BACKFILL_EVENTS
    listed = LISTED_DAYS * max(1, events * LISTED_RECORDS // EVENTS)
    found = (
        Dataset("day", "the day", events),
        Dataset("text", "the day with 1 KB of text per prompt", events, prompt_bytes=TEXT_BYTES),
        Dataset("history", "the day after 89 others", events, beforehand=Beforehand.EARLIER_DAYS_COMPUTED),
        Dataset("rated", "the day, computed before", events, beforehand=Beforehand.COMPUTED),
        Dataset("quarter", "a quarter of the day", events // 4),
        Dataset("fourfold", "four times the day", events * 4),
        Dataset("backfill", "90 days of 1,000", backfilled, _BACKFILL_DAYS, beforehand=Beforehand.LANDED),
        Dataset("empty", "an empty data directory", beforehand=Beforehand.EMPTY),
        Dataset("aider", "the aider log", days=_REAL_LOG_DAYS, beforehand=Beforehand.REAL_LOG),
        Dataset("demo", "the data of the demo", beforehand=Beforehand.DEMO),
        Dataset("listed", "the records of 500 tenants", listed, LISTED_DAYS, beforehand=Beforehand.LISTED),
        Dataset("served", "all tables of 500 tenants", listed, LISTED_DAYS, beforehand=Beforehand.SERVED),
    )
    return {dataset.name: dataset for dataset in found}


def _simulation(events: int, days: int, last_day: date, prompt_bytes: int) -> Simulation:
    """A simulation of so many events in all: the planted anomalies bring more than its setting says."""
    asked = max(1, events // (days * _TENANTS))
    plain = Simulation(days, _TENANTS, asked, _SEED, last_day)
    scaled = max(1, round(asked * events / int(Plan(plain).events.sum())))
    return Simulation(days, _TENANTS, scaled, _SEED, last_day, prompt_bytes)


@dataclass(frozen=True)
class Prepared:
    """Where a dataset lies: a data directory, never written to once it is prepared, and what it must come to."""

    folder: Path

    @property
    def landing(self) -> Path:
        """The landing folder."""
        return self.folder / "landing"

    @property
    def truth(self) -> Path:
        """What the days that are measured must come to, as the simulator has it."""
        return self.folder / "truth.json"
