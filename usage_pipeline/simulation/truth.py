"""Counts what is written, so that it is known what the pipeline must find. No code of the pipeline is used."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from usage_pipeline.simulation.arrays import Ints
from usage_pipeline.simulation.batch import MEASURES, MODELS, UNKNOWN_MODELS, Batch
from usage_pipeline.simulation.costs import COSTS, ModelPrice, event_costs
from usage_pipeline.simulation.faults import Delivery
from usage_pipeline.simulation.plan import Plan
from usage_pipeline.simulation.settings import LOOKBACK_DAYS, SOURCES

_TOKENS = ("tokens_in", "tokens_cached", "tokens_out", "tokens_reasoning", "tokens_total")
_FAULTS = ("delayed", "late", "duplicates", "conflicts")
_NEVER = -(10**9)


@dataclass(frozen=True)
class FileTruth:
    """How the lines of a landing file must be validated."""

    blank: int
    accepted: int
    rejected: Counter[str]

    def as_json(self) -> dict[str, Any]:
        """The counts; the lines are their sum."""
        lines = self.blank + self.accepted + self.rejected.total()
        rejected = dict(sorted(self.rejected.items()))
        return {"lines": lines, "header": 0, "blank": self.blank, "accepted": self.accepted, "rejected": rejected}


@dataclass
class Truth:
    """Sums by (measure, event day, tenant) and by (measure, model), and the counts of files."""

    plan: Plan
    prices: list[ModelPrice]
    files: dict[str, FileTruth] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Begin with zeros."""
        days, tenants = self.plan.simulation.days, self.plan.simulation.tenants
        names = (*MEASURES, *COSTS, *_FAULTS)
        self._sums = {name: np.zeros(days * tenants, dtype=np.int64) for name in names}
        self._model_sums = {name: np.zeros(len(MODELS), dtype=np.int64) for name in (*_TOKENS, *COSTS)}
        total = int(self.plan.conversations.sum())
        self._last_seen = [np.full(total, _NEVER, dtype=np.int64) for _ in SOURCES]

    def count(self, delivery: Delivery) -> None:
        """Add a batch. Batches of a source come in the order of their days."""
        batch = delivery.batch
        cells = (batch.day + batch.day_offsets) * self.plan.simulation.tenants + batch.tenants
        for name, values in batch.measures.items():
            _add(self._sums[name], cells, values)
        for name in _TOKENS:
            if name in batch.measures:
                _add(self._model_sums[name], batch.models, batch.measures[name])
        self._count_costs(batch, cells)
        faulty = (delivery.delayed, delivery.late, delivery.redelivered, delivery.conflicts)
        parts = zip(_FAULTS, faulty, strict=True)
        for name, events in parts:
            _add(self._sums[name], cells[events], np.ones(len(events), dtype=np.int64))
        self._begin_conversations(batch, cells)

    def _count_costs(self, batch: Batch, cells: Ints) -> None:
        costs = event_costs(self.prices, batch, self.plan.simulation.date(batch.day))
        for name in COSTS:
            values = getattr(costs, name)
            # Doubles are not exact for these: a day costs more than 2 to the power of 53 times 10^-12 dollars.
            np.add.at(self._sums[name], cells, values)
            np.add.at(self._model_sums[name], batch.models, values)

    def _begin_conversations(self, batch: Batch, cells: Ints) -> None:
        """Conversations that had no record in the look-back before the day begin on it."""
        with_id = np.flatnonzero(batch.conversations >= 0)
        found, first = np.unique(batch.conversations[with_id], return_index=True)
        last_seen = self._last_seen[batch.source]
        begun = batch.day - last_seen[found] > LOOKBACK_DAYS
        last_seen[found] = batch.day
        begin_cells = cells[with_id[first[begun]]]
        _add(self._sums["conversations"], begin_cells, np.ones(len(begin_cells), dtype=np.int64))

    def as_json(self) -> dict[str, Any]:
        """All that is known of what was written."""
        return {
            "simulation": self.plan.simulation.as_json(),
            "tenants": {tenant.name: {"plan": tenant.plan, "zone": tenant.zone} for tenant in self.plan.tenants},
            "planted": [self._planted(number) for number in range(len(self.plan.planted))],
            "totals": {name: int(sums.sum()) for name, sums in self._sums.items()},
            "rejects": dict(sorted(sum((file.rejected for file in self.files.values()), Counter()).items())),
            "models": self._models(),
            "unknown_models": list(UNKNOWN_MODELS),
            "days": {
                str(self.plan.simulation.date(day)): self._day(day) for day in range(self.plan.simulation.days)
            },
            "files": {path: self.files[path].as_json() for path in sorted(self.files)},
        }

    def _planted(self, number: int) -> dict[str, Any]:
        anomaly, date = self.plan.planted[number], self.plan.simulation.date
        tenant = self.plan.tenants[anomaly.tenant].name
        days = {"first_day": str(date(anomaly.first)), "last_day": str(date(anomaly.last))}
        return {"kind": anomaly.kind, "tenant": tenant, **days, "factor": anomaly.factor}

    def _models(self) -> dict[str, dict[str, int]]:
        return {
            model: {name: int(sums[number]) for name, sums in self._model_sums.items()}
            for number, model in enumerate(MODELS.tolist())
        }

    def _day(self, day: int) -> dict[str, dict[str, int]]:
        first = day * self.plan.simulation.tenants
        return {
            tenant.name: {name: int(sums[first + number]) for name, sums in self._sums.items()}
            for number, tenant in enumerate(self.plan.tenants)
        }


def _add(sums: Ints, cells: Ints, values: Ints) -> None:
    # The weights are doubles, which are exact as long as a sum of one day stays below 2 to the power of 53.
    sums += np.bincount(cells, weights=values, minlength=len(sums)).astype(np.int64)
