"""The tables of this folder: `usage_records`, and the `conflicts` that did not become records."""

from usage_pipeline.events.record import LANDED_EVENTS, MEMBER_COLUMNS, RECORD, WHERE_LANDED
from usage_pipeline.storage.daily import DailyTable, LandedRows, SqlFile
from usage_pipeline.storage.tables import PartitionedBy, TableSpec, Term, Zone, columns

USAGE_RECORDS = DailyTable(
    spec=TableSpec(
        name="usage_records",
        description=(
            "The usage records of an event day, one row per (tenant, source, record id), sorted by tenant and "
            "time. Of lines with one id the first landed counts; later ones are duplicates or conflicts."
        ),
        zone=Zone.LAKE,
        partitioned_by=PartitionedBy.EVENT_DAY,
        columns=RECORD,
        term=Term.RECORDS,
        member_columns=MEMBER_COLUMNS,
        undigested=WHERE_LANDED,
    ),
    sql=SqlFile.beside(__file__, "usage_records"),
    inputs=(LandedRows(LANDED_EVENTS),),
    counts=SqlFile.beside(__file__, "accounting"),
)

CONFLICTS = DailyTable(
    spec=TableSpec(
        name="conflicts",
        description=(
            "Lines that have the id of a record of the same day but another payload, one row per line. They "
            "count nowhere; `counted_file` and `counted_line` say which line counts."
        ),
        zone=Zone.LAKE,
        partitioned_by=PartitionedBy.EVENT_DAY,
        columns=(
            *RECORD,
            *columns(
                ("counted_file", "VARCHAR", "File of the line that counts."),
                ("counted_line", "BIGINT", "Its number."),
            ),
        ),
        term=Term.RECORDS,
        member_columns=MEMBER_COLUMNS,
        undigested=WHERE_LANDED | {"counted_file", "counted_line"},
    ),
    sql=SqlFile.beside(__file__, "conflicts"),
    inputs=(LandedRows(LANDED_EVENTS),),
)
