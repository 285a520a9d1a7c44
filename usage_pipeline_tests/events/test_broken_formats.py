"""What is said of a format that is broken: the file, the key at fault, and what may stand there."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from usage_pipeline.errors import FormatError
from usage_pipeline.events.format_files import load_format
from usage_pipeline.settings import Settings


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
            {"identity": "position", "unique_within_days": 1},
            "unique_within_days: a position occurs once; remove it, or name the fields of the id",
            id="unique position",
        ),
        pytest.param(
            {"unique_within_days": 4},
            "unique_within_days: expected a number of days from 0 to 3, found 4",
            id="too many days",
        ),
        pytest.param(
            {"unique_within_days": True},
            "unique_within_days: expected a number of days from 0 to 3, found True",
            id="no number of days",
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
        pytest.param(
            {
                "times": {
                    "occurred_at": {
                        "field": "$.a",
                        "format": "iso",
                        "offset": {"sum": ["$.b", "$.c"], "unit": "s"},
                    }
                }
            },
            "times.occurred_at.offset.sum: there is no such key here; expected what has passed since, such as "
            "{field: $.seconds, unit: s} or {field: {sum: [$.a, $.b]}, unit: ms}",
            id="sum in place of an offset's field",
        ),
        pytest.param(
            {"times": {"occurred_at": {"field": {"constant": "2023-11-16 00:00"}, "format": "iso"}}},
            "times.occurred_at: the constant '2023-11-16 00:00' has no zone; write '2023-11-16 00:00Z' for UTC, "
            "or add `zone`",
            id="constant time without a zone",
        ),
        pytest.param(
            {"times": {"occurred_at": {"field": ["$.at", {"constant": "2023-02-30T00:00Z"}], "format": "iso"}}},
            "times.occurred_at: expected a time such as 2026-02-20T08:00:00Z, found the constant "
            "'2023-02-30T00:00Z'",
            id="constant that is no time",
        ),
        pytest.param(
            {"times": {"occurred_at": {"field": {"constant": "2023-11-16"}, "format": "epoch_s"}}},
            "times.occurred_at: expected a number since 1970, found the constant '2023-11-16'",
            id="constant that is no number of seconds",
        ),
        pytest.param(
            {"times": {"occurred_at": {"field": {"constant": "16.11.2023"}, "format": "day"}}},
            "times.occurred_at: expected a day such as 2026-02-20, found the constant '16.11.2023'",
            id="constant that is no day",
        ),
        pytest.param(
            {
                "times": {
                    "occurred_at": {"field": {"constant": datetime(2023, 11, 16, tzinfo=UTC)}, "format": "iso"}
                }
            },
            "times.occurred_at.field.constant: put the time in quotes; expected",
            id="constant time without quotes",
        ),
        pytest.param(
            {"identity": ["$line.id", "position"]},
            "identity: 'position' is not a JSON path; expected `$.name`",
            id="position beside a field",
        ),
        pytest.param(
            {"identity": ["$line.id", "position"]},
            "`position` stands alone, as `identity: position`",
            id="position beside a field, with what to do",
        ),
        pytest.param(
            {"required": ["tokens"]}, "required: the format maps no column 'tokens'", id="unknown column required"
        ),
        pytest.param(
            {"required": ["model"]},
            "required: the format maps no column 'model'; map it below `fields`, or remove it",
            id="column required that is not mapped",
        ),
        pytest.param(
            {"required": "model"},
            "required: expected a list of columns such as [tokens_in",
            id="bare column required",
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


@pytest.mark.parametrize(
    "line",
    ["identity: [$line.runs[*].id, $.id]", "identity: [$.ids[0], $.id]", 'tenant: {field: $.a["b"], default: x}'],
)
def test_brackets_within_brackets_are_told_to_need_quotes(tmp_path: Path, line: str) -> None:
    file = tmp_path / "jobs.yaml"
    file.write_text(f"description: Jobs.\n{line}\n")
    told = 'Within [ ] and { }, put a text or a path with brackets in quotes, such as "$.steps[*].model"'
    with pytest.raises(FormatError) as error:
        load_format(file)
    assert str(error.value).splitlines()[-1] == told


@pytest.mark.parametrize("time", ["2023-11-16T00:00Z", "2023-11-16 00:00:00.5+01:00", "2023-11-16T00:00:00-0330"])
def test_a_constant_time_with_a_zone_is_sound(add_jobs: Callable[..., Path], time: str) -> None:
    load_format(add_jobs(times={"occurred_at": {"field": {"constant": time}, "format": "iso"}}))


def test_a_constant_time_has_no_zone_where_the_format_names_one(add_jobs: Callable[..., Path]) -> None:
    time = {"field": {"constant": "2023-11-16 00:00"}, "format": "iso", "zone": "Europe/Berlin"}
    load_format(add_jobs(times={"occurred_at": time}))
