"""Reads the known totals of simulated logs from `truth.json`."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from usage_pipeline.billing.ledger.grant_file import GrantEntry
from usage_pipeline.errors import UsagePipelineError
from usage_pipeline.pipeline.totals import BALANCES, FILE_COUNTS, Counts, Totals
from usage_pipeline.simulation.batch import MEASURES
from usage_pipeline.simulation.costs import COSTS
from usage_pipeline.simulation.credits import CREDITS
from usage_pipeline.simulation.settings import Simulation

TRUTH = "truth.json"

KNOWN_METRICS = (*MEASURES, "tokens_cache_write")
"""Of usage, the metrics that the file has; simulated logs never write to a cache, so that one is zero."""

_SERIES = {"tokens": "tokens_total", "conversations": "conversations", "messages": "messages"}
_DAY_COUNTS = {"records": "records", "duplicates": "duplicates", "conflicts": "conflicts", "late_records": "late"}

Sums = Mapping[tuple[str, ...], Mapping[str, int]]


@dataclass(frozen=True)
class Planted:
    """An anomaly in the logs: on these days a tenant has `factor` times its usual events."""

    kind: str
    tenant: str
    first_day: str
    last_day: str
    factor: float


@dataclass(frozen=True)
class Truth:
    """The simulation, its planted anomalies, and the totals of its logs."""

    simulation: Simulation
    planted: Sequence[Planted]
    plans: Mapping[str, str]
    """The plan of each tenant."""
    grants: Sequence[GrantEntry]
    """Credits that tenants have besides those of their plans."""
    balances_at: datetime
    """The instant of the balances."""
    totals: Totals

    @property
    def files(self) -> set[str]:
        """The paths of the landing files."""
        return {path for path, _ in self.totals.files}


def read_truth(data_dir: Path) -> Truth:
    """Read the truth file of a data directory. Raises UsagePipelineError if it is broken."""
    path = data_dir / TRUTH
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return Truth(
            _simulation(content["simulation"]),
            [Planted(**entry) for entry in content["planted"]],
            {name: tenant["plan"] for name, tenant in content["tenants"].items()},
            [GrantEntry.model_validate(entry) for entry in content["credits"]["grants"]],
            datetime.fromisoformat(content["credits"]["at"]),
            _totals(content),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UsagePipelineError(
            f"{path}: expected the file that `usage-pipeline simulate` writes. Move it away, or give the demo a "
            "folder of its own: usage-pipeline demo --data-dir new-folder"
        ) from None


def _simulation(asked: Mapping[str, Any]) -> Simulation:
    return Simulation(**{**asked, "last_day": date.fromisoformat(asked["last_day"])})


def _totals(content: Mapping[str, Any]) -> Totals:
    cells: Sums = {(day, tenant): sums for day, found in content["days"].items() for tenant, sums in found.items()}
    models: Sums = {(model,): sums for model, sums in content["models"].items()}
    rejects: Sums = {(path,): file["rejected"] for path, file in content["files"].items()}
    files: Sums = {
        (path,): {**file, "rejected": sum(file["rejected"].values())} for path, file in content["files"].items()
    }
    balances: Sums = {(tenant,): sums for tenant, sums in content["credits"]["balances"].items()}
    charged = (*COSTS, *CREDITS)
    return Totals(
        usage=_flat(cells, _same((*MEASURES, *charged))),
        overall=_flat({(): content["totals"]}, _same((*MEASURES, *charged))),
        models=_flat(models, _same((*(name for name in MEASURES if name.startswith("tokens_")), *charged))),
        series=_flat(cells, _SERIES),
        days=_of_days(cells),
        files=_flat(files, _same(FILE_COUNTS)),
        rejects=Counter(
            {(*path, reason): lines for path, found in rejects.items() for reason, lines in found.items()}
        ),
        balances=_flat(balances, _same(BALANCES)),
    )


def _same(names: Iterable[str]) -> dict[str, str]:
    return {name: name for name in names}


def _flat(sums: Sums, names: Mapping[str, str]) -> Counts:
    """Return the sums under the names on the left of `names`; the names on the right are those of the file."""
    return Counter({(*key, name): found[theirs] for key, found in sums.items() for name, theirs in names.items()})


def _of_days(cells: Sums) -> Counts:
    """Return the lines of a day by what they became, summed over all tenants."""
    days: Counts = Counter()
    for (day, _, name), value in _flat(cells, _DAY_COUNTS).items():
        days[day, name] += value
    return days
