"""Which landing files there are.

The folder names are the contract with whoever writes them:

    landing/<source>/<landing day>/[<tenant>/]<file>.jsonl | .csv, plain or with .gz or .zst
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from usage_pipeline.events import mapping
from usage_pipeline.events.mapping_parts import Format
from usage_pipeline.settings import Settings

UNFINISHED = (".tmp", ".part")
COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}


@dataclass(frozen=True)
class LandingFile:
    """A file that can be landed, as the folder shows it."""

    path: str
    source: str
    landing_day: date
    tenant: str | None
    format: Format
    compression: str | None
    size: int
    mtime_ns: int


@dataclass(frozen=True)
class Misplaced:
    """Something in the landing folder that is not a landing file, and what to do about it."""

    path: str
    problem: str


@dataclass(frozen=True)
class Scan:
    """All that the landing folder holds, in landing order."""

    files: tuple[LandingFile, ...]
    misplaced: tuple[Misplaced, ...]

    def days(self) -> dict[date, list[LandingFile]]:
        """The files by landing day."""
        found: dict[date, list[LandingFile]] = {}
        for file in self.files:
            found.setdefault(file.landing_day, []).append(file)
        return found


def scan_landing(settings: Settings, mappings: Mapping[str, mapping.Mapping]) -> Scan:
    """Look through the landing folder. Hidden files and those still being written are passed over."""
    found = list(_classify_all(settings, mappings))
    files = [entry for entry in found if isinstance(entry, LandingFile)]
    misplaced = [entry for entry in found if isinstance(entry, Misplaced)]
    files.sort(key=lambda file: (file.landing_day, file.path.encode()))
    return Scan(tuple(files), tuple(sorted(misplaced, key=lambda entry: entry.path)))


def scan_day(settings: Settings, mappings: Mapping[str, mapping.Mapping], day: date) -> list[LandingFile]:
    """The files of one landing day, in landing order."""
    found = [
        entry
        for name in mappings
        if (folder := settings.landing / name / day.isoformat()).is_dir()
        for entry in _classify_day(settings, mappings[name], folder)
    ]
    files = [entry for entry in found if isinstance(entry, LandingFile)]
    return sorted(files, key=lambda file: file.path.encode())


def _classify_all(
    settings: Settings, mappings: Mapping[str, mapping.Mapping]
) -> Iterator[LandingFile | Misplaced]:
    for source in _visible(settings.landing):
        if not source.is_dir():
            yield Misplaced(source.name, "expected a folder named after a source")
        elif source.name not in mappings:
            yield Misplaced(source.name, f"no mapping has this name; known are {', '.join(sorted(mappings))}")
        else:
            for day in _visible(source):
                yield from _classify_day(settings, mappings[source.name], day)


def _classify_day(settings: Settings, source: mapping.Mapping, day: Path) -> Iterator[LandingFile | Misplaced]:
    relative = f"{source.name}/{day.name}"
    landing_day = _parse_day(day.name)
    if landing_day is None:
        yield Misplaced(relative, "expected a folder named after the landing day, YYYY-MM-DD")
        return
    if landing_day > settings.today():
        yield Misplaced(relative, "the landing day is in the future; it will be landed when it has come")
        return
    if landing_day < settings.first_day:
        yield Misplaced(relative, f"the landing day is before the calendar begins ({settings.first_day})")
        return
    if not day.is_dir():
        yield Misplaced(relative, "expected a folder")
        return
    for entry in _visible(day):
        if entry.is_dir():
            for file in _visible(entry):
                yield _classify_file(_Place(settings.landing, source, landing_day, entry.name), file)
        else:
            yield _classify_file(_Place(settings.landing, source, landing_day, None), entry)


def _parse_day(name: str) -> date | None:
    try:
        day = date.fromisoformat(name)
    except ValueError:
        return None
    return day if day.isoformat() == name else None  # 20260220 and 2026-W08-5 are days too, but other names


@dataclass(frozen=True)
class _Place:
    """What the folders above a file say of it."""

    root: Path
    source: mapping.Mapping
    landing_day: date
    tenant: str | None


def _classify_file(place: _Place, file: Path) -> LandingFile | Misplaced:
    path = file.relative_to(place.root).as_posix()
    if not _is_utf8(path):
        readable = path.encode(errors="backslashreplace").decode()
        return Misplaced(readable, "its name, or that of a folder above, is not UTF-8; rename it")
    plain = file.with_suffix("") if file.suffix in COMPRESSIONS else file
    expected = place.source.format
    if not file.is_file():
        return Misplaced(path, "expected a file: folders go no deeper than <source>/<landing day>/<tenant>")
    if plain.suffix != f".{expected}":
        return Misplaced(path, f"expected a name ending in .{expected}, .{expected}.gz or .{expected}.zst")
    stat = file.stat()
    return LandingFile(
        path=path,
        source=place.source.name,
        landing_day=place.landing_day,
        tenant=place.tenant,
        format=expected,
        compression=COMPRESSIONS.get(file.suffix),
        size=stat.st_size,
        mtime_ns=stat.st_mtime_ns,
    )


def _is_utf8(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _visible(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries]
    return [folder / name for name in sorted(names) if not name.startswith(".") and not name.endswith(UNFINISHED)]
