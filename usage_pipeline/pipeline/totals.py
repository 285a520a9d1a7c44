"""All totals of the pipeline, flat, to be compared with totals from elsewhere."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from decimal import Decimal

from usage_pipeline.events.landing.rejects import count_rejects
from usage_pipeline.metrics.answers import Row
from usage_pipeline.metrics.queries import SERIES, CostQuery, SeriesQuery, UsageQuery, of_tenant
from usage_pipeline.metrics.read import read
from usage_pipeline.metrics.series import known_tenants
from usage_pipeline.registry import METRIC_NAMES, METRICS
from usage_pipeline.series.status import DayReader
from usage_pipeline.storage import landed_files
from usage_pipeline.storage.landed_files import FileState
from usage_pipeline.storage.opened import Storage

DAY_COUNTS = ("records", "duplicates", "conflicts", "late_records")
FILE_COUNTS = ("lines", "header", "blank", "accepted", "rejected")
_AMOUNT_DECIMALS = 12
"""Those of every amount: so many 10^-12 dollars are a whole number."""
TOKENS = frozenset(metric.name for metric in METRICS if metric.unit == "tokens")

Counts = Counter[tuple[str, ...]]
"""Numbers by the words that name them; what is not there is 0."""


@dataclass(frozen=True)
class Totals:
    """Totals by what they are of. Days are written YYYY-MM-DD."""

    usage: Counts = field(default_factory=Counter)
    """Every metric and cost, by (day, tenant, metric)."""
    overall: Counts = field(default_factory=Counter)
    """Every metric and cost of all days and tenants, by (metric,)."""
    models: Counts = field(default_factory=Counter)
    """The token metrics and costs, by (model, metric)."""
    series: Counts = field(default_factory=Counter)
    """The three series, by (day, tenant, series)."""
    days: Counts = field(default_factory=Counter)
    """What became of the lines of an event day, by (day, one of DAY_COUNTS)."""
    files: Counts = field(default_factory=Counter)
    """How the lines of a landed file were validated, by (path, one of FILE_COUNTS)."""
    rejects: Counts = field(default_factory=Counter)
    """Rejected lines, by (path, reason)."""


@dataclass(frozen=True)
class Difference:
    """A total that is not the one expected."""

    name: str
    expected: int
    found: int


def compare(expected: Totals, found: Totals) -> tuple[int, list[Difference]]:
    """How many totals were compared, and those that differ."""
    pairs = list(_pairs(expected, found))
    return len(pairs), [pair for pair in pairs if pair.expected != pair.found]


def _pairs(expected: Totals, found: Totals) -> Iterator[Difference]:
    for kind in (entry.name for entry in fields(Totals)):
        there, here = getattr(expected, kind), getattr(found, kind)
        for key in sorted(there.keys() | here.keys()):
            yield Difference(" ".join((kind, *key)), there[key], here[key])


def read_totals(storage: Storage, metrics: tuple[str, ...] = METRIC_NAMES) -> Totals:
    """Everything that the pipeline knows of all days, tenants and landed files; of usage, these metrics."""
    tokens = tuple(name for name in metrics if name in TOKENS)
    with storage.warehouse.connect() as connection:
        reader, tenants = DayReader(storage, connection), known_tenants(connection)
        landed = [file for file in landed_files.files(connection) if file.state is FileState.LANDED]
        today = storage.settings.clock.today
        first, last = reader.known_days() or (today, today)
        days = reader.read(first, last)
    return Totals(
        usage=_usage(storage, UsageQuery(first, last, ("day", "tenant"), metrics=metrics))
        | _costs(storage, CostQuery(first, last, ("day", "tenant"))),
        overall=_usage(storage, UsageQuery(first, last, metrics=metrics))
        | _costs(storage, CostQuery(first, last)),
        models=_usage(storage, UsageQuery(first, last, ("model",), metrics=tokens))
        | _costs(storage, CostQuery(first, last, ("model",))),
        series=_series(storage, tenants, first, last),
        days=_counts({str(day.day): day for day in days}, DAY_COUNTS),
        files=_counts({file.path: file for file in landed}, FILE_COUNTS),
        rejects=Counter(count_rejects(storage)),
    )


def _counts(entries: Mapping[str, object], names: Sequence[str]) -> Counts:
    return Counter({(key, name): getattr(entry, name) for key, entry in entries.items() for name in names})


def _usage(storage: Storage, query: UsageQuery) -> Counts:
    found = read(storage, query).by_group
    return Counter({(*map(str, group), name): row[name] for group, row in found.items() for name in query.metrics})


def _costs(storage: Storage, query: CostQuery) -> Counts:
    found: Counts = Counter()
    for group, cost in read(storage, query).by_group.items():
        found.update({(*map(str, group), name): value for name, value in cost_measures(cost).items()})
    return found


def cost_measures(cost: Row) -> dict[str, int]:
    """What all that has a price costs, in picodollars, and the tokens that have none."""
    amount = (cost["amount"] or Decimal(0)).scaleb(_AMOUNT_DECIMALS)
    return {"picodollars": int(amount), "unpriced_tokens": cost["unpriced_tokens"]}


def dollars(picodollars: int) -> Decimal:
    """The amount that counts as so many picodollars."""
    return Decimal(picodollars).scaleb(-_AMOUNT_DECIMALS)


def _series(storage: Storage, tenants: list[str], first: date, last: date) -> Counts:
    return Counter(
        {
            (str(row["day"]), tenant, name): row[name] or 0
            for tenant in tenants
            for row in read(storage, SeriesQuery(first, last, of_tenant(tenant))).rows
            for name in SERIES
        }
    )
