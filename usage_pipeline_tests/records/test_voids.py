"""A void takes back one record, whenever either lands; and every line is accounted for, per file."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from usage_pipeline.events.landing.decisions import withdraw
from usage_pipeline.records.tables import USAGE_RECORDS
from usage_pipeline.settings import Settings
from usage_pipeline.storage import landed_files, state
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import landing_event_days, line_tallies
from usage_pipeline_tests.support import Landing, prompt, rows

Run = Callable[[], object]
DAY = date(2026, 5, 1)
TIME = "2026-05-01T08:00:00Z"


def void(void_id: str, record_id: str, **fields: object) -> dict[str, Any]:
    """A void of tenant acme that takes back a persona record of 1 May."""
    target = {"source": "persona", "recordId": record_id, "eventDay": "2026-05-01"}
    return {"id": void_id, "tenantId": "acme", **target, **fields}


def counted(storage: Storage) -> list[tuple[Any, ...]]:
    return [record_id for (record_id,) in rows(storage, USAGE_RECORDS.spec, "record_id")]


def totals(storage: Storage, day: date = DAY) -> dict[str, int | None]:
    """What is not zero of the tallies of a day."""
    with storage.warehouse.connect() as connection:
        partition = state.partitions(connection, USAGE_RECORDS.name)[day]
    names = ("rows", "duplicates", "conflicts", "voided", "voids", "unmatched_voids")
    return {name: getattr(partition, name) for name in names if getattr(partition, name)}


@pytest.fixture
def run(storage: Storage, run: Run) -> Run:
    """Runs the pipeline, after which the lines of every file must add up."""

    def run_and_add_up() -> None:
        run()
        with storage.warehouse.connect() as connection:
            tallies = connection.execute(line_tallies.select()).mappings().all()
            shares = connection.execute(landing_event_days.select()).mappings().all()
            counting = {file.path for file in landed_files.files(connection) if file.state == "landed"}
        became = ("records", "duplicates", "conflicts", "voided", "voids")
        assert {(row["day"], row["path"], sum(row[name] for name in became)) for row in tallies} == {
            (row["event_day"], row["path"], row["rows"]) for row in shares if row["path"] in counting
        }
        assert all(row["landed"] == sum(row[name] for name in became) for row in tallies)

    return run_and_add_up


def test_a_void_after_its_target_takes_it_back(storage: Storage, landing: Landing, run: Run) -> None:
    landing.write("persona", "2026-05-01", [prompt("e1", TIME), prompt("e2", TIME)])
    run()
    landing.write("void", "2026-05-03", [void("v1", "e1")])
    run()
    assert counted(storage) == ["e2"]
    assert totals(storage) == {"rows": 1, "voided": 1, "voids": 1}


def test_a_void_before_its_target_takes_it_back_when_it_lands(
    storage: Storage, landing: Landing, run: Run
) -> None:
    landing.write("void", "2026-05-01", [void("v1", "e1")])
    run()
    assert totals(storage) == {"voids": 1, "unmatched_voids": 1}
    landing.write("persona", "2026-05-02", [prompt("e1", TIME), prompt("e2", TIME)])
    run()
    assert counted(storage) == ["e2"]
    assert totals(storage) == {"rows": 1, "voided": 1, "voids": 1}


MIXED = """
description: Records and voids in one log.
format: jsonl
identity: [$.id]
tenant: $.tenantId
type: {present: $.recordId, then: void, otherwise: request}
times:
  occurred_at: {field: [$.timestamp, $.eventDay], format: iso}
fields:
  void_source: $.source
  void_record_id: $.recordId
"""


@pytest.fixture
def settings(new_settings: Callable[..., Settings], tmp_path: Path) -> Settings:
    """One more source, `mixed`."""
    formats = tmp_path / "formats"
    formats.mkdir()
    (formats / "mixed.yaml").write_text(MIXED, encoding="utf-8")
    return new_settings(formats_dir=formats)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["target first", "void first"])
def test_a_void_and_its_target_in_one_file(
    storage: Storage, landing: Landing, run: Run, order: tuple[int, int]
) -> None:
    lines = [prompt("e1", TIME), void("v1", "e1", source="mixed", eventDay="2026-05-01T00:00:00Z")]
    landing.write("mixed", "2026-05-01", [lines[place] for place in order])
    run()
    assert (counted(storage), totals(storage)) == ([], {"voided": 1, "voids": 1})


def test_a_void_of_nothing_is_counted_as_such(storage: Storage, landing: Landing, run: Run) -> None:
    landing.write("persona", "2026-05-01", [prompt("e1", TIME)])
    landing.write("void", "2026-05-01", [void("v1", "e9")])
    run()
    assert (counted(storage), totals(storage)) == (["e1"], {"rows": 1, "voids": 1, "unmatched_voids": 1})


def test_a_duplicate_or_a_conflict_does_not_revive_a_voided_record(
    storage: Storage, landing: Landing, run: Run
) -> None:
    landing.write("persona", "2026-05-01", [prompt("e1", TIME)])
    landing.write("void", "2026-05-01", [void("v1", "e1")])
    run()
    landing.write("persona", "2026-05-02", [prompt("e1", TIME), prompt("e1", TIME, tokensIn=7)])
    run()
    assert counted(storage) == []
    assert totals(storage) == {"duplicates": 1, "conflicts": 1, "voided": 1, "voids": 1}


@pytest.mark.parametrize(
    "other",
    [{"tenantId": "globex"}, {"source": "agent_runs"}, {"recordId": "E1"}],
    ids=["tenant", "source", "id"],
)
def test_a_void_of_another_record_of_the_day_does_nothing(
    storage: Storage, landing: Landing, run: Run, other: dict[str, str]
) -> None:
    landing.write("persona", "2026-05-01", [prompt("e1", TIME)])
    landing.write("void", "2026-05-01", [void("v1", "e1", **other)])
    run()
    assert (counted(storage), totals(storage)) == (["e1"], {"rows": 1, "voids": 1, "unmatched_voids": 1})


def test_a_void_of_another_day_does_nothing(storage: Storage, landing: Landing, run: Run) -> None:
    landing.write("persona", "2026-05-01", [prompt("e1", TIME)])
    landing.write("void", "2026-05-02", [void("v1", "e1", eventDay="2026-05-02")])
    run()
    assert (counted(storage), totals(storage)) == (["e1"], {"rows": 1})
    assert totals(storage, date(2026, 5, 2)) == {"voids": 1, "unmatched_voids": 1}


def test_of_the_same_id_on_two_days_a_void_takes_back_that_of_its_day(
    storage: Storage, landing: Landing, run: Run
) -> None:
    landing.write("persona", "2026-05-02", [prompt("e1", TIME), prompt("e1", "2026-05-02T08:00:00Z")])
    landing.write("void", "2026-05-02", [void("v1", "e1", eventDay="2026-05-02")])
    run()
    assert rows(storage, USAGE_RECORDS.spec, "record_id", "landing_line") == [("e1", 1)]


def test_a_void_of_a_void_does_nothing(storage: Storage, landing: Landing, run: Run) -> None:
    landing.write("persona", "2026-05-01", [prompt("e1", TIME)])
    landing.write("void", "2026-05-01", [void("v1", "e1"), void("v2", "v1", source="void")])
    run()
    assert (counted(storage), totals(storage)) == ([], {"voided": 1, "voids": 2, "unmatched_voids": 1})


def test_a_void_that_is_delivered_twice_is_a_duplicate(storage: Storage, landing: Landing, run: Run) -> None:
    landing.write("persona", "2026-05-01", [prompt("e1", TIME)])
    for day in ("2026-05-01", "2026-05-02"):
        landing.write("void", day, [void("v1", "e1")])
    run()
    assert totals(storage) == {"duplicates": 1, "voided": 1, "voids": 1}


def test_two_voids_of_one_record_both_have_a_target(storage: Storage, landing: Landing, run: Run) -> None:
    landing.write("persona", "2026-05-01", [prompt("e1", TIME)])
    landing.write("void", "2026-05-01", [void("v1", "e1"), void("v2", "e1")])
    run()
    assert totals(storage) == {"voided": 1, "voids": 2}


def test_of_two_contradicting_voids_with_one_id_the_first_landed_acts(
    storage: Storage, landing: Landing, run: Run
) -> None:
    landing.write("persona", "2026-05-01", [prompt("e1", TIME), prompt("e2", TIME)])
    landing.write("void", "2026-05-01", [void("v1", "e1"), void("v1", "e2")])
    run()
    assert (counted(storage), totals(storage)) == (["e2"], {"rows": 1, "conflicts": 1, "voided": 1, "voids": 1})


def test_without_the_file_of_the_void_the_record_is_back(storage: Storage, landing: Landing, run: Run) -> None:
    landing.write("persona", "2026-05-01", [prompt("e1", TIME)])
    landing.write("void", "2026-05-02", [void("v1", "e1")])
    run()
    withdraw(storage, "void/2026-05-02/events.jsonl", "it was right after all", "ann")
    run()
    assert (counted(storage), totals(storage)) == (["e1"], {"rows": 1})


def test_without_the_file_of_the_target_the_void_has_none(storage: Storage, landing: Landing, run: Run) -> None:
    landing.write("persona", "2026-05-01", [prompt("e1", TIME)])
    landing.write("void", "2026-05-02", [void("v1", "e1")])
    run()
    withdraw(storage, "persona/2026-05-01/events.jsonl", "wrong tenant", "ann")
    run()
    assert totals(storage) == {"voids": 1, "unmatched_voids": 1}


def test_a_file_that_no_longer_holds_the_day_has_no_account_of_it(
    storage: Storage, landing: Landing, run: Run
) -> None:
    landing.write("persona", "2026-05-02", [prompt("e1", TIME)], name="moves.jsonl")
    landing.write("persona", "2026-05-02", [prompt("e2", TIME)], name="stays.jsonl")
    run()
    landing.write("persona", "2026-05-02", [prompt("e1", "2026-05-02T08:00:00Z")], name="moves.jsonl")
    run()
    with storage.warehouse.connect() as connection:
        found = connection.execute(line_tallies.select().where(line_tallies.c.day == DAY)).mappings().all()
    assert [row["path"] for row in found] == ["persona/2026-05-02/stays.jsonl"]
