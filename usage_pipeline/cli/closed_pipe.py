"""Ends a command without a word when the reader of its output has enough, as in `usage-pipeline usage | head`."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

CODE = 141
"""The exit code that a shell tells of a program that was ended so by the system: 128 and the number of SIGPIPE."""


@contextmanager
def quiet_at_closed_pipe() -> Iterator[None]:
    """Exit with `CODE` if a pipe was closed while the command printed, or when the rest of it is written.

    SIGPIPE itself stays ignored: it would also come from connections, and end the process amid its work.
    """
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except (BrokenPipeError, SystemExit) as error:
        if not _is_of_closed_pipe(error):
            raise
        _drop_the_rest()
        raise SystemExit(CODE) from None


def _is_of_closed_pipe(error: BaseException | None) -> bool:
    """Whether an error is one, or was raised while one was handled: Typer and Rich exit with code 1 then."""
    while error is not None:
        if isinstance(error, BrokenPipeError):
            return True
        error = error.__context__
    return False


def _drop_the_rest() -> None:
    """Let what is left in the buffer go nowhere, or the interpreter would try to write it at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
