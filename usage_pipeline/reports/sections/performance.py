"""How fast and how faultlessly requests were answered, and what consistency checks found."""

from collections.abc import Iterable, Iterator, Mapping

from usage_pipeline.metrics.answers import Row
from usage_pipeline.metrics.queries import PerformanceQuery, QualityQuery
from usage_pipeline.reports.batch import Batch, Tables
from usage_pipeline.reports.display import Kind
from usage_pipeline.reports.model import Column, Values
from usage_pipeline.reports.table_spec import TableSpec

_NUMBERS = (
    Column("requests", "Requests", Kind.COUNT, adds_up=True),
    Column("errors", "Errors", Kind.COUNT, adds_up=True),
    Column("error_percent", "Errors, %", Kind.DECIMAL),
    Column("p50_ms", "Median, ms", Kind.COUNT),
    Column("p95_ms", "95 % within, ms", Kind.COUNT),
    Column("p99_ms", "99 % within, ms", Kind.COUNT),
    Column("tokens_per_request", "Tokens per request", Kind.DECIMAL),
    Column("bytes_per_request", "Bytes per request", Kind.DECIMAL),
)
_METRICS = tuple(column.name for column in _NUMBERS)
_ABOUT = "Times are upper bounds of ranges that are 5 % wide."

PERFORMANCE_BY_DAY = TableSpec(
    "performance_by_day", "Performance by day", _ABOUT, (Column("day", "Day", Kind.DAY), *_NUMBERS)
)
PERFORMANCE_BY_MODEL = TableSpec(
    "performance_by_model",
    "Performance by model",
    _ABOUT,
    (Column("model", "Model", Kind.TEXT), *_NUMBERS),
    most_lines=25,
)
QUALITY = TableSpec(
    "quality",
    "Consistency checks",
    "All checks of personas, then the types of issues that they found, the most frequent first.",
    (
        Column("issue_type", "Issue", Kind.TEXT),
        Column("checks", "Checks", Kind.COUNT),
        Column("clean_percent", "Without an issue, %", Kind.DECIMAL),
        Column("issues", "Issues", Kind.COUNT),
        Column("issues_per_1000_prompts", "Issues per 1,000 prompts", Kind.DECIMAL),
    ),
    most_lines=25,
)


def performance(batch: Batch) -> Tables:
    """Return performance by day and by model of those with requests; it is not kept by other dimensions."""
    if batch.filters:
        return {}
    by_day = batch.ask_by(PerformanceQuery, "day", _METRICS)
    by_model = batch.ask_by(PerformanceQuery, "model", _METRICS)
    return {
        subject: [
            PERFORMANCE_BY_DAY.summed(_rows(by_day[subject])),
            PERFORMANCE_BY_MODEL.summed(_most_requests_first(_rows(models))),
        ]
        for subject, models in by_model.items()
    }


def _rows(found: Mapping[object, Row]) -> Iterator[Values]:
    for name, row in found.items():
        yield name, *(row[metric] for metric in _METRICS)


def _most_requests_first(rows: Iterable[Values]) -> list[Values]:
    return sorted(rows, key=lambda row: (-row[1], row[0]))


def quality(batch: Batch) -> Tables:
    """Return what consistency checks found, of those with checks."""
    if batch.filters:
        return {}
    names = [column.name for column in QUALITY.columns]
    found = batch.ask(QualityQuery, names[:1], names[1:])
    return {
        subject: [QUALITY.table(tuple(row[name] for name in names) for row in rows)]
        for subject, rows in found.items()
        if any(row["checks"] for row in rows)
    }
