"""Metadata of the last partition of a range about the days up to it: a chart, and reasons of rejected lines.

Once per range and not per partition, because every further value costs time, and the UI shows the latest.
Imported by runs only.
"""

from collections import Counter
from datetime import date, timedelta

import dagster as dg

from usage_pipeline.events.landing.rejects import MEANINGS, count_rejects, listed_as
from usage_pipeline.orchestration.charts import chart
from usage_pipeline.orchestration.metadata import markdown_table
from usage_pipeline.pipeline.plots import RECENT_DAYS, recent_days
from usage_pipeline.storage.daily import Plot
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.tables import TableSpec

REJECT_DAYS = 30
"""About as long as rejected lines are kept."""


def chart_metadata(storage: Storage, spec: TableSpec, plot: Plot | None = None) -> dict[str, dg.MetadataValue]:
    """A chart of the table's newest 90 days: the plot of a table in the warehouse, or the number of rows."""
    days = recent_days(storage, spec, plot)
    if not days:
        return {}
    title = f"{plot.name if plot else 'rows'} by {spec.partitioned_by.value.replace('_', ' ')}, all tenants"
    return {f"last_{RECENT_DAYS}_days": dg.MetadataValue.md(chart(title, days))}


def reject_metadata(storage: Storage, last: date) -> dict[str, dg.MetadataValue]:
    """How many lines of how many files were rejected, by reason; no texts and no tenants: they can be erased."""
    first = last - timedelta(days=REJECT_DAYS - 1)
    lines, files = Counter[str](), Counter[str]()
    for (_, reason), count in count_rejects(storage, first, last).items():
        lines[reason] += count
        files[reason] += 1
    rows = [
        (f"`{reason}`", f"{count:,}", f"{files[reason]:,}", MEANINGS[listed_as(reason)])
        for reason, count in sorted(lines.items(), key=lambda entry: (-entry[1], entry[0]))
    ]
    table = markdown_table(("Reason", "Lines", "Files", "Meaning"), rows, numbers=("Lines", "Files"))
    found = f"{table}\n\n`usage-pipeline rejects` shows the lines." if rows else "None."
    text = f"Rejected lines of the landing days {first} to {last}\n\n{found}"
    return {f"rejects_of_{REJECT_DAYS}_days": dg.MetadataValue.md(text)}
