"""Knows whether Ctrl+C was pressed, also while Dagster has a signal handler of its own."""

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_BYTES = 64
"""More signals than come in one run."""


@contextmanager
def watched_interrupts() -> Iterator[Callable[[], bool]]:
    """Yields a function that says whether the process was interrupted.

    Not where somebody else has put a handler in place of Python's and left it there: `dev` ends by Ctrl+C as it
    should, and a process that ignores it is not interrupted.
    """
    here, there = socket.socketpair()
    with here, there:
        for end in (here, there):
            end.settimeout(0)
        signal.set_wakeup_fd(there.fileno(), warn_on_full_buffer=False)
        try:
            yield lambda: _is_pythons_own() and signal.SIGINT in _received(here)
        finally:
            signal.set_wakeup_fd(-1)


def _is_pythons_own() -> bool:
    return signal.getsignal(signal.SIGINT) is signal.default_int_handler


def _received(end: socket.socket) -> bytes:
    """The numbers of all signals so far, each as a byte."""
    try:
        return end.recv(_BYTES)
    except BlockingIOError:
        return b""
