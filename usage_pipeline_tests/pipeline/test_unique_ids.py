"""Ids that repeat on days nearby: any order of landing comes to the same, and what may change is computed."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as checked
from hypothesis import strategies as st

from usage_pipeline.events.landing.decisions import withdraw
from usage_pipeline.pipeline.explain import explain
from usage_pipeline.pipeline.refresh import PlainRunner, RefreshSummary, refresh
from usage_pipeline.pipeline.tables import DAILY_TABLES
from usage_pipeline.records.tables import EXCLUDED_EVENTS, USAGE_RECORDS
from usage_pipeline.settings import Settings
from usage_pipeline.storage import state
from usage_pipeline.storage.compute import inputs_digests
from usage_pipeline.storage.digests import NO_ROWS, fingerprint
from usage_pipeline.storage.landed_rows import landed_digests
from usage_pipeline.storage.opened import Storage
from usage_pipeline.validation.checking import check_days
from usage_pipeline.validation.checks import IDS_ARE_OF_ONE_DAY
from usage_pipeline.validation.results import Outcome
from usage_pipeline_tests.cases import settings_of_case
from usage_pipeline_tests.conftest import OpenOn
from usage_pipeline_tests.support import Landing, digests, land_and_compute, prompt, write_persona

ALL = {table.name for table in DAILY_TABLES}
WITHIN = range(4)
Run = Callable[[], RefreshSummary]


def may(day: int) -> date:
    return date(2026, 5, day)


@dataclass(frozen=True)
class Line:
    """An event of the first days of May."""

    day: int
    record_id: str
    tokens: int = 100
    of_conversation: bool = True

    def written(self) -> dict[str, object]:
        time, conversation = f"{may(self.day)}T08:00:00Z", f"c{self.record_id}" if self.of_conversation else None
        return prompt(self.record_id, time, tokensIn=self.tokens, conversationId=conversation)


@dataclass(frozen=True)
class File:
    """A landing file of the source whose ids are unique within so many days; it may be withdrawn later."""

    within: int
    number: int
    landing_day: int
    lines: Sequence[Line]
    withdrawn: bool = False

    def write(self, landing: Landing) -> str:
        """Write the file, and return its path."""
        lines = [line.written() for line in self.lines]
        day, name = str(may(self.landing_day)), f"{self.number:02}.jsonl"
        return landing.write(f"within_{self.within}", day, lines, name=name).relative_to(landing.root).as_posix()


def records(files: Sequence[File]) -> Mapping[date, int]:
    """How many records each day has, said a second time."""
    counted = Counter[date]()
    for within in WITHIN:
        landed = sorted(
            (file.landing_day, file.number, file.lines)
            for file in files
            if file.within == within and not file.withdrawn
        )
        before: list[Line] = []
        for line in (line for _, _, lines in landed for line in lines):
            same = (other for other in before if other.record_id == line.record_id)
            counted[may(line.day)] += all(abs(other.day - line.day) > within for other in same)
            before.append(line)
    return +counted


Found = tuple[Mapping[tuple[str, date], str | None], Mapping[date, int]]


def deliver(
    open_on: OpenOn, settings: Settings, pieces: Sequence[Sequence[File]], compute: Callable[[Storage], object]
) -> Found:
    """Digests and records after these pieces, each of which is computed before the next comes."""
    with open_on(settings) as storage:
        for files in pieces:
            paths = {file: file.write(Landing(settings.landing)) for file in files}
            compute(storage)
            for file, path in paths.items():
                if file.withdrawn:
                    withdraw(storage, path, "test traffic", "test")
        compute(storage)
        with storage.warehouse.connect() as connection:
            partitions = state.partitions(connection, USAGE_RECORDS.name)
        filled = {key: digest for key, digest in digests(storage).items() if digest != str(NO_ROWS)}
    return filled, {day: partition.rows for day, partition in partitions.items() if partition.rows}


@pytest.fixture(scope="module")
def formats_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Formats whose ids are unique within as many days as their names say."""
    folder = tmp_path_factory.mktemp("unique") / "formats"
    for within in WITHIN:
        write_persona(folder, f"within_{within}", within)
    return folder


LINES = st.lists(
    st.builds(Line, st.integers(1, 4), st.sampled_from("ab"), st.integers(1, 2)), min_size=1, max_size=4
)


@st.composite
def deliveries(draw: st.DrawFn) -> Sequence[Sequence[File]]:
    """Files of all sources that come in any order, cut anywhere into pieces."""
    drawn = [
        (within, *found)
        for within in WITHIN
        for found in draw(st.lists(st.tuples(st.integers(4, 6), LINES, st.booleans()), min_size=2, max_size=5))
    ]
    files = [
        File(within, number, day, tuple(lines), withdrawn)
        for number, (within, day, lines, withdrawn) in enumerate(drawn)
    ]
    ordered = draw(st.permutations(files))
    ends = sorted(draw(st.sets(st.integers(1, len(files) - 1), max_size=3)))
    return [ordered[first:last] for first, last in zip([0, *ends], [*ends, len(files)], strict=True)]


CHECKS = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
New = Callable[..., Settings]
Pieces = Sequence[Sequence[File]]


@checked(max_examples=2, suppress_health_check=CHECKS)  # of four sources each
@given(pieces=deliveries())
def test_any_order_of_landing_and_withdrawing_comes_to_what_all_at_once_comes_to(
    new_settings: New, open_on: OpenOn, formats_dir: Path, pieces: Pieces
) -> None:
    """Ids decide about records. What reads those of its day, and what looks back, stands for all others."""

    def compute(storage: Storage) -> None:
        land_and_compute(storage, "records", "conversation_series")

    expect_the_same(open_on, partial(new_settings, formats_dir=formats_dir), pieces, compute)


@pytest.mark.acceptance
@checked(max_examples=10, suppress_health_check=CHECKS)
@given(pieces=deliveries())
def test_any_of_many_orders_of_landing_and_withdrawing_comes_to_what_all_at_once_comes_to(
    new_settings: New, open_on: OpenOn, formats_dir: Path, pieces: Pieces
) -> None:
    new = partial(new_settings, formats_dir=formats_dir)
    expect_the_same(open_on, new, pieces, lambda storage: refresh(storage, PlainRunner(storage)))


def expect_the_same(open_on: OpenOn, new: New, pieces: Pieces, compute: Callable[[Storage], object]) -> None:
    files = [file for piece in pieces for file in piece]
    kept = [file for file in files if not file.withdrawn]
    found, counted = deliver(open_on, new(), pieces, compute)
    assert counted == records(files)
    assert (found, counted) == deliver(open_on, new(), [kept], compute)


def test_a_retry_across_midnight_counts_once_and_says_by_which_line(new_settings: New, open_on: OpenOn) -> None:
    days = date(2026, 8, 30), date(2026, 8, 31)
    with open_on(settings_of_case(new_settings, "retry-across-midnight")) as storage:
        refresh(storage, PlainRunner(storage))
        with storage.warehouse.connect() as connection:
            found = state.partitions(connection, USAGE_RECORDS.name)
        lines = {name: explain(storage, name, "t-retry") for name in ("rt1", "rt2")}
        results = check_days(storage, [IDS_ARE_OF_ONE_DAY], days, "test")
    assert [(found[day].rows, found[day].duplicates, found[day].conflicts) for day in days] == [
        (1, 0, 0),
        (1, 0, 2),
    ]
    file = "persona/2026-08-31/a.jsonl"
    assert {name: [(line.event_day, line.verdict, line.decided_by) for line in lines[name]] for name in lines} == {
        "rt1": [(days[0], "counted", None), (days[1], "conflict", f"{file}:1")],
        "rt2": [(days[1], "counted", None), (days[1], "conflict", f"{file}:3")],
    }
    assert [result.outcome for result in results] == [Outcome.PASSED] * 2


@pytest.fixture
def settings(new_settings: Callable[..., Settings], formats_dir: Path) -> Settings:
    return new_settings(formats_dir=formats_dir)


@pytest.fixture
def land(landing: Landing, run: Run) -> Callable[..., Mapping[date, set[str]]]:
    """Lands a file of the source, and returns what was computed."""

    def land_and_run(within: int, landing_day: int, *lines: Line) -> Mapping[date, set[str]]:
        File(within, 0, landing_day, lines).write(landing)
        return run().computed

    return land_and_run


Land = Callable[..., Mapping[date, set[str]]]


def test_new_lines_recompute_the_days_nearby_that_are_compared_with_theirs(landing: Landing, run: Run) -> None:
    nearby = {0: [], 1: [2], 2: [1, 2], 3: [1, 2]}
    weeks = {within: 7 * within for within in WITHIN}  # each source in a week of its own, on which none looks back
    line = partial(Line, of_conversation=False)
    for within, before in weeks.items():
        File(within, 0, 25, [line(before + 1, "a"), line(before + 2, "b")]).write(landing)
    run()
    for within, before in weeks.items():
        File(within, 0, 26, [line(before + 3, "c")]).write(landing)
    assert run().computed == {
        **{may(before + 3): ALL for before in weeks.values()},
        **{may(weeks[within] + day): {EXCLUDED_EVENTS.name} for within in WITHIN for day in nearby[within]},
    }


def test_what_reads_a_day_is_recomputed_too_if_one_of_its_ids_is_decided_otherwise(land: Land) -> None:
    land(1, 5, Line(1, "b"), Line(2, "a"))
    found = land(1, 4, Line(3, "a"))
    assert found == {may(2): ALL, may(3): ALL}


def test_lines_of_another_source_recompute_no_day_nearby(land: Land) -> None:
    land(1, 4, Line(1, "a"))
    assert land(2, 4, Line(2, "a")) == {may(2): ALL}


def test_a_day_with_nothing_nearby_has_the_digest_of_its_own_lines(storage: Storage, land: Land) -> None:
    land(1, 4, Line(1, "a"), Line(3, "a"))
    land(0, 4, Line(2, "a"))
    days = [may(1), may(2), may(3)]
    with storage.warehouse.connect() as connection:
        found = inputs_digests(storage, connection, [EXCLUDED_EVENTS], days)[EXCLUDED_EVENTS.name]
        own = landed_digests(connection, days)
    assert found == {day: fingerprint([own[day]]) for day in days}
