"""The read API in a process of its own, as it is served to others, and what that process takes."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bench.errors import BenchError

_ADDRESS = re.compile(r"http://([\d.]+):(\d+)")
_KIB = 1024
_TICKS = os.sysconf("SC_CLK_TCK")
_TIMES = slice(11, 15)
"""Where `/proc/…/stat` has the times of a process and of its children that have ended, counted from the state."""
_STOP_SECONDS = 30


@dataclass(frozen=True)
class Server:
    """A server that runs."""

    process_id: int
    host: str
    port: int

    @property
    def peak_bytes(self) -> int:
        """The most memory that it has had so far (RSS), with that of processes that it has started."""
        return sum(_peak(process) for process in _with_children(self.process_id))

    @property
    def cpu_seconds(self) -> float:
        """The processor seconds that it has taken so far."""
        return sum(cpu_seconds(process) for process in _with_children(self.process_id))


@contextmanager
def serving(data_dir: Path, log: Path, environment: dict[str, str]) -> Iterator[Server]:
    """Serve a data directory until the end of the context; what the server logs goes to a file."""
    command = [sys.executable, "-m", "usage_pipeline.cli", "serve", "--port", "0", "--data-dir", str(data_dir)]
    with log.open("wb") as stream:
        process = subprocess.Popen(  # noqa: S603 - ours
            command, stdout=subprocess.PIPE, stderr=stream, text=True, env=os.environ | environment
        )
        try:
            assert process.stdout is not None  # noqa: S101 - for the type checker
            printed = process.stdout.readline()
            found = _ADDRESS.search(printed)
            if found is None:
                raise BenchError(f"The server did not start:\n{printed}{log.read_text(encoding='utf-8')}")
            yield Server(process.pid, found[1], int(found[2]))
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(_STOP_SECONDS)


def cpu_seconds(process_id: int) -> float:
    """Return the processor seconds that a process has taken so far, and its children that have ended."""
    fields = Path(f"/proc/{process_id}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return sum(map(int, fields[_TIMES])) / _TICKS


def _with_children(process_id: int) -> list[int]:
    found = [process_id]
    for parent in found:
        for thread in Path(f"/proc/{parent}/task").iterdir():
            with suppress(FileNotFoundError):  # the thread has ended
                found += map(int, (thread / "children").read_text(encoding="utf-8").split())
    return found


def _peak(process_id: int) -> int:
    lines = Path(f"/proc/{process_id}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) * _KIB for line in lines if line.startswith("VmHWM:"))
