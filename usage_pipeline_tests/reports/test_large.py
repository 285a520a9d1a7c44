"""The reports of a month of 500 tenants, in less than five minutes on two cores and 1.5 GB."""

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from usage_pipeline.pipeline.refresh import PlainRunner, refresh
from usage_pipeline.settings import Settings
from usage_pipeline.simulation.settings import Simulation
from usage_pipeline.simulation.simulate import simulate
from usage_pipeline.storage.opened import open_storage

pytestmark = pytest.mark.acceptance

_TENANTS, _CORES, _SECONDS, _MEGABYTES = 500, 2, 300, 1500
_NOW = datetime(2026, 6, 4, tzinfo=UTC)
_WRITE = """
import json, re, time
from pathlib import Path
from usage_pipeline.reports.months import due_reports, write_month
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import open_storage

with open_storage(Settings.load()) as storage:
    ((month, due),) = due_reports(storage).items()
    began = time.process_time()
    written = sum(1 for _ in write_month(storage, month, due, ("json", "csv", "pdf")))
    seconds = time.process_time() - began
# Of this program alone: the peak in the usage of resources begins with that of the process that started this one.
megabytes = int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024
print(json.dumps({"written": written, "seconds": seconds, "megabytes": megabytes}))
"""


def test_a_month_of_500_tenants(
    tmp_path: Path, new_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    simulate(Simulation(31, _TENANTS, 20, 1, date(2026, 5, 31), 0), tmp_path)
    for name, value in {
        "DATA_DIR": tmp_path,
        "DATABASE_URL": new_database(),
        "NOW": _NOW.isoformat(),
    }.items():
        monkeypatch.setenv(f"USAGE_{name}", str(value))
    with open_storage(Settings.load()) as storage:
        refresh(storage, PlainRunner(storage))
    run = subprocess.run([sys.executable, "-c", _WRITE], capture_output=True, text=True, check=True)
    found = json.loads(run.stdout)
    assert found["written"] == _TENANTS + 1
    assert found["seconds"] < _CORES * _SECONDS
    assert found["megabytes"] < _MEGABYTES
