"""Reads a landed file again, because landing only counts the lines that are skipped or superseded."""

from usage_pipeline.errors import QueryError, UnreadableFileError
from usage_pipeline.events.format_files import load_formats
from usage_pipeline.events.landing.file_landing import FileLanding
from usage_pipeline.events.landing.rules import load_rules
from usage_pipeline.events.landing.scan import scan_days
from usage_pipeline.events.landing.set_aside import SetAside, read_set_aside
from usage_pipeline.storage.landed_files import LandedFile
from usage_pipeline.storage.opened import Storage

_BY_OTHERS = "{} by today's format and rules; the file landed by others"


def read_again(storage: Storage, file: LandedFile, line: int) -> list[tuple[str, SetAside]]:
    """Return the skipped and superseded events of a line, each with its verdict in words.

    Raises QueryError, with what is known of the file's lines, if they can no longer be read.
    """
    landing = _landing(storage, file, line)
    try:
        found = read_set_aside(storage, landing, line)
    except UnreadableFileError as error:
        raise _unknown(file, line, f"it cannot be read any more: {error}") from None
    if found.content_digest != file.content_digest:
        raise _unknown(file, line, "it has changed since; `usage-pipeline run` lands it again")
    words = _BY_OTHERS if landing.is_of_earlier_rules else "{}"
    return [(words.format(one.verdict), one) for one in found.lines]


def _landing(storage: Storage, file: LandedFile, line: int) -> FileLanding:
    formats, day = load_formats(storage.settings), file.landing_day
    for present in scan_days(storage.settings, formats, [day]).files:
        if present.path == file.path:
            rules = load_rules(storage.settings, [day])[day]
            return FileLanding(storage, rules, formats[file.source], present, file.run, file)
    if file.pruned_at:
        raise _unknown(file, line, f"it was removed past its term, on {file.pruned_at.date()}")
    raise _unknown(file, line, "it is not in the landing folder any more, or its format is not there")


def _unknown(file: LandedFile, line: int, reason: str) -> QueryError:
    return QueryError(
        f"{file.path} has no accepted line {line}. Of its {file.lines:,} lines, {file.skipped:,} were skipped, "
        f"{file.superseded:,} superseded and {file.rejected:,} rejected; which ones cannot be told, because "
        f"{reason}."
    )
