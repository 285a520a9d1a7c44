"""The landing files of a day, by source, plain or compressed."""

import gzip
from io import BufferedIOBase, BufferedReader
from pathlib import Path

import zstandard

ENDINGS = (".jsonl", ".jsonl.gz", ".jsonl.zst")


def sources(landing: Path, day: str) -> dict[str, list[Path]]:
    """The files of lines of each source that landed on the day, in the order of their paths."""
    found = {folder.name: _files(folder / day) for folder in sorted(landing.iterdir())}
    return {source: files for source, files in found.items() if files}


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.name.endswith(ENDINGS))


def open_lines(file: Path) -> BufferedIOBase:
    """The lines of a file, decompressed as its name says."""
    match file.suffix:
        case ".gz":
            return gzip.open(file, "rb")
        case ".zst":
            return BufferedReader(zstandard.open(file, "rb"))
        case _:
            return file.open("rb")
