"""The verdict on a line: accepted as which record, or rejected for which reason."""

import sys
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from usage_pipeline.events.landing import lines
from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.events.each import Became
from usage_pipeline_tests.support import Landing, files, prompt, reject_reasons, rows

Run = Callable[[], object]
Land = Callable[[str], None]
AddReference = Callable[[str, str], None]
TIME = "2026-05-01T08:00:00Z"


LANDED_AT = datetime.fromisoformat("2026-05-02T00:00:00")


def without(field: str) -> dict[str, Any]:
    return {key: value for key, value in prompt("e1", TIME).items() if key != field}


REJECTS = [
    pytest.param('{"id":', "malformed_json", id="half an object"),
    pytest.param("hello", "malformed_json", id="a word"),
    pytest.param('{"id":1} {"id":2}', "malformed_json", id="two objects on one line"),
    pytest.param("[{}]", "not_an_object", id="a list"),
    pytest.param("17", "not_an_object", id="a number"),
    pytest.param("null", "not_an_object", id="null"),
    pytest.param("{}", "missing_tenant_id", id="an empty object"),
    pytest.param(without("tenantId"), "missing_tenant_id", id="no tenant"),
    pytest.param(prompt("e1", TIME, tenantId=""), "missing_tenant_id", id="an empty tenant"),
    pytest.param(without("id"), "missing_record_id", id="no id"),
    pytest.param(prompt("", TIME), "missing_record_id", id="an empty id"),
    pytest.param(without("event"), "missing_type", id="no type"),
    pytest.param(prompt("e1", TIME, event="persona_clone"), "unknown_type", id="a type that the format lacks"),
    pytest.param(prompt("e1", TIME, event="message_send"), "unknown_type", id="a type of another format"),
    pytest.param(prompt("e1", TIME, event="Persona_Prompt"), "unknown_type", id="a type in capitals"),
    pytest.param(without("timestamp"), "missing_occurred_at", id="no time"),
    pytest.param(prompt("e1", "2026-05-01T08:00:00"), "invalid_occurred_at", id="a time without a zone"),
    pytest.param(prompt("e1", TIME, tokensIn="12.7"), "invalid_tokens_in", id="a fraction of a token"),
    pytest.param(prompt("e1", TIME, tokensOut=-1), "invalid_tokens_out", id="a negative token count"),
    pytest.param(prompt("e1", TIME, cachedTokensIn="x"), "invalid_tokens_cached", id="no count of cached tokens"),
    pytest.param(prompt("e1", TIME, latencyMs="slow"), "invalid_latency_ms", id="no latency"),
    pytest.param(prompt("e1", TIME, fileSize=1.5), "invalid_bytes", id="no size"),
    pytest.param(prompt("e1", TIME, issueCount=True), "invalid_issue_count", id="no number of issues"),
    pytest.param(prompt("e1", TIME, cachedTokensIn=101), "token_invariant", id="more cached than input"),
    pytest.param(prompt("e1", TIME, reasoningTokensOut=21), "token_invariant", id="more reasoning than output"),
    pytest.param(prompt("e1", "2026-05-02T00:05:00.000001Z"), "timestamp_in_future", id="too far ahead"),
    pytest.param(prompt("e1", "2026-01-30T23:59:59Z"), "past_retention", id="too long ago"),
]


@pytest.fixture(scope="module")
def validated(land_each: Callable[..., dict[str, Became]]) -> dict[str, Became]:
    """What became of each of these lines."""
    return land_each("persona", {str(case.id): case.values[0] for case in REJECTS}, tenant=None)


@pytest.mark.parametrize(("name", "reason"), [(case.id, case.values[1]) for case in REJECTS])
def test_reject_reason(validated: dict[str, Became], name: str, reason: str) -> None:
    assert validated[name].rejected == (1, reason)


def test_each_rejected_line_is_counted_once_and_the_good_ones_land(
    storage: Storage, landing: Landing, run: Run
) -> None:
    lines_and_reasons: list[tuple[Any, str]] = [
        (param.values[0], str(param.values[1])) for param in REJECTS for _ in range(2)
    ]
    good = [prompt(f"good{number}", TIME) for number in range(3)]
    landing.write("persona", "2026-05-01", [*good, *(line for line, _ in lines_and_reasons)])
    run()
    assert Counter(reason for _, reason in reject_reasons(storage)) == Counter(
        reason for _, reason in lines_and_reasons
    )
    file = files(storage)["events.jsonl"]
    assert (file.lines, file.accepted, file.rejected) == (2 * len(REJECTS) + 3, 3, 2 * len(REJECTS))


def test_a_line_that_is_not_utf8_is_rejected_alone(storage: Storage, landing: Landing, land: Land) -> None:
    good = b'{"id":"e%d","event":"persona_list","timestamp":"2026-05-01T08:00:00Z","tenantId":"acme"}\n'
    content = good % 1 + b'{"id":"\xff"}\n' + good % 2
    landing.write_bytes("persona", "2026-05-01", content)
    land("2026-05-01")
    assert reject_reasons(storage) == [(2, "not_utf8")]
    assert rows(storage, LANDED_EVENTS, "record_id") == [("e1",), ("e2",)]


@pytest.fixture
def _short_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, module in list(sys.modules.items()):
        if name.startswith("usage_pipeline.events.landing") and hasattr(module, "MAX_LINE_BYTES"):
            monkeypatch.setattr(module, "MAX_LINE_BYTES", 300)


@pytest.mark.usefixtures("_short_lines")
@pytest.mark.parametrize(("length", "rejects"), [(300, []), (301, [(2, "line_too_long")])])
def test_a_line_longer_than_the_limit_is_rejected_alone(
    storage: Storage, deliver: Callable[..., None], length: int, rejects: list[tuple[int, str]]
) -> None:
    line = '{"id":"e2","event":"persona_list","timestamp":"2026-05-01T08:00:00Z","tenantId":"acme","note":"?"}'
    line = line.replace("?", "x" * (length - len(line) + 1))
    deliver("persona", "2026-05-01", [prompt("e1", TIME), line, prompt("e3", TIME)])
    assert reject_reasons(storage) == rejects


@pytest.mark.usefixtures("_short_lines")
def test_a_line_far_longer_than_a_block_is_rejected_alone(
    storage: Storage, landing: Landing, land: Land, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "BLOCK_BYTES", 64)
    long = prompt("e2", TIME, note="é" * 2000)
    landing.write("persona", "2026-05-01", [prompt("e1", TIME), long, prompt("e3", TIME)])
    land("2026-05-01")
    assert reject_reasons(storage) == [(2, "line_too_long")]


def test_a_time_up_to_five_minutes_after_the_landing_day_is_accepted(
    storage: Storage, landing: Landing, land: Land
) -> None:
    times = ["2026-05-02T00:04:59.999999Z", "2026-05-02T00:05:00Z", "2026-05-02T00:05:00.000001Z"]
    landing.write("persona", "2026-05-01", [prompt(f"e{number}", time) for number, time in enumerate(times)])
    land("2026-05-01")
    assert reject_reasons(storage) == [(3, "timestamp_in_future")]


PLANS = """
    short: {retention_days: 10}
    long: {retention_days: 100}
    forever: {retention_days: null}
    default: short
"""
TENANTS = """
    acme: {plans: [{from: 2026-04-01, plan: long}, {from: 2026-05-02, plan: short}]}
    initech: {plans: [{from: 2026-05-02, plan: long}]}
    archive: {plans: [{from: 2020-01-01, plan: forever}]}
"""


@pytest.fixture
def _plans(add_reference: AddReference) -> None:
    add_reference("plans", PLANS)
    add_reference("tenants", TENANTS)


@pytest.mark.usefixtures("_plans")
@pytest.mark.parametrize(
    ("tenant", "landing_day", "first_kept"),
    [
        pytest.param("acme", "2026-05-01", "2026-01-21", id="its plan on the landing day"),
        pytest.param("acme", "2026-05-02", "2026-04-22", id="its plan after a change"),
        pytest.param("initech", "2026-05-01", "2026-04-21", id="the default before its first plan"),
        pytest.param("nobody", "2026-05-01", "2026-04-21", id="the default for an unknown tenant"),
    ],
)
def test_the_retention_of_the_plan_in_force_on_the_landing_day_decides_what_is_past_it(
    storage: Storage, deliver: Callable[..., None], tenant: str, landing_day: str, first_kept: str
) -> None:
    last_dropped = date.fromisoformat(first_kept) - timedelta(days=1)
    times = [f"{first_kept}T00:00:00Z", f"{last_dropped}T23:59:59.999999Z"]
    deliver("persona", landing_day, [prompt(time, time, tenantId=tenant) for time in times])
    assert reject_reasons(storage) == [(2, "past_retention")]


@pytest.mark.usefixtures("_plans")
def test_without_a_limit_only_the_calendar_ends_what_is_kept(
    storage: Storage, landing: Landing, land: Land
) -> None:
    times = ["2023-01-01T00:00:00Z", "2022-12-31T23:59:59.999999Z"]
    landing.write("persona", "2026-05-01", [prompt(time, time, tenantId="archive") for time in times])
    land("2026-05-01")
    assert reject_reasons(storage) == [(2, "before_calendar")]


def test_an_unknown_tenant_is_accepted(storage: Storage, landing: Landing, land: Land) -> None:
    landing.write("persona", "2026-05-01", [prompt("e1", TIME, tenantId="nobody")])
    land("2026-05-01")
    assert rows(storage, LANDED_EVENTS, "tenant_id") == [("nobody",)]


def test_a_line_without_a_tenant_belongs_to_the_tenant_of_its_folder(
    storage: Storage, landing: Landing, land: Land
) -> None:
    landing.write("persona", "2026-05-01", [without("tenantId")], tenant="globex")
    land("2026-05-01")
    assert rows(storage, LANDED_EVENTS, "tenant_id") == [("globex",)]


def test_a_line_of_another_tenant_than_its_folder_is_rejected(
    storage: Storage, landing: Landing, land: Land
) -> None:
    lines = [prompt("e1", TIME, tenantId="globex"), prompt("e2", TIME, tenantId="acme")]
    landing.write("persona", "2026-05-01", lines, tenant="globex")
    land("2026-05-01")
    assert reject_reasons(storage) == [(2, "tenant_mismatch")]


def test_a_source_without_tenants_needs_a_tenant_folder(storage: Storage, landing: Landing, land: Land) -> None:
    landing.write(
        "azure_llm", "2026-05-01", ["TIMESTAMP,ContextTokens,GeneratedTokens", f"{TIME},1,2"], name="a.csv"
    )
    land("2026-05-01")
    assert reject_reasons(storage) == [(2, "missing_tenant_id")]


def test_a_pattern_admits_types_under_their_own_names(storage: Storage, landing: Landing, land: Land) -> None:
    lines = [
        f'{{"event": "{event}", "properties": {{}}, "user_id": "u", "time": 1777622400}}'
        for event in ("command_add", "command", "cli session")
    ]
    landing.write("aider", "2026-05-01", lines, tenant="acme")
    land("2026-05-01")
    assert rows(storage, LANDED_EVENTS, "landing_line", "type") == [(1, "command_add"), (3, "cli session")]
    assert reject_reasons(storage) == [(2, "unknown_type")]


def test_a_succeeded_prompt_is_two_messages_a_failed_one_is_one_and_anything_else_none(
    storage: Storage, landing: Landing, land: Land
) -> None:
    lines = [
        prompt("e1", TIME, status="succeeded"),
        prompt("e2", TIME, status="failed"),
        prompt("e3", TIME, status=None),
        prompt("e4", TIME, event="persona_list"),
    ]
    landing.write("persona", "2026-05-01", lines)
    land("2026-05-01")
    assert rows(storage, LANDED_EVENTS, "record_id", "messages") == [("e1", 2), ("e2", 1), ("e3", 2), ("e4", 0)]


def test_a_record_is_stamped_with_where_and_when_it_landed(storage: Storage, landing: Landing, land: Land) -> None:
    landing.write("persona", "2026-05-01", ["", prompt("e1", TIME)], name="a b.jsonl")
    land("2026-05-01")
    assert rows(storage, LANDED_EVENTS, "landed_at", "landing_file", "landing_line", "count", "unit") == [
        (LANDED_AT, "persona/2026-05-01/a b.jsonl", 2, 1, "prompt")
    ]


def test_a_new_plan_validates_a_landing_day_anew_only_when_it_is_landed_again(
    storage: Storage, landing: Landing, run: Run, land: Land, add_reference: AddReference
) -> None:
    landing.write("persona", "2026-05-01", [prompt("e1", "2026-04-01T00:00:00Z")])
    run()
    add_reference("plans", "short: {retention_days: 10}\ndefault: short\n")
    run()
    assert reject_reasons(storage) == []
    land("2026-05-01")
    assert reject_reasons(storage) == [(1, "past_retention")]
