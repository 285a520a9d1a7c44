"""The files of lake and rollups: one Parquet object per partition, replaced by one atomic operation.

A reader sees the old object or the new one, never half of one. The file system must rename atomically, as local
and network file systems do.
"""

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from uuid import uuid4

from usage_pipeline.storage.tables import TableSpec

_UNFINISHED = ".part"
_ENDING = ".parquet"

DAY_OF_OBJECT = r"CAST(regexp_extract(filename, '=(\d{4}-\d{2}-\d{2})/[^/]+$', 1) AS DATE)"
"""The SQL of the day of an object, which its folder names, by the `filename` of a scan."""


@dataclass(frozen=True)
class Lake:
    """The lake and the rollups below one data directory."""

    data_dir: Path

    def folder(self, spec: TableSpec, day: date) -> Path:
        """The folder of one partition."""
        return self.data_dir / f"{spec.zone}/{spec.name}/{spec.partitioned_by}={day}"

    def object(self, spec: TableSpec, day: date, name: str | None = None) -> Path:
        """The object of one partition; landing tables have one per landing file, named by its digest."""
        return self.folder(spec, day) / f"{name or spec.name}{_ENDING}"

    def rows(self, spec: TableSpec, day: date) -> int:
        """The number of rows of one partition, from the footers of its objects."""
        from pyarrow import parquet  # noqa: PLC0415 - slow to import

        objects = self.folder(spec, day).glob(f"*{_ENDING}")
        return sum(parquet.read_metadata(path).num_rows for path in objects)

    def exists(self, path: Path) -> bool:
        """Whether an object is there."""
        return path.exists()

    def days(self, spec: TableSpec) -> dict[date, Path]:
        """The partitions that have an object of the table's own name."""
        prefix = f"{spec.partitioned_by}="
        paths = (self.data_dir / spec.zone / spec.name).glob(f"{prefix}*/{spec.name}{_ENDING}")
        return {date.fromisoformat(path.parent.name.removeprefix(prefix)): path for path in paths}

    def replace(self, target: Path, write: Callable[[Path], None]) -> None:
        """Let `write` make a file next to the target, sync it, and rename it to the target."""
        unfinished = target.with_name(f".{target.name}.{uuid4().hex}{_UNFINISHED}")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            write(unfinished)
            sync(unfinished)
            unfinished.replace(target)
            sync(target.parent)
        finally:
            unfinished.unlink(missing_ok=True)

    def replace_all(
        self,
        spec: TableSpec,
        write: Callable[[Path], Mapping[Path, Path]],
        expect_mine: Callable[[], None] = lambda: None,
    ) -> None:
        """Let `write` make files in a hidden folder of the table, and say in which target's place each is put.

        `expect_mine` raises if the targets are no longer the caller's to replace; then none is.
        """
        unfinished = self.data_dir / spec.zone / spec.name / f".{uuid4().hex}{_UNFINISHED}"
        unfinished.mkdir(parents=True)
        try:
            made = write(unfinished)
            for target, file in made.items():
                target.parent.mkdir(parents=True, exist_ok=True)
                sync(file)
            expect_mine()
            for target, file in made.items():
                file.replace(target)
            for folder in {target.parent for target in made}:
                sync(folder)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)

    def keep_only(self, spec: TableSpec, day: date, names: set[str]) -> None:
        """Remove from a landing partition the objects that no landing file names any more."""
        for name in _names_in(self.folder(spec, day)):
            if name.endswith(_ENDING) and name.removesuffix(_ENDING) not in names:
                (self.folder(spec, day) / name).unlink(missing_ok=True)


def _names_in(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208 - asked for each table of each landing day
    except FileNotFoundError:
        return []


def sync(path: Path) -> None:
    """Have the disk keep a file or the names in a folder, also if the machine stops."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
