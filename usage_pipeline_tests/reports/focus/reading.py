"""Short ways to write the export of some days of May 2026, and to read it back."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from usage_pipeline.reports.focus.export import write_focus
from usage_pipeline.reports.scope import Filters, ReportPeriod, ReportScope
from usage_pipeline.storage.engine import named_rows, session
from usage_pipeline.storage.opened import Storage

Charge = Mapping[str, Any]


def charges(  # noqa: PLR0913 - the parts of a scope, and where to write
    storage: Storage, folder: Path, first: str, last: str, *, tenant_id: str | None = None, filters: Filters = ()
) -> list[Charge]:
    """The rows of `focus.parquet`, in order."""
    folder.mkdir(exist_ok=True)
    period = ReportPeriod(date.fromisoformat(first), date.fromisoformat(last))
    write_focus(storage, ReportScope(period, tenant_id, filters), folder)
    with session(storage.engine) as duck:
        return named_rows(duck.execute(f"FROM read_parquet('{folder}/focus.parquet')"))


def total(rows: list[Charge], **values: object) -> Decimal:
    """The billed cost of the rows with these values."""
    costs = (row["BilledCost"] for row in rows if all(row[name] == value for name, value in values.items()))
    return sum(costs, Decimal(0))
