"""A new file of a day changes nothing of the files that landed before by other formats or rules."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from usage_pipeline.events.landing.land import land_days, land_new_files
from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.pipeline.landing_work import find_landing_work
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.support import Landing, rows

DAY = date(2026, 5, 9)
TRACE = """
description: A trace with times relative to its start.
format: jsonl
identity: [$.id]
tenant: {constant: acme}
type: {constant: request}
times:
  occurred_at: {field: {constant: "%sT00:00:00Z"}, format: iso, offset: {field: $.t, unit: s}}
fields: {tokens_in: $.in}
"""

AddFormat = Callable[[str, str], Path]


@pytest.fixture
def first_run(storage: Storage, landing: Landing, add_format: AddFormat) -> None:
    """A run of 1 May has landed, and its format now says when the run of 8 May began, which has just arrived."""
    add_format("trace", TRACE % "2026-05-01")
    landing.write("trace", str(DAY), [{"id": "a", "t": 5, "in": 1}], name="first.jsonl")
    land_days(storage, [DAY], "test")
    add_format("trace", TRACE % "2026-05-08")
    landing.write("trace", str(DAY), [{"id": "b", "t": 5, "in": 1}], name="second.jsonl")


def days(storage: Storage) -> list[tuple[str, date]]:
    return rows(storage, LANDED_EVENTS, "record_id", "event_day")


@pytest.mark.usefixtures("first_run")
def test_a_new_file_is_read_by_the_format_of_now_and_others_stay_as_they_landed(storage: Storage) -> None:
    land_new_files(storage, [DAY], "test")
    assert days(storage) == [("a", date(2026, 5, 1)), ("b", date(2026, 5, 8))]


@pytest.mark.usefixtures("first_run")
def test_landing_again_reads_all_files_by_the_format_of_now(storage: Storage) -> None:
    land_days(storage, [DAY], "test")
    assert days(storage) == [("a", date(2026, 5, 8)), ("b", date(2026, 5, 8))]


@pytest.mark.usefixtures("first_run")
def test_a_day_with_files_of_an_earlier_format_is_named_as_such(storage: Storage) -> None:
    land_new_files(storage, [DAY], "test")
    assert find_landing_work(storage).outdated == [DAY]
    land_days(storage, [DAY], "test")
    assert find_landing_work(storage).outdated == []


def test_a_day_with_files_of_earlier_rules_is_named_as_such_after_a_new_file(
    storage: Storage, landing: Landing, add_format: AddFormat, add_reference: Callable[[str, str], None]
) -> None:
    add_format("trace", TRACE % "2026-05-01")
    landing.write("trace", str(DAY), [{"id": "a", "t": 5, "in": 1}], name="first.jsonl")
    land_days(storage, [DAY], "test")
    add_reference("plans", "default: short\nshort: {retention_days: 3}\n")
    landing.write("trace", str(DAY), [{"id": "b", "t": 432000, "in": 1}], name="second.jsonl")
    land_new_files(storage, [DAY], "test")
    assert days(storage) == [("a", date(2026, 5, 1)), ("b", date(2026, 5, 6))]
    assert find_landing_work(storage).outdated == [DAY]


@pytest.mark.usefixtures("first_run")
def test_a_changed_file_is_read_by_the_format_of_now(storage: Storage, landing: Landing) -> None:
    landing.write("trace", str(DAY), [{"id": "a", "t": 6, "in": 1}], name="first.jsonl")
    land_new_files(storage, [DAY], "test")
    assert days(storage) == [("a", date(2026, 5, 8)), ("b", date(2026, 5, 8))]
