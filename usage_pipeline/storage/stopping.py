"""Questions that can be stopped, because their caller has left or has waited long enough.

A thread cannot be ended from outside. So a server says which question its threads work for. When that is stopped,
what they ask of DuckDB is interrupted, and what they would ask next fails. Commands have no such question.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock
from typing import TYPE_CHECKING

from usage_pipeline.errors import StoppedError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


class Question:
    """What is computed for one caller, perhaps by several threads after one another."""

    def __init__(self) -> None:
        """Begin without any work."""
        self._working: list[DuckDBPyConnection] = []
        self._lock = Lock()
        self.is_stopped = False

    def stop(self) -> None:
        """Stop its work. An interrupt ends one statement, so this is repeated until the work has ended."""
        with self._lock:
            self.is_stopped = True
            for duck in self._working:
                duck.interrupt()

    @contextmanager
    def working(self, duck: "DuckDBPyConnection") -> Iterator[None]:
        """Let it be interrupted meanwhile. Raises StoppedError in place of any error once it is stopped."""
        with self._lock:
            self.expect_wanted()
            self._working.append(duck)
        try:
            yield
        except Exception:
            self.expect_wanted()
            raise
        finally:
            with self._lock:
                self._working = [other for other in self._working if other is not duck]

    def expect_wanted(self) -> None:
        """Raise StoppedError if it is stopped."""
        if self.is_stopped:
            raise StoppedError("The answer is not wanted any more.") from None


_NEVER_STOPPED = Question()
_present: ContextVar[Question] = ContextVar("question", default=_NEVER_STOPPED)


@contextmanager
def as_question() -> Iterator[Question]:
    """Let everything that is asked meanwhile be a part of one question, also in threads that are begun."""
    question = Question()
    token = _present.set(question)
    try:
        yield question
    finally:
        _present.reset(token)


def present_question() -> Question:
    """Return the question that is being answered; for commands, one that nobody stops."""
    return _present.get()
