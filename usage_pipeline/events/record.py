"""The canonical record, and the tables that landing writes."""

from usage_pipeline.registry import DIMENSION_NAMES, PRICING_DIMENSION_NAMES
from usage_pipeline.storage.tables import PartitionedBy, TableSpec, Term, Zone, columns

IDENTITY = columns(
    ("tenant_id", "VARCHAR", "The customer that the usage belongs to."),
    ("source", "VARCHAR", "The format that read the line: the folder under landing."),
    (
        "record_id",
        "VARCHAR",
        "Id within tenant, source and event day; for sources without ids, file digest and line.",
    ),
)

FACTS = columns(
    ("type", "VARCHAR", "Event type, as in the event catalogue."),
    ("occurred_at", "TIMESTAMP", "When it happened, UTC; its day is the event day.", "µs"),
    ("started_at", "TIMESTAMP", "When it began, UTC; null if the source does not say.", "µs"),
    ("duration_ms", "BIGINT", "How long it took.", "ms"),
    ("count", "BIGINT", "Number of things that the record counts, in `unit`."),
    ("unit", "VARCHAR", "Unit of `count`."),
    ("tokens_in", "BIGINT", "Input tokens, cached input included.", "tokens"),
    ("tokens_cached", "BIGINT", "Input tokens read from a cache; part of tokens_in.", "tokens"),
    ("tokens_cache_write", "BIGINT", "Input tokens written to a cache; part of tokens_in.", "tokens"),
    (
        "tokens_cache_write_1h",
        "BIGINT",
        "Those that it keeps for an hour; null if the source does not say.",
        "tokens",
    ),
    ("tokens_in_audio", "BIGINT", "Audio input tokens, cached ones included; null as above.", "tokens"),
    ("tokens_in_image", "BIGINT", "Image input tokens, in the same way.", "tokens"),
    (
        "tokens_cached_audio",
        "BIGINT",
        "Those of tokens_in_audio that were read from a cache; null as above.",
        "tokens",
    ),
    ("tokens_cached_image", "BIGINT", "Those of tokens_in_image, in the same way.", "tokens"),
    ("tokens_out", "BIGINT", "Output tokens, reasoning included.", "tokens"),
    ("tokens_reasoning", "BIGINT", "Reasoning tokens; part of tokens_out.", "tokens"),
    ("tokens_out_audio", "BIGINT", "Audio output tokens, apart from reasoning; null as above.", "tokens"),
    ("tokens_out_image", "BIGINT", "Image output tokens, in the same way.", "tokens"),
    ("tokens_total", "BIGINT", "Input + output, or the reported total without a split.", "tokens"),
    ("messages", "BIGINT", "Messages: a prompt with its response is two, a failed one is one.", "messages"),
    ("bytes", "BIGINT", "Size of a file or of the data processed.", "bytes"),
    ("tool_calls", "BIGINT", "Tool calls of a run, without the provider's web searches.", "calls"),
    ("web_searches", "BIGINT", "Web searches that the provider made.", "searches"),
    ("model", "VARCHAR", "Model, as logged."),
    ("provider", "VARCHAR", "Provider of the model, as logged."),
    ("service_tier", "VARCHAR", "The provider's tier that served the request: standard, batch, flex, priority."),
    ("region", "VARCHAR", "The provider's region that served the request, where its price depends on that."),
    ("speed", "VARCHAR", "The provider's speed that served the request: standard, fast."),
    ("latency_ms", "BIGINT", "Time to answer.", "ms"),
    ("status", "VARCHAR", "Outcome, as logged; `failed` counts as an error."),
    ("error_code", "VARCHAR", "Code of the error; never its text."),
    ("reported_cost", "DECIMAL(38,24)", "Cost that the source reports, exactly as written.", "currency"),
    ("currency", "VARCHAR", "ISO 4217 code of reported_cost."),
    ("reported_credits", "DECIMAL(38,24)", "Credits that the source reports, exactly as written.", "credits"),
    ("member_id", "VARCHAR", "User within the tenant."),
    ("project", "VARCHAR", "Project within the tenant."),
    ("feature", "VARCHAR", "Product feature."),
    ("agent", "VARCHAR", "Agent name."),
    ("agent_type", "VARCHAR", "Kind of agent."),
    ("conversation_id", "VARCHAR", "Conversation, as mapped."),
    ("message_id", "VARCHAR", "Related message."),
    ("task_id", "VARCHAR", "Related task."),
    ("contact_id", "VARCHAR", "Related contact."),
    ("blueprint_id", "VARCHAR", "Related blueprint."),
    ("bot_id", "VARCHAR", "Related bot."),
    ("dataset_id", "VARCHAR", "Related dataset."),
    ("skillset_id", "VARCHAR", "Related skillset."),
    ("ability_id", "VARCHAR", "Related ability."),
    ("persona_id", "VARCHAR", "Related persona."),
    ("session_id", "VARCHAR", "One prompt and its response; not a conversation."),
    ("updated_at", "TIMESTAMP", "When the source last changed the record, UTC.", "µs"),
    ("api_calls", "BIGINT", "Requests of a run.", "requests"),
    ("issue_count", "BIGINT", "Issues that a consistency check found.", "issues"),
    ("issue_types", "VARCHAR", "Kinds of those issues, as JSON."),
    ("prompt_digest", "VARCHAR", "Keyed digest of the prompt's text."),
    ("content_digest", "VARCHAR", "Keyed digest of all texts of the line."),
    ("meta", "VARCHAR", "Fields that no column takes, as JSON; never texts."),
)

_PLACE = columns(
    ("landing_file", "VARCHAR", "Path below the landing directory."),
    ("landing_line", "BIGINT", "Line in the file, from 1."),
    ("landing_event", "BIGINT", "Event in the line, from 1; 1 where a line is one event."),
)

LANDING = (*columns(("landed_at", "TIMESTAMP", "End of the landing day, UTC.", "µs")), *_PLACE)

VOID_TARGET = columns(
    ("void_source", "VARCHAR", "Source of the record that a void takes back."),
    ("void_record_id", "VARCHAR", "Its record id; its tenant and event day are those of the void."),
)

RECORD = (*IDENTITY, *FACTS, *LANDING)
RECORD_NAMES = tuple(column.name for column in RECORD)
FIELD_TYPES = {column.name: column.type for column in (*RECORD, *VOID_TARGET)}
WHERE_LANDED = frozenset(column.name for column in LANDING)
DIMENSION_COLUMNS = frozenset({*DIMENSION_NAMES, *PRICING_DIMENSION_NAMES, "provider", "currency"}) - {
    "source",
    "type",
}
"""Texts that usage is grouped by. Their length is limited, because database indexes hold them."""

LANDED_EVENTS = TableSpec(
    name="landed_events",
    description=(
        "Accepted lines, one row per line and one object per landing file. Not deduplicated. "
        "Each line is validated once, when its file lands."
    ),
    zone=Zone.LAKE,
    partitioned_by=PartitionedBy.LANDING_DAY,
    columns=(
        *RECORD,
        *VOID_TARGET,
        *columns(
            ("event_day", "DATE", "UTC day of occurred_at."),
            ("landing_day", "DATE", "The landing folder's day."),
            (
                "payload_digest",
                "UBIGINT",
                "Hash of the columns that separate duplicates from conflicts.",
            ),
        ),
    ),
    term=Term.RECORDS,
    rules=(
        (
            "A line is accepted or rejected once, by the format and the rules of the day on which its file "
            "lands. A rejected line counts nowhere; `rejected_lines` keeps it with the reason."
        ),
        (
            "Per file every line is accounted for: "
            "lines = header + continuation + blank + skipped + superseded + accepted + rejected; further events "
            "of a line are lines here."
        ),
        (
            "A file that cannot be read whole fails, and one with too many rejected lines is quarantined: nothing "
            "of it counts, and the other files of the day go on."
        ),
        "The partition is the day of arrival. A late event changes its own event day, when that is computed next.",
        "Texts of people and models are not here but in `content`, which has a shorter term.",
    ),
    # The place in the file is digested, because the first of two conflicting lines in a file counts.
    undigested=WHERE_LANDED - {"landing_line", "landing_event"} | {"landing_day"},
)

TEXTS = columns(
    ("prompt", "VARCHAR", "Text of a prompt."),
    ("response", "VARCHAR", "Text of the response."),
    ("input", "VARCHAR", "Input of a run."),
    ("output", "VARCHAR", "Output of a run."),
    ("error", "VARCHAR", "Text of an error."),
    ("other", "VARCHAR", "All other texts of the line as a JSON object, by the format's names."),
)

CONTENT = TableSpec(
    name="content",
    description=(
        "The texts of accepted lines, apart from the records and with a term of their own: one row per line "
        "that has any. The row of a counted record is that of its file and line."
    ),
    zone=Zone.LAKE,
    partitioned_by=PartitionedBy.LANDING_DAY,
    columns=(
        *IDENTITY,
        *columns(
            ("event_day", "DATE", "UTC day of the event."),
            ("member_id", "VARCHAR", "User within the tenant."),
        ),
        *TEXTS,
        *_PLACE,
    ),
    term=Term.CONTENT,
    rules=(
        "Texts have a shorter term than the records that they belong to. Nothing is computed from them.",
        "A text that the format does not name is in `other`, under its name in the log.",
    ),
    undigested=frozenset({"landing_file"}),
)

REJECTED_LINES = TableSpec(
    name="rejected_lines",
    description="Rejected lines, one row per line, with the reason and the expected value.",
    zone=Zone.LAKE,
    partitioned_by=PartitionedBy.LANDING_DAY,
    columns=(
        *_PLACE,
        *columns(
            ("tenant_id", "VARCHAR", "The tenant, if the line or its folder names one."),
            ("reason", "VARCHAR", "The reject reason."),
            ("field", "VARCHAR", "The wrong field of the log."),
            ("found", "VARCHAR", "Its value."),
            ("expected", "VARCHAR", "The expected value."),
            ("raw", "VARCHAR", "The line."),
        ),
    ),
    term=Term.CONTENT,
    rules=(
        "A rejected line counts nowhere. Correct the line, the format or the plan, and land the file again.",
        "`usage-pipeline rejects` shows the lines by reason.",
    ),
    undigested=frozenset({"landing_file"}),
)

LANDING_TABLES = (LANDED_EVENTS, CONTENT, REJECTED_LINES)
"""The tables that a landing file has objects in."""
