"""What outlooks and anomalies of many tenants take: seconds, and memory of the process."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.bars import Bar
from bench.datasets import LISTED_DAYS
from bench.errors import BenchError
from bench.insights.result import Result, Row, at_most
from bench.many_tenants import TENANTS, make_listed
from bench.measuring import ROOT

_RECORDS_PER_DAY = 5_000
_MINUTES, _GIGABYTES = 10, 1.5
_GB = 1_000_000_000


_LIMITS = """
- {id: tokens, tenant: '*', metric: tokens_total, period: month, amount: '200000'}
- {id: requests, tenant: '*', metric: requests, period: month, amount: '300'}
"""
_PARTS = {
    "outlooks": "outlooks and anomalies of 5 measures",
    "kept": "kept tables of a day, of all usual measures",
}


def measure_large(work: Path, tell: Callable[[str], None]) -> Result:
    """Land and compute the usage of many tenants, then forecast and judge it, each in a process of its own."""
    data_dir = work / "many"
    tell(f"landing and computing {LISTED_DAYS} days of {TENANTS} tenants")
    make_listed(data_dir, _RECORDS_PER_DAY, all_tables=True)
    (data_dir / "reference").mkdir(exist_ok=True)
    (data_dir / "reference" / "limits.yaml").write_text(_LIMITS, encoding="utf-8")
    found = []
    for part, name in _PARTS.items():
        tell(name)
        found.append(_measured(data_dir, part, name))
    return Result(
        f"What many tenants take, with {LISTED_DAYS} days and two limits each",
        ("Data", "Forecasts", "Series judged", "Minutes", "Processor", "Peak memory"),
        [measured.row for measured in found],
        [bar for measured in found for bar in measured.bars],
    )


@dataclass(frozen=True)
class _Measured:
    name: str
    tenants: int
    forecasts: int
    judged: int
    minutes: float
    processor_seconds: float
    gigabytes: float

    @property
    def row(self) -> Row:
        counts = (f"{self.forecasts:,}", f"{self.judged:,}")
        took = (f"{self.minutes:.1f}", f"{self.processor_seconds:.0f} s", f"{self.gigabytes:.2f} GB")
        return (f"{self.tenants} tenants: {self.name}", *counts, *took)

    @property
    def bars(self) -> tuple[Bar, ...]:
        return (
            at_most(f"Minutes, {self.name}", _MINUTES, self.minutes),
            at_most(f"Peak memory, {self.name}", _GIGABYTES, self.gigabytes, " GB"),
        )


def _measured(data_dir: Path, part: str, name: str) -> _Measured:
    log = data_dir.parent / "many.log"
    command = [sys.executable, "-m", "bench.insights.many", str(data_dir), part]
    launch = [sys.executable, "-I", "-S", str(ROOT / "bench" / "launch.py"), str(log), *command]
    took = json.loads(subprocess.run(launch, cwd=ROOT, capture_output=True, check=True).stdout)  # noqa: S603 - ours
    printed = log.read_text(encoding="utf-8", errors="replace")
    if took["exit_code"]:
        raise BenchError(f"Looking at {TENANTS} tenants failed:\n{printed}")
    tenants, forecasts, judged = map(int, printed.split()[-3:])
    return _Measured(
        name, tenants, forecasts, judged, took["seconds"] / 60, took["cpu_seconds"], took["peak_bytes"] / _GB
    )
