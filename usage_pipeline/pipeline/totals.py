"""All totals of the pipeline as flat counts, to compare them with totals of another origin."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from usage_pipeline.events.landing.rejects import count_rejects
from usage_pipeline.metrics.answers import Row
from usage_pipeline.metrics.queries import SERIES, CostQuery, SeriesQuery, UsageQuery, of_tenant
from usage_pipeline.metrics.read import read
from usage_pipeline.metrics.series import known_tenants
from usage_pipeline.registry import METRIC_NAMES, METRICS
from usage_pipeline.series.status import DayReader
from usage_pipeline.storage import landed_days, landed_files
from usage_pipeline.storage.landed_files import FileState
from usage_pipeline.storage.opened import Storage

DAY_COUNTS = ("records", "duplicates", "conflicts", "late_records")
FILE_COUNTS = ("lines", "header", "blank", "accepted", "rejected")
_AMOUNT_DECIMALS = 12
"""Decimals of every amount, so that amounts in picodollars are whole numbers."""
TOKENS = frozenset(metric.name for metric in METRICS if metric.unit == "tokens")

Counts = Counter[tuple[str, ...]]
"""Numbers by the words that name them; 0 if absent."""


@dataclass(frozen=True)
class Totals:
    """Totals of each kind. Days are written YYYY-MM-DD."""

    usage: Counts = field(default_factory=Counter)
    """Every metric and cost, by (day, tenant, metric)."""
    overall: Counts = field(default_factory=Counter)
    """Every metric and cost of all days and tenants, by (metric,)."""
    models: Counts = field(default_factory=Counter)
    """The token metrics and costs, by (model, metric)."""
    series: Counts = field(default_factory=Counter)
    """The three series, by (day, tenant, series)."""
    days: Counts = field(default_factory=Counter)
    """Landed lines of an event day, by (day, one of DAY_COUNTS)."""
    files: Counts = field(default_factory=Counter)
    """Lines of a landed file, by (path, one of FILE_COUNTS)."""
    rejects: Counts = field(default_factory=Counter)
    """Rejected lines, by (path, reason)."""


@dataclass(frozen=True)
class Difference:
    """A total that differs from the expected one."""

    name: str
    expected: int
    found: int


def compare(expected: Totals, found: Totals) -> tuple[int, list[Difference]]:
    """Return the number of compared totals, and those that differ."""
    pairs = [
        Difference(" ".join((kind, *key)), wanted[key], vars(found)[kind][key])
        for kind, wanted in vars(expected).items()
        for key in sorted(wanted.keys() | vars(found)[kind].keys())
    ]
    return len(pairs), [pair for pair in pairs if pair.expected != pair.found]


def of_what_is_left(storage: Storage, expected: Totals) -> Totals:
    """Return these totals without those that cannot be found any more: lines that pruning has removed."""
    with storage.warehouse.connect() as connection:
        files = {file.path for file in landed_files.files(connection) if file.rejects_pruned}
        days = set(map(str, landed_days.pruned_by_event_day(connection)))
    return replace(
        expected,
        days=_without(expected.days, days),
        rejects=_without(expected.rejects, files),
    )


def _without(counts: Counts, names: Collection[str]) -> Counts:
    return Counter({key: value for key, value in counts.items() if key[0] not in names})


def read_totals(storage: Storage, metrics: tuple[str, ...] = METRIC_NAMES) -> Totals:
    """Return the totals of all days, tenants and landed files, of what is left; of usage, these metrics."""
    tokens = tuple(name for name in metrics if name in TOKENS)
    with storage.warehouse.connect() as connection:
        reader, tenants = DayReader(storage, connection), known_tenants(connection)
        landed = [file for file in landed_files.files(connection) if file.state is FileState.LANDED]
        today = storage.settings.clock.today
        first, last = reader.known_days() or (today, today)
        days = reader.read(first, last)
    found = Totals(
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
    return of_what_is_left(storage, found)


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
    """Return the amount in picodollars, and the number of tokens without a price."""
    amount = (cost["amount"] or Decimal(0)).scaleb(_AMOUNT_DECIMALS)
    return {"picodollars": int(amount), "unpriced_tokens": cost["unpriced_tokens"]}


def dollars(picodollars: int) -> Decimal:
    """Convert picodollars to dollars."""
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
