"""Runs one command and says what it took, as JSON on the standard output.

A process of its own, with nothing but the standard library: on Linux a new process starts with the peak memory of
the one that started it, and that of the benchmark is larger than that of some subjects. And whatever the command
leaves behind becomes its child, so that the processor time of the database server counts, which is a daemon.

    python -I -S launch.py LOG COMMAND …
"""

import ctypes
import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

_KIB = 1024
_PR_SET_CHILD_SUBREAPER = 36
_SECONDS_TO_STOP = 60
"""How long what the command left behind may go on; a database that it stops is gone long before."""


def main() -> None:
    """Run the command, with what it prints going to the log."""
    log, *command = sys.argv[1:]
    _adopt_orphans()
    with Path(log).open("wb") as stream:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream)  # noqa: S603 - ours
        status, usage = _reap(process.pid)
        seconds = time.perf_counter() - started
    _reap_the_rest()
    everything = resource.getrusage(resource.RUSAGE_CHILDREN)
    took = {
        "seconds": seconds,
        "cpu_seconds": everything.ru_utime + everything.ru_stime,
        "peak_bytes": usage.ru_maxrss * _KIB,
        "exit_code": os.waitstatus_to_exitcode(status),
    }
    sys.stdout.write(json.dumps(took))


def _adopt_orphans() -> None:
    """Become the parent of descendants whose own parent ends: only a parent learns what a process took."""
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")


def _reap(command: int) -> tuple[int, resource.struct_rusage]:
    """Wait for the end of the command, and of all that ends before it."""
    while True:
        process, status, usage = os.wait4(-1, 0)
        if process == command:
            return status, usage


def _reap_the_rest() -> None:
    """Wait for what is left; a process that does not end ends this one, and with it the measurement."""
    signal.alarm(_SECONDS_TO_STOP)
    try:
        while True:
            os.wait4(-1, 0)
    except ChildProcessError:
        signal.alarm(0)


if __name__ == "__main__":
    main()
