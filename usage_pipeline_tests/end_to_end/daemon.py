"""A deployment with the real web server and daemon, asked and told through GraphQL as the UI does."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from usage_pipeline_tests.end_to_end.support import PROJECT

START_SECONDS = 120
POLL_SECONDS = 0.5

STATUSES = """{
  assetNodes {
    assetKey { path }
    assetPartitionStatuses { ... on TimePartitionStatuses { ranges { status startKey endKey } } }
  }
}"""
RUNS = """query($filter: RunsFilter) {
  runsOrError(filter: $filter) { ... on Runs { results {
    runId status jobName tags { key value } assetSelection { path }
  } } }
}"""


@dataclass(frozen=True)
class Service:
    """The running service."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """The answer of GraphQL."""
        answer = httpx.post(self.url, json={"query": query, "variables": variables}, timeout=60)
        answer.raise_for_status()
        body = answer.json()
        assert "errors" not in body, body
        return dict(body["data"])

    def materialized(self) -> dict[str, list[tuple[str, str]]]:
        """The ranges of materialized partitions that the UI shows, by asset."""
        return {
            node["assetKey"]["path"][-1]: [
                (found["startKey"], found["endKey"])
                for found in node["assetPartitionStatuses"]["ranges"]
                if found["status"] == "MATERIALIZED"
            ]
            for node in self.ask(STATUSES)["assetNodes"]
        }

    def runs(self, **chosen: Any) -> list[dict[str, Any]]:
        """The runs, newest first; `chosen` filters them."""
        found = self.ask(RUNS, filter=chosen)["runsOrError"]["results"]
        return [{**run, "tags": {tag["key"]: tag["value"] for tag in run["tags"]}} for run in found]

    def wait_for(self, reached: Callable[[], bool], seconds: float) -> None:
        """Ask again and again until it is so; fail with the log when it takes too long."""
        deadline = time.monotonic() + seconds
        while not reached():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()[-20_000:]
            self.pause()

    def pause(self) -> None:
        """Let a moment pass."""
        try:
            self.process.wait(POLL_SECONDS)
        except subprocess.TimeoutExpired:
            return

    def is_loaded(self) -> bool:
        """Whether the code location can be asked."""
        try:
            return bool(self.ask(STATUSES)["assetNodes"])
        except (httpx.HTTPError, AssertionError):
            return False

    def kill(self) -> None:
        """Kill every process of it at once, as a power cut would."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(START_SECONDS)


@contextmanager
def service(environment: Mapping[str, str], data_dir: Path) -> Iterator[Service]:
    """`usage-pipeline dev` on a free port, loaded; stopped in the end if it still runs."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "usage_pipeline.cli", "dev", "--port", str(port)]
    data_dir.mkdir(parents=True, exist_ok=True)
    log = data_dir / "dev.log"
    with log.open("a") as output:
        process = subprocess.Popen(
            command, cwd=PROJECT, stdout=output, stderr=output, env=dict(environment), start_new_session=True
        )
        running = Service(f"http://127.0.0.1:{port}/graphql", process, log)
        try:
            running.wait_for(running.is_loaded, START_SECONDS)
            yield running
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                process.wait(START_SECONDS)
