"""Opens files and groups those that one SELECT can read: files of one format, and of one header if they have one.

Small files are read whole beforehand, so that one that cannot be read fails before it joins a group. A large file
is read while it is validated.
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
from usage_pipeline.events.landing.lines import LineReader, read_first_line, read_header

TOGETHER_BYTES = 1 << 24
TOGETHER_FILES = 96
"""To validate one small file takes as long as many, so as many as can be written at the same time: DuckDB keeps a
hundred files open; with more it would close some and write a second file for them."""


class OpenFile:
    """A file whose lines are read ahead as far as they are few."""

    def __init__(self, landing: FileLanding) -> None:
        """Read a small file whole, and only the start of one that is large when decompressed.

        Raises UnreadableFileError.
        """
        self.landing = landing
        self.fields = _fields(landing)
        self.first_line = _first_line(landing)
        self.reader = LineReader(landing.source_path, landing.file)
        self.size = landing.file.size
        self._read: deque[pa.RecordBatch] = deque()
        self._rest = self.reader.batches()
        if self.size <= TOGETHER_BYTES:
            self._read_ahead()

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the file's records, as its reader does. They can be read once."""
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
        """Return True if the file can be validated together with the files of the group."""
        if not self.files:
            return True
        first = self.files[0]
        size = sum(other.size for other in self.files) + file.size
        alike = (first.landing.file.source, first.fields.names) == (file.landing.file.source, file.fields.names)
        return alike and size <= TOGETHER_BYTES and len(self.files) < TOGETHER_FILES


def in_groups(landings: Iterable[FileLanding]) -> Iterator[Group]:
    """Open the files in the order given, and group neighbours."""
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


def _first_line(landing: FileLanding) -> str | None:
    if landing.source_format.reads_first_line:
        return read_first_line(landing.source_path, landing.file.compression)
    return None


def _fields(landing: FileLanding) -> Fields:
    if landing.source_format.format is FileType.JSONL:
        return JsonFields(landing.source_format)
    return CsvFields(landing.source_format, read_header(landing.source_path, landing.file.compression))
