"""The rows that `forecast` and `insights` print."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from usage_pipeline.cli.output import Row
from usage_pipeline.clock import WEEKDAYS
from usage_pipeline.insights.anomalies.explain import Contribution
from usage_pipeline.insights.estimates import ENDS_BY_NAME, Estimate
from usage_pipeline.insights.forecasting.forecast import Passing
from usage_pipeline.insights.outlook.expected import Expected, PeriodEstimate
from usage_pipeline.insights.outlook.limit_passing import LimitOutlook
from usage_pipeline.insights.outlook.read_outlook import Outlook
from usage_pipeline.insights.overview import Explained, Insights
from usage_pipeline.insights.peaks import Peaks
from usage_pipeline.insights.trends import Trend
from usage_pipeline.limits.decisions import plain
from usage_pipeline.limits.limited import SCOPED

_SO_FAR = ("known", "missing_days", "estimated_days")
_PASSING = ("probability", "passed_on", "earliest", "latest", "is_over")
FORECAST_COLUMNS = {
    "sums": (
        *("tenant_id", "measure", "unit", "period", "first_day", "last_day", *ENDS_BY_NAME),
        *_SO_FAR,
        *("method", "mase", "naive_mase", "coverage_80", "days_left_out", "reason"),
    ),
    "days": ("tenant_id", "measure", "unit", "day", *ENDS_BY_NAME),
    "credits": ("tenant_id", "known_until", "left", "until", *_PASSING, "reason"),
    "limits": (
        *("tenant_id", "limit_id", *SCOPED, "metric", "period", "first_day", "last_day"),
        *("amount", "used", "missing_days", *ENDS_BY_NAME, *_PASSING, "reason"),
    ),
}
INSIGHTS_COLUMNS = {
    "trends": (
        *("tenant_id", "measure", "unit", "compared", "first_day", "last_day"),
        *("now", "before", "change", "percent"),
    ),
    "anomalies": (
        *("tenant_id", "measure", "kind", "severity", "first_day", "last_day", "worst_day"),
        *("value", "expected", "low", "high", "score", "explained_by"),
    ),
    "shares": ("tenant_id", "measure", "dimension", "value", "amount", "percent", "before", "shift"),
    "peaks": ("tenant_id", "metric", "time_zone", "of", "rank", "at", "value"),
    "not_judged": ("tenant_id", "measure", "judged_from", "reason"),
}


@dataclass
class ForecastRows:
    """The rows of outlooks, by what they tell."""

    parts: dict[str, list[Row]] = field(default_factory=lambda: {name: [] for name in FORECAST_COLUMNS})
    begins: set[date] = field(default_factory=set)
    """The days with which forecasts begin."""
    missing: set[int] = field(default_factory=set)
    """How many days sums leave out, of those that do."""
    no_error: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """The series whose forecast has no error, by the reason."""

    def add(self, outlook: Outlook) -> None:
        """Add the rows of an outlook; its paths are not kept."""
        whose = {"tenant_id": outlook.tenant_id}
        for expected in outlook.expected:
            what = {**whose, "measure": expected.measure.name, "unit": expected.measure.unit}
            self.parts["sums"] += ({**what, **row} for row in _sums(expected))
            self.parts["days"] += ({**what, "day": of.day, **of.estimate.row} for of in expected.days)
            self.begins.update(of.day for of in expected.days[:1])
            if expected.forecast and (reason := expected.forecast.no_error):
                self.no_error[reason].append(f"{expected.measure.name} of {outlook.tenant_id or 'all'}")
            self.missing.update(of.missing_days for of in expected.sums if of.missing_days)
        if found := outlook.credits:
            known = {"known_until": found.as_of, "left": found.left and plain(found.left), "until": found.until}
            row = {**whose, **known, **_passing(found.passing), "reason": found.reason}
            self.parts["credits"].append(row)
        self.parts["limits"] += map(_limit, outlook.limits)


def _sums(expected: Expected) -> Iterator[Row]:
    forecast = expected.forecast
    accuracy = forecast.accuracy if forecast else None
    how = {
        "method": forecast and forecast.method,
        "mase": accuracy and accuracy.mase,
        "naive_mase": accuracy and accuracy.naive_mase,
        "coverage_80": accuracy and accuracy.coverage[80],
        "days_left_out": accuracy and accuracy.left_out,
        "reason": expected.reason,
    }
    yield {"period": "present", **_period(expected.period), **how}
    if expected.next_period:
        yield {"period": "next", **_period(expected.next_period), **how}


def _period(found: PeriodEstimate | None) -> Row:
    if found is None:
        return {**dict.fromkeys(("first_day", "last_day", *_SO_FAR)), **_estimate(None)}
    so_far = {name: getattr(found, name) for name in _SO_FAR}
    return {"first_day": found.days.first, "last_day": found.days.last, **_estimate(found.estimate), **so_far}


def _estimate(found: Estimate | None) -> Row:
    return dict(found.row) if found else dict.fromkeys(ENDS_BY_NAME)


def _passing(found: Passing | None) -> Row:
    if found is None:
        return dict.fromkeys(_PASSING)
    values = (found.probability, found.day, found.earliest, found.latest, found.is_over)
    return dict(zip(_PASSING, values, strict=True))


def _limit(found: LimitOutlook) -> Row:
    row = found.status.row.items()
    status = {name: plain(value) if isinstance(value, Decimal) else value for name, value in row}
    counted = {**status, "last_day": found.last}
    return {**counted, **_estimate(found.expected), **_passing(found.passing), "reason": found.reason}


@dataclass
class InsightsRows:
    """The rows of insights, by what they tell."""

    parts: dict[str, list[Row]] = field(default_factory=lambda: {name: [] for name in INSIGHTS_COLUMNS})
    not_judged: defaultdict[tuple[date | None, str | None], list[str]] = field(
        default_factory=lambda: defaultdict(list)
    )
    """The series by the day from which on they are judged, if any, and the reason."""

    def add(self, found: Insights) -> None:
        """Add the rows of a tenant, or of all together."""
        whose = {"tenant_id": found.tenant_id}
        for trend in found.trends:
            self.parts["trends"] += ({**whose, **row} for row in _trend(trend))
        self.parts["anomalies"] += ({**whose, **_anomaly(entry)} for entry in found.anomalies)
        for shares in found.shares:
            what = {**whose, "measure": shares.measure.name, "dimension": found.question.dimension}
            self.parts["shares"] += ({**what, **vars(share), "shift": share.shift} for share in shares.shares)
        clock = {**whose, "metric": found.question.peak_metric, "time_zone": found.time_zone}
        self.parts["peaks"] += ({**clock, **row} for row in (_peaks(found.peaks) if found.peaks else ()))
        for measure, begin, reason in _not_judged(found):
            row = {**whose, "measure": measure, "judged_from": begin, "reason": reason}
            self.parts["not_judged"].append(row)
            self.not_judged[begin, reason].append(f"{measure} of {found.tenant_id or 'all'}")


def _not_judged(found: Insights) -> Iterator[tuple[str, date | None, str | None]]:
    for entry in found.not_judged:
        yield entry.series.measure.name, None, entry.reason
    for later in found.judged_later:
        yield later.series.measure.name, later.days[0], later.reason


def _trend(trend: Trend) -> Iterator[Row]:
    measure = trend.series.measure
    for span, found in trend.comparisons.items():
        yield {
            "measure": measure.name,
            "unit": measure.unit,
            "compared": span,
            "first_day": found.now.first,
            "last_day": found.now.last,
            "now": found.now.value,
            "before": found.before.value,
            "change": found.change,
            "percent": found.percent,
        }


def _anomaly(entry: Explained) -> Row:
    anomaly = entry.anomaly
    return {
        **vars(anomaly),
        "measure": anomaly.measure.name,
        "severity": anomaly.severity,
        "low": anomaly.range.low,
        "high": anomaly.range.high,
        "explained_by": _explanation(entry.causes),
    }


def _explanation(causes: Sequence[Contribution]) -> str | None:
    """Return the values of the dimension that explains it best."""
    best = [cause for cause in causes if cause.dimension == causes[0].dimension]
    return "; ".join(map(_cause, best)) or None


def _cause(of: Contribution) -> str:
    numbers = " instead of ".join("–" if value is None else f"{value:f}" for value in (of.found, of.usual))
    if of.weight is None or of.usual_weight is None:
        return f"{of.dimension} {of.value}: {numbers}"
    weights = " instead of ".join(f"{100 * weight:.1f} %" for weight in (of.weight, of.usual_weight))
    return f"{of.dimension} {of.value}: {numbers}, weight {weights}"


def _peaks(peaks: Peaks) -> Iterator[Row]:
    yield from _ranked("day", peaks.days)
    yield from _ranked("weekday", zip(WEEKDAYS, peaks.weekdays, strict=True))
    yield from _ranked("hour", ((f"{hour:02}:00", mean) for hour, mean in enumerate(peaks.hours)))
    names = (f"{weekday} {hour:02}:00" for weekday in WEEKDAYS for hour in range(24))
    yield from _ranked("hour of the week", zip(names, (mean for row in peaks.week for mean in row), strict=True))


def _ranked(of: str, found: Iterable[tuple[object, int | Decimal | None]]) -> Iterator[Row]:
    known = [(at, value) for at, value in found if value is not None]
    ordered: Sequence[tuple[object, int | Decimal]] = sorted(known, key=lambda entry: -entry[1])
    for rank, (at, value) in enumerate(ordered, start=1):
        yield {"of": of, "rank": rank, "at": at, "value": value}
