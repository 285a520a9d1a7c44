"""Reports made by hand, with the tables of real ones, for the tests of pages."""

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from usage_pipeline.registry import Dimension
from usage_pipeline.reports.model import Report, Table
from usage_pipeline.reports.scope import ReportPeriod, ReportScope
from usage_pipeline.reports.sections.breakdowns import breakdown_spec
from usage_pipeline.reports.sections.credits import CREDIT_DAYS
from usage_pipeline.reports.sections.daily import DAILY
from usage_pipeline.reports.sections.hours import WEEKDAY_HOURS
from usage_pipeline.reports.sections.totals import TOTALS

_FIRST = date(2026, 2, 1)
_BY_MODEL = breakdown_spec(Dimension("model", "Model"))


def made_report(
    name: str = "Acme",
    days: int = 7,
    models: Iterable[str] = ("gpt-4.1", "house-7b"),
    tokens: int = 1_200_000,
    missing: Iterable[int] = (),
) -> Report:
    """Return a report of so many days, of which those with the numbers in `missing` are missing."""
    period = ReportPeriod(_FIRST, _FIRST + timedelta(days - 1))
    gaps = frozenset(missing)
    return Report(
        scope=ReportScope(period, name),
        title=f"Usage of {name}",
        facts=(("Tenant", name), ("Period", f"{period.first} to {period.last} (UTC)")),
        data_version="0" * 32,
        notes=("A note with <b>marks</b> & *stars*.",),
        tables=(
            _totals(tokens * days),
            DAILY.summed(_day(period.first + timedelta(at), tokens, at in gaps) for at in range(days)),
            CREDIT_DAYS.summed(_credits(period.first + timedelta(at), tokens) for at in range(days)),
            _BY_MODEL.summed(_model(at, model, tokens) for at, model in enumerate(models)),
            WEEKDAY_HOURS.summed(
                (weekday, hour, 1, tokens * hour // 24) for weekday in ("Mon", "Tue", "Wed") for hour in range(24)
            ),
        ),
    )


def _totals(tokens: int) -> Table:
    return TOTALS.table(
        [
            ("requests", "requests", tokens // 1000, 0, None),
            ("tokens_total", "tokens", tokens, tokens, Decimal("0.0")),
            ("cost", "USD", Decimal(tokens).scaleb(-6), Decimal(tokens).scaleb(-5), Decimal("-90.0")),
        ]
    )


def _day(day: date, tokens: int, is_missing: bool) -> tuple[Any, ...]:  # noqa: FBT001 - a column of the row
    if is_missing:
        return day, "missing", *(None,) * 7
    part = tokens + tokens * day.day // 31
    return day, "final", part, Decimal(tokens), 1, 2, 3, Decimal(part).scaleb(-6), Decimal(part).scaleb(-3)


def _credits(day: date, tokens: int) -> tuple[Any, ...]:
    granted, used = Decimal(tokens), Decimal(tokens).scaleb(-2)
    return day, granted if day.day == 1 else Decimal(0), used, Decimal(0), granted - used * day.day


def _model(at: int, name: str, tokens: int) -> tuple[Any, ...]:
    cost = None if name == "house-7b" else Decimal(tokens // (at + 1)).scaleb(-4)
    return name, tokens, 2, 3, tokens, 5, tokens * 6, 0, cost, Decimal(tokens)
