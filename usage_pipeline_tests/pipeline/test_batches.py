"""Days that are computed together come to what each comes to alone, and one that fails undoes no other."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as checked
from hypothesis import strategies as st

from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.pipeline.refresh import PlainRunner, Unfinished, unfinished_days
from usage_pipeline.pipeline.tables import DAILY_TABLES
from usage_pipeline.records.tables import CONFLICTS, EXCLUDED_EVENTS, USAGE_RECORDS
from usage_pipeline.settings import Settings
from usage_pipeline.storage import landed_days, landed_files, state
from usage_pipeline.storage.batches import BATCH_ROWS, batches
from usage_pipeline.storage.compute import compute_days
from usage_pipeline.storage.daily import DailyTable
from usage_pipeline.storage.engine import parquet_scan, session
from usage_pipeline.storage.landed_days import LandedDay
from usage_pipeline.storage.opened import Storage, open_storage
from usage_pipeline_tests.support import Landing, digests, landed_file, prompt

DAYS = [date(2026, 5, day) for day in range(1, 8)]
APART = [date(2026, 5, day) for day in range(1, 10, 2)]
Cut = Sequence[Sequence[date]]


def talk(record_id: str, time: str, **fields: object) -> dict[str, Any]:
    return prompt(record_id, f"2026-05-{time}:00:00Z", modelName="gpt-4o", **fields)


LOG = {
    "2026-05-01": [talk("e1", "01T08", conversationId="c1"), talk("e1", "01T08", conversationId="c1")],
    "2026-05-02": [talk("e2", "02T08", conversationId="c1", latencyMs=120), talk("e2", "02T08", tokensIn=7)],
    "2026-05-04": [
        talk("e3", "04T08", conversationId="c2", tenantId="zeta"),
        talk("e4", "02T23", conversationId="c2", tenantId="zeta"),  # late
        talk("e1", "01T08", tokensIn=9),  # a late conflict
    ],
    "2026-05-06": [talk(f"f{number}", f"06T{number:02}", conversationId=f"c{number % 4}") for number in range(24)],
    "2026-05-07": [talk("e1", "07T08", conversationId="c1", status="failed")],
}


@pytest.fixture(scope="module")
def computed(
    new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Storage, dict[Any, Any]]]:
    """A storage in which each day was computed alone, a day without events among them, and the digests of that."""
    settings = Settings.load(
        data_dir=tmp_path_factory.mktemp("data"),
        database_url=new_database(),
        digest_key="test",
        now=datetime(2026, 6, 1, tzinfo=UTC),
        lookback_days=4,
    )
    for day, lines in LOG.items():
        Landing(settings.landing).write("persona", day, lines)
    with open_storage(settings) as storage:
        PlainRunner(storage).land([date.fromisoformat(day) for day in LOG])
        compute(storage, [[day] for day in DAYS])
        yield storage, digests(storage)


def compute(storage: Storage, cut: Cut, tables: Sequence[DailyTable] = DAILY_TABLES) -> None:
    for table in tables:
        for days in cut:
            compute_days(storage, table, days, "test").raise_failures()


@st.composite
def cuts(draw: st.DrawFn) -> Cut:
    """All days, in any order, cut anywhere."""
    days = draw(st.permutations(DAYS))
    ends = sorted(draw(st.sets(st.integers(1, len(days) - 1))))
    return [days[first:last] for first, last in zip([0, *ends], [*ends, len(days)], strict=True)]


def test_a_cut_of_the_days_gives_the_digests_of_each_day_alone(computed: tuple[Storage, dict[Any, Any]]) -> None:
    storage, alone = computed
    compute(storage, [DAYS[4:6], DAYS[:3], [*DAYS[6:], DAYS[3]]])
    assert digests(storage) == alone


@pytest.mark.acceptance
@checked(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=cuts())
def test_any_of_many_cuts_of_the_days_gives_the_digests_of_each_day_alone(
    computed: tuple[Storage, dict[Any, Any]], cut: Cut
) -> None:
    storage, alone = computed
    compute(storage, cut)
    assert digests(storage) == alone


def test_conversations_are_told_apart_by_the_distance_to_the_day_before(
    computed: tuple[Storage, dict[Any, Any]],
) -> None:
    storage, _ = computed
    with session(storage.engine) as duck:
        paths = [storage.lake.object(table_spec("conversation_starts"), day) for day in DAYS]
        found = duck.execute(
            f"SELECT day, tenant_id, sum(conversations) FROM {parquet_scan(paths)} GROUP BY ALL ORDER BY ALL"
        ).fetchall()
    # c1 and c2 were met before the 6th: c1 four days before, within the look-back; c2 by another tenant.
    assert found == [
        (DAYS[0], "acme", 1),
        (DAYS[1], "zeta", 1),
        (DAYS[5], "acme", 3),
    ]


def table_spec(name: str) -> Any:
    return next(table.spec for table in DAILY_TABLES if table.name == name)


def test_a_day_without_rows_has_an_object_without_rows(computed: tuple[Storage, dict[Any, Any]]) -> None:
    storage, _ = computed
    compute(storage, [DAYS], [CONFLICTS])
    objects = [storage.lake.object(CONFLICTS.spec, day) for day in DAYS]
    with session(storage.engine) as duck:
        rows = [duck.execute(f"SELECT count(*) FROM {parquet_scan([path])}").fetchall()[0][0] for path in objects]
    assert rows == [1, 1, 0, 0, 0, 0, 0]


def test_nothing_unfinished_is_left_beside_the_objects(computed: tuple[Storage, dict[Any, Any]]) -> None:
    storage, _ = computed
    compute(storage, [DAYS], [USAGE_RECORDS])
    folder = storage.lake.folder(USAGE_RECORDS.spec, DAYS[0]).parent
    assert sorted(path.name for path in folder.iterdir()) == [f"event_day={day}" for day in DAYS]
    assert [path.name for path in folder.rglob("*.parquet")] == ["usage_records.parquet"] * len(DAYS)


@pytest.fixture
def broken(storage: Storage, landing: Landing) -> Storage:
    """Five landed days that read no lines of each other; the rows of the third are gone from the lake."""
    for day in APART:
        landing.write("persona", str(day), [prompt(f"e{day.day}", f"{day}T08:00:00Z")])
    PlainRunner(storage).land(APART)
    for path in storage.lake.folder(LANDED_EVENTS, APART[2]).iterdir():
        path.unlink()
    return storage


def test_a_day_that_fails_undoes_no_other(broken: Storage) -> None:
    found = compute_days(broken, EXCLUDED_EVENTS, APART, "test")
    assert sorted(found.partitions) == [APART[0], APART[1], APART[3], APART[4]]
    assert list(found.failures) == [APART[2]]
    told = "persona/2026-05-05/events.jsonl are not in the lake, 2026-05-05 keeps"
    assert told in str(found.failures[APART[2]])


def test_the_state_tells_a_day_that_failed_from_one_that_was_being_written(broken: Storage) -> None:
    compute_days(broken, EXCLUDED_EVENTS, APART, "test")
    with broken.warehouse.begin() as connection:
        state.mark_writing(connection, USAGE_RECORDS.name, APART[:2], "a run that was killed")
    assert unfinished_days(broken) == Unfinished(failed={APART[2]}, writing={APART[0], APART[1]})


def test_days_are_cut_by_their_landed_rows(storage: Storage) -> None:
    half = BATCH_ROWS // 2
    rows = dict(zip(DAYS, (half, half, 1, 3 * BATCH_ROWS, 0, half, half + 1), strict=True))
    with storage.warehouse.begin() as connection:
        for day, count in rows.items():
            record_landed(connection, day, count)
    assert list(batches(storage, DAYS)) == [DAYS[:2], DAYS[2:3], DAYS[3:4], DAYS[4:6], DAYS[6:]]


def record_landed(connection: Any, day: date, rows: int) -> None:
    path = f"persona/{day}/events.jsonl"
    landed_files.record_files(connection, [landed_file(path, day)])
    shares = [LandedDay(path, day, rows, f"{rows}:0")] if rows else []
    landed_days.record_event_days(connection, [path], shares)
