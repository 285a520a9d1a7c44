"""What people are told of a rejected line."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from usage_pipeline.events.landing.land import land_days
from usage_pipeline.events.landing.rejects import read_rejects
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.conftest import OpenOn
from usage_pipeline_tests.support import Landing, prompt

Land = Callable[[str], None]
DAY = date(2026, 5, 1)
TIME = "2026-05-01T08:00:00Z"
WHOLE_NUMBER = "a whole number, 0 or more, of at most 15 digits"


def test_a_reject_says_where_why_what_was_found_and_what_was_expected(
    storage: Storage, landing: Landing, land: Land
) -> None:
    landing.write("persona", "2026-05-01", [prompt("e1", TIME), '{"id":"e2","event":"x","tenantId":"acme"}'])
    land("2026-05-01")
    (reject,) = read_rejects(storage, DAY, DAY)
    assert str(reject.pop("expected")).startswith("one of file_upload, persona_consistency_check, ")
    assert reject == {
        "landing_file": "persona/2026-05-01/events.jsonl",
        "landing_line": 2,
        "landing_event": 1,
        "tenant_id": "acme",
        "reason": "unknown_type",
        "field": "$.event",
        "found": "x",
        "raw": '{"id":"e2","event":"x","tenantId":"acme"}',
    }


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{", (None, None, "one JSON object on the line")),
        (
            prompt("e1", TIME, tokensIn="12.7"),
            ("$.tokensIn", "12.7", "a whole number, 0 or more, of at most 15 digits"),
        ),
        (prompt("", TIME), ("$.id", None, "an id")),
        (
            prompt("e1", "2026-05-01"),
            (
                "$.timestamp",
                "2026-05-01",
                "an ISO 8601 time with zone, such as 2026-02-20T08:00:00.120Z",
            ),
        ),
        (
            prompt("e1", "2026-05-02T00:06:00Z"),
            (
                "$.timestamp",
                "2026-05-02 00:06:00",
                "a time no later than 2026-05-02 00:05:00 UTC",
            ),
        ),
        (
            prompt("e1", TIME, cachedTokensIn=101),
            (
                "$.cachedTokensIn",
                "100 in, 101 cached, 0 cache write, 20 out, 0 reasoning",
                "cached within input, reasoning within output",
            ),
        ),
    ],
)
def test_what_was_found_and_expected(
    storage: Storage, deliver: Callable[..., None], line: dict[str, Any] | str, told: tuple[str | None, ...]
) -> None:
    deliver("persona", "2026-05-01", [line])
    (reject,) = read_rejects(storage, DAY, DAY)
    assert (reject["field"], reject["found"], reject["expected"]) == told


TIMED = """
description: Calls with a time.
format: jsonl
identity: [$.id]
type: {constant: request}
times: {occurred_at: {field: $.at, format: %s}}
"""
HINT = "may be in another unit (such as epoch_ms) or count from a start (offset)"


@pytest.mark.parametrize(
    ("form", "at", "reason", "expected"),
    [
        ("epoch_s", 12.5, "past_retention", f"near their time; a time before 1980 {HINT}"),
        ("epoch_ms", 1777622400, "past_retention", f"near their time; a time before 1980 {HINT}"),
        (
            "epoch_s",
            315532800,
            "past_retention",
            "land old logs in the folder of a landing day near their time",
        ),
        ("iso", 12.5, "invalid_occurred_at", f"such as 2026-02-20T08:00:00.120Z; a number {HINT}"),
        ("iso", "noon", "invalid_occurred_at", "such as 2026-02-20T08:00:00.120Z"),
    ],
)
def test_a_time_that_may_be_relative_or_in_another_unit_says_so(  # noqa: PLR0913, PLR0917 - one per field
    new_settings: Callable[..., Settings],
    open_on: OpenOn,
    tmp_path: Path,
    form: str,
    at: object,
    reason: str,
    expected: str,
) -> None:
    (tmp_path / "timed.yaml").write_text(TIMED % form)
    settings = new_settings(formats_dir=tmp_path)
    Landing(settings.landing).write("timed", str(DAY), [{"id": "a", "at": at}], tenant="acme")
    with open_on(settings) as storage:
        land_days(storage, [DAY], "test")
        (reject,) = read_rejects(storage, DAY, DAY)
    assert reject["reason"] == reason
    assert str(reject["expected"]).endswith(expected)


def test_what_is_too_old_is_told_with_the_first_day_that_its_tenant_keeps(
    storage: Storage, deliver: Callable[..., None], add_reference: Callable[[str, str], None]
) -> None:
    add_reference("plans", "standard: {retention_days: 90}\nshort: {retention_days: 2}\ndefault: standard\n")
    add_reference("tenants", "globex: {plans: [{from: 2020-01-01, plan: short}]}\n")
    lines = [prompt("e1", "2026-01-30T08:00:00Z"), prompt("e2", "2026-04-28T08:00:00Z", tenantId="globex")]
    deliver("persona", "2026-05-01", lines)
    rest = (
        " on, by retention_days of the plan or USAGE_DEFAULT_RETENTION_DAYS; "
        "land old logs in the folder of a landing day near their time"
    )
    assert [(reject["reason"], reject["expected"]) for reject in read_rejects(storage, DAY, DAY)] == [
        ("past_retention", f"a day from 2026-01-31{rest}"),
        ("past_retention", f"a day from 2026-04-29{rest}"),
    ]


def test_rejects_come_in_landing_order_and_up_to_a_limit(storage: Storage, landing: Landing, land: Land) -> None:
    for source, day in [("persona", "2026-05-02"), ("persona", "2026-05-01"), ("aider", "2026-05-02")]:
        landing.write(source, day, ["{", "{"])
        land(day)
    found = read_rejects(storage, DAY, date(2026, 5, 2), limit=5)
    assert [(str(reject["landing_file"])[:-13], reject["landing_line"]) for reject in found] == [
        ("persona/2026-05-01", 1),
        ("persona/2026-05-01", 2),
        ("aider/2026-05-02", 1),
        ("aider/2026-05-02", 2),
        ("persona/2026-05-02", 1),
    ]


def test_rejects_can_be_asked_for_by_day_and_file(storage: Storage, landing: Landing, land: Land) -> None:
    for name in ("a.jsonl", "b.jsonl"):
        landing.write("persona", "2026-05-01", ["{"], name=name)
    landing.write("persona", "2026-05-02", ["{"])
    land("2026-05-01")
    land("2026-05-02")
    found = read_rejects(storage, DAY, DAY, "persona/2026-05-01/b.jsonl")
    assert [reject["landing_file"] for reject in found] == ["persona/2026-05-01/b.jsonl"]


def test_without_rejects_there_are_none(storage: Storage, landing: Landing, land: Land) -> None:
    landing.write("persona", "2026-05-01", [prompt("e1", TIME)])
    land("2026-05-01")
    assert read_rejects(storage, DAY, DAY) == []
