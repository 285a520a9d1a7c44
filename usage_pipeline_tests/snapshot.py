"""A copy of what a storage holds, for tests that begin where another began."""

import pickle
import shutil
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from usage_pipeline.pipeline.tables import TABLES
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.tables import SCHEMA, Zone

_TABLES = [spec.place for spec in TABLES if spec.zone is Zone.WAREHOUSE]
FILLED = " UNION ALL ".join(f"SELECT '{table}' WHERE EXISTS (SELECT FROM {table})" for table in _TABLES)
"""The SELECT of the tables that have rows."""
_COUNTED = f"""
SELECT schemaname || '.' || sequencename, last_value FROM pg_sequences
WHERE schemaname = '{SCHEMA}' AND last_value IS NOT NULL
"""


@dataclass(frozen=True)
class Snapshot:
    """What a storage held at one moment: the files of its data directory, and the rows of its database."""

    files: Path
    rows: dict[str, bytes]
    sequences: dict[str, int]
    told: Any = None
    """What else is known of that moment."""

    @classmethod
    def take(cls, storage: Storage, files: Path, told: Any = None) -> "Snapshot":
        """Copy what the storage holds; the files to this folder, which is not there yet."""
        shutil.copytree(storage.settings.data_dir, files)
        with closing(storage.warehouse.raw_connection()) as connection, closing(connection.cursor()) as cursor:
            cursor.execute(FILLED)
            filled = [table for (table,) in cursor.fetchall()]
            rows = {}
            for table in filled:
                with cursor.copy(f"COPY {table} TO STDOUT") as copy:
                    rows[table] = b"".join(copy)
            cursor.execute(_COUNTED)
            return cls(files, rows, dict(cursor.fetchall()), told)

    def keep(self) -> None:
        """Write it beside the copied files, for other processes to read."""
        _rows_beside(self.files).write_bytes(pickle.dumps((self.rows, self.sequences, self.told)))

    @classmethod
    def kept(cls, files: Path) -> "Snapshot":
        """What a process has kept, by the folder of the copied files."""
        return cls(files, *pickle.loads(_rows_beside(files).read_bytes()))  # noqa: S301 - a worker of this run wrote it

    def restore(self, storage: Storage) -> None:
        """Let a storage that is empty hold the same. Files keep their times, by which landing knows them."""
        shutil.copytree(self.files, storage.settings.data_dir, dirs_exist_ok=True)
        with closing(storage.warehouse.raw_connection()) as connection, closing(connection.cursor()) as cursor:
            for table, rows in self.rows.items():
                with cursor.copy(f"COPY {table} FROM STDIN") as copy:
                    copy.write(rows)
            for sequence, value in self.sequences.items():
                cursor.execute("SELECT setval(%s, %s)", (sequence, value))
            connection.commit()


def _rows_beside(files: Path) -> Path:
    return files.with_name(f"{files.name}.rows")
