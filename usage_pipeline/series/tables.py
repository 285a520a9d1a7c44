"""The tables of this folder: the cube, the quarter hours, the conversations, and the three series."""

from usage_pipeline.records.tables import METERED_RECORDS
from usage_pipeline.registry import CONVERSATIONS as CONVERSATIONS_METRIC
from usage_pipeline.registry import DIMENSION_NAMES, DIMENSIONS, MESSAGES, RECORD_METRICS, TOKENS_TOTAL, Metric
from usage_pipeline.storage.daily import (
    DailyTable,
    EventDays,
    Lookback,
    Parameters,
    Plot,
    ReferenceRows,
    SameDay,
    SqlFile,
    Versioned,
)
from usage_pipeline.storage.tables import (
    DAY_AND_TENANT,
    Column,
    PartitionedBy,
    TableSpec,
    Zone,
    columns,
    dimension_columns,
    metric_columns,
    tenant_table,
)

GRAIN: tuple[Column, ...] = (*DAY_AND_TENANT, *dimension_columns(DIMENSIONS))

QUARTER_HOUR_GRAIN: tuple[Column, ...] = (
    *columns(
        ("day", "DATE", "Event day, UTC."),
        ("quarter_hour", "TIMESTAMP", "Start of the 15 minutes, UTC."),
        ("tenant_id", "VARCHAR", "Tenant."),
    ),
    *dimension_columns(dimension for dimension in DIMENSIONS if dimension.within_day),
)

DIMENSION_ROWS = ReferenceRows(
    name="dimensions",
    columns=columns(("dimension", "VARCHAR", "What usage and costs can be grouped by.")),
    rows=tuple((name,) for name in DIMENSION_NAMES),
)

DAILY_USAGE = DailyTable(
    spec=TableSpec(
        name="daily_usage",
        description=(
            "The cube: every additive metric by tenant and dimension, one row per combination that occurs. "
            "It outlives the records. Conversations are not in it, because they depend on earlier days."
        ),
        zone=Zone.ROLLUPS,
        partitioned_by=PartitionedBy.EVENT_DAY,
        columns=(*GRAIN, *metric_columns(RECORD_METRICS)),
        rules=(
            (
                "The event catalogue says what a record counts as, by its type. A prompt with its response "
                "is two messages, a failed prompt is one."
            ),
            (
                "Input tokens include cached ones, output tokens include reasoning. The total is their sum, or "
                "the reported total where there is no split."
            ),
            "Every metric is additive: days add up to ranges, groups to totals.",
        ),
    ),
    sql=SqlFile.beside(__file__, "daily_usage"),
    inputs=METERED_RECORDS,
    plots=(
        Plot("tokens", "sum(tokens_total)"),
        Plot("messages", "sum(messages)"),
        Plot("requests", "sum(requests)"),
        Plot("errors", "sum(errors)"),
        Plot("error_percent", "100.0 * sum(errors) / nullif(sum(records), 0)", is_sum=False),
    ),
)

USAGE_QUARTER_HOURS = DailyTable(
    spec=TableSpec(
        name="usage_quarter_hours",
        description=(
            "Every additive metric by quarter of an hour, tenant, source, type and model, one row per "
            "combination that occurs. It answers for hours, and for the days of other time zones. It outlives "
            "the records."
        ),
        zone=Zone.ROLLUPS,
        partitioned_by=PartitionedBy.EVENT_DAY,
        columns=(*QUARTER_HOUR_GRAIN, *metric_columns(RECORD_METRICS)),
        rules=(
            (
                "A quarter of an hour is half open and UTC. Offsets of all time zones are multiples of it, so "
                "hours and days of any zone are sums of quarters."
            ),
            "A time zone changes what is shown, never what is stored.",
        ),
    ),
    sql=SqlFile.beside(__file__, "usage_quarter_hours"),
    inputs=METERED_RECORDS,
    plots=(Plot("tokens", "sum(tokens_total)"), Plot("messages", "sum(messages)")),
)

CONVERSATIONS = DailyTable(
    spec=TableSpec(
        name="conversations",
        description=(
            "The conversations that had a record on the day, one row per (tenant, source, conversation), with "
            "the dimensions of the earliest record. Ids are keyed digests. It outlives the records."
        ),
        zone=Zone.ROLLUPS,
        partitioned_by=PartitionedBy.EVENT_DAY,
        columns=(
            *GRAIN,
            *columns(
                ("conversation_digest", "VARCHAR", "Keyed digest of tenant, source and conversation id."),
                ("first_at", "TIMESTAMP", "Its earliest record of the day, UTC.", "µs"),
                ("last_at", "TIMESTAMP", "Its latest record of the day, UTC.", "µs"),
                ("records", "BIGINT", "Its records of the day.", "records"),
                ("conversations", "BIGINT", "How many conversations the row stands for.", "conversations"),
            ),
        ),
        rules=(
            "A conversation is known by tenant, source and conversation id. A session of a persona is none.",
            (
                "Its row takes model, member, project and feature from its earliest record of the day; ties go by "
                "time, source and record id."
            ),
            "A conversation record without an id adds its `count` to its day.",
        ),
    ),
    sql=SqlFile.beside(__file__, "conversations"),
    inputs=(*METERED_RECORDS, Parameters()),
    plots=(Plot("conversations", "sum(conversations)"),),
)

CONVERSATION_STARTS = DailyTable(
    spec=TableSpec(
        name="conversation_starts",
        description=(
            "Conversations that began on the day, by tenant and dimension: those that had no record in the "
            "look-back before it. A conversation counts once, on the day of its earliest record."
        ),
        zone=Zone.ROLLUPS,
        partitioned_by=PartitionedBy.EVENT_DAY,
        columns=(*GRAIN, *metric_columns([CONVERSATIONS_METRIC])),
        rules=(
            (
                "It reads `conversations` of the day and of the `USAGE_LOOKBACK_DAYS` before it, so a late event "
                "can move a start to an earlier day: both days are computed again."
            ),
            "The look-back is a rollup itself, so the answer stays the same when records are gone.",
        ),
    ),
    sql=SqlFile.beside(__file__, "conversation_starts"),
    inputs=(Lookback(CONVERSATIONS.spec), EventDays(), Parameters()),
    plots=(Plot("conversations", "sum(conversations)"),),
)


_SERIES_RULES = (
    "An ingested day without usage is 0. A day without logs, or not computed yet, is missing: null, in no sum.",
    (
        "A day is provisional until `USAGE_LATENESS_DAYS` after its end, then final, and restated if it changes "
        "after that. Each changed number is kept with its cause in `usage.usage_versions`."
    ),
)


def _series(name: str, description: str, metric: Metric, counted: str) -> DailyTable:
    cube = DAILY_USAGE if metric.of_records else CONVERSATION_STARTS
    return DailyTable(
        spec=tenant_table(
            name,
            description,
            (counted, *_SERIES_RULES),
            values=columns(("total", "BIGINT", description, metric.unit)),
        ),
        sql=SqlFile.beside(__file__, "tenant_series", metric=metric.name, cube=cube.name),
        inputs=(SameDay(cube.spec),),
        versioned=Versioned(quantity="total"),
        looks_back=any(isinstance(entry, Lookback) for entry in cube.inputs),
        plots=(Plot(metric.unit, "sum(total)"),),
    )


TOKEN_SERIES = _series(
    "token_series",
    "Tokens per day and tenant, input and output.",
    TOKENS_TOTAL,
    "Cached input is part of the input, reasoning is part of the output: no token counts twice.",
)
CONVERSATION_SERIES = _series(
    "conversation_series",
    "Conversations that began, per day and tenant.",
    CONVERSATIONS_METRIC,
    "A conversation counts once, on the day of its earliest record, unless it had one within the "
    "`USAGE_LOOKBACK_DAYS` before it.",
)
MESSAGE_SERIES = _series(
    "message_series",
    "Messages per day and tenant.",
    MESSAGES,
    "A prompt with its response is two, a failed prompt is one, a message record counts its `count`.",
)
