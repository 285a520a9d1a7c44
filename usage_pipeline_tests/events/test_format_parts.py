"""Keys of a format about ids, types and places: what they make of a line, and what is said of a broken one."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from usage_pipeline.errors import FormatError
from usage_pipeline.events.format_files import load_format
from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.support import Landing, reject_reasons, rows

Deliver = Callable[..., None]
TIME = "2026-05-01T08:00:00Z"
JOBS: dict[str, Any] = {
    "description": "Jobs.",
    "format": "jsonl",
    "identity": ["$.id"],
    "tenant": "$.tenant",
    "type": {"present": "$.done", "then": "agent_run", "otherwise": "agent_run_started"},
    "times": {"occurred_at": {"field": ["$.done", "$.begun"], "format": "iso"}},
}


@pytest.fixture
def add_jobs(add_format: Callable[[str, str], Path]) -> Callable[..., Path]:
    """Adds the format of jobs, with these keys changed."""
    return lambda **changes: add_format("jobs", yaml.safe_dump({**JOBS, **changes}))


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


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        pytest.param(
            {"identity_suffix": {"prompt": "#p"}},
            "identity_suffix.prompt: the format has no such type; expected ['agent_run', 'agent_run_started']",
            id="suffix of a type that it lacks",
        ),
        pytest.param(
            {"identity": "position", "identity_suffix": {"agent_run": "#end"}},
            "identity_suffix: a position has no suffix",
            id="suffix of a position",
        ),
        pytest.param(
            {"type": {"present": "$.done", "then": "agent_run", "otherwise": "agent_runs"}},
            "type: 'agent_runs' is not in the event catalogue",
            id="type by presence that is unknown",
        ),
        pytest.param(
            {"type": {"present": "$.done", "then": "agent_run"}},
            "type.otherwise: it is missing",
            id="half a presence",
        ),
        pytest.param(
            {"type": {"present": "done", "then": "agent_run", "otherwise": "event"}},
            "type: 'done' is not a JSON path",
            id="presence of no path",
        ),
        pytest.param({"types": {"x": "event"}}, "types: a log without a field for the type", id="types beside it"),
        pytest.param(
            {"fields": {"model": ["$.model"]}}, "fields.model", id="several places of which there is one"
        ),
        pytest.param(
            {"fields": {"model": ["$.model", "engine"]}},
            "fields.model: 'engine' is not a JSON path",
            id="a place that is no path",
        ),
        pytest.param(
            {"type": "$.kind", "types": {"*": None}}, "types.*: say what any other type counts as", id="bare *"
        ),
        pytest.param(
            {"type": "$.kind", "types": {"*": "requests"}},
            "types.*: 'requests' is not in the event catalogue",
            id="* that counts as nothing known",
        ),
        pytest.param(
            {"times": {"occurred_at": {"field": "$.begun", "format": "day", "zone": "UTC"}}},
            "times.occurred_at",
            id="zone of a day",
        ),
        pytest.param(
            {"fields": {"latency_ms": {"field": "$.took", "unit": "h"}}},
            "fields.latency_ms.unit: expected one of s, ms, us, ns, found 'h'",
            id="unknown unit",
        ),
        pytest.param(
            {"fields": {"bytes": {"field": "$.size", "unit": "s"}}},
            "fields.bytes.unit: only duration_ms and latency_ms have a unit; remove it",
            id="unit of no duration",
        ),
        pytest.param(
            {"fields": {"status": {"field": "$.state"}}},
            "fields.status: give `map`, `default` or `unit`, or write the field alone",
            id="a form that changes nothing",
        ),
        pytest.param(
            {"fields": {"status": {"field": "$.state", "map": {"a": 1}}}},
            "fields.status.map.a: expected new texts by old ones",
            id="new text that is a number",
        ),
        pytest.param(
            {"fields": {"status": {"field": "$.state", "default": 0}}},
            "fields.status.default: expected a text that is not empty; put numbers in quotes, found 0",
            id="default that is a number",
        ),
        pytest.param(
            {"fields": {"status": {"constant": ""}}},
            "fields.status.constant: expected a text that is not empty",
            id="constant that is empty",
        ),
        pytest.param(
            {"ignore": ["$line.trace"]}, "ignore: '$line.trace' is not a JSON path", id="ignored field of a line"
        ),
        pytest.param(
            {"parse": ["$.list[0]"]}, "parse: '$.list[0]' is not the path of an object", id="parsed element"
        ),
        pytest.param(
            {"fields": {"status": {"field": "$.state", "mapp": {"a": "b"}}}},
            "fields.status.mapp: there is no such key",
            id="unknown key of a form",
        ),
        pytest.param(
            {"fields": {"model": {"sum": ["$.a", "$.b"]}}},
            "fields.model: a sum is a number, and no number is expected here",
            id="sum of a text",
        ),
        pytest.param(
            {"fields": {"tokens_in": {"sum": ["$.a"]}}},
            "fields.tokens_in.sum: expected a list of two values or more, found ['$.a']",
            id="sum of one",
        ),
        pytest.param(
            {"fields": {"tokens_in": ["$.a", {"constant": "none"}]}},
            "fields.tokens_in: expected a whole number, 0 or more, found the constant 'none'",
            id="constant that is no number",
        ),
        pytest.param(
            {"fields": {"tokens_in": {"field": "$.a", "default": "-1"}}},
            "fields.tokens_in: expected a whole number, 0 or more, found the constant '-1'",
            id="default that is no number",
        ),
        pytest.param(
            {"fields": {"model": {"from": "$.a", "to": "$.b", "format": "iso"}}},
            "fields.model: `from` and `to` make a duration; only duration_ms and latency_ms take one",
            id="duration that is a text",
        ),
        pytest.param(
            {"fields": {"duration_ms": {"from": "$.a", "to": "$.b"}}},
            "fields.duration_ms.format: it is missing; expected one of iso, epoch_s",
            id="duration without a notation",
        ),
        pytest.param(
            {"delivery_fields": ["attempt"]},
            "delivery_fields: 'attempt' is not a JSON path; expected `$.name`",
            id="delivery field that is nothing",
        ),
        pytest.param(
            {"delivery_fields": ["updated_at"]},
            "delivery_fields: 'updated_at' is not a JSON path; expected `$.name`",
            id="delivery field that is not mapped",
        ),
        pytest.param(
            {"identity": [{"sum": ["$.a", "$.b"]}]}, "identity: a sum is a number", id="sum that is an id"
        ),
        pytest.param(
            {"times": {"occurred_at": {"field": "$.a", "format": "iso", "offset": {"field": "$.b"}}}},
            "times.occurred_at.offset.unit: it is missing; expected one of s, ms, us, ns",
            id="offset without a unit",
        ),
        pytest.param(
            {"type": {"constant": "void"}},
            "fields.void_record_id is missing: which record does a void take back?",
            id="void without a target",
        ),
        pytest.param(
            {"type": {"constant": "void"}, "fields": {"void_record_id": "$.record"}},
            "fields.void_source is missing",
            id="void without a source",
        ),
    ],
)
def test_a_broken_format_is_an_error_that_names_file_and_key(
    settings: Settings, add_jobs: Callable[..., Path], changes: dict[str, Any], named: str
) -> None:
    file = add_jobs(**changes)
    assert file.parent == settings.formats_dir
    with pytest.raises(FormatError) as error:
        load_format(file)
    assert [part for part in (str(file), named) if part not in str(error.value)] == []
