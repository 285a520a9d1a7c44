"""The declarations of the checks that run on every day of a table.

Dagster loads this module with its definitions, so it imports nothing slow.
"""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """The severity of a failed check. Neither stops a day."""

    WARNING = "warning"
    """Usage may be wrong or unusual."""
    ERROR = "error"
    """The pipeline has a fault, or its data was changed from outside."""


@dataclass(frozen=True)
class Check:
    """One check of one table."""

    table: str
    name: str
    severity: Severity
    description: str

    @property
    def key(self) -> tuple[str, str]:
        """Its table and name."""
        return self.table, self.name


LINES_ADD_UP = Check(
    "landed_events",
    "lines_add_up",
    Severity.ERROR,
    (
        "Of each landing file: lines = header + continuation + blank + skipped + superseded + accepted + "
        "rejected, and the lake holds them."
    ),
)
FILES_ARE_USABLE = Check(
    "landed_events",
    "files_are_usable",
    Severity.WARNING,
    "No file failed, is quarantined or is passed over, and none that counts rejects more lines than usual.",
)
TOTALS_ARE_INPUT_PLUS_OUTPUT = Check(
    "landed_events",
    "totals_are_input_plus_output",
    Severity.WARNING,
    "Every total of tokens that a line reports is its input plus its output; what counts is input plus output.",
)
LANDING_CHECKS = (LINES_ADD_UP, FILES_ARE_USABLE, TOTALS_ARE_INPUT_PLUS_OUTPUT)
"""The checks of every landing day, except the suite."""

LINES_ARE_ACCOUNTED_FOR = Check(
    "usage_records",
    "lines_are_accounted_for",
    Severity.ERROR,
    "Of each landing file: accepted lines of the day = records + duplicates + conflicts + voided + voids.",
)
IDS_ARE_OF_ONE_DAY = Check(
    "usage_records",
    "ids_are_of_one_day",
    Severity.WARNING,
    (
        "No id is a record of the day before or after too; each day counts one. If it is retried with a new time, "
        "`unique_within_days: 1` in the format of its source lets it count once."
    ),
)
VOIDS_HAVE_TARGETS = Check(
    "usage_records",
    "voids_have_targets",
    Severity.WARNING,
    "Every void found the record that it takes back.",
)
METERED_ONCE = Check(
    "daily_breakdown",
    "metered_once",
    Severity.WARNING,
    "No two sources of one tenant probably report the same usage, which counts twice then.",
)

COMPARED = {
    "daily_usage": "The totals of each tenant equal those of its records, in every metric.",
    "usage_quarter_hours": "The totals of each tenant equal those of its records, in every metric.",
    "conversations": "Each tenant has the conversations of its records.",
    "token_series": "The total of each tenant equals that of its records.",
    "message_series": "The total of each tenant equals that of its records.",
    "conversation_series": "The total of each tenant equals the conversations that began.",
    "daily_breakdown": "The values of each dimension add up to the tenant's records, in every metric.",
}
"""The comparison of each table with the records of the day."""

TOTALS_CHECKS = tuple(
    Check(table, "totals_are_those_of_the_records", Severity.ERROR, description)
    for table, description in COMPARED.items()
)
COSTS_ADD_UP = Check(
    "tenant_costs",
    "costs_add_up",
    Severity.ERROR,
    "Every token of usage is in one class of costs, and each dimension adds up to the tenant's total.",
)
TOKENS_ARE_PRICED = Check(
    "tenant_costs",
    "tokens_are_priced",
    Severity.WARNING,
    "Every token has a price; without one its cost is unknown, not zero.",
)
REPORTED_COSTS_ARE_PLAUSIBLE = Check(
    "cost_drift",
    "reported_costs_are_plausible",
    Severity.WARNING,
    "No record reports more than ten times what it costs by the price book.",
)
COST_CHECKS = (COSTS_ADD_UP, TOKENS_ARE_PRICED, REPORTED_COSTS_ARE_PLAUSIBLE)

DAY_CHECKS = (
    LINES_ARE_ACCOUNTED_FOR,
    IDS_ARE_OF_ONE_DAY,
    VOIDS_HAVE_TARGETS,
    *TOTALS_CHECKS,
    METERED_ONCE,
    *COST_CHECKS,
)
"""The checks of every event day, except the suite."""
