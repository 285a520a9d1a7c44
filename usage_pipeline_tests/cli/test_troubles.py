"""Files and lines in trouble: what commands tell of them, and of decisions that are not made."""

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from usage_pipeline.cli.app import main
from usage_pipeline.errors import QueryError
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.cli.lines import BAD, GONE, GOOD, remove_one, write_troubles
from usage_pipeline_tests.support import files, logged

Call = Callable[..., str]


@pytest.fixture(scope="module")
def settings(deploy: Callable[..., Storage]) -> Settings:
    """A good file, a quarantined one, one with a conflict that is gone since, and a void of nothing."""
    return deploy(write_troubles, remove_one).settings


@pytest.mark.parametrize(
    ("command", "path", "printed"),
    [
        ("release", BAD, "90 lines of 1 event day, 2026-05-01 to 2026-05-01, would count."),
        ("withdraw", GOOD, "2 lines of 2 event days, 2026-04-30 to 2026-05-01, would no longer count."),
    ],
)
def test_a_dry_run_says_what_would_change_and_changes_nothing(
    call: Call, storage: Storage, command: str, path: str, printed: str
) -> None:
    before = files(storage), logged(storage)
    assert call(command, path, "--reason", "a test", "--dry-run") == f"{printed} Nothing was changed.\n"
    assert (files(storage), logged(storage)) == before


@pytest.mark.parametrize("dry_run", [[], ["--dry-run"]], ids=["in earnest", "dry run"])
def test_a_file_in_another_state_is_a_wrong_question(call: Call, dry_run: list[str]) -> None:
    with pytest.raises(QueryError, match=r"is landed\. Only a quarantined or withdrawn file can be released\."):
        call("release", GOOD, "--reason", "a test", *dry_run)


@pytest.mark.parametrize("command", ["release", "withdraw"])
def test_a_decision_without_a_reason_is_a_wrong_call(call: Call, command: str) -> None:
    call(command, GOOD, exit_code=2)


def test_audit_tells_what_happened_oldest_first(call: Call) -> None:
    rows = list(csv.DictReader(io.StringIO(call("audit", "--format", "csv"))))
    assert [(row["by"], row["action"], row["subject"]) for row in rows] == [
        ("pipeline", "quarantined", BAD),
        ("pipeline", "voided", "void/2026-05-02/events.jsonl"),
        ("pipeline", "vanished", GONE),
    ]


def test_the_audit_table_names_the_reason(call: Call) -> None:
    assert "10.0% of its lines were rejected" in call("audit")


def test_files_shows_since_when_a_file_is_gone(call: Call) -> None:
    found = json.loads(call("files", "--format", "json"))
    assert {file["path"]: (file["state"], file["vanished_at"]) for file in found} == {
        BAD: ("quarantined", None),
        GOOD: ("landed", None),
        GONE: ("landed", "2026-06-01T00:00:00+00:00"),
        "void/2026-05-02/events.jsonl": ("landed", None),
    }


def rejects(call: Call, *arguments: str) -> list[dict[str, Any]]:
    return list(json.loads(call("rejects", "--format", "json", *arguments)))


def test_rejects_tells_of_conflicts_and_of_voids_without_a_target(call: Call) -> None:
    fields = ("landing_file", "landing_line", "reason", "field", "found", "expected", "raw")
    assert [tuple(row[name] for name in fields) for row in rejects(call, "--from", "2026-05-02")] == [
        (
            GONE,
            1,
            "conflict",
            "record_id",
            "e1",
            f"the content of the line that landed first, {GOOD}:1",
            None,
        ),
        (
            "void/2026-05-02/events.jsonl",
            1,
            "void_without_target",
            "void_record_id",
            "e9",
            "a record of persona with this id on this day",
            None,
        ),
    ]


def test_rejects_come_in_landing_order_up_to_the_limit(call: Call) -> None:
    found = [(row["landing_file"], row["landing_line"]) for row in rejects(call, "--limit", "11")]
    assert found == [*((BAD, 91 + number) for number in range(10)), (GONE, 1)]


def test_rejects_begins_with_the_number_of_lines_by_reason(call: Call) -> None:
    printed = [line.split() for line in call("rejects", "--limit", "1").splitlines()]
    assert printed[0] == ["Rejected", "lines", "by", "reason"]
    assert printed[4:7] == [
        ["malformed_json", "10", "1"],
        ["conflict", "1", "1"],
        ["void_without_target", "1", "1"],
    ]


def test_the_summary_of_one_file_is_of_that_file(call: Call) -> None:
    printed = [line.split() for line in call("rejects", "--file", GONE).splitlines()]
    assert printed[4] == ["conflict", "1", "1"]


def test_explain_tells_of_each_line_in_json(call: Call) -> None:
    (first, second) = json.loads(call("explain", "e1", "--format", "json"))
    costs = [
        (cost["token_class"], cost["quantity"], cost["amount"], cost["unpriced"]) for cost in first.pop("costs")
    ]
    assert costs == [("input", 100, None, "no_model"), ("output", 20, None, "no_model")]
    assert (first.pop("credits")["unrated"], first.pop("paid_by")) == ("no_rates", [])
    assert (first.pop("record")["unit"], first) == (
        "prompt",
        {
            "tenant_id": "acme",
            "source": "persona",
            "event_day": "2026-05-01",
            "landing_file": GOOD,
            "landing_line": 1,
            "landing_event": 1,
            "type": "persona_prompt",
            "occurred_at": "2026-05-01T08:00:00",
            "verdict": "counted",
            "decided_by": None,
            "metrics": {
                "records": 1,
                "requests": 1,
                "prompts": 1,
                "messages": 2,
                "tokens_in": 100,
                "tokens_out": 20,
                "tokens_total": 120,
            },
        },
    )
    assert (second["verdict"], second["decided_by"], second["metrics"]) == ("conflict", f"{GOOD}:1", {})


def test_explain_writes_metrics_out_in_csv(call: Call) -> None:
    (row,) = csv.DictReader(io.StringIO(call("explain", "e2", "--source", "persona", "--format", "csv")))
    assert row["metrics"] == (
        "records 1, requests 1, prompts 1, messages 2, tokens_in 100, tokens_out 20, tokens_total 120"
    )
    assert row["costs"] == "100 input without a price: no_model; 20 output without a price: no_model"


@pytest.mark.usefixtures("call")
def test_an_unknown_record_ends_with_exit_code_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["usage-pipeline", "explain", "e77"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "No accepted line has the record id 'e77'" in capsys.readouterr().err
