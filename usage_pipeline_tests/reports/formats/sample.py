"""A report with all that is hard to write down: formulas, quotes, long numbers, nulls and empty texts."""

from datetime import UTC, date, datetime
from decimal import Decimal

from usage_pipeline.reports.display import Kind
from usage_pipeline.reports.model import Column, Report
from usage_pipeline.reports.scope import ReportPeriod, ReportScope
from usage_pipeline.reports.table_spec import TableSpec

TOTALS = TableSpec(
    "totals",
    "Totals",
    "What was used.",
    (Column("metric", "Metric", Kind.TEXT), Column("value", "Total", Kind.QUANTITY)),
)
MODELS = TableSpec(
    "models",
    "Models: by [class]/day?",
    "Models.",
    (
        Column("model", "Model", Kind.TEXT),
        Column("day", "Day", Kind.DAY),
        Column("at", "At", Kind.INSTANT),
        Column("tokens", "Tokens", Kind.COUNT, adds_up=True),
        Column("cost", "Cost, USD", Kind.MONEY, adds_up=True),
        Column("share", "Share, %", Kind.DECIMAL),
        Column("is_new", "New", Kind.YES_NO),
    ),
)
ROWS = (
    (
        "=1+1",
        date(2026, 5, 1),
        datetime(2026, 5, 1, 8, 30, tzinfo=UTC),
        2**53 - 1,
        Decimal("1.500000000000"),
        Decimal("0.3"),
        True,
    ),
    ('a "b",\nc', date(2026, 5, 2), None, 2**53, Decimal("12345678901234.567890"), Decimal("12.50"), False),
    ("", None, None, None, None, None, None),
    (None, None, None, -7, Decimal("-0.000000000001"), Decimal(100), None),
)
REPORT = Report(
    ReportScope(ReportPeriod(date(2026, 5, 1), date(2026, 5, 31)), "acme"),
    "=Usage of Ächme",
    (("Tenant", "+acme"), ("Period", "2026-05")),
    ("@Some usage has no price.",),
    (TOTALS.table([("tokens", 3), ("cost", Decimal("0.25"))]), MODELS.summed(ROWS)),
    "0a1b",
)
