"""Changes rows behind the pipeline's back, as a fault of ours or a stranger would."""

from pathlib import Path

from usage_pipeline.storage.engine import literal, parquet_scan, session
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.tables import TableSpec


def objects(storage: Storage, spec: TableSpec) -> list[Path]:
    """The objects of a table of the lake or the rollups."""
    return sorted((storage.settings.data_dir / spec.zone / spec.name).rglob("*.parquet"))


def rewrite(storage: Storage, spec: TableSpec, select: str) -> None:
    """Put what the SELECT makes of the one object, which it reads as `rows`, in the place of the object."""
    (path,) = objects(storage, spec)
    rewrite_object(storage, path, select)


def rewrite_object(storage: Storage, path: Path, select: str) -> None:
    """Put what the SELECT makes of an object, which it reads as `rows`, in the place of the object."""
    changed = path.with_suffix(".changed")
    with session(storage.engine) as duck:
        duck.execute(f"CREATE TEMP VIEW rows AS FROM {parquet_scan([path])}")
        duck.execute(f"COPY ({select}) TO {literal(str(changed))} (FORMAT parquet)")
    changed.replace(path)
