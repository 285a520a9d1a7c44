"""Lines that are no events: they are counted, and neither accepted nor rejected."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from usage_pipeline.errors import FormatError
from usage_pipeline.events.format_files import load_format
from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.support import Landing, files, reject_reasons, rows

Land = Callable[[str], None]
TIME = "2026-05-01T08:00:00Z"
CHAT: dict[str, Any] = {
    "description": "A chat.",
    "format": "jsonl",
    "identity": ["$.id"],
    "type": {"constant": "request"},
    "times": {"occurred_at": {"field": "$.at", "format": "iso"}},
}


@pytest.fixture
def add_chat(add_format: Callable[[str, str], Path]) -> Callable[..., Path]:
    """Adds the format of a chat with these tests of its lines."""
    return lambda *skip: add_format("chat", yaml.safe_dump({**CHAT, "skip": list(skip)}))


def answer(record_id: str, **fields: object) -> dict[str, Any]:
    return {"id": record_id, "at": TIME, **fields}


def tally(storage: Storage, name: str = "events.jsonl") -> tuple[str, int, int, int, int, int]:
    """State, lines, blank, skipped, accepted and rejected of a file."""
    file = files(storage)[name]
    assert file.lines == file.header + file.blank + file.skipped + file.accepted + file.rejected
    return file.state.value, file.lines, file.blank, file.skipped, file.accepted, file.rejected


LINES = [
    answer("a", kind="answer", usage={"in": 1}),
    answer("b", kind="note"),
    {"kind": "summary"},
    answer("c", kind="", usage={"in": 2}),
    answer("d", kind=404, usage={}),
]


@pytest.mark.parametrize(
    ("skip", "accepted", "skipped", "rejected"),
    [
        pytest.param([{"field": "$.kind", "is": ["note", "summary"]}], "acd", 2, [], id="by value"),
        pytest.param([{"field": "$.kind", "is": ["404", "summary"]}], "abc", 2, [], id="by a number's text"),
        pytest.param([{"field": "$.kind", "is_not": ["answer"]}], "a", 4, [], id="an absent value is not listed"),
        pytest.param([{"field": "$.usage.in", "is": "absent"}], "ac", 3, [], id="by an absent field"),
        pytest.param([{"field": "$.kind", "is": "absent"}], "abd", 1, [(3, "missing_record_id")], id="empty text"),
        pytest.param([{"field": "$.kind", "is": "present"}], "c", 4, [], id="by a present field"),
        pytest.param(
            [{"field": ["$.usage.in", "$.kind"], "is": ["1", "note"]}],
            "cd",
            2,
            [(3, "missing_record_id")],
            id="fallbacks",
        ),
        pytest.param(
            [{"field": "$.kind", "is": ["note"]}, {"field": "$.id", "is": "absent"}], "acd", 2, [], id="any test"
        ),
    ],
)
def test_lines_that_are_no_events_are_skipped_by_a_field(  # noqa: PLR0913, PLR0917 - three fixtures
    storage: Storage,
    landing: Landing,
    land: Land,
    add_chat: Callable[..., Path],
    skip: list[dict[str, Any]],
    accepted: str,
    skipped: int,
    rejected: list[tuple[int, ...]],
) -> None:
    add_chat(*skip)
    landing.write("chat", "2026-05-01", LINES, tenant="acme")
    land("2026-05-01")
    assert "".join(record_id for (record_id,) in rows(storage, LANDED_EVENTS, "record_id")) == accepted
    assert [line for line, _ in reject_reasons(storage)] == [line for line, *_ in rejected]
    assert tally(storage) == ("landed", 5, 0, skipped, len(accepted), len(rejected))


def test_a_line_that_cannot_be_read_is_rejected_and_not_skipped(
    storage: Storage, landing: Landing, land: Land, add_chat: Callable[..., Path]
) -> None:
    add_chat({"field": "$.kind", "is_not": ["answer"]})
    landing.write("chat", "2026-05-01", ["{", "[]", "", '{"kind":"note"}'], tenant="acme")
    land("2026-05-01")
    assert reject_reasons(storage) == [(1, "malformed_json"), (2, "not_an_object")]
    assert tally(storage) == ("landed", 4, 1, 1, 0, 2)


def test_a_file_of_skipped_lines_only_is_a_landed_file(
    storage: Storage, landing: Landing, land: Land, add_chat: Callable[..., Path]
) -> None:
    add_chat({"field": "$.kind", "is": ["note"]})
    landing.write("chat", "2026-05-01", ['{"kind":"note"}'] * 200, tenant="acme")
    land("2026-05-01")
    assert tally(storage) == ("landed", 200, 0, 200, 0, 0)


def test_skipped_lines_have_no_part_in_the_share_of_rejected_ones(
    storage: Storage, landing: Landing, land: Land, add_chat: Callable[..., Path]
) -> None:
    add_chat({"field": "$.kind", "is": ["note"]})
    good = [answer(f"a{number}") for number in range(94)]
    notes = ['{"kind":"note"}'] * 100
    landing.write("chat", "2026-05-01", [*good, *notes, *["{}"] * 6], tenant="acme", name="many.jsonl")
    landing.write("chat", "2026-05-01", [*good[:93], *notes, *["{}"] * 6], tenant="acme", name="few.jsonl")
    land("2026-05-01")
    assert tally(storage, "many.jsonl") == ("quarantined", 200, 0, 100, 94, 6)
    assert tally(storage, "few.jsonl") == ("landed", 199, 0, 100, 93, 6)


def test_csv_records_are_skipped_by_a_column(
    storage: Storage, landing: Landing, land: Land, add_format: Callable[[str, str], Path]
) -> None:
    of_columns = {
        "format": "csv",
        "identity": ["id"],
        "times": {"occurred_at": {"field": "at", "format": "iso"}},
        "skip": [{"field": "kind", "is": ["subtotal"]}],
    }
    add_format("calls", yaml.safe_dump({**CHAT, **of_columns}))
    lines = ["id,at,kind", f"a,{TIME},", ",,subtotal", f"b,{TIME},call", "x"]
    landing.write("calls", "2026-05-01", lines, tenant="acme", name="calls.csv")
    land("2026-05-01")
    assert rows(storage, LANDED_EVENTS, "record_id", "meta") == [("a", None), ("b", None)]
    assert reject_reasons(storage) == [(5, "malformed_csv")]
    assert tally(storage, "calls.csv") == ("landed", 5, 0, 1, 2, 1)


@pytest.mark.parametrize(
    ("test", "told"),
    [
        ({"field": "$.kind"}, "skip: give one of"),
        ({"field": "$.kind", "is": ["a"], "is_not": ["b"]}, "skip: give one of"),
        ({"field": "$.kind", "is": []}, "skip: expected a list of tests such as {field: $.type, is: [summary]}"),
        ({"field": "$.kind", "is": "note"}, "skip: expected a list of tests such as"),
        ({"field": "kind", "is": ["note"]}, "skip: 'kind' is not a JSON path"),
    ],
)
def test_a_test_that_says_nothing_is_an_error(
    add_chat: Callable[..., Path], test: dict[str, Any], told: str
) -> None:
    with pytest.raises(FormatError) as error:
        load_format(add_chat(test))
    assert told in str(error.value)
