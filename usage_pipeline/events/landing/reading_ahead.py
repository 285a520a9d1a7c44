"""Files on their way to validation: small ones are read whole beforehand, a large one while it is validated.

So a small file that cannot be read whole has failed before its lines meet those of others. What belongs together
is what one SELECT can read: files of one format, and of one header if they have one.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import pyarrow as pa

from usage_pipeline.errors import UnreadableFileError
from usage_pipeline.events.format_parts import FileType
from usage_pipeline.events.landing.csv_fields import CsvFields
from usage_pipeline.events.landing.fields import Fields
from usage_pipeline.events.landing.file_landing import FileLanding
from usage_pipeline.events.landing.json_fields import JsonFields
from usage_pipeline.events.landing.lines import LineReader, read_header

TOGETHER_BYTES = 1 << 24
TOGETHER_FILES = 64
"""DuckDB writes a hundred files side by side; of more it would close some, and begin second ones."""


class OpenFile:
    """The lines of a file, as far as they are read; they can be taken once."""

    def __init__(self, landing: FileLanding) -> None:
        """Read a small file whole, and the start of one that is small only as long as it is compressed.

        Raises UnreadableFileError.
        """
        self.landing = landing
        self.fields = _fields(landing)
        self.reader = LineReader(landing.source_path, landing.file)
        self.size = landing.file.size
        self._read: deque[pa.RecordBatch] = deque()
        self._rest = self.reader.batches()
        if self.size <= TOGETHER_BYTES:
            self._read_ahead()

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The file's records, like those of its reader."""
        while self._read:
            yield self._read.popleft()
        yield from self._rest

    def _read_ahead(self) -> None:
        self.size = 0
        for batch in self._rest:
            self._read.append(batch)
            self.size += batch.nbytes
            if self.size > TOGETHER_BYTES:
                break


@dataclass
class Group:
    """Files that are validated together, and those that failed when they were opened."""

    files: list[OpenFile] = field(default_factory=list)
    failed: list[tuple[FileLanding, UnreadableFileError]] = field(default_factory=list)

    def takes(self, file: OpenFile) -> bool:
        """Whether the file can be validated with those that are here."""
        if not self.files:
            return True
        first = self.files[0]
        size = sum(other.size for other in self.files) + file.size
        alike = (first.landing.file.source, first.fields.names) == (file.landing.file.source, file.fields.names)
        return alike and size <= TOGETHER_BYTES and len(self.files) < TOGETHER_FILES


def in_groups(landings: Iterable[FileLanding]) -> Iterator[Group]:
    """The files in the order given, opened and put together as far as neighbours fit."""
    group = Group()
    for landing in landings:
        try:
            file = OpenFile(landing)
        except UnreadableFileError as error:
            group.failed.append((landing, error))
            continue
        if not group.takes(file):
            yield group
            group = Group()
        group.files.append(file)
    if group.files or group.failed:
        yield group


def _fields(landing: FileLanding) -> Fields:
    if landing.source_format.format is FileType.JSONL:
        return JsonFields(landing.source_format)
    return CsvFields(landing.source_format, read_header(landing.source_path, landing.file.compression))
