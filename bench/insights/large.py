"""What outlooks and anomalies of many tenants take: seconds, and memory of the process."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from bench.datasets import LISTED_DAYS
from bench.errors import BenchError
from bench.insights.result import Result, at_most
from bench.many_tenants import TENANTS, make_listed
from bench.measuring import ROOT

_RECORDS_PER_DAY = 5_000
_MINUTES, _GIGABYTES = 10, 1.5
_GB = 1_000_000_000


def measure_large(work: Path, tell: Callable[[str], None]) -> Result:
    """Land and compute the usage of many tenants, then forecast and judge all of it in a process of its own."""
    data_dir = work / "many"
    tell(f"landing and computing {LISTED_DAYS} days of {TENANTS} tenants")
    make_listed(data_dir, _RECORDS_PER_DAY, all_tables=True)
    tell(f"forecasting and judging {TENANTS} tenants")
    log = work / "many.log"
    command = [sys.executable, "-m", "bench.insights.many", str(data_dir)]
    launch = [sys.executable, "-I", "-S", str(ROOT / "bench" / "launch.py"), str(log), *command]
    took = json.loads(subprocess.run(launch, cwd=ROOT, capture_output=True, check=True).stdout)  # noqa: S603 - ours
    printed = log.read_text(encoding="utf-8", errors="replace")
    if took["exit_code"]:
        raise BenchError(f"Forecasting {TENANTS} tenants failed:\n{printed}")
    tenants, forecasts, judged = map(int, printed.split()[-3:])
    minutes, gigabytes = took["seconds"] / 60, took["peak_bytes"] / _GB
    name = f"{tenants} tenants, 5 measures, {LISTED_DAYS} days"
    return Result(
        "Forecasts, limits, credits and the anomalies of the last 7 days of many tenants",
        ("Data", "Forecasts", "Series judged", "Minutes", "Peak memory"),
        [(name, f"{forecasts:,}", f"{judged:,}", f"{minutes:.1f}", f"{gigabytes:.2f} GB")],
        [at_most(f"Minutes, {name}", _MINUTES, minutes), at_most("Peak memory", _GIGABYTES, gigabytes, " GB")],
    )
