"""Objects as they were found: which tells whether one has been replaced since."""

from datetime import date
from pathlib import Path
from typing import NamedTuple, Self

Version = tuple[int, int, int]


class DayObject(NamedTuple):
    """The object of a day."""

    day: date
    path: Path
    version: Version
    """What tells it from the one that takes its place: the inode, the time of the last change, and the size."""

    @classmethod
    def of(cls, day: date, path: Path) -> Self:
        """Look at it. Raises FileNotFoundError if it is gone."""
        status = path.stat()
        return cls(day, path, (status.st_ino, status.st_mtime_ns, status.st_size))

    @property
    def size(self) -> int:
        """Its bytes."""
        return self.version[-1]
