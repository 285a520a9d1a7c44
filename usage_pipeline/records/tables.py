"""The tables of this folder: `usage_records`, and the lines that did not become records."""

from usage_pipeline.events.catalogue import event_types
from usage_pipeline.events.record import (
    IDENTITY,
    LANDED_EVENTS,
    RECORD,
    RECORD_NAMES,
    WHERE_LANDED,
)
from usage_pipeline.storage.daily import (
    DailyTable,
    Derived,
    Input,
    LandedRows,
    NearbyRows,
    Plot,
    SameDay,
    SqlFile,
    UniqueFiles,
)
from usage_pipeline.storage.tables import PartitionedBy, TableSpec, Term, Zone, columns

UNIQUE_FILES = UniqueFiles()
NEARBY_EVENTS = NearbyRows(
    LANDED_EVENTS,
    UNIQUE_FILES,
    key=tuple(column.name for column in IDENTITY),
    others=("landing_day", "landing_file", "landing_line", "landing_event", "payload_digest"),
)

EXCLUDED_EVENTS = DailyTable(
    spec=TableSpec(
        name="excluded_events",
        description=(
            "The accepted lines of an event day that are no records: duplicates, conflicts, records that a void "
            "took back, and the voids. One row per line, with the line that decided it."
        ),
        zone=Zone.LAKE,
        partitioned_by=PartitionedBy.EVENT_DAY,
        columns=(
            *IDENTITY,
            *columns(
                ("verdict", "VARCHAR", "`duplicate`, `conflict`, `voided`, `void` or `void_without_target`."),
                ("landing_file", "VARCHAR", "Path below the landing directory."),
                ("landing_line", "BIGINT", "Line in the file, from 1."),
                ("landing_event", "BIGINT", "Event in the line, from 1."),
                ("decided_by_file", "VARCHAR", "File of the line that landed first, takes back or is taken back."),
                ("decided_by_line", "BIGINT", "Its number."),
                ("decided_by_event", "BIGINT", "The number of the event in that line."),
            ),
        ),
        term=Term.RECORDS,
        rules=(
            (
                "A line with the id and the content of a line of the same day that landed before is a duplicate. "
                "With other content it is a conflict."
            ),
            (
                "A line of a file with `unique_within_days` is compared with lines of so many days before and "
                "after, too, and of all these the first landed decides, whether it counts or not."
            ),
            (
                "A void takes back the record of its own tenant that it names by source, id and event day, "
                "whichever of the two lands first. A further delivery of that record does not revive it."
            ),
            "A void that finds no record is `void_without_target`, and acts as soon as the record lands.",
        ),
        undigested=frozenset({"landing_file", "decided_by_file"}),
    ),
    sql=SqlFile.beside(__file__, "excluded_events"),
    inputs=(LandedRows(LANDED_EVENTS), UNIQUE_FILES, NEARBY_EVENTS),
    plots=(Plot("excluded", "count(*)"),),
)

USAGE_RECORDS = DailyTable(
    spec=TableSpec(
        name="usage_records",
        description=(
            "The usage records of an event day, one row per (tenant, source, record id). "
            "Of lines with one id the first landed counts, unless a void takes it back."
        ),
        zone=Zone.LAKE,
        partitioned_by=PartitionedBy.EVENT_DAY,
        columns=RECORD,
        term=Term.RECORDS,
        rules=(
            (
                "A record is known by tenant, source, record id and event day. The same id on another day is "
                "another record, unless the format's `unique_within_days` covers both days."
            ),
            "First means by landing day, then path, then line; when a file was written does not matter.",
            (
                "Per event day and file every accepted line is accounted for: accepted = records + duplicates + "
                "conflicts + voided + voids."
            ),
        ),
        undigested=WHERE_LANDED,
    ),
    sql=SqlFile.beside(__file__, "usage_records", columns=RECORD_NAMES),
    inputs=(LandedRows(LANDED_EVENTS), SameDay(EXCLUDED_EVENTS.spec)),
    tallies=SqlFile.beside(__file__, "line_tallies"),
    plots=(Plot("records", "count(*)"), Plot("tokens", "sum(tokens_total)"), Plot("messages", "sum(messages)")),
)

CONFLICTS = DailyTable(
    spec=TableSpec(
        name="conflicts",
        description=(
            "Lines that have the id of a line that landed before but another payload, one row per line. They "
            "count nowhere; `counted_file`, `counted_line` and `counted_event` say which line decided that."
        ),
        zone=Zone.LAKE,
        partitioned_by=PartitionedBy.EVENT_DAY,
        columns=(
            *RECORD,
            *columns(
                ("counted_file", "VARCHAR", "File of the line that landed first."),
                ("counted_line", "BIGINT", "Its number."),
                ("counted_event", "BIGINT", "The number of the event in that line."),
            ),
        ),
        term=Term.RECORDS,
        rules=(
            "Of contradicting lines the first landed counts, whatever the others say. Nothing is merged.",
            "Where and when a line landed, and the format's `delivery_fields`, do not make a conflict.",
            "Another time does, so a retry on the next day is a conflict unless the time is a delivery field.",
        ),
        undigested=WHERE_LANDED | {"counted_file", "counted_line", "counted_event"},
    ),
    sql=SqlFile.beside(__file__, "conflicts", columns=RECORD_NAMES),
    inputs=(LandedRows(LANDED_EVENTS), SameDay(EXCLUDED_EVENTS.spec)),
)

METERED_RECORDS: tuple[Input, ...] = (
    SameDay(USAGE_RECORDS.spec),
    event_types(),
    Derived("metered_records", SqlFile.beside(__file__, "metered_records")),
)
"""Input of all cubes: each record with its dimensions and its part of every metric, and what that is made of."""
