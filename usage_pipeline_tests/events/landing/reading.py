"""Reads a file as the landing does."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from usage_pipeline.events.format_parts import FileType
from usage_pipeline.events.landing.lines import SCHEMA, LineCounts, LineReader
from usage_pipeline.events.landing.scan import COMPRESSIONS, LandingFile


@dataclass(frozen=True)
class Read:
    """What a reader gives of a file: line numbers, texts, whether they were UTF-8, and its counts."""

    numbers: list[int]
    texts: list[str]
    utf8: list[bool]
    counts: LineCounts


def shown(path: Path) -> LandingFile:
    """The file as the landing folder shows it."""
    stat = path.stat()
    return LandingFile(
        path=path.name,
        source="any",
        landing_day=date(2026, 5, 1),
        tenant=None,
        format=FileType.CSV if ".csv" in path.name else FileType.JSONL,
        compression=COMPRESSIONS.get(path.suffix),
        size=stat.st_size,
        mtime_ns=stat.st_mtime_ns,
    )


def read(path: Path, content: bytes) -> Read:
    """Write the file and read it."""
    path.write_bytes(content)
    reader = LineReader(path, shown(path))
    batches = list(reader.batches())
    numbers, texts, utf8 = (
        [value for batch in batches for value in batch[name].to_pylist()] for name in SCHEMA.names
    )
    return Read(numbers, texts, utf8, reader.counts)
