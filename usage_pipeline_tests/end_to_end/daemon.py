"""A deployment with the real web server and daemon, asked and told through GraphQL as the UI does."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import httpx

from usage_pipeline_tests.end_to_end.support import PROJECT

START_SECONDS = 120
STOP_SECONDS = 60
POLL_SECONDS = 1

STATUSES = """{
  assetNodes {
    assetKey { path }
    assetPartitionStatuses { ... on TimePartitionStatuses { ranges { status startKey endKey } } }
  }
}"""
EXECUTIONS = """query($asset: AssetKeyInput!, $check: String!) {
  assetCheckExecutions(assetKey: $asset, checkName: $check, limit: 100) {
    status partition
    evaluation { severity description metadataEntries { label ... on TableMetadataEntry { table { records } } } }
  }
}"""
SENSOR = """query($sensor: SensorSelector!) {
  sensorOrError(sensorSelector: $sensor) { ... on Sensor { sensorState { ticks(limit: 5) { skipReason } } } }
}"""
WIPE = """mutation($assets: [PartitionsByAssetSelector!]!) {
  wipeAssets(assetPartitionRanges: $assets) { __typename }
}"""
LAUNCH_RUN = """mutation($params: ExecutionParams!) {
  launchRun(executionParams: $params) {
    __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message }
  }
}"""
REPOSITORY = {"repositoryName": "__repository__", "repositoryLocationName": "usage_pipeline"}
CHECKS = """{
  assetNodes {
    assetKey { path }
    assetChecksOrError { ... on AssetChecks { checks {
      name
      executionForLatestMaterialization {
        status
        evaluation { severity metadataEntries { label ... on TableMetadataEntry { table { records } } } }
      }
    } } }
  }
}"""
RUNS = """query($filter: RunsFilter) {
  runsOrError(filter: $filter) { ... on Runs { results {
    runId status jobName tags { key value } assetSelection { path }
  } } }
}"""
LAUNCH = """mutation($params: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $params) {
    __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message }
  }
}"""
BACKFILL = """query($id: String!) {
  partitionBackfillOrError(backfillId: $id) { ... on PartitionBackfill { status } }
}"""
UNFINISHED = ["QUEUED", "NOT_STARTED", "STARTING", "STARTED", "CANCELING"]


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

    def read_api(self, route: str, **asked: str) -> dict[str, Any]:
        """The answer of the read API, at the address and with the key that were printed."""
        printed = r"^(Dashboard and read API|Key for a day): (\S+)$"
        told = dict(re.findall(printed, self.log.read_text(), re.MULTILINE))
        answer = httpx.get(
            f"{told['Dashboard and read API']}/v1/{route}",
            params=asked,
            headers={"Authorization": f"Bearer {told['Key for a day']}"},
            timeout=60,
        )
        answer.raise_for_status()
        return dict(answer.json())

    def materialized(self) -> dict[str, list[tuple[str, str]]]:
        """The ranges of materialized partitions that the UI shows, by asset that has some."""
        found = {
            node["assetKey"]["path"][-1]: [
                (part["startKey"], part["endKey"])
                for part in node["assetPartitionStatuses"]["ranges"]
                if part["status"] == "MATERIALIZED"
            ]
            for node in self.ask(STATUSES)["assetNodes"]
            if node["assetPartitionStatuses"]
        }
        return {asset: ranges for asset, ranges in found.items() if ranges}

    def checks(self) -> dict[tuple[str, str], dict[str, Any]]:
        """By asset and check, how it went for the latest materialization."""
        return {
            (node["assetKey"]["path"][-1], check["name"]): check["executionForLatestMaterialization"] or {}
            for node in self.ask(CHECKS)["assetNodes"]
            for check in node["assetChecksOrError"].get("checks", [])
        }

    def assets_with(self, days: set[str]) -> set[str]:
        """The assets that the UI shows as materialized on all of these days."""
        return {
            asset
            for asset, ranges in self.materialized().items()
            if all(any(first <= day <= last for first, last in ranges) for day in days)
        }

    def executions(self, asset: str, check: str) -> list[dict[str, Any]]:
        """The executions of a check, newest first."""
        found = self.ask(EXECUTIONS, asset={"path": [asset]}, check=check)
        return list(found["assetCheckExecutions"])

    def reason(self, sensor: str) -> str:
        """Why the sensor requested nothing at the last evaluation that has ended so."""
        found = self.ask(SENSOR, sensor={**REPOSITORY, "sensorName": sensor})["sensorOrError"]
        return next((str(tick["skipReason"]) for tick in found["sensorState"]["ticks"] if tick["skipReason"]), "")

    def wipe(self, asset: str) -> None:
        """Delete Dagster's record of the asset, as the button in the UI does."""
        wiped = self.ask(WIPE, assets=[{"assetKey": {"path": [asset]}}])["wipeAssets"]
        assert wiped["__typename"] == "AssetWipeSuccess", wiped

    def launch_run(self, job: str, tags: Mapping[str, str]) -> dict[str, Any]:
        """Launch a run of a job, and return the answer."""
        params = {
            "selector": {**REPOSITORY, "pipelineName": job},
            "executionMetadata": {"tags": [{"key": key, "value": value} for key, value in tags.items()]},
            "runConfigData": {},
            "mode": "default",
        }
        return dict(self.ask(LAUNCH_RUN, params=params)["launchRun"])

    def runs(self, **chosen: Any) -> list[dict[str, Any]]:
        """The runs, newest first; `chosen` filters them."""
        found = self.ask(RUNS, filter=chosen)["runsOrError"]["results"]
        return [{**run, "tags": {tag["key"]: tag["value"] for tag in run["tags"]}} for run in found]

    def is_at_rest(self) -> bool:
        """Whether nothing is queued or running."""
        return not self.runs(statuses=UNFINISHED)

    def launch_backfill(self, assets: Iterable[str], days: Iterable[date]) -> str:
        """Launch a backfill as the UI does, and return its id."""
        selected = [{"path": [asset]} for asset in assets]
        params = {"assetSelection": selected, "partitionNames": [day.isoformat() for day in days]}
        launched = self.ask(LAUNCH, params=params)["launchPartitionBackfill"]
        assert launched["__typename"] == "LaunchBackfillSuccess", launched
        return str(launched["backfillId"])

    def backfill_status(self, backfill: str) -> str:
        """How far it is."""
        return str(self.ask(BACKFILL, id=backfill)["partitionBackfillOrError"]["status"])

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

    def stop(self) -> None:
        """Stop it as a service manager does, if it runs."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS)
        finally:
            self.kill()

    def kill(self) -> None:
        """Kill every process of it at once, as a power cut would."""
        for group in groups_of_session(self.process.pid):
            with suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)
        self.process.wait(STOP_SECONDS)


def groups_of_session(session: int) -> set[int]:
    """The process groups of a session: `dev` gives Dagster one of its own."""
    found = {session}
    for process in map(int, (path.name for path in Path("/proc").glob("[0-9]*"))):
        with suppress(ProcessLookupError):
            if os.getsid(process) == session:
                found.add(os.getpgid(process))
    return found


def details(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The table of faults that an execution of a check shows."""
    entries = {entry["label"]: entry for entry in found["evaluation"]["metadataEntries"]}
    return [json.loads(record) for record in entries["details"]["table"]["records"]]


def free_port() -> int:
    """A port that nothing uses now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def dev_command(port: int) -> list[str]:
    """The call of `dev` with its UI on this port, and the read API on another that is free."""
    return [
        *(sys.executable, "-m", "usage_pipeline.cli", "dev"),
        *("--port", str(port), "--api-port", str(free_port())),
    ]


@contextmanager
def service(environment: Mapping[str, str], data_dir: Path) -> Iterator[Service]:
    """`usage-pipeline dev` on a free port, loaded; stopped in the end if it still runs."""
    port = free_port()
    command = dev_command(port)
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
            running.stop()
