"""Processes that are killed at work: what is imported once serves all of them, so that none is killed before."""

import multiprocessing
import time
from collections.abc import Callable
from signal import SIGKILL

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(
    [f"usage_pipeline_tests.end_to_end.test_{name}" for name in ("alert_kills", "erasure_kills", "retention")]
)


def run_for(seconds: float | None, work: Callable[..., object], *args: object) -> tuple[bool, float]:
    """Let a process work for so long at most; whether it was killed, and how long it has lived."""
    process, begun = PROCESSES.Process(target=work, args=args), time.monotonic()
    process.start()
    process.join(seconds)
    process.kill()
    process.join()
    assert process.exitcode in {0, -SIGKILL}
    return process.exitcode == -SIGKILL, time.monotonic() - begun
