"""Reads outlooks of one tenant, of several, or of all together: one query of each kind for all of them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from usage_pipeline.billing.ledger.accounts import read_known
from usage_pipeline.billing.ledger.balance import TenantUsage, read_usage_ahead
from usage_pipeline.billing.ledger.burn_down import Account
from usage_pipeline.clock import end_of
from usage_pipeline.errors import QueryError
from usage_pipeline.insights.forecasting.forecast import forecast_each
from usage_pipeline.insights.measures import CREDITS, SUMS, Measure, measure_of
from usage_pipeline.insights.outlook.credits_left import CreditsLeft, credits_left, usage_until
from usage_pipeline.insights.outlook.expected import Expected
from usage_pipeline.insights.outlook.horizon import MONTHS, Horizon, history_begin, until
from usage_pipeline.insights.outlook.limit_passing import LimitOutlook
from usage_pipeline.insights.outlook.read_limits import limit_outlooks, read_limit_statuses
from usage_pipeline.insights.read_series import SeriesQuestion, read_series, read_series_of_each
from usage_pipeline.insights.series import DailySeries
from usage_pipeline.limits.periods import BillingCalendar
from usage_pipeline.limits.status import LimitStatus
from usage_pipeline.storage.opened import Storage
from usage_pipeline.tenants.reference import load_tenants

_NO_ACCOUNT = TenantUsage(Account(), ())
"""Of a tenant without plan, grants and credits."""
_TOGETHER = 20
"""Tenants that are forecast at once; the paths of more would take too much memory."""


@dataclass(frozen=True)
class OutlookQuestion:
    """Measures that are sums, as of the end of a day. The numbers are those of now, whatever was known then."""

    measures: Sequence[Measure]
    as_of: date


@dataclass(frozen=True)
class Outlook:
    """What is expected of a tenant, or of all together."""

    tenant_id: str | None
    horizon: Horizon
    expected: Sequence[Expected]
    """By measure, in the order of the question."""
    credits: CreditsLeft | None
    """None if credits are not asked for, and of all tenants together."""
    limits: Sequence[LimitOutlook]
    """The limits on the measures, in the order of the file; none of all tenants together."""


def read_outlook(storage: Storage, question: OutlookQuestion, tenant_id: str | None) -> Outlook:
    """Return the outlook of one tenant, or of all together.

    Raises QueryError for a day that has not ended and for a ratio, ReferenceFileError for a broken file, and
    PartitionError if the rows of a computed day are gone.
    """
    if tenant_id is not None:
        return next(read_outlooks(storage, question, [tenant_id]))
    series = read_series(storage, _asked(storage, question))
    expected = _expected(series, [Horizon.of(question.as_of, MONTHS)] * len(series))
    return Outlook(None, expected[0].horizon, expected, None, ())


def read_outlooks(
    storage: Storage,
    question: OutlookQuestion,
    tenant_ids: Sequence[str],
    tell: Callable[[int, int], None] = lambda _done, _of: None,
) -> Iterator[Outlook]:
    """Yield the outlook of each of these tenants, and tell how many are done. Raises the same errors.

    Whoever keeps all of them keeps their paths: a quarter of a megabyte for each measure.
    """
    known = _read_known(storage, question, tenant_ids)
    for start in range(0, len(tenant_ids), _TOGETHER):
        some = tenant_ids[start : start + _TOGETHER]
        yield from _outlooks(storage, known, some)
        tell(start + len(some), len(tenant_ids))


def _asked(storage: Storage, question: OutlookQuestion) -> SeriesQuestion:
    """Return what has to be read. Raises QueryError for a day that has not ended, and for a ratio."""
    for measure in question.measures:
        measure_of(measure.name, SUMS)
    today = storage.settings.clock.today
    if question.as_of >= today:
        raise QueryError(f"{question.as_of} has not ended; expected a day before {today}.")
    return SeriesQuestion(question.measures, history_begin(question.as_of), question.as_of)


@dataclass(frozen=True)
class _Known:
    """What is known of tenants."""

    series: Mapping[str, Sequence[DailySeries]]
    horizons: Mapping[str, Horizon]
    usage: Mapping[str, TenantUsage]
    """Empty if credits are not asked for."""
    statuses: Mapping[str, Sequence[LimitStatus]]


def _read_known(storage: Storage, question: OutlookQuestion, tenant_ids: Sequence[str]) -> _Known:
    asked, only = _asked(storage, question), tenant_ids[0] if len(tenant_ids) == 1 else None
    number = len(question.measures)
    if only is None:
        found = list(read_series_of_each(storage, asked, tenant_ids))
    else:
        found = read_series(storage, asked, only)
    series = {name: found[at * number : (at + 1) * number] for at, name in enumerate(tenant_ids)}
    metrics = {measure.name for measure in question.measures}
    return _Known(
        series,
        _horizons(storage, question.as_of, tenant_ids, only),
        _usage(storage, question.as_of, found, only),
        read_limit_statuses(storage, question.as_of, metrics, only),
    )


def _horizons(storage: Storage, as_of: date, tenant_ids: Sequence[str], only: str | None) -> dict[str, Horizon]:
    tenants = load_tenants(storage.settings)
    with storage.warehouse.connect() as connection:
        closed = read_known(connection, tenants, only).closed
    return {
        name: Horizon.of(as_of, BillingCalendar(tenants.anchor_day_of(name), closed.get(name, {})))
        for name in tenant_ids
    }


def _usage(
    storage: Storage, as_of: date, series: Sequence[DailySeries], only: str | None
) -> Mapping[str, TenantUsage]:
    """Return what credits were used, cut where each series of credits ends; nothing without such a series."""
    ends = {end_of(usage_until(entry, as_of)) for entry in series if entry.measure.name == CREDITS}
    return read_usage_ahead(storage, sorted(ends), end_of(until(as_of)), only) if ends else {}


def _outlooks(storage: Storage, known: _Known, tenant_ids: Sequence[str]) -> Iterator[Outlook]:
    series = [entry for name in tenant_ids for entry in known.series[name]]
    expected = iter(_expected(series, [known.horizons[name] for name in tenant_ids for _ in known.series[name]]))
    for name in tenant_ids:
        entries = [next(expected) for _ in known.series[name]]
        limits = limit_outlooks(storage, entries, known.statuses.get(name, ()))
        yield Outlook(name, known.horizons[name], entries, _credits(known, name, entries), limits)


def _expected(series: Sequence[DailySeries], horizons: Sequence[Horizon]) -> list[Expected]:
    """Return what is expected of series, all as of the same day."""
    found = forecast_each(series, horizons[0].until)
    return [Expected(entry, horizon) for entry, horizon in zip(found, horizons, strict=True)]


def _credits(known: _Known, tenant_id: str, expected: Sequence[Expected]) -> CreditsLeft | None:
    found = (entry for entry in expected if entry.measure.name == CREDITS)
    usage = known.usage.get(tenant_id, _NO_ACCOUNT)
    return next((credits_left(entry, usage) for entry in found), None)
