"""Finds the lines of who is erased that were skipped or superseded, by their format: no table has these lines.

That is needed of an id that is a number only: without quotes it cannot be told from other numbers of the line.
"""

from collections.abc import Collection, Iterator

from usage_pipeline.errors import UnreadableFileError
from usage_pipeline.events.format_files import load_formats
from usage_pipeline.events.landing.file_landing import FileLanding
from usage_pipeline.events.landing.rules import load_rules
from usage_pipeline.events.landing.scan import scan_days
from usage_pipeline.events.landing.set_aside import set_aside_of
from usage_pipeline.retention.erasure.subject import Subject, Word
from usage_pipeline.storage.landed_files import LandedFile
from usage_pipeline.storage.opened import Storage


def find_set_aside(
    storage: Storage, files: Collection[LandedFile], subject: Subject, word: Word
) -> dict[str, list[int]]:
    """Return the numbers of these lines by landing file; none of an id that is no number."""
    with_lines = [file for file in files if file.skipped + file.superseded] if word.is_number else []
    found = {}
    for landing in _landings(storage, with_lines):
        try:
            found[landing.file.path] = set_aside_of(storage, landing, subject.tenant_id, subject.member_id)
        except UnreadableFileError:
            continue  # whoever reads its lines says so
    return found


def _landings(storage: Storage, files: Collection[LandedFile]) -> Iterator[FileLanding]:
    known, days = {file.path: file for file in files}, {file.landing_day for file in files}
    if not days:
        return
    formats, rules = load_formats(storage.settings), load_rules(storage.settings, days)
    for present in scan_days(storage.settings, formats, days).files:
        file = known.get(present.path)
        if file is not None:
            of_day = rules[file.landing_day]
            yield FileLanding(storage, of_day, formats[file.source], present, file.run, file)
