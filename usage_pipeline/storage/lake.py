"""The files of lake and rollups: one Parquet object per partition, replaced by one atomic operation.

A reader sees the old object or the new one, never half of one. Paths go through fsspec so that an object
store can follow; until then a local or network file system is needed, because a rename must be atomic.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from uuid import uuid4

import fsspec
from fsspec import AbstractFileSystem

from usage_pipeline.storage.tables import TableSpec

_FILES: AbstractFileSystem = fsspec.filesystem("file")
_UNFINISHED = ".part"


@dataclass(frozen=True)
class Lake:
    """The lake and the rollups below one data directory."""

    data_dir: Path

    def folder(self, spec: TableSpec, day: date) -> Path:
        """The folder of one partition."""
        return self.data_dir / spec.zone / spec.name / f"{spec.partitioned_by}={day}"

    def object(self, spec: TableSpec, day: date, name: str | None = None) -> Path:
        """The object of one partition; landing tables have one per landing file, named by its digest."""
        return self.folder(spec, day) / f"{name or spec.name}.parquet"

    def exists(self, path: Path) -> bool:
        """Whether an object is there."""
        return bool(_FILES.exists(str(path)))

    def days(self, spec: TableSpec) -> dict[date, Path]:
        """The partitions that have an object of the table's own name."""
        prefix = f"{spec.partitioned_by}="
        pattern = self.data_dir / spec.zone / spec.name / f"{prefix}*" / f"{spec.name}.parquet"
        paths = [Path(found) for found in _FILES.glob(_literal_root(self.data_dir, pattern))]
        return {date.fromisoformat(path.parent.name.removeprefix(prefix)): path for path in paths}

    def replace(self, target: Path, write: Callable[[Path], None]) -> None:
        """Let `write` make a file beside the target, make it durable, and put it in the target's place."""
        unfinished = target.with_name(f".{target.name}.{uuid4().hex}{_UNFINISHED}")
        try:
            _FILES.makedirs(str(target.parent), exist_ok=True)
            write(unfinished)
            self.publish(unfinished, target)
        finally:
            unfinished.unlink(missing_ok=True)

    @contextmanager
    def unfinished(self, spec: TableSpec) -> Iterator[Path]:
        """A hidden folder beside the table's partitions, to make objects in; gone at the end."""
        folder = self.data_dir / spec.zone / spec.name / f".{uuid4().hex}{_UNFINISHED}"
        _FILES.makedirs(str(folder))
        try:
            yield folder
        finally:
            _FILES.rm(str(folder), recursive=True)

    def publish(self, made: Path, target: Path) -> None:
        """Make a finished file durable and put it in the target's place."""
        _FILES.makedirs(str(target.parent), exist_ok=True)
        _sync(made)
        made.replace(target)
        _sync(target.parent)

    def keep_only(self, spec: TableSpec, day: date, names: set[str]) -> None:
        """Remove from a landing partition the objects that no landing file names any more."""
        for path in self.folder(spec, day).glob("*.parquet"):
            if path.stem not in names:
                path.unlink(missing_ok=True)


def _literal_root(root: Path, pattern: Path) -> str:
    """The pattern with glob characters active only below the root."""
    escaped = "".join(f"[{char}]" if char in "*?[" else char for char in str(root))
    return escaped + str(pattern)[len(str(root)) :]


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
