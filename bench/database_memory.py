"""How much memory the embedded PostgreSQL takes while a subject runs."""

import threading
from contextlib import suppress
from pathlib import Path
from typing import Self

_SECONDS = 1.0
_KIB = 1024


class DatabaseMemory:
    """Looks once a second at the processes that run in the data directory's `postgres`, and keeps the largest sum.

    Memory that they share counts once (PSS). The subject's own processes run elsewhere.
    """

    def __init__(self, data_dir: Path) -> None:
        """Watch the database of this data directory."""
        self.peak_bytes = 0
        self._folder = (data_dir / "postgres").resolve()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        """Begin to watch."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(_SECONDS):
            self.peak_bytes = max(self.peak_bytes, sum(map(_memory, _processes(self._folder))))


def database_processes(data_dir: Path) -> list[int]:
    """Return the ids of the processes of the embedded PostgreSQL of a data directory."""
    return [int(process.name) for process in _processes((data_dir / "postgres").resolve())]


def _processes(folder: Path) -> list[Path]:
    return [process for process in Path("/proc").glob("[0-9]*") if _runs_in(process) == folder]


def _runs_in(process: Path) -> Path | None:
    with suppress(OSError):  # ended, or somebody else's
        return (process / "cwd").readlink()
    return None


def _memory(process: Path) -> int:
    with suppress(OSError):
        for line in (process / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * _KIB
    return 0
