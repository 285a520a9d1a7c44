"""Runs one command and says what it took, as JSON on the standard output.

A process of its own, with nothing but the standard library: on Linux a new process starts with the peak memory of
the one that started it, and that of the benchmark is larger than that of some subjects.

    python -I -S launch.py LOG COMMAND …
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

_KIB = 1024


def main() -> None:
    """Run the command, with what it prints going to the log."""
    log, *command = sys.argv[1:]
    with Path(log).open("wb") as stream:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream)  # noqa: S603 - ours
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
    took = {
        "seconds": seconds,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_bytes": usage.ru_maxrss * _KIB,
        "exit_code": os.waitstatus_to_exitcode(status),
    }
    sys.stdout.write(json.dumps(took))


if __name__ == "__main__":
    main()
