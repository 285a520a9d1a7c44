"""Logs that nobody here wrote, against totals computed without the pipeline."""

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from usage_pipeline.costs.drift import Drift, DriftQuery, read_drift
from usage_pipeline.metrics.queries import CostQuery, SeriesQuery, UsageQuery, of_tenant
from usage_pipeline.metrics.read import read
from usage_pipeline.pipeline.refresh import PlainRunner, RefreshSummary, refresh
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage, open_storage
from usage_pipeline_tests.costs.reading import costs_of
from usage_pipeline_tests.end_to_end.support import AIDER_LANDING_DAY, PROJECT, Deployment, first_days
from usage_pipeline_tests.support import Landing, counted_digests, digests, files, shared

FIRST, LAST = date(2024, 8, 13), date(2026, 4, 25)
NEAR = Decimal("1E-9")
TOKENS = ("prompts", "tokens_in", "tokens_out", "tokens_total")


@pytest.fixture(scope="module")
def truth() -> dict[str, Any]:
    """The totals of the aider log, computed independently."""
    return dict(json.loads(shared("data", "aider_analytics", "truth.json").read_text()))


@pytest.fixture(scope="module")
def aider(tmp_path_factory: pytest.TempPathFactory, aider_log: Path) -> Iterator[Storage]:
    """The whole log, landed and computed once for all tests of this module, without Dagster."""
    data_dir = tmp_path_factory.mktemp("aider")
    settings = Settings.load(data_dir=data_dir)
    shutil.copytree(shared("reference"), settings.reference, copy_function=shutil.copyfile)
    shutil.copyfile(PROJECT / "data" / "reference" / "prices.yaml", settings.reference / "prices.yaml")
    Landing(settings.landing).root.joinpath("aider", AIDER_LANDING_DAY, "aider").mkdir(parents=True)
    shutil.copy(aider_log, settings.landing / "aider" / AIDER_LANDING_DAY / "aider")
    with open_storage(settings) as storage:
        refresh(storage, PlainRunner(storage))
        yield storage


def usage(storage: Storage, *groups: str) -> dict[tuple[Any, ...], tuple[int, ...]]:
    """Prompts and tokens by group, of the groups that have prompts."""
    found = read(storage, UsageQuery(FIRST, LAST, groups, (("tenant", "aider"),), TOKENS)).rows
    return {
        tuple(str(row[name]) for name in groups): tuple(row[name] for name in TOKENS)
        for row in found
        if row["prompts"]
    }


def expected(entry: dict[str, Any]) -> tuple[int, ...]:
    """The same numbers in the words of the truth."""
    return (entry["n"], entry["input"], entry["output"], entry["total"])


def test_every_line_of_the_aider_log_is_accepted(aider: Storage) -> None:
    file = files(aider)["events.jsonl.zst"]
    assert (file.lines, file.accepted, file.rejected) == (39_572, 39_572, 0)


def test_tokens_per_day_are_the_truths(aider: Storage, truth: dict[str, Any]) -> None:
    assert usage(aider, "day") == {(day,): expected(entry) for day, entry in truth["per_day_utc"].items()}


def test_tokens_per_model_are_the_truths(aider: Storage, truth: dict[str, Any]) -> None:
    assert usage(aider, "model") == {(model,): expected(entry) for model, entry in truth["per_model"].items()}


def test_tokens_per_day_and_model_are_the_truths(aider: Storage, truth: dict[str, Any]) -> None:
    entries = truth["per_day_model_utc"]
    assert usage(aider, "day", "model") == {(entry["day"], entry["model"]): expected(entry) for entry in entries}


def test_the_token_series_is_the_truth_and_zero_on_days_without_prompts(
    aider: Storage, truth: dict[str, Any]
) -> None:
    days = [FIRST + timedelta(days=offset) for offset in range((LAST - FIRST).days + 1)]
    totals = {date.fromisoformat(day): entry["total"] for day, entry in truth["per_day_utc"].items()}
    points = read(aider, SeriesQuery(FIRST, LAST, of_tenant("aider"))).rows
    assert {point["day"]: point["tokens"] for point in points} == {day: totals.get(day, 0) for day in days}


def test_records_per_event_type_are_the_truths(aider: Storage, truth: dict[str, Any]) -> None:
    found = read(aider, UsageQuery(FIRST, LAST, ("type",), (), ("records",))).rows
    assert {row["type"]: row["records"] for row in found} == truth["events"]


def test_the_reported_cost_is_kept_to_the_last_digit(aider: Storage, truth: dict[str, Any]) -> None:
    pattern = str(aider.settings.data_dir / "lake" / "usage_records" / "*" / "*.parquet")
    query = "SELECT sum(reported_cost) FROM read_parquet($pattern)"
    total = aider.engine.execute(query, {"pattern": pattern}).fetchall()[0][0]
    assert f"{total:f}".rstrip("0") == truth["message_send"]["cost_usd_sum_exact_decimal"]


@pytest.mark.parametrize(("name", "rows"), [("code", 8_819), ("conv", 19_366)])
def test_an_azure_trace_gives_its_truth(
    name: str, rows: int, storage: Storage, landing: Landing, run: Callable[[], RefreshSummary]
) -> None:
    trace = shared("data", "azure_llm_2023", f"AzureLLMInferenceTrace_{name}.csv")
    truth = json.loads(shared("data", "azure_llm_2023", f"truth_{name}.json").read_text())
    landing.write_bytes("azure_llm", "2023-11-17", trace.read_bytes(), tenant="azure", name=trace.name)
    run()
    day = date(2023, 11, 16)
    metrics = ("records", "tokens_in", "tokens_out", "tokens_total")
    assert files(storage)[trace.name].accepted == rows
    assert read(storage, UsageQuery(day, day, ("day",), (), metrics)).rows == [
        {
            "day": day,
            "records": truth["rows"],
            "tokens_in": truth["input_tokens"],
            "tokens_out": truth["output_tokens"],
            "tokens_total": truth["total_tokens"],
        }
    ]


def test_running_again_does_no_work(aider: Storage) -> None:
    again = refresh(aider, PlainRunner(aider))
    assert (again.landed, again.computed) == ([], {})


@pytest.fixture(scope="module")
def six_days(
    tmp_path_factory: pytest.TempPathFactory, new_databases: Callable[[], tuple[str, str]], aider_log: Path
) -> Deployment:
    """A deployment on which the first six days of the aider log are landed and computed."""
    deployment = Deployment.create(tmp_path_factory.mktemp("six_days"), new_databases).with_plans()
    deployment.place(first_days(aider_log, 6))
    with open_storage(deployment.settings) as storage:
        refresh(storage, PlainRunner(storage))
    return deployment


def test_a_lake_that_was_deleted_comes_back_with_the_same_digests(six_days: Deployment) -> None:
    with open_storage(six_days.settings) as storage:
        before = digests(storage)
        shutil.rmtree(six_days.settings.data_dir / "lake")
        refresh(storage, PlainRunner(storage))
        assert digests(storage) == before


def test_the_same_file_under_another_name_on_another_landing_day_changes_nothing(
    six_days: Deployment, aider_log: Path
) -> None:
    with open_storage(six_days.settings) as storage:
        before = counted_digests(storage)
        six_days.place(first_days(aider_log, 6), day="2026-04-20", name="again.jsonl.zst")
        refresh(storage, PlainRunner(storage))
        assert counted_digests(storage) == before


@pytest.mark.acceptance
def test_the_command_gives_the_truth_of_the_whole_log_through_dagster(
    new_deployment: Callable[[], Deployment], aider_log: Path, truth: dict[str, Any]
) -> None:
    deployment = new_deployment().with_plans()
    deployment.place(aider_log.read_bytes())
    deployment.command("run", "--no-suites")
    printed = deployment.command(
        "series", "--tenant", "aider", "--from", str(FIRST), "--to", str(LAST), "--format", "json"
    )
    tokens = [point["total"] for point in json.loads(printed)["tokens"]]
    with open_storage(deployment.settings) as storage:
        assert usage(storage, "day", "model") == {
            (entry["day"], entry["model"]): expected(entry) for entry in truth["per_day_model_utc"]
        }
    assert sum(tokens) == truth["message_send"]["total_tokens"]
    assert "Landed 0 files" not in deployment.command("run", "--no-suites")


def test_reported_costs_sum_to_the_last_decimal(aider: Storage) -> None:
    reported = sum((row.reported_cost for row in drift(aider)), Decimal(0))
    assert reported == Decimal("10182.700381635997717666476")


def test_the_record_that_reports_ten_thousand_dollars_is_first(aider: Storage) -> None:
    first = drift(aider)[0]
    assert (first.day, first.model, first.records) == (date(2025, 5, 7), "gemini/gemini-2.5-pro-preview-03-25", 1)
    assert (first.reported_cost, first.computed_cost) == (Decimal("9990.01252875"), Decimal("0.01262875"))


def test_days_on_which_a_lowered_price_was_not_yet_reported_drift(aider: Storage) -> None:
    drifting = {row.day for row in drift(aider, "claude-3-5-haiku-20241022") if abs(row.difference or 0) > NEAR}
    assert drifting == {
        *(date(2024, 12, day) for day in (4, 6, 26)),
        *(date(2025, 1, day) for day in (19, 28)),
        *(date(2025, 2, day) for day in (4, 8, 9)),
    }


def test_costs_of_any_group_sum_to_the_total_with_its_coverage(aider: Storage) -> None:
    (total,) = costs_of(aider, CostQuery(FIRST, LAST))
    assert (total.tokens, total.unpriced_tokens) == (75_976_956, 21_629_549)
    assert (total.amount, total.coverage) == (Decimal("186.838087705"), Decimal("71.53"))
    for group in ("day", "model", "member_id", "type", "class", "price"):
        groups = costs_of(aider, CostQuery(FIRST, LAST, (group,)))
        assert sum((cost.amount or Decimal(0) for cost in groups), Decimal(0)) == total.amount
        assert sum(cost.tokens or 0 for cost in groups) == total.tokens


def drift(storage: Storage, model: str | None = None) -> list[Drift]:
    return read_drift(storage, DriftQuery(FIRST, LAST, "aider", model))
