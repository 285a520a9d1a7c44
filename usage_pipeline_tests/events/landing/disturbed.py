"""A lake in which something happens while landing writes: so a test meets a batch of files in its midst."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from usage_pipeline.storage.lake import Lake
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.tables import TableSpec


@dataclass(frozen=True)
class DisturbedLake(Lake):
    """Each write of objects, of one file or of several, is preceded by the next of these disturbances."""

    disturbances: Iterator[Callable[[], object]]

    def replace(self, target: Path, write: Callable[[Path], None]) -> None:
        self._disturb()
        super().replace(target, write)

    def replace_all(
        self,
        spec: TableSpec,
        write: Callable[[Path], Mapping[Path, Path]],
        expect_mine: Callable[[], None] = lambda: None,
    ) -> None:
        self._disturb()
        super().replace_all(spec, write, expect_mine)

    def _disturb(self) -> None:
        next(self.disturbances, lambda: None)()


def disturbed(storage: Storage, *disturbances: Callable[[], object]) -> Storage:
    """The same storage with these disturbances, one at each of the next writes."""
    return replace(storage, lake=DisturbedLake(storage.lake.data_dir, iter(disturbances)))


def raising(error: BaseException) -> Callable[[], object]:
    """A disturbance that ends the write with this error."""

    def disturb() -> object:
        raise error

    return disturb
