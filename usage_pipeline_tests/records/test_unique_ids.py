"""An id that repeats on days nearby counts once, where its format says `unique_within_days`."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from usage_pipeline.errors import PartitionError
from usage_pipeline.events.landing.decisions import withdraw
from usage_pipeline.events.landing.land import land_days
from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.records.tables import CONFLICTS, EXCLUDED_EVENTS, USAGE_RECORDS
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.support import Landing, compute_day, prompt, rows, write_persona

Run = Callable[[], object]
LATER = "2026-05-20"


def may(day: int) -> date:
    return date(2026, 5, day)


def line(day: int, record_id: str = "e1", **fields: object) -> dict[str, Any]:
    return prompt(record_id, f"{may(day)}T08:00:00Z", **fields)


@pytest.fixture
def settings(new_settings: Callable[..., Settings], tmp_path: Path) -> Settings:
    """Sources like `persona`, whose ids are unique within as many days as their names say."""
    formats = tmp_path / "formats"
    for days in range(4):
        write_persona(formats, f"within_{days}", days)
    write_persona(formats, "without_time", 1, "delivery_fields: [occurred_at]\n")
    return new_settings(formats_dir=formats)


def counted(storage: Storage) -> list[tuple[str, int]]:
    """Id and day of May of every record."""
    found = rows(storage, USAGE_RECORDS.spec, "record_id", "occurred_at")
    return [(record_id, moment.day) for record_id, moment in found]


def aside(storage: Storage) -> list[tuple[Any, ...]]:
    """Verdict of every line that is no record, with its place and that of the line that decided it."""
    names = ("verdict", "landing_file", "landing_line", "decided_by_file", "decided_by_line")
    return [
        (verdict, f"{file}:{number}", f"{other}:{other_number}" if other else None)
        for verdict, file, number, other, other_number in rows(storage, EXCLUDED_EVENTS.spec, *names)
    ]


def test_a_retry_after_midnight_is_a_conflict_with_the_line_before(
    storage: Storage, landing: Landing, run: Run
) -> None:
    landing.write("within_1", LATER, ["", line(1), line(2)])
    run()
    assert counted(storage) == [("e1", 1)]
    file = f"within_1/{LATER}/events.jsonl"
    assert aside(storage) == [("conflict", f"{file}:3", f"{file}:2")]
    assert rows(storage, CONFLICTS.spec, "landing_line", "counted_file", "counted_line") == [(3, file, 2)]


def test_a_retry_is_a_duplicate_if_the_time_is_a_delivery_field(
    storage: Storage, landing: Landing, run: Run
) -> None:
    landing.write("without_time", LATER, [line(1), line(2), line(2, tokensIn=7)])
    run()
    assert counted(storage) == [("e1", 1)]
    assert [verdict for verdict, *_ in aside(storage)] == ["conflict", "duplicate"]


def test_an_id_of_two_days_is_two_records_without_the_key(storage: Storage, landing: Landing, run: Run) -> None:
    landing.write("within_0", LATER, [line(1), line(2)])
    run()
    assert (counted(storage), aside(storage)) == ([("e1", 1), ("e1", 2)], [])


@pytest.mark.parametrize("within", [1, 2, 3])
def test_an_id_counts_again_just_beyond_the_days(
    storage: Storage, landing: Landing, run: Run, within: int
) -> None:
    near, beyond = 1 + within, 2 + within
    landing.write(f"within_{within}", LATER, [line(1), line(near, "e2"), line(1, "e2"), line(beyond)])
    run()
    assert counted(storage) == [("e1", 1), ("e1", beyond), ("e2", near)]


def test_the_first_landed_line_counts_also_if_it_is_of_the_later_day(
    storage: Storage, landing: Landing, run: Run
) -> None:
    landing.write("within_1", "2026-05-02", [line(2)])
    landing.write("within_1", "2026-05-03", [line(1)])
    run()
    assert counted(storage) == [("e1", 2)]


def test_a_line_that_lands_earlier_on_a_day_nearby_takes_the_count(
    storage: Storage, landing: Landing, run: Run
) -> None:
    landing.write("within_1", "2026-05-03", [line(2)])
    run()
    assert counted(storage) == [("e1", 2)]
    landing.write("within_1", "2026-05-01", [line(1)])
    run()
    assert counted(storage) == [("e1", 1)]


def test_a_line_that_does_not_count_decides_too(storage: Storage, landing: Landing, run: Run) -> None:
    landing.write("within_1", LATER, [line(day) for day in (1, 2, 3, 5)])
    run()
    file = f"within_1/{LATER}/events.jsonl"
    assert counted(storage) == [("e1", 1), ("e1", 5)]
    assert aside(storage) == [("conflict", f"{file}:2", f"{file}:1"), ("conflict", f"{file}:3", f"{file}:2")]


def test_of_the_lines_of_all_days_the_first_decides(storage: Storage, landing: Landing, run: Run) -> None:
    landing.write("within_1", LATER, [line(3), line(2), line(1), line(2)])
    run()
    file = f"within_1/{LATER}/events.jsonl"
    assert counted(storage) == [("e1", 3)]
    assert aside(storage) == [
        ("conflict", f"{file}:2", f"{file}:1"),
        ("conflict", f"{file}:3", f"{file}:2"),
        ("conflict", f"{file}:4", f"{file}:1"),
    ]


@pytest.mark.parametrize("other", [{"tenantId": "globex"}, {"record_id": "E1"}], ids=["tenant", "id"])
def test_the_line_of_another_tenant_or_id_decides_nothing(
    storage: Storage, landing: Landing, run: Run, other: dict[str, str]
) -> None:
    landing.write("within_1", LATER, [line(1, **other), line(2)])
    run()
    assert len(counted(storage)) == 2


def test_the_line_of_another_source_decides_nothing(storage: Storage, landing: Landing, run: Run) -> None:
    landing.write("within_2", LATER, [line(1)])
    landing.write("within_1", LATER, [line(2)])
    run()
    assert counted(storage) == [("e1", 1), ("e1", 2)]


def void(record_id: str, day: int) -> dict[str, Any]:
    target = {"source": "within_1", "recordId": record_id, "eventDay": str(may(day))}
    return {"id": f"v{record_id}", "tenantId": "acme", **target}


def test_a_retry_on_the_next_day_does_not_revive_a_voided_record(
    storage: Storage, landing: Landing, run: Run
) -> None:
    landing.write("within_1", LATER, [line(1), line(2)])
    landing.write("void", LATER, [void("e1", 1)])
    run()
    assert counted(storage) == []
    assert [verdict for verdict, *_ in aside(storage)] == ["conflict", "void", "voided"]


def test_a_void_of_a_line_that_lost_to_the_day_before_has_no_target(
    storage: Storage, landing: Landing, run: Run
) -> None:
    landing.write("within_1", LATER, [line(1), line(2)])
    landing.write("void", LATER, [void("e1", 2)])
    run()
    assert counted(storage) == [("e1", 1)]
    assert [verdict for verdict, *_ in aside(storage)] == ["conflict", "void_without_target"]


def test_a_withdrawal_of_the_first_lets_the_next_count(storage: Storage, landing: Landing, run: Run) -> None:
    landing.write("within_1", "2026-05-02", [line(1)], name="first.jsonl")
    landing.write("within_1", "2026-05-02", [line(2)], name="second.jsonl")
    run()
    withdraw(storage, "within_1/2026-05-02/first.jsonl", "test traffic", "test")
    run()
    assert counted(storage) == [("e1", 2)]


def test_a_file_keeps_the_days_by_which_it_landed(
    storage: Storage, settings: Settings, landing: Landing, run: Run
) -> None:
    """The file of the second day, but not a later one, was landed before the format said anything."""
    assert settings.formats_dir is not None
    write_persona(settings.formats_dir, "calls", 0)
    landing.write("calls", "2026-05-02", [line(1), line(2)])
    run()
    write_persona(settings.formats_dir, "calls", 1)
    landing.write("calls", "2026-05-03", [line(2, "e2"), line(3)])
    run()
    assert counted(storage) == [("e1", 1), ("e1", 2), ("e2", 2)]
    land_days(storage, [may(2), may(3)], "test")
    run()
    assert counted(storage) == [("e1", 1), ("e2", 2)]


def test_a_day_fails_if_lines_of_a_day_nearby_are_not_in_the_lake(storage: Storage, landing: Landing) -> None:
    landing.write("within_1", "2026-05-01", [line(1)])
    landing.write("within_1", "2026-05-02", [line(2)])
    land_days(storage, [may(1), may(2)], "test")
    for path in storage.lake.folder(LANDED_EVENTS, may(1)).iterdir():
        path.unlink()
    with pytest.raises(PartitionError, match=r"within_1/2026-05-01/events.jsonl are not in the lake, 2026-05-02"):
        compute_day(storage, EXCLUDED_EVENTS, may(2))
