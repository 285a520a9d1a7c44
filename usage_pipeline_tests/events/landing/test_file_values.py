"""Values that a file has as a whole: the time in its name, and the fields of its first line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from usage_pipeline.errors import FormatError
from usage_pipeline.events.format_files import load_format
from usage_pipeline.events.record import LANDED_EVENTS, REJECTED_LINES
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.support import Landing, rows

DAY = "2026-05-02"
Land = Callable[[str], None]
SECONDS = {"field": "$.t", "unit": "s"}
NAMED = {"file_name": "run_%Y-%m-%d_%H-%M-%S_*"}
RUN: dict[str, Any] = {
    "description": "A program that counts from the start of its log.",
    "format": "jsonl",
    "identity": ["$.id"],
    "type": {"constant": "request"},
    "skip": [{"field": "$.t", "is": "absent"}],
    "times": {"occurred_at": {"field": NAMED, "format": "iso", "zone": "UTC", "offset": SECONDS}},
}


@pytest.fixture
def add_run(add_format: Callable[[str, str], Path]) -> Callable[..., Path]:
    """Adds the format of the program, with these keys changed."""
    return lambda **changes: add_format("run", yaml.safe_dump({**RUN, **changes}))


def times(storage: Storage) -> list[tuple[str, str]]:
    """Id and time of each accepted line."""
    return [(name, str(at)) for name, at in rows(storage, LANDED_EVENTS, "record_id", "occurred_at")]


def rejects(storage: Storage) -> list[tuple[Any, ...]]:
    return rows(storage, REJECTED_LINES, "landing_line", "reason", "field", "found")


def test_lines_count_from_the_time_in_the_name_of_their_file(
    storage: Storage, landing: Landing, land: Land, add_run: Callable[..., Path]
) -> None:
    add_run()
    for number, name in enumerate(("run_2026-05-01_08-00-00_a.jsonl", "run_2026-05-01_23-59-59_.b.jsonl.gz")):
        lines = "".join(json.dumps({"id": f"{number}{t}", "t": t}) + "\n" for t in (0, 1.5))
        landing.write_bytes("run", DAY, lines.encode(), tenant="acme", name=name)
    landing.write("run", DAY, [{"id": "x", "t": 1}], tenant="acme", name="old_run_2026-05-01_08-00-00_a.jsonl")
    land(DAY)
    assert times(storage) == [
        ("00", "2026-05-01 08:00:00"),
        ("01.5", "2026-05-01 08:00:01.500000"),
        ("10", "2026-05-01 23:59:59"),
        ("11.5", "2026-05-02 00:00:00.500000"),
    ]
    assert rejects(storage) == [(1, "missing_occurred_at", "the file's name + $.t", None)]


@pytest.mark.parametrize(
    ("pattern", "name", "notation", "expected"),
    [
        ("%d.%m.%Y", "01.05.2026", {"format": "iso", "zone": "Europe/Berlin"}, "2026-04-30 22:00:01"),
        ("(%Y%m%dT%H%M)*", "(20260501T0800) [x]+", {"format": "iso", "zone": "UTC"}, "2026-05-01 08:00:01"),
        ("s-%s", "s-1777622400", {"format": "epoch_s"}, "2026-05-01 08:00:01"),
        ("*-%s", "a-b-1777622400123", {"format": "epoch_ms"}, "2026-05-01 08:00:01.123000"),
    ],
)
def test_a_name_may_be_written_in_any_order_or_as_a_number(  # noqa: PLR0913, PLR0917 - four fixtures
    storage: Storage,
    landing: Landing,
    land: Land,
    add_run: Callable[..., Path],
    pattern: str,
    name: str,
    notation: dict[str, str],
    expected: str,
) -> None:
    add_run(times={"occurred_at": {"field": {"file_name": pattern}, **notation, "offset": SECONDS}})
    landing.write("run", DAY, [{"id": "a", "t": 1}], tenant="acme", name=f"{name}.jsonl")
    land(DAY)
    assert times(storage) == [("a", expected)]


def test_lines_count_from_a_field_of_the_first_line_of_their_file(
    storage: Storage, landing: Landing, land: Land, add_run: Callable[..., Path]
) -> None:
    start = {"first_line": "$.header.start"}
    add_run(
        tenant={"first_line": "$.org"},
        times={"occurred_at": {"field": start, "format": "epoch_s", "offset": SECONDS}},
        fields={"model": ["$.model", {"first_line": "$.model"}], "tokens_in": {"first_line": "$.in"}},
    )
    for name, (org, at) in {"a": ("acme", 1777622400), "b": ("globex", 1777622400.123456789)}.items():
        first = {"org": org, "header": {"start": at}, "model": f"m{name}", "in": 5}
        lines = ["", first, {"id": f"{name}1", "t": 1}, {"id": f"{name}2", "t": 2, "model": "o3"}]
        landing.write("run", DAY, lines, name=f"{name}.jsonl")
    land(DAY)
    assert times(storage) == [
        ("a1", "2026-05-01 08:00:01"),
        ("a2", "2026-05-01 08:00:02"),
        ("b1", "2026-05-01 08:00:01.123456"),
        ("b2", "2026-05-01 08:00:02.123456"),
    ]
    names = ("record_id", "tenant_id", "model", "tokens_in", "landing_line")
    assert rows(storage, LANDED_EVENTS, *names) == [
        ("a1", "acme", "ma", 5, 3),
        ("a2", "acme", "o3", 5, 4),
        ("b1", "globex", "mb", 5, 3),
        ("b2", "globex", "o3", 5, 4),
    ]


@pytest.mark.parametrize("first", [b"{", b"[]", b'{"start":""}', b'{"start":NaN}', b'{"start":"\xff"}'])
def test_without_a_first_line_that_can_be_read_the_value_is_absent(
    storage: Storage, landing: Landing, land: Land, add_run: Callable[..., Path], first: bytes
) -> None:
    add_run(times={"occurred_at": {"field": {"first_line": "$.start"}, "format": "iso", "offset": SECONDS}})
    landing.write_bytes("run", DAY, first + b'\n{"id":"a","t":1}\n', tenant="acme", name="a.jsonl")
    land(DAY)
    assert (2, "missing_occurred_at", "$.start of the first line + $.t", None) in rejects(storage)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"file_name": "run_*"}, "file_name: 'run_*' is no pattern of one time; expected `run_%Y-%m-%d_%H-%M"),
        ({"file_name": "%Y-%m"}, "'%Y-%m' is no pattern of one time"),
        ({"file_name": "%Y-%m-%d_%Y"}, "'%Y-%m-%d_%Y' is no pattern of one time"),
        ({"file_name": "%Y-%m-%d %z"}, "'%Y-%m-%d %z' is no pattern of one time"),
        ({"file_name": "%s-%Y"}, "'%s-%Y' is no pattern of one time"),
        ({"file_name": "%Y-%m-%d%"}, "'%Y-%m-%d%' is no pattern of one time"),
        ({"file_name": ["%s"]}, "expected the pattern of the file's name without its ending, such as"),
        ({"first_line": "start"}, "first_line: 'start' is no path of names; expected `$.name`"),
        ({"first_line": "$.a[0]"}, "'$.a[0]' is no path of names"),
    ],
)
def test_a_value_of_the_file_that_cannot_be_read_is_an_error(
    add_run: Callable[..., Path], changes: dict[str, Any], told: str
) -> None:
    with pytest.raises(FormatError) as error:
        load_format(add_run(times={"occurred_at": {"field": changes, "format": "iso", "zone": "UTC"}}))
    assert told in str(error.value)


def test_a_csv_file_has_no_first_line_beside_its_header(add_run: Callable[..., Path]) -> None:
    keys = {"format": "csv", "identity": "position", "skip": [], "fields": {"model": {"first_line": "$.model"}}}
    seconds = {"field": "t", "unit": "s"}
    times = {"occurred_at": {"field": NAMED, "format": "iso", "zone": "UTC", "offset": seconds}}
    with pytest.raises(FormatError, match=r"fields\.model: the first line of a CSV file is its header; give"):
        load_format(add_run(times=times, **keys))


def test_csv_records_count_from_the_time_in_the_name_of_their_file(
    storage: Storage, landing: Landing, land: Land, add_run: Callable[..., Path]
) -> None:
    seconds = {"field": "t", "unit": "s"}
    times_of_csv = {"occurred_at": {"field": NAMED, "format": "iso", "zone": "UTC", "offset": seconds}}
    add_run(format="csv", identity=["id"], skip=[], times=times_of_csv)
    landing.write("run", DAY, ["id,t", "a,1"], tenant="acme", name="run_2026-05-01_08-00-00_x.csv")
    land(DAY)
    assert times(storage) == [("a", "2026-05-01 08:00:01")]
