"""Keys of a format about ids, types and places: what they make of a line."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.support import Landing, reject_reasons, rows

Deliver = Callable[..., None]
TIME = "2026-05-01T08:00:00Z"


def job(job_id: str, **fields: object) -> dict[str, Any]:
    return {"id": job_id, "tenant": "acme", "begun": TIME, **fields}


def test_the_type_follows_from_whether_a_field_is_filled(
    storage: Storage, deliver: Deliver, add_jobs: Callable[..., Path]
) -> None:
    add_jobs()
    deliver("jobs", "2026-05-01", [job("a", done=TIME), job("b"), job("c", done=None), job("d", done="")])
    assert rows(storage, LANDED_EVENTS, "record_id", "type") == [
        ("a", "agent_run"),
        ("b", "agent_run_started"),
        ("c", "agent_run_started"),
        ("d", "agent_run_started"),
    ]


def test_a_type_may_have_a_suffix_to_its_ids(
    storage: Storage, deliver: Deliver, add_jobs: Callable[..., Path]
) -> None:
    add_jobs(identity_suffix={"agent_run_started": "#started"})
    deliver("jobs", "2026-05-01", [job("a", done=TIME), job("a")])
    assert rows(storage, LANDED_EVENTS, "record_id", "landing_line") == [("a", 1), ("a#started", 2)]


def test_the_suffix_follows_an_id_of_several_fields(
    storage: Storage, deliver: Deliver, add_jobs: Callable[..., Path]
) -> None:
    add_jobs(identity=["$.id", "$.step"], identity_suffix={"agent_run": "#end"})
    deliver("jobs", "2026-05-01", [job("a", step=1, done=TIME), job("a", step=2), job("b", done=TIME)])
    assert rows(storage, LANDED_EVENTS, "record_id") == [("a:1#end",), ("a:2",)]
    assert reject_reasons(storage) == [(3, "missing_record_id")]


def test_of_several_places_the_first_that_is_filled_counts(
    storage: Storage, deliver: Deliver, add_jobs: Callable[..., Path]
) -> None:
    add_jobs(fields={"model": ["$.model", "$.engine.name", "$.fallback"]})
    lines = [
        job("a", model="m", engine={"name": "e"}),
        job("b", model="", engine={"name": "e"}, fallback="f"),
        job("c", model=None, fallback="f"),
        job("d"),
    ]
    deliver("jobs", "2026-05-01", lines)
    assert rows(storage, LANDED_EVENTS, "record_id", "model", "meta") == [
        ("a", "m", None),
        ("b", "e", None),
        ("c", "f", None),
        ("d", None, None),
    ]


def test_fields_that_are_joined_are_one_text_in_which_they_stay_apart(
    storage: Storage, deliver: Deliver, add_jobs: Callable[..., Path]
) -> None:
    add_jobs(fields={"conversation_id": {"join": ["$.line", "$.no"]}})
    lines = [
        job("a", done=TIME, line="berlin", no=7),
        job("b", done=TIME, line="a:b", no="c"),
        job("c", done=TIME, line="a", no="b:c"),
        job("d", done=TIME, line="berlin"),
    ]
    deliver("jobs", "2026-05-01", lines)
    assert rows(storage, LANDED_EVENTS, "record_id", "conversation_id") == [
        ("a", "berlin:7"),
        ("b", "a%3Ab:c"),
        ("c", "a:b%3Ac"),
        ("d", None),
    ]


def test_an_object_or_a_list_is_no_name(storage: Storage, deliver: Deliver, add_jobs: Callable[..., Path]) -> None:
    add_jobs(fields={"model": "$.model", "conversation_id": "$.call"})
    lines = [
        job("a", done=TIME, model={"name": "m"}),
        job("b", done=TIME, call=["x"]),
        job(["c"], done=TIME),
        job("d", done=TIME, model="[m]", call="{x}"),
    ]
    deliver("jobs", "2026-05-01", lines)
    assert reject_reasons(storage) == [
        (1, "invalid_model"),
        (2, "invalid_conversation_id"),
        (3, "invalid_record_id"),
    ]
    assert rows(storage, LANDED_EVENTS, "record_id", "model") == [("d", "[m]")]


def test_a_fault_names_all_places_of_the_column(
    storage: Storage, deliver: Deliver, add_jobs: Callable[..., Path]
) -> None:
    add_jobs(fields={"tokens_in": ["$.in", "$.usage.in"]})
    deliver("jobs", "2026-05-01", [job("a", **{"in": "x", "usage": {"in": 7}})])
    assert reject_reasons(storage) == [(1, "invalid_tokens_in")]


CSV = {
    "description": "Calls.",
    "format": "csv",
    "identity": ["id"],
    "type": {"constant": "request"},
    "times": {"occurred_at": {"field": "day", "format": "day"}},
    "fields": {"model": ["model", "engine"]},
}


def test_of_several_csv_columns_the_first_that_is_filled_counts(
    storage: Storage, landing: Landing, land: Callable[[str], None], add_format: Callable[[str, str], Path]
) -> None:
    add_format("calls", yaml.safe_dump(CSV))
    lines = ["id,day,engine,model", "a,2026-05-01,e,m", "b,2026-05-01,e,", "c,2026-05-01,,"]
    landing.write("calls", "2026-05-01", lines, tenant="acme", name="calls.csv")
    land("2026-05-01")
    assert rows(storage, LANDED_EVENTS, "record_id", "model") == [("a", "m"), ("b", "e"), ("c", None)]


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-05-01", datetime.fromisoformat("2026-05-01T00:00:00")),
        ("2026-02-29", None),
        ("2026-5-1", None),
        ("20260501", None),
        ("2026-05-01T00:00:00Z", None),
        ("1777593600", None),
    ],
)
def test_a_day_is_its_midnight(
    storage: Storage, deliver: Deliver, add_jobs: Callable[..., Path], text: str, time: datetime | None
) -> None:
    add_jobs(times={"occurred_at": {"field": "$.begun", "format": "day"}})
    deliver("jobs", "2026-05-01", [job("a", begun=text)])
    assert rows(storage, LANDED_EVENTS, "occurred_at") == ([(time,)] if time else [])


TYPES = {"type": "$.kind", "types": {"chat": "prompt", "command_*": None, "*": "request"}}


@pytest.mark.parametrize(
    ("kind", "type_name"), [("chat", "prompt"), ("command_add", "command_add"), ("brand new", "request")]
)
def test_any_type_that_is_not_listed_is_what_the_asterisk_says(
    storage: Storage, deliver: Deliver, add_jobs: Callable[..., Path], kind: str, type_name: str
) -> None:
    add_jobs(**TYPES)
    deliver("jobs", "2026-05-01", [job("a", kind=kind)])
    assert rows(storage, LANDED_EVENTS, "type", "meta") == [(type_name, f'{{"kind":"{kind}"}}')]


def test_a_line_without_a_type_is_rejected_although_any_type_counts(
    storage: Storage, deliver: Deliver, add_jobs: Callable[..., Path]
) -> None:
    add_jobs(**TYPES)
    deliver("jobs", "2026-05-01", [job("a")])
    assert reject_reasons(storage) == [(1, "missing_type")]


def test_two_types_that_count_as_the_same_are_no_duplicates_of_each_other(
    storage: Storage, deliver: Deliver, add_jobs: Callable[..., Path]
) -> None:
    add_jobs(**TYPES)
    deliver("jobs", "2026-05-01", [job("a", kind="x"), job("a", kind="y")])
    assert len(set(rows(storage, LANDED_EVENTS, "payload_digest"))) == 2
