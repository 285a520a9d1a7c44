"""Makes one record of the lines of a file that have one id, by the key `repeats` of their format.

It compares staged lines and not blocks of lines, so it does not matter how a file is cut into blocks, or which
files are staged together.
"""

from duckdb import DuckDBPyConnection

from usage_pipeline.events.landing.extract import compared_number
from usage_pipeline.events.landing.rules import landing_sql
from usage_pipeline.events.source_format import SourceFormat


def supersede(duck: DuckDBPyConnection, source_format: SourceFormat) -> None:
    """Leave one accepted line of each id in `staged`, and give it the time of the first."""
    if source_format.repeats is None:
        return
    place = "(line, landing_event)" if source_format.each else "line"
    duck.execute(landing_sql("superseded_lines").format(place=place, chosen=_chosen(source_format, place)))


def _chosen(source_format: SourceFormat, place: str) -> str:
    """Return the aggregate that tells the row of the line that counts."""
    match source_format.repeats:
        case "first":
            return f"arg_min(rowid, {place})"
        case "last":
            return f"arg_max(rowid, {place})"
        case _:
            number = compared_number(source_format)
            # A line without a number comes before those with one, and of equal numbers the last line counts.
            return f"arg_max(rowid, ({number} IS NOT NULL, {number}, {place}))"
