"""Scans the landing folder for files.

    landing/<source>/<landing day>/[<tenant>/]<file>.jsonl | .csv, plain or with .gz or .zst

Names that begin with a dot, or end in .tmp or .part, are skipped. Symbolic links are followed within the landing
folder. A problem with one file hides no other.
"""

import errno
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from pathlib import Path

from usage_pipeline.events.format_files import Formats
from usage_pipeline.events.format_parts import FileType
from usage_pipeline.events.source_format import SourceFormat
from usage_pipeline.settings import Settings

UNFINISHED = (".tmp", ".part")
COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}


class KnownFiles(StrEnum):
    """What becomes of files that landed by other formats or rules, and whose content is the same."""

    KEEP = "keep"
    AGAIN = "again"


@dataclass(frozen=True)
class LandingFile:
    """A file that can be landed."""

    path: str
    source: str
    landing_day: date
    tenant: str | None
    format: FileType
    compression: str | None
    size: int
    mtime_ns: int


@dataclass(frozen=True)
class Misplaced:
    """An entry of the landing folder that is not a landing file, with the problem and its remedy."""

    path: str
    problem: str


def without_tenant(path: str) -> str:
    """The path with `*` for the folder of a tenant and for the files there, for texts that outlive the tenant."""
    source, _, below = path.partition("/")
    day, _, entry = below.partition("/")
    return "/".join(filter(None, [source, day, "*/*" if "/" in entry else entry]))


@dataclass(frozen=True)
class Scan:
    """The content of the landing folder; files in landing order."""

    files: tuple[LandingFile, ...]
    misplaced: tuple[Misplaced, ...]

    def days(self) -> dict[date, list[LandingFile]]:
        """The files by landing day."""
        found: dict[date, list[LandingFile]] = {}
        for file in self.files:
            found.setdefault(file.landing_day, []).append(file)
        return found


def scan_landing(settings: Settings, formats: Formats) -> Scan:
    """Scan the whole landing folder."""
    return _Walk(settings, formats).scan()


def scan_days(settings: Settings, formats: Formats, days: Collection[date]) -> Scan:
    """Scan the folders of these landing days."""
    names = frozenset(day.isoformat() for day in days)
    found = _Walk(settings, formats, names).scan()
    return Scan(found.files, tuple(e for e in found.misplaced if names.intersection(e.path.split("/")[1:2])))


class _OutOfPlaceError(Exception):
    """An entry is not a landing file; the message says why, and what to do."""


@dataclass(frozen=True)
class _Place:
    path: str
    source: SourceFormat
    landing_day: date
    tenant: str | None = None


class _Walk:
    """Walks through the landing folder. Only symbolic links are resolved, because there may be 100,000 files."""

    def __init__(self, settings: Settings, formats: Formats, only: Collection[str] | None = None) -> None:
        self._settings = settings
        self._formats = formats
        self._only = only
        self._root = os.path.realpath(settings.landing)
        self._files: list[LandingFile] = []
        self._misplaced: list[Misplaced] = []

    def scan(self) -> Scan:
        with self._or_misplaced("."), suppress(FileNotFoundError):
            for entry in _visible(self._root, "expected the landing folder"):
                with self._or_misplaced(entry.name):
                    self._source(entry)
        files = sorted(self._files, key=lambda file: (file.landing_day, file.path.encode()))
        return Scan(tuple(files), tuple(sorted(self._misplaced, key=lambda entry: entry.path)))

    def _source(self, source: os.DirEntry[str]) -> None:
        self._check_link(source)
        days = _visible(source.path, "expected a folder named after a source")
        if source.name in self._formats.broken:
            raise _OutOfPlaceError("its format is broken; `usage-pipeline doctor` says why")
        if source.name not in self._formats:
            raise _OutOfPlaceError(f"no format has this name; known are {', '.join(sorted(self._formats))}")
        for day in days:
            if self._only is None or day.name in self._only:
                with self._or_misplaced(f"{source.name}/{day.name}"):
                    self._day(source.name, day)

    def _day(self, source: str, day: os.DirEntry[str]) -> None:
        landing_day = self._landing_day(day.name)
        self._check_link(day)
        place = _Place(f"{source}/{day.name}", self._formats[source], landing_day)
        for entry in _visible(day.path, "expected a folder"):
            with self._or_misplaced(f"{place.path}/{entry.name}"):
                self._tenant_or_file(place, entry)

    def _landing_day(self, name: str) -> date:
        day = _parse_day(name)
        if day is None:
            raise _OutOfPlaceError("expected a folder named after the landing day, YYYY-MM-DD")
        if day > self._settings.clock.today:
            raise _OutOfPlaceError("the landing day is in the future; it will be landed when it has come")
        first_day = self._settings.first_day
        if day < first_day:
            raise _OutOfPlaceError(f"the landing day is before the calendar begins ({first_day})")
        return day

    def _tenant_or_file(self, day: _Place, entry: os.DirEntry[str]) -> None:
        self._check_link(entry)
        if not entry.is_dir():
            self._files.append(self._file(day, entry))
            return
        if _ending(entry.name)[0] in {f".{known}" for known in FileType}:
            raise _OutOfPlaceError("expected a file, but this is a folder; rename it if it is that of a tenant")
        place = replace(day, path=f"{day.path}/{entry.name}", tenant=entry.name)
        for file in _visible(entry.path, "expected a folder"):
            try:  # a context manager would be slow for 100,000 files
                self._check_link(file)
                self._files.append(self._file(place, file))
            except (_OutOfPlaceError, OSError) as error:
                self._note(f"{place.path}/{file.name}", error)

    @staticmethod
    def _file(place: _Place, file: os.DirEntry[str]) -> LandingFile:
        path = f"{place.path}/{file.name}"
        if path.encode(errors="replace").decode() != path:
            raise _OutOfPlaceError("its name, or that of a folder above, is not UTF-8; rename it")
        if not file.is_file():
            raise _OutOfPlaceError(_no_file(file))
        ending, compression = _ending(file.name)
        expected = place.source.format
        if ending != f".{expected}":
            raise _OutOfPlaceError(f"expected a name ending in .{expected}, .{expected}.gz or .{expected}.zst")
        stat = file.stat()
        return LandingFile(
            path=path,
            source=place.source.name,
            landing_day=place.landing_day,
            tenant=place.tenant,
            format=expected,
            compression=compression,
            size=stat.st_size,
            mtime_ns=stat.st_mtime_ns,
        )

    @contextmanager
    def _or_misplaced(self, path: str) -> Iterator[None]:
        try:
            yield
        except (_OutOfPlaceError, OSError) as error:
            self._note(path, error)

    def _note(self, path: str, error: _OutOfPlaceError | OSError) -> None:
        problem = (
            f"it cannot be read ({error.strerror}); check its permissions"
            if isinstance(error, OSError)
            else str(error)
        )
        self._misplaced.append(Misplaced(path.encode(errors="backslashreplace").decode(), problem))

    def _check_link(self, entry: os.DirEntry[str]) -> None:
        if not entry.is_symlink():
            return
        try:
            target = Path(os.path.realpath(entry.path, strict=True))
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise _OutOfPlaceError(_link_problem("back to itself", "file")) from None
            if error.errno in (errno.ENOENT, errno.ENOTDIR):
                raise _OutOfPlaceError(_link_problem("nowhere", "file")) from None
            raise
        if not target.is_relative_to(self._root):
            kind = "folder" if target.is_dir() else "file"
            raise _OutOfPlaceError(_link_problem("out of the landing folder", kind))


def _no_file(entry: os.DirEntry[str]) -> str:
    if entry.is_dir():
        return "expected a file: folders go no deeper than <source>/<landing day>/<tenant>"
    return "expected a file; this is a pipe, a socket or a device"


def _link_problem(where: str, kind: str) -> str:
    return f"a symbolic link that leads {where}; put the {kind} itself here"


def _visible(folder: str, expected: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            found = [e for e in entries if not e.name.startswith(".") and not e.name.endswith(UNFINISHED)]
    except NotADirectoryError:
        raise _OutOfPlaceError(expected) from None
    return sorted(found, key=lambda entry: entry.name)


def _parse_day(name: str) -> date | None:
    try:
        day = date.fromisoformat(name)
    except ValueError:
        return None
    return day if day.isoformat() == name else None  # 20260220 and 2026-W08-5 are days too, but other names


def _ending(name: str) -> tuple[str, str | None]:
    """Return the ending of the format, and the compression."""
    stem, last = _suffix(name)
    return (_suffix(stem)[1], COMPRESSIONS[last]) if last in COMPRESSIONS else (last, None)


def _suffix(name: str) -> tuple[str, str]:
    """Split off the last ending. `Path` does the same, but is slow for 100,000 files."""
    stem, dot, last = name.rpartition(".")
    return (stem, dot + last) if stem and last else (name, "")
