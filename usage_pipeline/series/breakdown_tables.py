"""The cubes that lie in the warehouse, where dashboards read them: breakdown, performance, quality."""

from usage_pipeline.events.catalogue import event_types
from usage_pipeline.records.tables import METERED_RECORDS, USAGE_RECORDS
from usage_pipeline.registry import DIMENSION_NAMES, METRICS, NONE
from usage_pipeline.series.latency import ENDLESS_MS, UNMEASURED_MS, latency_buckets
from usage_pipeline.series.tables import CONVERSATION_STARTS, DAILY_USAGE, DIMENSION_ROWS
from usage_pipeline.storage.daily import DailyTable, Plot, SameDay, SqlFile
from usage_pipeline.storage.tables import columns, metric_columns, tenant_table

OTHER = "(other)"
"""The group of all values of a dimension beyond the 1,000 largest."""

ALL = "(all)"
"""The row of all consistency checks, whichever issues they found."""

DAILY_BREAKDOWN = DailyTable(
    spec=tenant_table(
        "daily_breakdown",
        (
            "Every additive metric by the values of one dimension at a time, one row per (tenant, dimension, "
            "value). The sum over the values of a dimension is the tenant's total."
        ),
        (
            (
                "Of each tenant and dimension the 1,000 values with the most tokens stand for themselves, the "
                f"rest together are `{OTHER}`. A record without a value is `{NONE}`."
            ),
            "Combinations of dimensions are in `daily_usage`.",
        ),
        keys=columns(
            ("dimension", "VARCHAR", f"One of {', '.join(DIMENSION_NAMES)}."),
            (
                "value",
                "VARCHAR",
                f"Its value, or {NONE}; the values beyond the 1,000 with the most tokens are {OTHER}.",
            ),
        ),
        values=metric_columns(METRICS),
        index=("tenant_id", "day", "dimension"),
    ),
    sql=SqlFile.beside(__file__, "daily_breakdown"),
    inputs=(
        SameDay(DAILY_USAGE.spec),
        SameDay(CONVERSATION_STARTS.spec),
        DIMENSION_ROWS,
    ),
    plots=tuple(
        Plot(name, f"sum(CASE WHEN dimension = 'source' THEN {metric} ELSE 0 END)")
        for name, metric in (
            ("tokens", "tokens_total"),
            ("conversations", "conversations"),
            ("messages", "messages"),
        )
    ),
)

DAILY_PERFORMANCE = DailyTable(
    spec=tenant_table(
        "daily_performance",
        (
            "Requests, errors and a histogram of latencies, one row per (tenant, model, latency bucket). Of the "
            "records that are requests or have a latency. Histograms merge by adding `measured`."
        ),
        (
            (
                "Buckets are 5 % wide. A percentile is the upper bound of the bucket in which it lies: never "
                "below the exact one, and at most 5 % above it."
            ),
            (
                "An error is a record with the status `failed` or an error code. A run counts its API calls as "
                "requests."
            ),
        ),
        keys=columns(
            ("model", "VARCHAR", f"Model, or {NONE}."),
            (
                "latency_to_ms",
                "BIGINT",
                f"Longest latency of the bucket; {ENDLESS_MS}: over 24 hours, {UNMEASURED_MS}: without a latency.",
                "ms",
            ),
        ),
        values=columns(
            ("requests", "BIGINT", "Requests; a run counts its API calls.", "requests"),
            ("errors", "BIGINT", "Records that failed.", "records"),
            ("measured", "BIGINT", "Records with a latency in the bucket.", "records"),
        ),
    ),
    sql=SqlFile.beside(__file__, "daily_performance"),
    inputs=(*METERED_RECORDS, latency_buckets()),
    plots=(
        Plot("requests", "sum(requests)"),
        Plot("errors", "sum(errors)"),
        Plot("error_percent", "100.0 * sum(errors) / nullif(sum(requests), 0)", is_sum=False),
        Plot(
            "p95_ms",
            "min(CASE WHEN measured > 0 AND reached * 100 >= total * 95 THEN latency_to_ms END)",
            is_sum=False,
        ),
    ),
    # Records without a latency have a bucket of their own, in which none is measured.
    plotted=(
        "SELECT *, sum(measured) OVER (PARTITION BY day ORDER BY latency_to_ms) AS reached, "
        "sum(measured) OVER (PARTITION BY day) AS total FROM {table}"
    ),
)

DAILY_QUALITY = DailyTable(
    spec=tenant_table(
        "daily_quality",
        "Consistency checks and the issues that they found, one row per (tenant, issue type) and one for all.",
        (
            "A check that found no issue is clean.",
            "Issue types are named as the log's JSON list has them.",
        ),
        keys=columns(
            (
                "issue_type",
                "VARCHAR",
                f"{ALL} for all checks, else the type as JSON has it, up to 256 characters; {ALL} in quotes.",
            ),
        ),
        values=columns(
            ("checks", "BIGINT", "Checks; in the row of a type, those in which it occurred.", "checks"),
            ("clean_checks", "BIGINT", "Checks without an issue; 0 in the row of a type.", "checks"),
            ("issues", "BIGINT", "Issues; in the row of a type, its occurrences.", "issues"),
        ),
    ),
    sql=SqlFile.beside(__file__, "daily_quality"),
    inputs=(SameDay(USAGE_RECORDS.spec), event_types()),
    plots=tuple(
        Plot(name, f"sum(CASE WHEN issue_type = '{ALL}' THEN {name} ELSE 0 END)")
        for name in ("checks", "clean_checks", "issues")
    ),
)
