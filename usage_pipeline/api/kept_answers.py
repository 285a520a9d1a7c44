"""Answers that were given, for as long as they would be the same: a page asks for its numbers again and again."""

from collections.abc import Callable, Hashable
from threading import Lock

from cachetools import LRUCache

Question = tuple[str | None, str]
"""The tenant, or None for all, and a digest of what is asked."""
_MOST_BYTES = 20_000_000
_Kept = tuple[Hashable, bytes]
"""What an answer is as of, and the answer."""
_BYTES_BESIDE = 700
"""Of an answer, for its question and what it is as of."""
_MOST_SHARE = 10
"""An answer may take one of so many parts of the room: a larger one would put out all others."""


class KeptAnswers:
    """The answers of one app. Those that nobody has asked for again for longest go first."""

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        """Begin without any."""
        self._kept: LRUCache[Question, _Kept] = LRUCache(most_bytes, _size)
        self._forgotten = 0
        """How often all were dropped: what is being made meanwhile is of before."""
        self._lock = Lock()

    def get(self, question: Question, as_of: Hashable, answer: Callable[[], bytes]) -> bytes:
        """Return the answer to a question. It is made only if what it is as of is not what it was."""
        with self._lock:
            forgotten, kept = self._forgotten, self._kept.get(question)
            if kept is not None and kept[0] == as_of:
                return kept[1]
        body = answer()
        with self._lock:
            if forgotten == self._forgotten:
                self._keep(question, as_of, body)
        return body

    def forget(self) -> None:
        """Drop all answers."""
        with self._lock:
            self._kept.clear()
            self._forgotten += 1

    def _keep(self, question: Question, as_of: Hashable, body: bytes) -> None:
        kept = as_of, body
        if _size(kept) * _MOST_SHARE <= self._kept.maxsize:
            self._kept[question] = kept
        else:
            self._kept.pop(question, None)


def _size(kept: _Kept) -> int:
    return len(kept[1]) + _BYTES_BESIDE
