"""The result of the demo."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from usage_pipeline.cli.demo.truth import Truth
from usage_pipeline.pipeline.totals import Totals
from usage_pipeline.retention.pruning import Pruned
from usage_pipeline.storage.landed_files import LandedFile


@dataclass(frozen=True)
class Conflict:
    """A record in conflict with another line."""

    record_id: str
    tenant: str


@dataclass(frozen=True)
class Result:
    """Totals of the demo, expected and found, and what else it prints, with a conflict as an example."""

    truth: Truth
    found: Totals
    files: Sequence[LandedFile]
    conflict: Conflict | None
    pruned: Sequence[Pruned]
    """By landing day, what was past its term afterwards."""
    alerts: Sequence[Mapping[str, Any]]
    """Rows of `alerts`: those on limits that are raised."""

    @property
    def days(self) -> list[str]:
        """The days of the logs as YYYY-MM-DD."""
        simulation = self.truth.simulation
        return [str(simulation.date(day)) for day in range(simulation.days)]

    def series(self, name: str) -> list[int]:
        """Return one of the three series by day, summed over all tenants."""
        by_day = Counter[str]()
        for (day, _, series), total in self.found.series.items():
            by_day[day] += total if series == name else 0
        return [by_day[day] for day in self.days]

    def records(self, tenant: str) -> list[int]:
        """Return a tenant's records by day."""
        return [self.found.usage[day, tenant, "records"] for day in self.days]

    def became(self) -> Counter[str]:
        """Return the number of lines by what they became, and of late records."""
        lines = Counter[str]()
        for counts in (self.found.days, self.found.files):
            for (_, name), value in counts.items():
                lines[name] += value
        return lines

    def by_tenant(self) -> dict[str, Counter[str]]:
        """Return the metrics of each tenant, largest number of tokens first."""
        sums: dict[str, Counter[str]] = {}
        for (_, tenant, metric), value in self.found.usage.items():
            sums.setdefault(tenant, Counter())[metric] += value
        return dict(sorted(sums.items(), key=lambda entry: (-entry[1]["tokens_total"], entry[0])))
