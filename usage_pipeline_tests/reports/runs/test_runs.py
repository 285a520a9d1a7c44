"""The run history: one row per run, with what it used and cost, and texts only if they are asked for."""

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from usage_pipeline.errors import QueryError
from usage_pipeline.events.record import CONTENT
from usage_pipeline.reports.runs.columns import RUN_COLUMNS, RUN_TEXTS
from usage_pipeline.reports.runs.export import notes_on_runs, write_runs
from usage_pipeline.reports.scope import Filters, ReportPeriod, ReportScope
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.pruned import raise_first_kept
from usage_pipeline_tests.costs.generic import price
from usage_pipeline_tests.support import Landing, files, land_and_compute

DAYS = ReportPeriod(date(2026, 5, 20), date(2026, 5, 21))
NEXT_DAY = ReportPeriod(date(2026, 5, 22), date(2026, 5, 22))
START = {"runId": "r1", "tenantId": "acme", "agent": "=cmd()", "userId": "u1", "project": "blog", "taskId": "t9"}
END = {
    "endedAt": "2026-05-21T00:00:42.000001Z",
    "status": "failed",
    "model": "m",
    "tokensIn": 15,
    "tokensOut": 2,
    "apiCalls": 9,
    "toolCalls": 4,
    "bytesProcessed": 40960,
    "creditsUsed": 12.5,
    "input": {"topic": "a"},
    "error": {"code": "quota", "message": "+quota exceeded"},
}
LINES = (
    {**START, "startedAt": "2026-05-20T23:59:30Z", "endedAt": None, "status": "running"},
    {**START, "startedAt": "2026-05-20T23:59:30Z", **END, "project": None},
    {**START, "runId": "r2", "startedAt": "2026-05-21T09:00:00Z", "status": "running", "input": "b"},
    {**START, "runId": "r3", "startedAt": "2026-05-21T23:00:00Z", "status": "running"},
    {
        **START,
        "runId": "r3",
        "startedAt": "2026-05-21T23:00:00Z",
        "endedAt": "2026-05-22T01:00:00Z",
        "userId": "u2",
    },
    {
        **START,
        "runId": "g1",
        "tenantId": "globex",
        "startedAt": "2026-05-20T08:00:00Z",
        "endedAt": "2026-05-20T08:00:01Z",
    },
)


def _land(storage: Storage) -> Storage:
    storage.settings.reference.mkdir(parents=True)
    (storage.settings.reference / "prices.yaml").write_text(price("one", 'input: "0.5", output: "1"'))
    (storage.settings.reference / "credit_rates.yaml").write_text(
        '- {from: 2026-01-01, operations: {agent_run: {base: "2", per_tool_call: "0.25"}}}'
    )
    Landing(storage.settings.landing).write("agent_runs", "2026-05-22", LINES, name="runs.jsonl")
    land_and_compute(storage, "records", "rollups", "series", "costs", "credits")
    return storage


@pytest.fixture(scope="module")
def used(open_shared: Callable[..., Storage]) -> Storage:
    return _land(open_shared())


def _runs(  # noqa: PLR0913 - the parts of a scope, and what to write
    storage: Storage,
    folder: Path,
    period: ReportPeriod = DAYS,
    *,
    tenant_id: str | None = "acme",
    filters: Filters = (),
    texts: Sequence[str] = (),
) -> list[Mapping[str, Any]]:
    write_runs(storage, ReportScope(period, tenant_id, filters), folder, texts)
    return [json.loads(line) for line in (folder / "runs.jsonl").read_text().splitlines()]


def _ids(runs: list[Mapping[str, Any]]) -> list[tuple[str, str]]:
    return [(run["run_id"], run["type"]) for run in runs]


def test_start_and_end_of_a_run_are_one_row_with_all_that_it_used(used: Storage, tmp_path: Path) -> None:
    ended, _ = _runs(used, tmp_path)
    assert {name: value for name, value in ended.items() if value is not None} == {
        "day": "2026-05-21",
        "tenant_id": "acme",
        "source": "agent_runs",
        "type": "agent_run",
        "run_id": "r1",
        "status": "failed",
        "started_at": "2026-05-20T23:59:30.000000Z",
        "ended_at": "2026-05-21T00:00:42.000001Z",
        "duration_ms": 72000,
        "member_id": "u1",
        "project": "blog",
        "agent": "=cmd()",
        "model": "m",
        "tokens_in": 15,
        "tokens_out": 2,
        "tokens_total": 17,
        "api_calls": 9,
        "tool_calls": 4,
        "bytes": 40960,
        "cost": "9.500000000000",
        "credits": "3.000000000000",
        "reported_credits": "12.500000000000000000000000",
        "error_code": "quota",
        "meta": '{"taskId":"t9"}',
    }


def test_a_run_that_has_not_ended_is_on_the_day_of_its_start(used: Storage, tmp_path: Path) -> None:
    _, running = _runs(used, tmp_path)
    names = ("day", "run_id", "type", "status", "started_at", "ended_at", "duration_ms", "cost", "unpriced")
    assert [running[name] for name in names] == [
        *("2026-05-21", "r2", "agent_run_started", "running", "2026-05-21T09:00:00.000000Z"),
        *(None, None, None, None),
    ]


def test_exports_side_by_side_have_each_run_once(used: Storage, tmp_path: Path) -> None:
    assert _ids(_runs(used, tmp_path)) == [("r1", "agent_run"), ("r2", "agent_run_started")]
    assert _ids(_runs(used, tmp_path, NEXT_DAY)) == [("r3", "agent_run")]


def test_a_run_without_a_model_has_no_cost_and_says_why(used: Storage, tmp_path: Path) -> None:
    (run,) = _runs(used, tmp_path, NEXT_DAY)
    assert (run["cost"], run["unpriced"], run["credits"], run["unrated"]) == (
        None,
        "no_model",
        "2.000000000000",
        None,
    )


def test_filters_and_tenants_let_only_their_runs_through(used: Storage, tmp_path: Path) -> None:
    week = ReportPeriod(date(2026, 5, 18), date(2026, 5, 24))
    members = (("member_id", ("u2", "u3")),)
    assert _ids(_runs(used, tmp_path, week, filters=members)) == [("r3", "agent_run")]
    assert _ids(_runs(used, tmp_path, week, tenant_id="globex")) == [("g1", "agent_run")]
    assert len(_runs(used, tmp_path, week, tenant_id=None)) == 4


def test_texts_are_there_only_if_they_are_asked_for(used: Storage, tmp_path: Path) -> None:
    assert not set(RUN_TEXTS) & _runs(used, tmp_path)[0].keys()
    found = _runs(used, tmp_path, texts=("input", "error"))
    assert [(run["input"], run["error"]) for run in found] == [('{"topic":"a"}', "+quota exceeded"), ("b", None)]


def test_another_text_is_refused_before_anything_is_written(used: Storage, tmp_path: Path) -> None:
    with pytest.raises(QueryError, match="Runs have no text 'prompt'; expected some of input, output, error"):
        write_runs(used, ReportScope(DAYS), tmp_path, ("prompt",))
    assert list(tmp_path.iterdir()) == []


def test_csv_has_the_same_rows_and_no_formula(used: Storage, tmp_path: Path) -> None:
    runs = _runs(used, tmp_path, texts=RUN_TEXTS)
    with (tmp_path / "runs.csv").open(encoding="utf-8", newline="") as file:
        read = list(csv.DictReader(file))
    assert {row["agent"] for row in read} == {"'=cmd()"}
    assert read[0]["error"] == "'+quota exceeded"
    assert [{name: value.removeprefix("'") for name, value in row.items()} for row in read] == [
        {name: "" if value is None else str(value) for name, value in run.items()} for run in runs
    ]


def test_columns_are_those_that_are_described(used: Storage, tmp_path: Path) -> None:
    ended, _ = _runs(used, tmp_path, texts=RUN_TEXTS)
    assert list(ended) == [*(column.name for column in RUN_COLUMNS), *RUN_TEXTS]


def test_the_same_runs_are_the_same_bytes(used: Storage, tmp_path: Path) -> None:
    def written() -> list[bytes]:
        _runs(used, tmp_path, texts=RUN_TEXTS)
        return [(tmp_path / name).read_bytes() for name in ("runs.csv", "runs.jsonl")]

    assert written() == written()


def test_a_period_without_runs_has_an_empty_history(used: Storage, tmp_path: Path) -> None:
    assert _runs(used, tmp_path, ReportPeriod(date(2026, 5, 1), date(2026, 5, 2))) == []
    assert (tmp_path / "runs.csv").read_bytes().startswith(b'day,"tenant_id"')


def test_pruned_texts_are_null_and_pruned_runs_are_absent_and_said_to_be(storage: Storage, tmp_path: Path) -> None:
    _land(storage)
    file = files(storage)["runs.jsonl"]
    storage.lake.object(CONTENT, file.landing_day, file.object_name).unlink()
    assert [run["input"] for run in _runs(storage, tmp_path, texts=("input",))] == [None, None]
    with storage.warehouse.begin() as connection:
        raise_first_kept(connection, {"acme": date(2026, 5, 22)})
    assert _runs(storage, tmp_path) == []
    assert notes_on_runs(storage, ReportScope(DAYS, "acme")) == (
        "Runs of acme are pruned, up to 2026-05-21 at the latest. They are not in the run history.",
    )
