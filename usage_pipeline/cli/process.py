"""Runs the command line as a process of its own, and ends that process.

Clearing the modules at its end takes the interpreter a tenth of a short command, and frees what the system frees
anyway. What libraries have registered for the end is done before.
"""

import atexit
import os
import sys
from contextlib import suppress

from usage_pipeline.cli import app

_UNEXPECTED = 1
"""The exit code of an error with a traceback, as the interpreter has it."""


class _Ending:
    """The end of the process, when all else that was registered for it is done."""

    def __init__(self) -> None:
        self.code = _UNEXPECTED

    def leave(self) -> None:
        """Leave at once. If what was printed cannot be written, the interpreter says so and leaves as usual."""
        with suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(self.code)


def main() -> None:
    """Run the command line, and end the process with its exit code."""
    ending = _Ending()
    atexit.register(ending.leave)  # the first of all, and so called last
    # Looking for plugins of pydantic reads the metadata of every installed package.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    try:
        app.main()
        ending.code = 0
    except SystemExit as ended:
        ending.code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        raise
