"""Deployments that processes run on, and the first days of the real log."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import psycopg
import zstandard

from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import open_storage
from usage_pipeline_tests.support import digests, shared

PROJECT = Path(__file__).parents[2]
AIDER_LANDING_DAY = "2026-04-26"
POLL_SECONDS = 0.02
NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True)
class Deployment:
    """A data directory with databases of its own."""

    settings: Settings
    environment: dict[str, str]

    @classmethod
    def create(
        cls, folder: Path, new_databases: Callable[[], tuple[str, str]], more: Mapping[str, str] = NOTHING
    ) -> "Deployment":
        """One in this folder, with two databases, and the environment of processes that use them."""
        database_url, dagster_database_url = new_databases()
        variables = {
            "USAGE_DATA_DIR": str(folder / "data"),
            "USAGE_DATABASE_URL": database_url,
            "USAGE_DAGSTER_DATABASE_URL": dagster_database_url,
            "USAGE_DIGEST_KEY": "test",
        }
        settings = Settings.load(data_dir=folder / "data", database_url=database_url, digest_key="test")
        return cls(settings, {**os.environ, **variables, **more})

    def with_plans(self) -> "Deployment":
        """Take the shared plans, by which the tenant `aider` keeps everything."""
        shutil.copytree(shared("reference"), self.settings.reference, dirs_exist_ok=True)
        return self

    def place(self, content: bytes, day: str = AIDER_LANDING_DAY, name: str = "events.jsonl.zst") -> Path:
        """Put a file of the aider log into a landing folder."""
        path = self.settings.landing / "aider" / day / "aider" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the command."""
        return subprocess.Popen(
            [sys.executable, "-m", "usage_pipeline.cli", *arguments],
            cwd=PROJECT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def command(self, *arguments: str) -> str:
        """Run the command to its end; it must succeed."""
        process = self.start(*arguments)
        output, _ = process.communicate()
        assert process.returncode == 0, output
        return output

    def partitions(self) -> int:
        """How many partitions have been begun."""
        url = self.settings.database_url
        assert url is not None
        with psycopg.connect(url.get_secret_value()) as connection:
            row = connection.execute("SELECT count(*) FROM usage.partition_state").fetchone()
            assert row is not None
            return int(row[0])

    def digests(self) -> dict[tuple[str, object], str | None]:
        """The digests of all its partitions."""
        with open_storage(self.settings) as storage:
            return dict(digests(storage))


def run_and_kill(deployment: Deployment, reached: Callable[[], bool]) -> bool:
    """Start `run` and kill it as soon as a point is reached; False when it was faster than that."""
    process = deployment.start("run", "--no-suites")
    try:
        while process.poll() is None:
            if reached():
                process.send_signal(signal.SIGKILL)
                break
            try:
                process.wait(POLL_SECONDS)
            except subprocess.TimeoutExpired:
                continue
    finally:
        process.kill()
        process.communicate()
    return process.returncode == -signal.SIGKILL


def first_days(log: Path, days: int) -> bytes:
    """The lines of the log's first days, compressed like the whole."""
    with zstandard.open(log, "rt") as stream:
        lines = [(json.loads(line)["time"] // 86_400, line) for line in stream]
    kept = sorted({day for day, _ in lines})[:days]
    return zstandard.compress("".join(line for day, line in lines if day in kept).encode())
