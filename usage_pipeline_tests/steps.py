"""Lets a process end, or an error come, at one of the steps by which it changes what others see."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from httpx import AsyncHTTPTransport
from sqlalchemy import Engine

FILES = ((Path, "unlink"), (Path, "replace"))
"""What changes the names of files."""
REQUESTS = ((AsyncHTTPTransport, "handle_async_request"),)
"""What sends webhooks."""


class KilledError(BaseException):
    """The process ends here; nothing catches it as an error."""


@dataclass
class Steps:
    """Steps that are taken, from 0. What fails before a step has failed after the one before it."""

    fails_at: int
    error: Callable[[], BaseException] = KilledError
    taken: list[str] = field(default_factory=list)

    @property
    def has_failed(self) -> bool:
        """Whether that step was taken."""
        return len(self.taken) > self.fails_at

    @contextmanager
    def of(self, *calls: tuple[object, str]) -> Iterator["Steps"]:
        """Count these calls, by owner and name."""
        with pytest.MonkeyPatch.context() as patch:
            for owner, name in calls:
                patch.setattr(owner, name, self._counted(name, getattr(owner, name)))
            yield self

    def _counted(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **kwargs: Any) -> Any:
            # Of a call to a database, the statement.
            self._take(" ".join([name, *(arg for arg in args if isinstance(arg, str))]))
            return call(*args, **kwargs)

        return counted

    def _take(self, step: str) -> None:
        self.taken.append(step)
        if len(self.taken) == self.fails_at + 1:
            raise self.error()


def statements(engine: Engine) -> Iterator[tuple[object, str]]:
    """What goes to the database: statements, rows that are copied, and commits."""
    yield from ((engine.dialect, name) for name in ("do_execute", "do_executemany", "do_commit"))
    yield psycopg.Copy, "write_row"
