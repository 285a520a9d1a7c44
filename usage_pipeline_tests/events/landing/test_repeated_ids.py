"""Lines of a file with one id, as logs write them while a record grows: they are one record."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from usage_pipeline.events.landing import lines as landing_lines
from usage_pipeline.events.record import CONTENT, LANDED_EVENTS
from usage_pipeline.records.tables import EXCLUDED_EVENTS, USAGE_RECORDS
from usage_pipeline.storage.opened import Storage
from usage_pipeline.validation.checking import check_days
from usage_pipeline.validation.checks import LINES_ADD_UP
from usage_pipeline_tests.events.landing.growing import Add, answer
from usage_pipeline_tests.support import Landing, files, reject_reasons, rows

Land = Callable[[str], None]
DAY = "2026-05-02"


def tally(storage: Storage, name: str = "events.jsonl") -> tuple[int, int, int, int, int]:
    """Lines, skipped, superseded, accepted and rejected of a file, which must come out even."""
    file = files(storage)[name]
    outcomes = file.header + file.blank + file.skipped + file.superseded + file.accepted + file.rejected
    assert file.lines + file.further_events == outcomes
    return file.lines, file.skipped, file.superseded, file.accepted, file.rejected


GROWING = [
    answer("a", 1, "08:00:00", cost="0.20", changed="2026-05-01T08:00:00Z"),
    answer("b", 5, "08:00:01"),
    answer("a", 9, "08:00:02", cost="0.30", changed="2026-05-01T08:00:09Z"),
    answer("a", 9, "07:59:59", cost="0.1", changed="2026-05-01T08:00:05Z"),
    answer("a", None, "08:00:04"),
]


@pytest.mark.parametrize(
    ("repeats", "line", "out"),
    [
        pytest.param("first", 1, 1, id="the first line"),
        pytest.param("last", 5, None, id="the last line"),
        pytest.param("greatest of tokens_out", 4, 9, id="by a column, of equals the last, and not one without"),
        pytest.param("greatest of $.out", 4, 9, id="by a field"),
        pytest.param("greatest of reported_cost", 3, 9, id="by an exact decimal"),
        pytest.param("greatest of $.cost", 3, 9, id="by a number in a text"),
        pytest.param("greatest of updated_at", 3, 9, id="by a time"),
        pytest.param("greatest of $.no.such", 5, None, id="of lines without a number the last"),
    ],
)
def test_the_values_are_those_of_one_line_and_the_time_is_that_of_the_first(  # noqa: PLR0913, PLR0917 - three fixtures
    storage: Storage, landing: Landing, land: Land, add_chat: Add, repeats: str, line: int, out: int | None
) -> None:
    add_chat(repeats=repeats)
    landing.write("chat", DAY, GROWING)
    land(DAY)
    assert rows(storage, LANDED_EVENTS, "record_id", "landing_line", "occurred_at", "tokens_out") == [
        ("a", line, datetime.fromisoformat("2026-05-01T08:00:00"), out),
        ("b", 2, datetime.fromisoformat("2026-05-01T08:00:01"), 5),
    ]
    assert tally(storage) == (5, 0, 3, 2, 0)


def test_without_repeats_lines_of_one_id_are_duplicates_and_conflicts(
    storage: Storage, landing: Landing, run: Callable[[], object], add_chat: Add
) -> None:
    add_chat()
    landing.write("chat", DAY, [answer("a", 1), answer("a", 2), answer("a", 1)])
    run()
    assert tally(storage) == (3, 0, 0, 3, 0)
    assert rows(storage, USAGE_RECORDS.spec, "record_id", "tokens_out") == [("a", 1)]
    assert rows(storage, EXCLUDED_EVENTS.spec, "landing_line", "verdict") == [(2, "conflict"), (3, "duplicate")]


def test_a_record_that_grows_across_midnight_counts_on_the_day_of_its_first_line(
    storage: Storage, landing: Landing, run: Callable[[], object], add_chat: Add
) -> None:
    add_chat(repeats="last")
    later = answer("a", 45, text="All of it.") | {"at": "2026-05-02T00:00:02Z"}
    landing.write("chat", DAY, [answer("a", 3, "23:59:59.5", text="All"), later])
    run()
    assert rows(storage, USAGE_RECORDS.spec, "occurred_at", "tokens_out", "landing_line") == [
        (datetime.fromisoformat("2026-05-01T23:59:59.5"), 45, 2)
    ]
    assert rows(storage, EXCLUDED_EVENTS.spec, "verdict") == []
    assert rows(storage, CONTENT, "event_day", "response", "landing_line") == [(date(2026, 5, 1), "All of it.", 2)]


def test_a_rejected_line_supersedes_nothing_and_a_skipped_one_neither(
    storage: Storage, landing: Landing, land: Land, add_chat: Add
) -> None:
    add_chat(repeats="last", skip=[{"field": "$.model", "is": ["none"]}])
    bad_first, bad_last = answer("a", 1) | {"at": "yesterday"}, answer("a", -1, "08:00:04")
    good = [answer("a", 2, "08:00:01"), answer("a", 3, "08:00:02")]
    landing.write("chat", DAY, [bad_first, *good, bad_last, answer("a", 4, model="none")])
    land(DAY)
    assert rows(storage, LANDED_EVENTS, "occurred_at", "tokens_out") == [
        (datetime.fromisoformat("2026-05-01T08:00:01"), 3)
    ]
    assert reject_reasons(storage) == [(1, "invalid_occurred_at"), (4, "invalid_tokens_out")]
    assert tally(storage) == (5, 1, 1, 1, 2)


def test_the_lines_of_a_file_with_superseded_ones_add_up(
    storage: Storage, landing: Landing, land: Land, add_chat: Add
) -> None:
    add_chat(repeats="last")
    landing.write("chat", DAY, [*GROWING, "{", ""])
    land(DAY)
    found = check_days(storage, [LINES_ADD_UP], [date.fromisoformat(DAY)], "test")
    assert [(result.check_name, result.failed) for result in found] == [("lines_add_up", False)]
    assert tally(storage) == (7, 0, 3, 2, 1)


def test_one_id_of_two_tenants_is_two_records(
    storage: Storage, landing: Landing, land: Land, add_chat: Add
) -> None:
    add_chat(repeats="last")
    landing.write("chat", DAY, [answer("a", 1), answer("a", 2, team="globex"), answer("a", 3)])
    land(DAY)
    assert rows(storage, LANDED_EVENTS, "tenant_id", "tokens_out") == [("acme", 3), ("globex", 2)]
    assert tally(storage) == (3, 0, 1, 2, 0)


def test_files_that_are_validated_together_keep_their_own_records(
    storage: Storage, landing: Landing, run: Callable[[], object], add_chat: Add
) -> None:
    add_chat(repeats="last")
    same = [answer("a", 1), answer("b", 1), answer("a", 7)]
    landing.write("chat", DAY, same, name="1.jsonl")
    landing.write("chat", DAY, same, name="2.jsonl")
    landing.write("chat", DAY, [answer("a", 8), answer("a", 9)], name="3.jsonl")
    run()
    assert [tally(storage, f"{number}.jsonl") for number in (1, 2, 3)] == [
        *((3, 0, 1, 2, 0), (3, 0, 1, 2, 0), (2, 0, 1, 1, 0))
    ]
    assert rows(storage, USAGE_RECORDS.spec, "record_id", "tokens_out", "landing_line") == [
        ("a", 7, 3),
        ("b", 1, 2),
    ]
    assert rows(storage, EXCLUDED_EVENTS.spec, "landing_file", "landing_line", "verdict") == [
        (f"chat/{DAY}/2.jsonl", 2, "duplicate"),
        (f"chat/{DAY}/2.jsonl", 3, "duplicate"),
        (f"chat/{DAY}/3.jsonl", 2, "conflict"),
    ]


def test_events_of_one_line_follow_each_other(
    storage: Storage, landing: Landing, land: Land, add_chat: Add
) -> None:
    def line(*answers: dict[str, Any]) -> dict[str, object]:
        return {"team": "acme", "answers": answers}

    add_chat(repeats="last", each="$.answers[*]", tenant="$line.team")
    landing.write(
        "chat",
        DAY,
        [
            line(answer("a", 1, "08:00:09"), answer("b", 1), answer("a", 2, "08:00:01")),
            line(answer("b", 3, "08:00:05")),
        ],
    )
    land(DAY)
    assert rows(
        storage, LANDED_EVENTS, "record_id", "landing_line", "landing_event", "occurred_at", "tokens_out"
    ) == [
        ("a", 1, 3, datetime.fromisoformat("2026-05-01T08:00:09"), 2),
        ("b", 2, 1, datetime.fromisoformat("2026-05-01T08:00:00"), 3),
    ]
    assert tally(storage) == (2, 0, 2, 2, 0)


def test_csv_records_are_chosen_by_a_column_of_the_file(
    storage: Storage, landing: Landing, land: Land, add_chat: Add
) -> None:
    add_chat(
        format="csv",
        identity=["id"],
        tenant=None,
        times={"occurred_at": {"field": "at", "format": "iso"}},
        fields={"tokens_out": "out"},
        content={},
        repeats="greatest of attempt",
    )
    at = "2026-05-01T08:00:00Z"
    lines = ["id,at,out,attempt", f"a,{at},5,1", f"a,{at},7,10", f"a,{at},6,9"]
    landing.write("chat", DAY, lines, tenant="acme", name="events.csv")
    land(DAY)
    assert rows(storage, LANDED_EVENTS, "tokens_out", "landing_line", "meta") == [(7, 3, None)]
    assert tally(storage, "events.csv") == (4, 0, 2, 1, 0)


def test_superseded_lines_are_good_ones_in_the_share_of_rejected_ones(
    storage: Storage, landing: Landing, land: Land, add_chat: Add
) -> None:
    add_chat(repeats="last")
    good = [answer(f"a{number % 5}", number) for number in range(95)]
    landing.write("chat", DAY, [*good, *["{"] * 5], name="few.jsonl")
    landing.write("chat", DAY, [*good, *["{"] * 6], name="many.jsonl")
    land(DAY)
    assert tally(storage, "few.jsonl") == (100, 0, 90, 5, 5)
    assert [(name, file.state.value) for name, file in files(storage).items()] == [
        ("few.jsonl", "landed"),
        ("many.jsonl", "quarantined"),
    ]


outputs = st.lists(st.tuples(st.sampled_from("abcd"), st.none() | st.integers(0, 3)), min_size=1, max_size=30)


def expected(found: Sequence[tuple[str, int | None]], repeats: str) -> list[tuple[object, ...]]:
    """Id, number of the first line, and number and tokens of the line that counts, of each record."""
    records = []
    for name in sorted({name for name, _ in found}):
        numbered = [(number, out) for number, (of, out) in enumerate(found, start=1) if of == name]
        greatest = max(numbered, key=lambda line: (-1 if line[1] is None else line[1], line[0]))
        number, out = {"first": numbered[0], "last": numbered[-1]}.get(repeats, greatest)
        records.append((name, numbered[0][0], number, out))
    return records


@pytest.mark.parametrize("repeats", ["first", "last", "greatest of tokens_out", "greatest of $.out"])
@hypothesis_settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(written=st.lists(outputs, min_size=6, max_size=6), block=st.integers(1, 400))
def test_any_cut_of_the_lines_into_blocks_gives_the_same_records(  # noqa: PLR0913, PLR0917 - three fixtures
    storage: Storage,
    landing: Landing,
    land: Land,
    add_chat: Add,
    repeats: str,
    written: list[list[tuple[str, int | None]]],
    block: int,
) -> None:
    add_chat(repeats=repeats)
    paths = []
    for letter, found in zip("abcdef", written, strict=True):
        lines = [answer(name, out, f"08:00:{number:02}") for number, (name, out) in enumerate(found, start=1)]
        paths.append(landing.write("chat", DAY, lines, name=f"{letter}.jsonl"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(landing_lines, "BLOCK_BYTES", block)
        land(DAY)
    for path in paths:
        path.unlink()
    landed = rows(storage, LANDED_EVENTS, "landing_file", "record_id", "occurred_at", "landing_line", "tokens_out")
    assert [(name, at.second, *line) for _, name, at, *line in landed] == [
        record for found in written for record in expected(found, repeats)
    ]
