"""What is said of one record: where it came from, what became of each of its lines, what it counted as."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest

from usage_pipeline.errors import QueryError
from usage_pipeline.events.landing.decisions import withdraw
from usage_pipeline.events.landing.land import land_days
from usage_pipeline.pipeline.explain import ExplainedLine, explain
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.conftest import OpenOn, Prepare
from usage_pipeline_tests.costs.generic import call, write_format
from usage_pipeline_tests.support import Landing, land_and_compute, prompt

Run = Callable[[], object]
FOLDER = "persona/2026-05-01"
TIME = "2026-05-01T08:00:00Z"
PROMPT = {
    "records": 1,
    "requests": 1,
    "prompts": 1,
    "messages": 2,
    "tokens_in": 100,
    "tokens_out": 20,
    "tokens_total": 120,
}


RECORD = {
    "tenant_id": "acme",
    "source": "persona",
    "record_id": "e1",
    "type": "persona_prompt",
    "occurred_at": datetime.fromisoformat("2026-05-01T08:00:00"),
    "count": 1,
    "unit": "prompt",
    "tokens_in": 100,
    "tokens_out": 20,
    "tokens_total": 120,
    "messages": 2,
    "status": "succeeded",
    "landed_at": datetime.fromisoformat("2026-05-03T00:00:00"),
    "landing_file": "persona/2026-05-02/events.jsonl",
    "landing_line": 2,
    "landing_event": 1,
}


@pytest.fixture
def run(storage: Storage) -> Run:
    """Lands what is new, and computes what the explanation of a record reads."""
    return lambda: land_and_compute(storage, "records", "daily_costs", "credit_usage")


def verdicts(found: list[ExplainedLine]) -> list[tuple[str, int, str, str | None]]:
    """File, line, verdict and what decided it."""
    return [(line.landing_file, line.landing_line, line.verdict, line.decided_by) for line in found]


def test_a_record_is_explained_whole(storage: Storage, landing: Landing, run: Run) -> None:
    landing.write("persona", "2026-05-02", ["", prompt("e1", TIME), prompt("e2", TIME)])
    run()
    (line,) = explain(storage, "e1")
    assert [(cost.token_class, cost.quantity, cost.unpriced) for cost in line.costs] == [
        ("input", 100, "no_model"),
        ("output", 20, "no_model"),
    ]
    assert line.credits is not None
    assert (line.credits.credits, line.credits.unrated) == (None, "no_rates")
    assert [replace(line, costs=(), credits=None)] == [
        ExplainedLine(
            tenant_id="acme",
            source="persona",
            record_id="e1",
            event_day=date(2026, 5, 1),
            landing_file="persona/2026-05-02/events.jsonl",
            landing_line=2,
            landing_event=1,
            type="persona_prompt",
            occurred_at=datetime.fromisoformat("2026-05-01T08:00:00"),
            verdict="counted",
            decided_by=None,
            metrics=PROMPT,
            costs=(),
            credits=None,
            paid_by=(),
            record=RECORD,
        )
    ]


def test_a_run_counts_its_api_calls_as_requests(storage: Storage, landing: Landing, run: Run) -> None:
    line = {
        "runId": "run_1",
        "tenantId": "acme",
        "startedAt": "2026-05-01T07:00:00Z",
        "endedAt": TIME,
        "apiCalls": 9,
        "toolCalls": 4,
        "tokensIn": 15200,
        "tokensOut": 2100,
    }
    landing.write("agent_runs", "2026-05-01", [line])
    run()
    assert explain(storage, "run_1")[0].metrics == {
        "records": 1,
        "requests": 9,
        "runs": 1,
        "tokens_in": 15200,
        "tokens_out": 2100,
        "tokens_total": 17300,
        "tool_calls": 4,
    }


def test_a_duplicate_and_a_conflict_name_the_line_that_counts(
    storage: Storage, landing: Landing, run: Run
) -> None:
    landing.write("persona", "2026-05-01", [prompt("e1", TIME)], name="a.jsonl")
    landing.write("persona", "2026-05-01", [prompt("e1", TIME), prompt("e1", TIME, tokensIn=7)], name="b.jsonl")
    run()
    found = explain(storage, "e1")
    assert verdicts(found) == [
        (f"{FOLDER}/a.jsonl", 1, "counted", None),
        (f"{FOLDER}/b.jsonl", 1, "duplicate", f"{FOLDER}/a.jsonl:1"),
        (f"{FOLDER}/b.jsonl", 2, "conflict", f"{FOLDER}/a.jsonl:1"),
    ]
    assert [line.metrics for line in found] == [PROMPT, {}, {}]


def test_a_voided_record_and_its_void_name_each_other(storage: Storage, landing: Landing, run: Run) -> None:
    void = {"id": "v1", "tenantId": "acme", "source": "persona", "recordId": "e1", "eventDay": "2026-05-01"}
    landing.write("persona", "2026-05-01", [prompt("e1", TIME)])
    landing.write("void", "2026-05-01", [void])
    run()
    assert verdicts([*explain(storage, "e1"), *explain(storage, "v1")]) == [
        (f"{FOLDER}/events.jsonl", 1, "voided", "void/2026-05-01/events.jsonl:1"),
        ("void/2026-05-01/events.jsonl", 1, "void", f"{FOLDER}/events.jsonl:1"),
    ]
    assert (explain(storage, "e1")[0].metrics, explain(storage, "v1")[0].metrics) == ({}, {})


@pytest.mark.parametrize("computed", [True, False], ids=["computed", "not yet computed"])
def test_a_line_of_a_withdrawn_file_counts_for_nothing(
    storage: Storage, landing: Landing, run: Run, *, computed: bool
) -> None:
    landing.write("persona", "2026-05-01", [prompt("e1", TIME)])
    run()
    withdraw(storage, f"{FOLDER}/events.jsonl", "wrong", "ann")
    if computed:
        run()
    (found,) = explain(storage, "e1")
    assert (found.verdict, found.decided_by, found.metrics) == ("not counted: its file is withdrawn", None, {})


def test_a_line_of_a_quarantined_file_counts_for_nothing(storage: Storage, landing: Landing, run: Run) -> None:
    lines = [*(prompt(f"e{number}", TIME) for number in range(90)), *["{"] * 10]
    landing.write("persona", "2026-05-01", lines)
    run()
    assert explain(storage, "e1")[0].verdict == "not counted: its file is quarantined"


def test_a_line_that_landed_after_its_day_was_computed_is_not_counted_yet(
    storage: Storage, landing: Landing, run: Run
) -> None:
    landing.write("persona", "2026-05-01", [prompt("e1", TIME)])
    run()
    landing.write("persona", "2026-05-02", [prompt("e1", TIME)])
    land_days(storage, [date(2026, 5, 2)], "test")
    found = explain(storage, "e1")
    assert [(line.verdict, line.metrics) for line in found] == [
        ("not counted yet: its day is to be computed", {}),
        ("not counted yet: its day is to be computed", {}),
    ]


@pytest.fixture
def _twins(landing: Landing, run: Run, prepare: Prepare) -> None:
    """The id e1 of two tenants, and of two sources."""
    landing.write("persona", "2026-05-01", [prompt("e1", TIME), prompt("e1", TIME, tenantId="globex")])
    landing.write("agent_runs", "2026-05-01", [{"runId": "e1", "tenantId": "acme", "endedAt": TIME}])
    prepare("twins", run)


@pytest.mark.usefixtures("_twins")
@pytest.mark.parametrize(
    ("narrowed", "found"),
    [
        ({}, [("acme", "agent_runs"), ("acme", "persona"), ("globex", "persona")]),
        ({"tenant": "acme"}, [("acme", "agent_runs"), ("acme", "persona")]),
        ({"source": "persona"}, [("acme", "persona"), ("globex", "persona")]),
        ({"tenant": "globex", "source": "persona"}, [("globex", "persona")]),
    ],
)
def test_an_id_of_several_tenants_and_sources_can_be_narrowed(
    storage: Storage, narrowed: dict[str, str], found: list[tuple[str, str]]
) -> None:
    assert [(line.tenant_id, line.source) for line in explain(storage, "e1", **narrowed)] == found


@pytest.mark.usefixtures("_twins")
@pytest.mark.parametrize(
    ("question", "only"),
    [
        ({"record_id": "e9"}, ""),
        ({"record_id": "e1", "tenant": "initech"}, " Only lines of tenant 'initech' were looked at."),
        (
            {"record_id": "e1", "tenant": "globex", "source": "agent_runs"},
            " Only lines of tenant 'globex' and source 'agent_runs' were looked at.",
        ),
    ],
)
def test_an_unknown_record_is_a_wrong_question(storage: Storage, question: dict[str, str], only: str) -> None:
    with pytest.raises(QueryError) as raised:
        explain(storage, **question)
    assert str(raised.value) == (
        f"No accepted line has the record id '{question['record_id']}'; `usage-pipeline rejects` has the others."
        f"{only}"
    )


def test_before_anything_landed_no_record_is_known(storage: Storage) -> None:
    with pytest.raises(QueryError, match="No accepted line has the record id 'e1'"):
        explain(storage, "e1")


def test_a_line_is_found_by_its_file_and_number(storage: Storage, landing: Landing, run: Run) -> None:
    landing.write("persona", "2026-05-02", ["", prompt("e1", TIME), prompt("e2", TIME)])
    run()
    (line,) = explain(storage, "persona/2026-05-02/events.jsonl:3")
    assert (line.record_id, line.landing_line, line.verdict) == ("e2", 3, "counted")
    with pytest.raises(
        QueryError, match=r"events\.jsonl has no accepted line 4; `usage-pipeline rejects --file pers"
    ):
        explain(storage, "persona/2026-05-02/events.jsonl:4")
    with pytest.raises(QueryError, match=r"No landing file 'persona/2026-05-02/other\.jsonl' is known"):
        explain(storage, "persona/2026-05-02/other.jsonl:3")


@pytest.mark.parametrize("written", ["north:1:a%b", "north%3A1:a%25b"])
def test_an_id_of_several_fields_is_found_with_plain_colons(
    new_settings: Callable[..., Settings], open_on: OpenOn, tmp_path: Path, written: str
) -> None:
    folder = write_format(tmp_path / "formats")
    joined = (folder / "calls.yaml").read_text().replace("identity: [$.id]", "identity: [$.line, $.no]")
    (folder / "joined.yaml").write_text(joined)
    settings = new_settings(formats_dir=folder)
    Landing(settings.landing).write(
        "joined", "2026-05-01", [call("x", TIME, line="north:1", no="a%b", tokens_in=7)]
    )
    with open_on(settings) as storage:
        land_and_compute(storage, "records", "daily_costs", "credit_usage")
        (line,) = explain(storage, written)
    assert (line.record_id, line.metrics["tokens_in"]) == ("north%3A1:a%25b", 7)
