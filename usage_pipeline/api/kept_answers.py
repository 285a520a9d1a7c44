"""Answers that were given, for as long as they would be the same: a page asks for its numbers again and again."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock

Question = tuple[str | None, str]
"""The tenant, or None for all, and a digest of what is asked."""
_MOST_BYTES = 20_000_000


class KeptAnswers:
    """The answers of one app. Those that nobody has asked for again for longest go first."""

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        """Begin without any."""
        self._most_bytes = most_bytes
        self._bytes = 0
        self._kept: OrderedDict[Question, tuple[Hashable, bytes]] = OrderedDict()
        self._lock = Lock()

    def get(self, question: Question, as_of: Hashable, answer: Callable[[], bytes]) -> bytes:
        """Return the answer to a question. It is made only if what it is as of is not what it was."""
        with self._lock:
            known_as_of, body = self._kept.get(question, (None, b""))
            if known_as_of == as_of:
                self._kept.move_to_end(question)
                return body
        body = answer()
        with self._lock:
            self._drop(question)
            self._kept[question] = as_of, body
            self._bytes += len(body)
            while self._bytes > self._most_bytes:
                self._drop(next(iter(self._kept)))
        return body

    def forget(self) -> None:
        """Drop all answers."""
        with self._lock:
            self._kept.clear()
            self._bytes = 0

    def _drop(self, question: Question) -> None:
        _, body = self._kept.pop(question, (None, b""))
        self._bytes -= len(body)
