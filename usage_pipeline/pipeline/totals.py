"""All totals of the pipeline as flat counts, to compare them with totals of another origin."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal

from usage_pipeline.billing.ledger.balance import read_balances
from usage_pipeline.billing.ledger.entries import NOTHING, exact
from usage_pipeline.billing.ledger.posting import whole_second
from usage_pipeline.credits.tables import CREDIT_USAGE
from usage_pipeline.events.landing.rejects import count_rejects
from usage_pipeline.metrics.answers import Row
from usage_pipeline.metrics.queries import CostQuery, SeriesQuery, UsageQuery, of_tenant
from usage_pipeline.metrics.read import read
from usage_pipeline.metrics.rollups import scan
from usage_pipeline.metrics.series import known_tenants
from usage_pipeline.metrics.words import SERIES
from usage_pipeline.registry import METRIC_NAMES, METRICS
from usage_pipeline.series.status import DayReader
from usage_pipeline.storage import landed_days, landed_files
from usage_pipeline.storage.engine import damage_named, named_rows, session
from usage_pipeline.storage.landed_files import FileState
from usage_pipeline.storage.opened import Storage

DAY_COUNTS = ("records", "duplicates", "conflicts", "late_records")
FILE_COUNTS = ("lines", "header", "blank", "accepted", "rejected")
BALANCES = {
    "granted": "granted",
    "topped_up": "topped_up",
    "rolled_out": "rolled_out",
    "rolled_in": "rolled_in",
    "expired": "expired",
    "used": "used",
    "overage": "open_overage",
    "balance": "left",
}
"""What became of a tenant's credits, by the names of the sums of its ledger."""
_AMOUNT_DECIMALS = 12
"""Decimals of every amount, so that picodollars and picocredits are whole numbers."""
TOKENS = frozenset(metric.name for metric in METRICS if metric.unit == "tokens")

Counts = Counter[tuple[str, ...]]
"""Numbers by the words that name them; 0 if absent."""


@dataclass(frozen=True)
class Totals:
    """Totals of each kind. Days are written YYYY-MM-DD."""

    usage: Counts = field(default_factory=Counter)
    """Every metric, cost and credits, by (day, tenant, metric)."""
    overall: Counts = field(default_factory=Counter)
    """Every metric, cost and credits of all days and tenants, by (metric,)."""
    models: Counts = field(default_factory=Counter)
    """The token metrics, costs and credits, by (model, metric)."""
    series: Counts = field(default_factory=Counter)
    """The three series, by (day, tenant, series)."""
    days: Counts = field(default_factory=Counter)
    """Landed lines of an event day, by (day, one of DAY_COUNTS)."""
    files: Counts = field(default_factory=Counter)
    """Lines of a landed file, by (path, one of FILE_COUNTS)."""
    rejects: Counts = field(default_factory=Counter)
    """Rejected lines, by (path, reason)."""
    balances: Counts = field(default_factory=Counter)
    """Credits at an instant of tenants with usage, by (tenant, one of BALANCES), in picocredits."""


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


def read_totals(
    storage: Storage, metrics: tuple[str, ...] = METRIC_NAMES, balances_at: datetime | None = None
) -> Totals:
    """Return the totals of all days, tenants and landed files, of what is left; of usage, these metrics.

    Balances are those of now, or at an instant. Raises QueryError if it has not come.
    """
    tokens = tuple(name for name in metrics if name in TOKENS)
    with storage.warehouse.connect() as connection:
        reader, tenants = DayReader(storage, connection), known_tenants(connection)
        landed = [file for file in landed_files.files(connection) if file.state is FileState.LANDED]
        today = storage.settings.clock.today
        first, last = reader.known_days() or (today, today)
        days = reader.read(first, last)
    credits_ = _credits(storage, [day.day for day in days])
    found = Totals(
        usage=_usage(storage, UsageQuery(first, last, ("day", "tenant"), metrics=metrics))
        | _costs(storage, CostQuery(first, last, ("day", "tenant")))
        | _grouped(credits_, "day", "tenant_id"),
        overall=_usage(storage, UsageQuery(first, last, metrics=metrics))
        | _costs(storage, CostQuery(first, last))
        | _grouped(credits_),
        models=_usage(storage, UsageQuery(first, last, ("model",), metrics=tokens))
        | _costs(storage, CostQuery(first, last, ("model",)))
        | _grouped(credits_, "model"),
        series=_series(storage, tenants, first, last),
        days=_counts({str(day.day): day for day in days}, DAY_COUNTS),
        files=_counts({file.path: file for file in landed}, FILE_COUNTS),
        rejects=Counter(count_rejects(storage)),
        balances=_balances(storage, tenants, balances_at or whole_second(storage.settings.clock.now)),
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
    return {"picodollars": _pico(cost["amount"] or NOTHING), "unpriced_tokens": cost["unpriced_tokens"]}


def _credits(storage: Storage, days: Sequence[date]) -> list[Row]:
    """Return the credits and the operations without rates by day, tenant and model."""
    cube = scan(storage, CREDIT_USAGE.spec, days)
    with session(storage.engine) as duck, damage_named():
        return named_rows(
            duck.execute(
                "SELECT CAST(day AS VARCHAR) AS day, tenant_id, model, sum(credits) AS credits, "
                "CAST(sum(operations) FILTER (WHERE credits IS NULL) AS BIGINT) AS unrated "
                f"FROM ({cube}) AS cube GROUP BY ALL"
            )
        )


def _grouped(credits_: Sequence[Row], *groups: str) -> Counts:
    found: Counts = Counter()
    for row in credits_:
        key = tuple(row[name] for name in groups)
        found[*key, "picocredits"] += _pico(row["credits"] or NOTHING)
        found[*key, "unrated_operations"] += row["unrated"] or 0
    return found


def _balances(storage: Storage, tenants: Collection[str], at: datetime) -> Counts:
    return Counter(
        {
            (tenant, name): _pico(getattr(sums, of))
            for tenant, sums in read_balances(storage, at).items()
            for name, of in BALANCES.items()
            if tenant in tenants
        }
    )


def _pico(amount: Decimal) -> int:
    with exact():
        return int(amount.scaleb(_AMOUNT_DECIMALS))


def amount(pico: int) -> Decimal:
    """Convert picodollars to dollars, or picocredits to credits."""
    with exact():
        return Decimal(pico).scaleb(-_AMOUNT_DECIMALS)


def _series(storage: Storage, tenants: list[str], first: date, last: date) -> Counts:
    return Counter(
        {
            (str(row["day"]), tenant, name): row[name] or 0
            for tenant in tenants
            for row in read(storage, SeriesQuery(first, last, of_tenant(tenant))).rows
            for name in SERIES
        }
    )
