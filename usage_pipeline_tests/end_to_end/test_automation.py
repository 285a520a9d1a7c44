"""The Dagster day with the real daemon and web server: files lie there, and what they concern refreshes."""

import gzip
import json
import os
import signal
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import zstandard

from usage_pipeline.metrics.queries import SeriesQuery, of_tenant
from usage_pipeline.metrics.read import read
from usage_pipeline.pipeline.refresh import find_stale
from usage_pipeline.pipeline.tables import PARTITIONED_TABLES
from usage_pipeline.records.queries import LandingRange, read_faults
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import open_storage
from usage_pipeline_tests.end_to_end.daemon import STOP_SECONDS, Service, details, service
from usage_pipeline_tests.end_to_end.support import Deployment
from usage_pipeline_tests.support import Landing, files, prompt

ASSETS = tuple(table.name for table in PARTITIONED_TABLES)
QUICK = {"USAGE_SENSOR_INTERVAL_SECONDS": "2"}
WITH_GAP_FILLER = {**QUICK, "USAGE_GAP_FILLER_INTERVAL_SECONDS": "10"}
SENSORS = ("arrivals", "affected_days", "gap_filler", "changed_usage")
SECONDS = 300
CHECKS = 49
FIRST = date(2025, 5, 1)
NOTHING_TO_COMPARE = {
    ("landed_events", "as_much_as_usual"),
    ("landed_events", "models_are_known"),
    ("landed_events", "totals_are_input_plus_output"),
    ("usage_records", "as_much_as_usual"),
    ("usage_records", "voids_have_targets"),
    ("conversations", "totals_are_those_of_the_records"),
    ("conversation_series", "totals_are_those_of_the_records"),
    ("cost_drift", "reported_costs_are_plausible"),
    ("credit_ledger", "ledger_is_balanced"),
    ("outbox", "messages_are_delivered"),
}
"""There are no days before, and no voids, conversations and reported costs; the nightly job has not come."""


def _json(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields).encode() + b"\n"


def line(**fields: Any) -> bytes:
    """A line that is good but for these fields."""
    return _json(prompt("faulty", f"{FIRST}T10:00:00Z", modelName="gpt-4.1-mini") | fields)


FAULTY_LINES = {
    "malformed_json": b'{"id": "cut"\n',
    "not_an_object": b"[1]\n",
    "not_utf8": b'{"id": "\xff"}\n',
    "line_too_long": line(id="x" * (1 << 24)),
    "missing_record_id": line(id=None),
    "invalid_record_id": line(id={"is": "no id"}),
    "missing_type": line(event=None),
    "missing_tenant_id": line(tenantId=None),
    "invalid_tenant_id": line(tenantId=" acme"),
    "missing_occurred_at": line(timestamp=""),
    "invalid_occurred_at": line(timestamp="yesterday"),
    "invalid_tokens_in": line(tokensIn="12.7"),
    "invalid_model": line(modelName="x" * 257),
    "unknown_type": line(event="persona_clone"),
    "token_invariant": line(cachedTokensIn=101),
    "timestamp_in_future": line(timestamp="2025-05-03T10:00:00Z"),
    "past_retention": line(timestamp="2023-05-01T10:00:00Z"),
    "before_calendar": line(timestamp="2022-12-31T10:00:00Z", tenantId="aider"),
}
"""For each reason a line that is rejected for it; it is the second line of its file, behind a good one."""
VOID = {"id": "v1", "tenantId": "acme", "eventDay": f"{FIRST}"}
CSV_HEADER = b"TIMESTAMP,ContextTokens,GeneratedTokens\n"
FAULTY_ELSEWHERE = {
    f"persona/{FIRST}/globex/mismatch.jsonl": (line(id="elsewhere"), "tenant_mismatch, first in line 1"),
    f"void/{FIRST}/no_source.jsonl": (_json({**VOID, "recordId": "e1"}), "missing_void_source, first in line 1"),
    f"void/{FIRST}/no_id.jsonl": (_json({**VOID, "source": "persona"}), "missing_void_record_id, first in line 1"),
    f"azure_llm/{FIRST}/acme/cut.csv": (CSV_HEADER + b"2025-05-01 10:00:00,1\n", "malformed_csv, first in line 2"),
}
"""Faults that only lines of other formats and folders can have, and what is said of each."""

WHOLE = line(id="whole")
FAULTY_FILES = {
    f"persona/{FIRST}/cut.jsonl.gz": (gzip.compress(WHOLE)[:-9], "the gzip data is truncated"),
    f"persona/{FIRST}/damaged.jsonl.gz": (gzip.compress(WHOLE)[:-8] + bytes(8), "the gzip data is corrupt"),
    f"persona/{FIRST}/plain.jsonl.gz": (WHOLE, "the gzip data is corrupt"),
    f"persona/{FIRST}/cut.jsonl.zst": (zstandard.compress(WHOLE)[:-3], "the zstd data is truncated"),
    f"persona/{FIRST}/plain.jsonl.zst": (WHOLE, "the zstd data is corrupt"),
    f"persona/{FIRST}/empty.jsonl.gz": (b"", "the gzip data is truncated"),
    f"persona/{FIRST}/utf_16.jsonl": (WHOLE.decode().encode("utf-16"), "it is UTF-16, not UTF-8"),
    f"persona/{FIRST}/utf_32.jsonl": (WHOLE.decode().encode("utf-32"), "it is UTF-32, not UTF-8"),
    f"persona/{FIRST}/bad_lines.jsonl": (b"no JSON\n" * 100, "100.0% of its lines were rejected"),
    f"azure_llm/{FIRST}/acme/empty.csv": (b"", "it is empty"),
}
"""Files that cannot be used, and what is said of each."""


def misplace(folder: Path) -> dict[str, str]:
    """Put there what is no landing file; what is said of each."""
    (folder / "folder.jsonl").mkdir()
    (folder / "nowhere.jsonl").symlink_to("gone.jsonl")
    (folder / "outside.jsonl").symlink_to(Path(__file__))
    (folder / "notes.txt").write_bytes(WHOLE)
    (folder / "acme" / "deeper").mkdir(parents=True)
    os.mkfifo(folder / "pipe.jsonl")
    return {
        "folder.jsonl": "expected a file, but this is a folder",
        "nowhere.jsonl": "a symbolic link that leads nowhere",
        "outside.jsonl": "a symbolic link that leads out of the landing folder",
        "notes.txt": "expected a name ending in .jsonl",
        "acme/deeper": "expected a file: folders go no deeper",
        "pipe.jsonl": "expected a file; this is a pipe",
    }


SOUND_FILES = {
    "mark and line ends.jsonl": b"\xef\xbb\xbf" + line(id="with a mark")[:-1] + b"\r\n\r\n",
    "no last line end.jsonl": line(id="unended")[:-1],
    'it\'s "quoted" größer 数.jsonl': line(id="oddly named"),
    "two parts.jsonl.gz": gzip.compress(line(id="part one")[:20]) + gzip.compress(line(id="part one")[20:]),
}
"""Files that look odd, with one good line each."""


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """On the embedded database, as a newcomer has it."""
    data_dir = tmp_path_factory.mktemp("automation") / "data"
    environment = {**os.environ, "USAGE_DATA_DIR": str(data_dir), "USAGE_DIGEST_KEY": "test", **QUICK}
    return Deployment(Settings.load(data_dir=data_dir, digest_key="test"), environment).with_plans()


@pytest.fixture(scope="module")
def landing(deployment: Deployment) -> Landing:
    return Landing(deployment.settings.landing)


@pytest.fixture(scope="module")
def passed_over(landing: Landing) -> dict[str, str]:
    """A good line on each of two days; on the first also all faults. What is said of what is no landing file."""
    for day in ("2025-05-01", "2025-05-02"):
        landing.write("persona", day, [prompt(f"on {day}", f"{day}T08:00:00Z", modelName="gpt-4.1-mini")])
    for reason, faulty in FAULTY_LINES.items():
        good = line(id=f"good {reason}")
        landing.write_bytes("persona", f"{FIRST}", good + faulty, name=f"{reason}.jsonl")
    folder = landing.root / "persona" / f"{FIRST}"
    for name, content in SOUND_FILES.items():
        (folder / name).write_bytes(content)
    for path, (content, _) in (FAULTY_ELSEWHERE | FAULTY_FILES).items():
        (landing.root / path).parent.mkdir(parents=True, exist_ok=True)
        (landing.root / path).write_bytes(content)
    return misplace(folder)


@pytest.fixture(scope="module")
def running(deployment: Deployment, passed_over: dict[str, str]) -> Iterator[Service]:
    """The service, started when the files lay there, after it has landed, computed and refreshed limits."""
    assert passed_over
    with service(deployment.environment, deployment.settings.data_dir) as started:
        with open_storage(deployment.settings) as storage:
            started.wait_for(lambda: bool(files(storage)) and not find_stale(storage), SECONDS)
        started.wait_for(lambda: has_refreshed(started) and started.is_at_rest(), SECONDS)
        yield started


def has_refreshed(running: Service) -> bool:
    """Whether the newest run is a refresh of limits: it waits for all others."""
    return [run["jobName"] for run in running.runs()[:1]] == ["refresh_limits"]


def new_runs(running: Service, known: set[str]) -> list[tuple[str, str, str]]:
    """Job, status and day of the runs of a day that are not known, oldest first."""
    return [
        (run["jobName"], run["status"], run["tags"]["dagster/partition"])
        for run in reversed(running.runs())
        if run["runId"] not in known and "dagster/partition" in run["tags"]
    ]


def is_named(path: str, problem: str, named: Iterable[dict[str, Any]]) -> bool:
    """Whether the fault is shown with the file; of one in a tenant's folder the name is not shown."""
    folders = path.split("/")
    shown = path if len(folders) == 3 else "/".join([*folders[:2], "*", "*"])
    return any(row["file"] == shown and row["problem"].startswith(problem) for row in named)


def test_what_lies_there_is_landed_by_one_run_and_computed_by_runs_that_sensors_requested(
    running: Service,
) -> None:
    runs = running.runs()
    assert {run["status"] for run in runs} == {"SUCCESS"}
    assert [days_of(run) for run in runs if run["jobName"] == "landing_days"] == [("2025-05-01", "2025-05-02")]
    # One run of both days, or one each if the sensor looks while the second day still lands.
    computed = {day for run in runs if run["jobName"] == "event_days" for day in days_of(run)}
    assert computed == {"2025-05-01", "2025-05-02"}
    assert {run["tags"]["usage_pipeline/requested_by"] for run in runs} <= {*SENSORS}


def days_of(run: dict[str, Any]) -> tuple[str, str]:
    """The first and the last day of a run."""
    tags = run["tags"]
    first = tags.get("dagster/asset_partition_range_start") or tags["dagster/partition"]
    return first, tags.get("dagster/asset_partition_range_end") or first


def test_the_ui_shows_all_days_of_all_assets(running: Service) -> None:
    assert running.materialized() == {asset: [("2025-05-01", "2025-05-02")] for asset in ASSETS}


def test_every_check_has_passed_but_those_of_the_faults_and_of_the_period_whose_other_days_are_missing(
    running: Service,
) -> None:
    outcomes = {check: found.get("status") for check, found in running.checks().items()}
    assert len(outcomes) == CHECKS
    failed = {check for check, status in outcomes.items() if status == "FAILED"}
    assert failed == {
        ("limits", "is_valid"),  # there is no channels.yaml with the channels that it names
        ("landing_folder", "files_are_in_place"),
        ("landed_events", "files_are_usable"),
        ("landed_events", "few_lines_are_rejected"),
        ("tenant_costs", "periods_close"),
    }
    assert {check for check, status in outcomes.items() if status is None} == NOTHING_TO_COMPARE


def test_every_fault_is_named_with_file_line_and_reason(
    running: Service, deployment: Deployment, passed_over: dict[str, str]
) -> None:
    with open_storage(deployment.settings) as storage:
        found = files(storage)
        rejected = read_faults(storage, LandingRange(FIRST, FIRST), 1000)
    named = details(running.checks()["landed_events", "files_are_usable"])
    said = [
        *((path, f"{found[Path(path).name].state}: {problem}") for path, (_, problem) in FAULTY_FILES.items()),
        *((f"persona/{FIRST}/{reason}.jsonl", f"{reason}, first in line 2") for reason in FAULTY_LINES),
        *((path, problem) for path, (_, problem) in FAULTY_ELSEWHERE.items()),
        *((f"persona/{FIRST}/{name}", f"passed over: {problem}") for name, problem in passed_over.items()),
    ]
    assert [(path, problem) for path, problem in said if not is_named(path, problem, named)] == []
    assert {row["reason"] for row in rejected if row["landing_line"] == 2} >= FAULTY_LINES.keys()


@pytest.mark.usefixtures("running")
def test_the_good_lines_of_a_day_with_faults_count(deployment: Deployment) -> None:
    with open_storage(deployment.settings) as storage:
        (point,) = read(storage, SeriesQuery(FIRST, FIRST, of_tenant("acme"))).rows
    assert point["tokens"] == 120 * (1 + len(FAULTY_LINES) + len(SOUND_FILES))


def test_a_late_file_lands_with_its_day_and_recomputes_the_one_that_it_affects(
    running: Service, landing: Landing
) -> None:
    known = {run["runId"] for run in running.runs()}
    landing.write("persona", "2025-05-02", [prompt("late", "2025-05-01T09:00:00Z")], name="late.jsonl")
    running.wait_for(lambda: len(new_runs(running, known)) == 2 and running.is_at_rest(), SECONDS)
    assert new_runs(running, known) == [
        ("arrived_days", "SUCCESS", "2025-05-02"),
        ("event_days", "SUCCESS", "2025-05-01"),
    ]


def test_the_read_api_answers_at_the_address_and_with_the_key_that_are_printed(running: Service) -> None:
    answer = running.read_api("days", **{"from": "2025-05-01", "to": "2025-05-03"})
    assert [day["day"] for day in answer["items"] if day["version"]] == ["2025-05-01", "2025-05-02"]


def test_ctrl_c_stops_dev_quietly(running: Service) -> None:
    """Pressed in a terminal, it reaches all of the group. No test comes after it."""
    os.killpg(running.process.pid, signal.SIGINT)
    running.process.wait(STOP_SECONDS)
    assert running.process.returncode == 0
    assert "Dagster services shut down." in running.log.read_text()  # a run may end after it


@pytest.mark.acceptance
def test_after_everything_was_killed_in_the_middle_of_a_run_nothing_is_lost(
    tmp_path_factory: pytest.TempPathFactory, new_databases: Callable[[], tuple[str, str]]
) -> None:
    deployment = Deployment.create(tmp_path_factory.mktemp("killed"), new_databases, WITH_GAP_FILLER)
    landing = Landing(deployment.settings.landing)
    for number in range(1, 10):
        landing.write("persona", f"2025-05-0{number}", [prompt(f"e{number}", f"2025-05-0{number}T08:00:00Z")])
    with service(deployment.environment, deployment.settings.data_dir) as running:
        running.wait_for(lambda: deployment.partitions() >= 20, SECONDS)
        running.kill()
    with service(deployment.environment, deployment.settings.data_dir) as running:
        whole = [("2025-05-01", "2025-05-09")]
        running.wait_for(lambda: running.materialized() == dict.fromkeys(ASSETS, whole), SECONDS)
        running.wait_for(running.is_at_rest, SECONDS)
    with open_storage(deployment.settings) as storage:
        assert find_stale(storage) == {}
