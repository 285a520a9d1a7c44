"""What a run took: its processor seconds are those of all that it started."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench.measuring import ROOT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only on Linux can a process adopt others")

_WORK = """
import pathlib, sys, time
while time.process_time() < 0.3:
    pass
pathlib.Path(sys.argv[1]).write_text("done")
"""
_STARTS_A_DAEMON = f"""
import os, sys
if os.fork():
    os._exit(0)
os.setsid()
if os.fork():
    os._exit(0)
os.execv(sys.executable, [sys.executable, "-c", {_WORK!r}, sys.argv[1]])
"""
_ENDS_WITH_THREE = "raise SystemExit(3)"


def launch(folder: Path, code: str) -> dict[str, Any]:
    """What the launcher says of a Python program that is given a file to write."""
    launcher = [sys.executable, "-I", "-S", str(ROOT / "bench" / "launch.py"), str(folder / "log")]
    command = [sys.executable, "-c", code, str(folder / "done")]
    result = subprocess.run([*launcher, *command], capture_output=True, text=True, check=True)
    return dict(json.loads(result.stdout))


def test_processor_seconds_of_a_daemon_that_outlives_its_command_count(tmp_path: Path) -> None:
    took = launch(tmp_path, _STARTS_A_DAEMON)
    assert (took["exit_code"], (tmp_path / "done").read_text()) == (0, "done")
    assert took["cpu_seconds"] >= 0.3


def test_the_exit_code_is_that_of_the_command(tmp_path: Path) -> None:
    assert launch(tmp_path, _ENDS_WITH_THREE)["exit_code"] == 3
