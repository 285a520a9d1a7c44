"""What was found as of the end of the period: trends, forecasts, anomalies and recommendations."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import chain

from usage_pipeline.billing.ledger.entries import exact
from usage_pipeline.insights.kept.reading import Kept, Row, last_kept_day
from usage_pipeline.reports.batch import Batch, Tables, TenantId
from usage_pipeline.reports.display import Kind
from usage_pipeline.reports.model import Column, Values
from usage_pipeline.reports.table_spec import TableSpec

_ALL_TENANTS = ""
_FORECAST = {
    "tokens_total": ("Tokens", Kind.COUNT),
    "cost": ("Cost, USD", Kind.MONEY),
    "credits": ("Credits", Kind.CREDITS),
}
_PERCENTS = ("same_weekday_percent", "week_percent", "four_weeks_percent")
_AVERAGES = ("value", "week_average", "four_weeks_average")
_EXPECTED = ("value", "low_80", "high_80")
_TENTH, _ONE = Decimal("0.1"), Decimal(1)
_PLACES, _PLACES_OF_LITTLE = 2, 12

TRENDS = TableSpec(
    "trends",
    "Trends",
    "The last day with a number, and averages of the last 7 and 28 days: how much more they are than the day a "
    "week before, and than as many days before.",
    (
        Column("measure", "Measure", Kind.TEXT),
        Column("last_day", "Last day", Kind.DAY),
        Column("value", "Number", Kind.DECIMAL),
        Column("week_average", "7 days", Kind.DECIMAL),
        Column("four_weeks_average", "28 days", Kind.DECIMAL),
        Column("same_weekday_percent", "Week before, %", Kind.DECIMAL),
        Column("week_percent", "7 days, %", Kind.DECIMAL),
        Column("four_weeks_percent", "28 days, %", Kind.DECIMAL),
    ),
)
FORECAST = TableSpec(
    "forecast",
    "Forecast",
    "What was expected of the days after the period: estimates, with the range that is to hold 80 % of the cases.",
    (
        Column("day", "Day", Kind.DAY),
        *(
            Column(f"{measure}{suffix}", f"{label}{end}", kind)
            for measure, (label, kind) in _FORECAST.items()
            for suffix, end in (("", ""), ("_low", ", low"), ("_high", ", high"))
        ),
    ),
)
ANOMALIES = TableSpec(
    "anomalies",
    "Anomalies",
    "Days of the period on which a number was not as expected; the numbers are those of the worst day.",
    (
        Column("measure", "Measure", Kind.TEXT),
        Column("kind", "Kind", Kind.TEXT),
        Column("first_day", "First day", Kind.DAY),
        Column("last_day", "Last day", Kind.DAY),
        Column("worst_day", "Worst day", Kind.DAY),
        Column("value", "Found", Kind.DECIMAL),
        Column("expected", "Expected", Kind.DECIMAL),
        Column("low", "From", Kind.DECIMAL),
        Column("high", "To", Kind.DECIMAL),
        Column("explanation", "Most of it", Kind.TEXT),
    ),
    most_lines=25,
)
RECOMMENDATIONS = TableSpec(
    "recommendations",
    "Recommendations",
    "What could be done to use or pay less, by the numbers, prices and plans of the last day.",
    (
        Column("title", "What", Kind.TEXT),
        Column("tenant_id", "Tenant", Kind.TEXT),
        Column("text", "Why", Kind.TEXT),
        Column("saving_usd", "Saves, USD", Kind.MONEY),
        Column("saving_credits", "Saves, credits", Kind.CREDITS),
        Column("saving_per", "In", Kind.TEXT),
    ),
    most_lines=25,
)


def insights(batch: Batch) -> Tables:
    """Return what is kept as of the last day of the period; nothing with filters, which it does not know."""
    if batch.filters:
        return {}
    tenant_ids = batch.tenant_ids or (_ALL_TENANTS,)
    with batch.storage.warehouse.connect() as connection:
        as_of = last_kept_day(connection, batch.period.first, batch.period.last)
        if as_of is None:
            return {}
        kept = Kept(connection, as_of, tenant_ids)
        tables = {
            TRENDS: _by_subject(batch, kept.trends()),
            FORECAST: _by_subject(batch, kept.forecasts(_FORECAST)),
            ANOMALIES: _by_subject(batch, kept.anomalies(batch.period.first)),
            RECOMMENDATIONS: _by_subject(batch, kept.recommendations()),
        }
    return {
        subject: [
            spec.table(_ROWS[spec.name](found[subject])) for spec, found in tables.items() if found.get(subject)
        ]
        for subject in batch.subjects
    }


def day_without_insights(batch: Batch, first_known: date) -> date | None:
    """Return the day as of which the report would have insights, if they are expected and not made yet."""
    settings = batch.storage.settings
    as_of = min(batch.period.last, settings.clock.yesterday)
    oldest = settings.clock.today - timedelta(days=settings.insight_days)
    if batch.filters or not batch.has_known_days or as_of < max(batch.period.first, first_known, oldest):
        return None
    with batch.storage.warehouse.connect() as connection:
        return as_of if last_kept_day(connection, batch.period.first, batch.period.last) is None else None


def _by_subject(batch: Batch, rows: Iterable[Row]) -> Mapping[TenantId, list[Row]]:
    found: defaultdict[TenantId, list[Row]] = defaultdict(list)
    for row in rows:
        found[row["tenant_id"] if batch.tenant_ids else None].append(row)
    return found


def _trend_rows(rows: Sequence[Row]) -> Iterator[Values]:
    for row in (row for row in rows if row["last_day"] is not None):
        percents = (None if row[name] is None else row[name].quantize(_TENTH) for name in _PERCENTS)
        averages = (_short(row[name]) for name in _AVERAGES)
        yield row["measure"], row["last_day"], *averages, *percents


def _forecast_rows(rows: Sequence[Row]) -> Iterator[Values]:
    by_day: defaultdict[object, dict[str, Row]] = defaultdict(dict)
    for row in rows:
        by_day[row["day"]][row["measure"]] = row
    for day, of_day in sorted(by_day.items(), key=lambda entry: str(entry[0])):
        cells = (_expected(of_day.get(measure), kind) for measure, (_, kind) in _FORECAST.items())
        yield day, *chain.from_iterable(cells)


def _expected(row: Row | None, kind: Kind) -> Values:
    if row is None:
        return (None,) * len(_EXPECTED)
    return tuple(int(row[name]) if kind is Kind.COUNT else row[name] for name in _EXPECTED)


def _anomaly_rows(rows: Sequence[Row]) -> Iterator[Values]:
    for row in sorted(rows, key=lambda row: (row["worst_day"], row["measure"])):
        days = (row[name] for name in ("first_day", "last_day", "worst_day"))
        numbers = (_short(row[name]) for name in ("value", "expected", "low", "high"))
        parts = [f"{part['dimension']} {part['value']}" for part in row["explanation"] or ()]
        yield row["measure"], row["kind"], *days, *numbers, ", ".join(parts) or None


def _recommendation_rows(rows: Sequence[Row]) -> Iterator[Values]:
    for row in rows:
        yield tuple(row[column.name] for column in RECOMMENDATIONS.columns)


def _short(value: Decimal | None) -> Decimal | None:
    """Return a number with two decimals, or of what is below one with those that it has."""
    if value is None:
        return None
    with exact():
        found = round(value, _PLACES if abs(value) >= 1 else _PLACES_OF_LITTLE).normalize()
        return found.quantize(_ONE) if found == found.to_integral_value() else found


_ROWS = {
    TRENDS.name: _trend_rows,
    FORECAST.name: _forecast_rows,
    ANOMALIES.name: _anomaly_rows,
    RECOMMENDATIONS.name: _recommendation_rows,
}
