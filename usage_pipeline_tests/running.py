"""How the tests are run: where they write, their order, what workers share, when garbage is sought, examples."""

import fcntl
import gc
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import groupby
from pathlib import Path

import hypothesis
import pytest

# The same examples in every run: what fails here fails for everyone. `HYPOTHESIS_PROFILE=search` looks for more.
hypothesis.settings.register_profile("same", derandomize=True, deadline=None, max_examples=50)
hypothesis.settings.register_profile("search", deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))

# What is imported and collected stays: to look for garbage in it meanwhile takes a tenth of that time.
gc.disable()

MEMORY = Path("/dev/shm")  # noqa: S108 - pytest makes a folder of its own there
ROOM = 3 << 30
"""The bytes that must be free: seven times what a quarter of the tests had there at once."""

Once = Callable[[str], AbstractContextManager[tuple[Path, bool]]]


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """Lets one worker make what all share: the folder that they share, and whether it is still to be made."""
    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent

    @contextmanager
    def make(name: str) -> Iterator[tuple[Path, bool]]:
        made = root / f"{name}_is_made"
        with (root / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield root, not made.exists()
            made.touch()

    return make


def pytest_configure() -> None:
    """Let tests write to memory where there is room: a disk takes 10 ms for each object.

    The pipeline waits until the disk has an object, and no test stops the machine. `--basetemp` goes before.
    """
    if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


def pytest_collection_finish() -> None:
    """Look for garbage again, but seldom, and not in what was imported."""
    gc.freeze()
    gc.set_threshold(300_000)
    gc.enable()


def pytest_unconfigure() -> None:
    """Let the interpreter take down what was left out of its search; a worker only ends."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        gc.freeze()
    else:
        gc.unfreeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spread the files of whole processes, which mostly wait, over the first four fifths of the others.

    So while one worker waits the others compute, and in the end none is left with a long file.
    """
    waiting = files_of(item for item in items if is_of_processes(item))
    computing = files_of(item for item in items if not is_of_processes(item))
    places = [(number * 4 * len(computing) // (5 * len(waiting)), file) for number, file in enumerate(waiting)]
    for place, file in reversed(places):
        computing.insert(place, file)
    items[:] = [item for file in computing for item in file]


def is_of_processes(item: pytest.Item) -> bool:
    return "end_to_end" in item.path.parts


def files_of(items: Iterable[pytest.Item]) -> list[list[pytest.Item]]:
    """The tests by file, in their order."""
    return [list(file) for _, file in groupby(items, key=lambda item: item.path)]
