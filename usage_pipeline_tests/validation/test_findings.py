"""What people should look at is a check that warns, by day, and names file, line and reason."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage
from usage_pipeline.validation.checking import check_days
from usage_pipeline.validation.checks import COST_CHECKS, DAY_CHECKS, LANDING_CHECKS, Severity
from usage_pipeline_tests.conftest import OpenOn
from usage_pipeline_tests.support import Landing, land_and_compute, prompt, write_persona

DAY = date(2026, 5, 1)
TIME = "2026-05-01T08:00:00Z"
Run = Callable[[], object]
LOOKED_AT = [check for check in (*LANDING_CHECKS, *DAY_CHECKS) if check not in COST_CHECKS]


@pytest.fixture
def run(storage: Storage) -> Run:
    """Lands what is new, and computes what the findings read."""
    return lambda: land_and_compute(storage, "records", "daily_breakdown")


def warned(storage: Storage, day: date = DAY) -> dict[str, str]:
    """By check, what was observed by those that warn."""
    found = check_days(storage, LOOKED_AT, [day], "test")
    return {
        result.check_name: result.in_words
        for result in found
        if result.failed and result.severity is Severity.WARNING
    }


def test_rejected_lines_are_named_by_file_line_and_reason(storage: Storage, landing: Landing, run: Run) -> None:
    landing.write("persona", str(DAY), [prompt("e1", TIME), "no JSON", "neither", prompt("e2", "yesterday")])
    run()
    assert warned(storage) == {
        "files_are_usable": (
            "0 of 1 files count nowhere, 1 reject over 1.0% of their lines, 0 entries are passed over: "
            "file persona/2026-05-01/events.jsonl, problem malformed_json, first in line 2, lines 2; "
            "file persona/2026-05-01/events.jsonl, problem invalid_occurred_at, first in line 4, lines 1"
        )
    }


def test_a_failed_and_a_quarantined_file_are_named_with_the_reason_and_the_good_one_counts(
    storage: Storage, landing: Landing, run: Run
) -> None:
    landing.write("persona", str(DAY), [prompt("e1", TIME)], name="good.jsonl")
    landing.write("persona", str(DAY), ["no JSON"] * 100, name="bad.jsonl")
    landing.write_bytes("persona", str(DAY), b"\xff\xfe\x00", name="broken.jsonl")
    run()
    observed = warned(storage)["files_are_usable"]
    assert "file persona/2026-05-01/bad.jsonl, problem quarantined: 100.0% of its lines" in observed
    assert "file persona/2026-05-01/broken.jsonl, problem failed: " in observed
    assert "good.jsonl" not in observed
    assert "no JSON" not in observed


def test_a_file_in_which_each_leads_nowhere_is_named_with_the_path(
    new_settings: Callable[..., Settings], open_on: OpenOn, tmp_path: Path
) -> None:
    (tmp_path / "formats").mkdir()
    (tmp_path / "formats" / "spans.yaml").write_text(
        "description: Spans.\nformat: jsonl\neach: $.spanz[*]\nidentity: [$.id]\ntype: {constant: request}\n"
        "times: {occurred_at: {field: $.at, format: iso}}\n"
    )
    settings = new_settings(formats_dir=tmp_path / "formats")
    lines = [{"spans": [{"id": "s1", "at": TIME}]}]
    Landing(settings.landing).write("spans", str(DAY), lines, tenant="acme")
    with open_on(settings) as storage:
        land_and_compute(storage, "records")
        assert (
            "`each` leads nowhere: none of its lines has a list at $.spanz[*]"
            in warned(storage)["files_are_usable"]
        )


def test_what_is_no_landing_file_is_named_with_the_reason(storage: Storage, landing: Landing, run: Run) -> None:
    folder = landing.write("persona", str(DAY), [prompt("e1", TIME)]).parent
    (folder / "folder.jsonl").mkdir()
    landing.write("persona", "2026-05-02", ["of another day"], name="other.txt")
    run()
    assert warned(storage) == {
        "files_are_usable": (
            "0 of 1 files count nowhere, 0 reject over 1.0% of their lines, 1 entry is passed over: file "
            "persona/2026-05-01/folder.jsonl, problem passed over: expected a file, but this is a folder; rename "
            "it if it is that of a tenant, lines 0"
        )
    }


GEMINI = """
    description: Responses of the Gemini API.
    format: jsonl
    identity: [$.id]
    type: {constant: request}
    times: {occurred_at: {field: $.at, format: iso}}
    fields:
      tokens_in: $.promptTokenCount
      tokens_out: $.candidatesTokenCount
      tokens_reasoning: $.thoughtsTokenCount
      tokens_total: $.totalTokenCount
    output_includes_reasoning: %s
"""


@pytest.mark.parametrize(
    ("included", "told"),
    [
        (
            "true",
            {
                "totals_are_input_plus_output": (
                    "1 of 2 totals apart, by 785 tokens: file gemini/2026-05-01/*/*, lines 1, tokens 785"
                )
            },
        ),
        ("false", {}),
    ],
)
def test_a_reported_total_that_is_not_input_plus_output_warns_with_the_difference(
    new_settings: Callable[..., Settings], open_on: OpenOn, tmp_path: Path, included: str, told: dict[str, str]
) -> None:
    (tmp_path / "gemini.yaml").write_text(GEMINI % included)
    lines = [
        {
            "promptTokenCount": 55021,
            "candidatesTokenCount": 923,
            "thoughtsTokenCount": 785,
            "totalTokenCount": 56729,
        },
        {"promptTokenCount": 8, "candidatesTokenCount": 6, "totalTokenCount": 14},
        {"promptTokenCount": 8, "candidatesTokenCount": 6},
        {"totalTokenCount": 14},
    ]
    settings = new_settings(formats_dir=tmp_path)
    named = [{"id": f"g{number}", "at": TIME, **line} for number, line in enumerate(lines)]
    Landing(settings.landing).write("gemini", str(DAY), named, tenant="acme")
    with open_on(settings) as storage:
        land_and_compute(storage, "records")
        assert warned(storage) == told


def test_a_void_without_a_target_warns(storage: Storage, landing: Landing, run: Run) -> None:
    target = {"source": "persona", "recordId": "e9", "eventDay": str(DAY)}
    landing.write("void", str(DAY), [{"id": "v1", "tenantId": "acme", **target}])
    landing.write("persona", str(DAY), [prompt("e1", TIME)])
    run()
    assert warned(storage) == {"voids_have_targets": "1 of 1 voids without a target"}


@pytest.mark.parametrize(
    ("within", "told"),
    [
        (
            0,
            [
                {"ids_are_of_one_day": "1 of 2 ids are of a day nearby too: source calls, ids 1"},
                {"ids_are_of_one_day": "1 of 1 ids are of a day nearby too: source calls, ids 1"},
            ],
        ),
        (1, [{}, {}]),
    ],
)
def test_an_id_of_two_days_warns_on_both_unless_it_counts_once(
    new_settings: Callable[..., Settings], open_on: OpenOn, tmp_path: Path, within: int, told: list[dict[str, str]]
) -> None:
    write_persona(tmp_path, "calls", within)
    settings = new_settings(formats_dir=tmp_path)
    lines = [prompt("e1", TIME), prompt("e1", "2026-05-02T08:00:00Z"), prompt("e2", TIME)]
    Landing(settings.landing).write("calls", "2026-05-02", lines)
    with open_on(settings) as storage:
        land_and_compute(storage, "records")
        assert [warned(storage, day) for day in (DAY, date(2026, 5, 2))] == told


def test_two_sources_that_report_the_same_warn_and_the_tenant_is_not_named(
    storage: Storage, landing: Landing, run: Run
) -> None:
    landing.write("persona", str(DAY), [prompt(f"e{number}", TIME) for number in range(20)])
    counted = [
        {"id": kind, "type": kind, "count": count, "createdAt": 1777622400000, "meta": {}}
        for kind, count in (("token", 2400), ("message", 40))
    ]
    landing.write("usage_statistics", str(DAY), counted, tenant="acme")
    run()
    assert warned(storage)["metered_once"] == (
        "1 of 1 tenants with several sources have two that probably report the same usage: "
        "metric messages, sources persona and usage_statistics, tenants 1, metered_twice 1; "
        "metric tokens_total, sources persona and usage_statistics, tenants 1, metered_twice 1"
    )


def test_two_sources_that_report_different_usage_do_not_warn(storage: Storage, landing: Landing, run: Run) -> None:
    landing.write("persona", str(DAY), [prompt("e1", TIME)])
    counted = {"id": "u1", "type": "token", "count": 3, "createdAt": 1777622400000, "meta": {}}
    landing.write("usage_statistics", str(DAY), [counted], tenant="acme")
    run()
    assert warned(storage) == {}


@pytest.mark.parametrize("day", [DAY, date(2020, 1, 1)])
def test_a_day_of_which_nothing_is_known_has_nothing_to_look_at(storage: Storage, day: date) -> None:
    assert warned(storage, day) == {}
