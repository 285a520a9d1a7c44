"""`mapping try`: what a format makes of a sample, without landing it."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from usage_pipeline.cli.app import app
from usage_pipeline.errors import FormatError, QueryError
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.support import prompt, shared

TIME = "2020-05-01T08:00:00Z"
BOT = """
description: A bot.
format: jsonl
identity: [$.id]
skip: [{field: $.kind, is: [note]}]
type: {constant: request}
times: {occurred_at: {field: $.at, format: iso}}
fields:
  tokens_in: $.usage.in
  tokens_out: $.usage.out
  model: $.modle
content: {response: $.answer}
"""


@pytest.fixture(scope="module")
def settings(deploy: Callable[..., Storage]) -> Settings:
    """Those of a deployment without files."""
    return deploy(lambda _: None).settings


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    """Lines of a bot: two good ones, of a time before the calendar one, a note, and one without a time."""
    lines: list[dict[str, Any]] = [
        {"id": "a", "at": "2023-05-01T08:00:00Z", "usage": {"in": 5, "out": 2}, "model": "m", "answer": "secret"},
        {"kind": "note"},
        {"id": "b", "at": "2023-05-01T08:00:00Z", "usage": {"in": 7}},
        {"id": "c", "usage": {"in": 7}},
    ]
    file = tmp_path / "lines.jsonl"
    file.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return file


@pytest.fixture
def bot(tmp_path: Path) -> Path:
    file = tmp_path / "bot.yaml"
    file.write_text(BOT)
    return file


def test_a_trial_says_what_each_line_and_each_field_became(
    call: Callable[..., str], sample: Path, bot: Path
) -> None:
    found = json.loads(call("mapping", "try", str(sample), "--mapping", str(bot), "--format", "json"))
    assert {name: found[name] for name in ("format", "lines", "accepted", "rejected", "skipped")} == {
        "format": "bot",
        "lines": 4,
        "accepted": 2,
        "rejected": 1,
        "skipped": 1,
    }
    became = {row["column"]: (row["field"], row["records"], row["example"]) for row in found["columns"]}
    assert {
        name: became[name] for name in ("tokens_in", "tokens_out", "model", "tenant_id", "text: response")
    } == {
        "tokens_in": ("$.usage.in", 2, 5),
        "tokens_out": ("$.usage.out", 1, 2),
        "model": ("$.modle", 0, None),
        "tenant_id": ("folder", 2, "sample"),
        "text: response": ("$.answer", 1, None),
    }
    assert found["unmapped"] == [{"field": "$.model", "records": 1}]
    assert [(row["landing_line"], row["reason"]) for row in found["rejects"]] == [(4, "missing_occurred_at")]
    assert [record["record_id"] for record in found["records"]] == ["a", "b"]


def test_a_time_before_1980_names_other_units_and_relative_times(
    call: Callable[..., str], tmp_path: Path, bot: Path
) -> None:
    bot.write_text(BOT.replace("format: iso", "format: epoch_s"))
    file = tmp_path / "lines.jsonl"
    file.write_text(json.dumps({"id": "a", "at": 12.5}) + "\n")
    (reject,) = json.loads(call("mapping", "try", str(file), "--mapping", str(bot), "--format", "json"))["rejects"]
    assert (reject["reason"], reject["found"]) == ("before_calendar", "1970-01-01 00:00:12.5")
    assert reject["expected"] == (
        "a day from 2023-01-01 on; a time before 1980 may be in another unit (such as epoch_ms) or count from a "
        "start (offset)"
    )


def test_records_too_old_to_land_today_are_told(call: Callable[..., str], sample: Path, bot: Path) -> None:
    printed = call("mapping", "try", str(sample), "--mapping", str(bot))
    assert " ".join(printed.splitlines()[-1].split()) == (
        "`run` would reject 2 records as past_retention if they landed today: the oldest is of 2023-05-01, and "
        "2026-03-03 is the first day that is kept. Land old logs in the folder of a landing day near their time."
    )


def test_the_table_shows_no_text(call: Callable[..., str], sample: Path, bot: Path) -> None:
    printed = call("mapping", "try", str(sample), "--mapping", str(bot))
    assert "Format bot: 4 lines, 2 accepted, 1 rejected, 1 skipped, 2 too old to land today." in printed
    assert "missing_occurred_at" in printed
    assert "secret" not in printed


@pytest.mark.usefixtures("call")
def test_a_path_to_events_that_leads_nowhere_is_told(sample: Path, bot: Path) -> None:
    bot.write_text(f"{BOT}each: $.stepz[*]\n")
    tried = CliRunner().invoke(app, ["mapping", "try", str(sample), "--mapping", str(bot)])
    told = "Warning: `each` leads nowhere: none of its lines has a list at $.stepz[*]"
    assert " ".join(tried.stderr.split()) == told


def test_without_a_format_the_one_that_accepts_most_is_tried(call: Callable[..., str], tmp_path: Path) -> None:
    file = tmp_path / "lines.jsonl"
    file.write_text(json.dumps(prompt("e1", "2024-05-01T08:00:00Z")) + "\n")
    assert "Format persona: 1 lines, 1 accepted, 0 rejected, 1 too old to land today." in call(
        "mapping", "try", str(file)
    )


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("otlp_traces", "Format otlp_genai: 1 lines, 2 accepted, 0 rejected, 1 further events."),
        ("litellm_payload", "Format litellm_payload: 7 lines, 7 accepted, 0 rejected."),
        ("claude_code", "Format claude_code: 12 lines, 3 accepted, 0 rejected, 5 skipped, 4 superseded."),
    ],
)
def test_the_format_of_a_tool_is_found_for_its_sample(
    call: Callable[..., str], monkeypatch: pytest.MonkeyPatch, name: str, told: str
) -> None:
    monkeypatch.setenv("USAGE_NOW", "2026-11-28T12:00:00Z")
    assert told in call("mapping", "try", str(shared("samples", "tools", f"{name}.jsonl")))


def test_a_sample_that_no_format_reads_is_an_error(call: Callable[..., str], tmp_path: Path) -> None:
    file = tmp_path / "lines.jsonl"
    file.write_text("{}\n")
    with pytest.raises(QueryError, match=r"No format accepts a line of .*; name one with --mapping to see why"):
        call("mapping", "try", str(file))


def test_a_sample_whose_name_tells_no_format_needs_one(call: Callable[..., str], tmp_path: Path) -> None:
    file = tmp_path / "lines.log"
    file.write_text("{}\n")
    with pytest.raises(
        QueryError, match=r"lines\.log is not named \.jsonl, so no format can be guessed; name one"
    ):
        call("mapping", "try", str(file))


@pytest.mark.parametrize("tenant", ["", ".", "..", "a/b"])
def test_a_tenant_that_is_no_folder_is_refused(
    call: Callable[..., str], sample: Path, bot: Path, tenant: str
) -> None:
    with pytest.raises(QueryError, match=r"--tenant '.*': expected the name of a folder"):
        call("mapping", "try", str(sample), "--mapping", str(bot), "--tenant", tenant)


def test_nothing_has_landed(call: Callable[..., str], sample: Path, bot: Path, settings: Settings) -> None:
    call("mapping", "try", str(sample), "--mapping", str(bot))
    assert json.loads(call("files", "--format", "json")) == []
    assert not settings.landing.exists()


@pytest.mark.parametrize(
    "name", ["lines.jsonl.part", "lines.tmp", ".lines.jsonl", ".part", "lines.gz", "l.jsonl.gz.tmp"]
)
def test_a_sample_is_tried_that_would_not_land_under_its_name(
    call: Callable[..., str], tmp_path: Path, sample: Path, bot: Path, name: str
) -> None:
    named = tmp_path / name
    named.write_bytes(gzip.compress(sample.read_bytes()) if ".gz" in name else sample.read_bytes())
    assert call("mapping", "try", str(named), "--mapping", str(bot)) == call(
        "mapping", "try", str(sample), "--mapping", str(bot)
    )


def test_a_sample_that_cannot_be_read_is_named(call: Callable[..., str], tmp_path: Path, bot: Path) -> None:
    named = tmp_path / "trace.gz"
    named.write_bytes(b"{}")
    with pytest.raises(QueryError, match=r"^trace\.gz: the gzip data is corrupt; deliver the file again$"):
        call("mapping", "try", str(named), "--mapping", str(bot))


def test_a_file_of_any_name_is_tried_by_a_named_format(call: Callable[..., str], tmp_path: Path) -> None:
    file = tmp_path / "trace.log"
    file.write_text("TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.68,374,44\n")
    printed = call("mapping", "try", str(file), "--mapping", "azure_llm")
    assert "Format azure_llm: 2 lines, 1 accepted, 0 rejected, 1 too old to land today." in printed


@pytest.mark.parametrize(
    ("name", "error", "told"),
    [
        ("nosuch", QueryError, "No format is named 'nosuch'; known are agent_runs"),
        ("x.yaml", FormatError, "x.yaml: cannot be read"),
        ("azure_llm", QueryError, "none of the 6 columns of its header is 'TIMESTAMP'"),
    ],
)
def test_a_format_that_is_not_there_is_an_error(
    call: Callable[..., str], sample: Path, name: str, error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=told):
        call("mapping", "try", str(sample), "--mapping", name)
