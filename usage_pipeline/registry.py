"""The metrics and dimensions, each declared once. Columns, SELECTs, checks, options and pages follow from here.

The SELECTs list them as Jinja templates, as in `{{ dimensions | join(', ') }}`. `records/metered_records.sql` says
how a metric is derived from a record.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

NONE = "(none)"
"""The group of records that have no value for a dimension."""


@dataclass(frozen=True)
class Dimension:
    """A column of records to group and filter usage by, in addition to day and tenant."""

    name: str
    description: str
    within_day: bool = False
    """Whether intervals within a day have it too."""


@dataclass(frozen=True)
class Metric:
    """An additive quantity: the sum of days is the range, the sum of groups is the total."""

    name: str
    unit: str
    description: str
    by_type: bool = False
    """Whether the event catalogue says for each type that a record of it counts as one."""
    of_records: bool = True
    """Whether each record has its part of it, at its own time. Conversations have a first day only."""


class TokenClass(StrEnum):
    """What is priced. Each token is in exactly one class; requests, searches and tool calls come on top."""

    INPUT = "input"
    CACHED_INPUT = "cached_input"
    CACHE_WRITE = "cache_write"
    CACHE_WRITE_1H = "cache_write_1h"
    INPUT_AUDIO = "input_audio"
    INPUT_IMAGE = "input_image"
    CACHED_AUDIO = "cached_audio"
    CACHED_IMAGE = "cached_image"
    OUTPUT = "output"
    REASONING = "reasoning"
    OUTPUT_AUDIO = "output_audio"
    OUTPUT_IMAGE = "output_image"
    REQUEST = "request"
    WEB_SEARCH = "web_search"
    TOOL_CALL = "tool_call"


NOT_TOKENS = frozenset({TokenClass.REQUEST, TokenClass.WEB_SEARCH, TokenClass.TOOL_CALL})
"""What is priced by the one."""

UNSPLIT = "unsplit"
"""The class of tokens that a log does not split into input and output; it has no price."""

UNSPLIT_CLASSES: Mapping[str, str] = {
    UNSPLIT: UNSPLIT,
    **{
        f"{name}_{UNSPLIT}": name
        for name in (TokenClass.INPUT, TokenClass.CACHED_INPUT, TokenClass.CACHE_WRITE, TokenClass.OUTPUT)
    },
}
"""The quantities of tokens that a log does not split as their price does, and their classes."""


@dataclass(frozen=True)
class PricingDimension:
    """A column of records on whose value a price may depend."""

    name: str
    usual: frozenset[str]
    """The values that have the usual price, as a record without one does."""


PRICING_DIMENSIONS = (
    PricingDimension("service_tier", frozenset({"standard", "default"})),
    PricingDimension("region", frozenset({"global"})),
    PricingDimension("speed", frozenset({"standard"})),
)
PRICING_DIMENSION_NAMES = tuple(dimension.name for dimension in PRICING_DIMENSIONS)

DIMENSIONS = (
    Dimension("source", "Source", within_day=True),
    Dimension("type", "Type", within_day=True),
    Dimension("model", "Model", within_day=True),
    Dimension("member_id", "Member id"),
    Dimension("project", "Project"),
    Dimension("feature", "Feature"),
    Dimension("agent", "Agent"),
    Dimension("agent_type", "Agent type"),
    Dimension("status", "Status"),
)

CONVERSATIONS = Metric("conversations", "conversations", "Conversations that began on the day.", of_records=False)
MESSAGES = Metric("messages", "messages", "Messages.")
TOKENS_TOTAL = Metric("tokens_total", "tokens", "Input and output tokens.")

METRICS = (
    Metric("records", "records", "Usage records."),
    Metric("requests", "requests", "Requests; a run counts its API calls.", by_type=True),
    Metric("prompts", "prompts", "Prompts.", by_type=True),
    Metric("runs", "runs", "Agent runs.", by_type=True),
    MESSAGES,
    CONVERSATIONS,
    Metric("tokens_in", "tokens", "Input tokens, cached input included."),
    Metric("tokens_cached", "tokens", "Input tokens read from a cache."),
    Metric("tokens_cache_write", "tokens", "Input tokens written to a cache."),
    Metric("tokens_out", "tokens", "Output tokens, reasoning included."),
    Metric("tokens_reasoning", "tokens", "Reasoning tokens."),
    TOKENS_TOTAL,
    Metric("personas_created", "personas", "Personas created.", by_type=True),
    Metric("personas_deleted", "personas", "Personas deleted.", by_type=True),
    Metric("timeline_appended", "entries", "Timeline entries appended.", by_type=True),
    Metric("timeline_superseded", "entries", "Timeline entries superseded.", by_type=True),
    Metric("files", "files", "Files uploaded.", by_type=True),
    Metric("bytes", "bytes", "Bytes uploaded or processed."),
    Metric("tool_calls", "calls", "Tool calls."),
    Metric("errors", "records", "Records that failed."),
)

RECORD_METRICS = tuple(metric for metric in METRICS if metric.of_records)

DIMENSION_NAMES = tuple(dimension.name for dimension in DIMENSIONS)
WITHIN_DAY_NAMES = tuple(dimension.name for dimension in DIMENSIONS if dimension.within_day)
METRIC_NAMES = tuple(metric.name for metric in METRICS)
RECORD_METRIC_NAMES = tuple(metric.name for metric in RECORD_METRICS)
BY_TYPE_NAMES = tuple(metric.name for metric in METRICS if metric.by_type)
