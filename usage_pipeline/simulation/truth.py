"""Counts the written lines without code of the pipeline: the totals that the pipeline must find."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from usage_pipeline.simulation.arrays import Ints
from usage_pipeline.simulation.balances import balance_after
from usage_pipeline.simulation.batch import MEASURES, MODELS, Batch
from usage_pipeline.simulation.costs import COSTS, ModelPrice, event_costs
from usage_pipeline.simulation.credits import CREDITS, PICO, PICOCREDITS, UNRATED, CreditRates, event_credits
from usage_pipeline.simulation.faults import Delivery
from usage_pipeline.simulation.plan import Plan, Planted
from usage_pipeline.simulation.reference import credit_terms
from usage_pipeline.simulation.settings import LOOKBACK_DAYS, SOURCES

_TOKENS = ("tokens_in", "tokens_cached", "tokens_out", "tokens_reasoning", "tokens_total")
_FAULTS = ("delayed", "late", "duplicates", "conflicts")
_NEVER = -(10**9)
_MILLIONS = "millions_of_picocredits"
_MILLION = 10**6


@dataclass(frozen=True)
class FileTruth:
    """The expected counts of a landing file."""

    blank: int
    accepted: int
    rejected: Counter[str]

    def as_json(self) -> dict[str, Any]:
        """Return the counts for JSON, with all lines as their sum."""
        lines = self.blank + self.accepted + self.rejected.total()
        rejected = dict(sorted(self.rejected.items()))
        return {"lines": lines, "header": 0, "blank": self.blank, "accepted": self.accepted, "rejected": rejected}


@dataclass
class Truth:
    """Sums by (measure, event day, tenant) and by (measure, model), and the counts of files."""

    plan: Plan
    prices: list[ModelPrice]
    rates: list[CreditRates]
    files: dict[str, FileTruth] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Set all sums to zero."""
        days, tenants = self.plan.simulation.days, self.plan.simulation.tenants
        charged = (*COSTS, *CREDITS, _MILLIONS)
        names = (*MEASURES, *charged, *_FAULTS)
        self._sums = {name: np.zeros(days * tenants, dtype=np.int64) for name in names}
        self._model_sums = {name: np.zeros(len(MODELS), dtype=np.int64) for name in (*_TOKENS, *charged)}
        total = int(self.plan.conversations.sum())
        self._last_seen = [np.full(total, _NEVER, dtype=np.int64) for _ in SOURCES]

    def count(self, delivery: Delivery) -> None:
        """Add a batch. The batches of a source must be added in the order of their days."""
        batch = delivery.batch
        cells = (batch.day + batch.day_offsets) * self.plan.simulation.tenants + batch.tenants
        for name, values in batch.measures.items():
            _add(self._sums[name], cells, values)
        for name in _TOKENS:
            if name in batch.measures:
                _add(self._model_sums[name], batch.models, batch.measures[name])
        self._count_costs(batch, cells)
        self._count_credits(batch, cells)
        faulty = (delivery.delayed, delivery.late, delivery.redelivered, delivery.conflicts)
        for name, events in zip(_FAULTS, faulty, strict=True):
            _add(self._sums[name], cells[events])
        self._begin_conversations(batch, cells)

    def _count_costs(self, batch: Batch, cells: Ints) -> None:
        costs = event_costs(self.prices, batch, self.plan.simulation.date(batch.day))
        for name in COSTS:
            values = getattr(costs, name)
            # Not by `_add`: a day costs more than 2^53 of 10^-12 dollars, so doubles are not exact.
            np.add.at(self._sums[name], cells, values)
            np.add.at(self._model_sums[name], batch.models, values)

    def _count_credits(self, batch: Batch, cells: Ints) -> None:
        found = event_credits(self.rates, batch, self.plan.simulation.date(batch.day))
        # In two parts, because a large day costs more than 2^63 of 10^-12 credits.
        millions, rest = np.divmod(found.picocredits, _MILLION)
        for name, values in {_MILLIONS: millions, PICOCREDITS: rest, UNRATED: found.unrated}.items():
            _add(self._sums[name], cells, values)
            _add(self._model_sums[name], batch.models, values)

    def _begin_conversations(self, batch: Batch, cells: Ints) -> None:
        """Count the conversations that had no record in the look-back before the day."""
        with_id = np.flatnonzero(batch.conversations >= 0)
        found, first = np.unique(batch.conversations[with_id], return_index=True)
        last_seen = self._last_seen[batch.source]
        begun = batch.day - last_seen[found] > LOOKBACK_DAYS
        last_seen[found] = batch.day
        _add(self._sums["conversations"], cells[with_id[first[begun]]])

    def as_json(self) -> dict[str, Any]:
        """Return the content of `truth.json`."""
        sums, model_sums = _joined(self._sums), _joined(self._model_sums)
        return {
            "simulation": self.plan.simulation.as_json(),
            "tenants": {tenant.name: {"plan": tenant.plan, "zone": tenant.zone} for tenant in self.plan.tenants},
            "planted": [self._planted(anomaly) for anomaly in self.plan.planted],
            "totals": {name: sum(values) for name, values in sums.items()},
            "rejects": dict(sorted(sum((file.rejected for file in self.files.values()), Counter()).items())),
            "models": {
                model: {name: values[number] for name, values in model_sums.items()}
                for number, model in enumerate(MODELS.tolist())
            },
            "days": {
                str(self.plan.simulation.date(day)): self._day(sums, day)
                for day in range(self.plan.simulation.days)
            },
            "credits": self._credits(sums[PICOCREDITS]),
            "files": {path: self.files[path].as_json() for path in sorted(self.files)},
        }

    def _planted(self, anomaly: Planted) -> dict[str, Any]:
        date = self.plan.simulation.date
        tenant = self.plan.tenants[anomaly.tenant].name
        days = {"first_day": str(date(anomaly.first)), "last_day": str(date(anomaly.last))}
        return {"kind": anomaly.kind, "tenant": tenant, **days, "factor": anomaly.factor}

    def _day(self, sums: dict[str, list[int]], day: int) -> dict[str, dict[str, int]]:
        first = day * self.plan.simulation.tenants
        return {
            tenant.name: {name: values[first + number] for name, values in sums.items()}
            for number, tenant in enumerate(self.plan.tenants)
        }

    def _credits(self, used: list[int]) -> dict[str, Any]:
        """Return the balances after the last day, and the grants that they need besides those of the plans."""
        simulation, topup = self.plan.simulation, self.plan.topup
        bought_at = f"{simulation.date(topup.day)}T00:00:00Z"
        return {
            "at": f"{simulation.date(simulation.days)}T00:00:00Z",
            "grants": [
                {
                    "id": "demo-topup",
                    "tenant": self.plan.tenants[topup.tenant].name,
                    "kind": "topup",
                    "amount": str(topup.credits),
                    "effective_at": bought_at,
                    "reason": "more usage than the plan's credits cover",
                }
            ],
            "balances": {
                tenant.name: balance_after(
                    credit_terms(tenant.plan),
                    simulation.date(0),
                    used[number :: simulation.tenants],
                    {topup.day: topup.credits * PICO} if number == topup.tenant else {},
                ).as_json()
                for number, tenant in enumerate(self.plan.tenants)
            },
        }


def _joined(sums: dict[str, Ints]) -> dict[str, list[int]]:
    """Return the sums with the credits as one number each."""
    found: dict[str, list[int]] = {name: values.tolist() for name, values in sums.items()}
    pairs = zip(found.pop(_MILLIONS), found[PICOCREDITS], strict=True)
    return {**found, PICOCREDITS: [millions * _MILLION + rest for millions, rest in pairs]}


def _add(sums: Ints, cells: Ints, values: Ints | None = None) -> None:
    """Add to each cell its values, or the number of times that it occurs."""
    # The weights are doubles, which are exact while the sums of one day are below 2^53.
    sums += np.bincount(cells, weights=values, minlength=len(sums)).astype(np.int64)
