"""Small files are validated together, and come to what each comes to alone."""

import gzip
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pytest

from usage_pipeline.errors import LockTimeoutError
from usage_pipeline.events.landing.land import DaysLanding, land_days
from usage_pipeline.events.landing.reading_ahead import TOGETHER_BYTES, TOGETHER_FILES
from usage_pipeline.events.record import LANDED_EVENTS, REJECTED_LINES
from usage_pipeline.pipeline.landing_work import find_landing_work
from usage_pipeline.pipeline.refresh import PlainRunner, refresh
from usage_pipeline.storage import state
from usage_pipeline.storage.landed_files import FileState
from usage_pipeline.storage.locks import partition_locks
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.state import WriteState
from usage_pipeline_tests.events.landing.disturbed import disturbed, raising
from usage_pipeline_tests.support import Landing, digests, files, prompt, rows

DAYS = [date(2026, 5, day) for day in (1, 2, 3)]
FIRST, SECOND, THIRD = (str(day) for day in DAYS)
TIME = "2026-05-01T08:00:00Z"
HEADER = "TIMESTAMP,ContextTokens,GeneratedTokens"


def land(storage: Storage) -> None:
    land_days(storage, DAYS, "test")


def append(path: Path) -> None:
    with path.open("a") as stream:
        stream.write("{}\n")


def test_a_broken_file_among_good_ones_fails_alone(storage: Storage, landing: Landing) -> None:
    for name in ("a.jsonl", "c.jsonl"):
        landing.write("persona", FIRST, [prompt(name, TIME)], name=name)
    cut = gzip.compress(b'{"id":"b"}\n')[:-1]
    (landing.root / "persona" / FIRST / "b.jsonl.gz").write_bytes(cut)
    land(storage)
    assert {name: (file.state, file.error) for name, file in files(storage).items()} == {
        "a.jsonl": (FileState.LANDED, None),
        "b.jsonl.gz": (FileState.FAILED, "the gzip data is truncated; deliver the file again"),
        "c.jsonl": (FileState.LANDED, None),
    }
    assert rows(storage, LANDED_EVENTS, "record_id") == [("a.jsonl",), ("c.jsonl",)]


def test_a_large_archive_that_is_cut_at_its_end_fails_alone(storage: Storage, landing: Landing) -> None:
    for name in ("a.jsonl", "c.jsonl"):
        landing.write("persona", FIRST, [prompt(name, TIME)], name=name)
    line = b'{"id":"b","text":"' + b"x" * 10_000 + b'"}\n'
    cut = gzip.compress(line * (TOGETHER_BYTES // len(line) + 100))[:-1]
    (landing.root / "persona" / FIRST / "b.jsonl.gz").write_bytes(cut)
    land(storage)
    assert files(storage)["b.jsonl.gz"].error == "the gzip data is truncated; deliver the file again"
    assert rows(storage, LANDED_EVENTS, "record_id") == [("a.jsonl",), ("c.jsonl",)]


def test_csv_files_are_read_by_their_own_headers(storage: Storage, landing: Landing) -> None:
    other = "GeneratedTokens,TIMESTAMP,ContextTokens"
    landing.write("azure_llm", FIRST, [HEADER, f"{TIME},1,2"], tenant="acme", name="a.csv")
    landing.write("azure_llm", FIRST, [other, f"4,{TIME},3"], tenant="acme", name="b.csv")
    landing.write("azure_llm", FIRST, [HEADER, f"{TIME},5,6", "7"], tenant="acme", name="c.csv")
    landing.write("azure_llm", FIRST, ["TIMESTAMP,ContextTokens", f"{TIME},5"], tenant="acme", name="d.csv")
    land(storage)
    assert rows(storage, LANDED_EVENTS, "tokens_in", "tokens_out") == [(1, 2), (3, 4), (5, 6)]
    assert rows(storage, REJECTED_LINES, "landing_file", "landing_line", "reason") == [
        (f"azure_llm/{FIRST}/acme/c.csv", 3, "malformed_csv")
    ]
    assert str(files(storage)["d.csv"].error).startswith(
        "none of the 2 columns of its header is 'GeneratedTokens'"
    )


@pytest.mark.parametrize("change", [Path.unlink, append], ids=["gone", "changed"])
def test_a_file_that_goes_or_changes_while_its_day_lands_counts_as_it_did(
    storage: Storage, landing: Landing, change: Callable[[Path], None]
) -> None:
    """A log has grown since it landed; when its turn to be read comes, it grows again or is rotated."""
    headers = (HEADER, "GeneratedTokens,TIMESTAMP,ContextTokens", "ContextTokens,TIMESTAMP,GeneratedTokens")

    def write(*lines: str) -> Path:
        return landing.write("azure_llm", FIRST, [headers[2], *lines], tenant="acme", name="c.csv")

    write(f"5,{TIME},6")
    land(storage)
    before = files(storage)["c.csv"]
    landing.write("azure_llm", FIRST, [headers[0], f"{TIME},1,2"], tenant="acme", name="a.csv")
    landing.write("azure_llm", FIRST, [headers[1], f"4,{TIME},3"], tenant="acme", name="b.csv")
    growing = write(f"5,{TIME},6", f"7,{TIME},8")
    land(disturbed(storage, lambda: change(growing)))
    assert files(storage)["c.csv"] == before
    assert rows(storage, LANDED_EVENTS, "tokens_in", "tokens_out") == [(1, 2), (3, 4), (5, 6)]
    work = find_landing_work(storage)
    assert (work.vanished, work.days) == (([], DAYS[:1]) if growing.exists() else ([before.path], []))


def test_records_without_ids_are_named_by_their_own_file_and_line(storage: Storage, landing: Landing) -> None:
    for name, numbers in (("a.csv", [1, 2]), ("b.csv", [3]), ("again.csv", [1, 2])):
        lines = [HEADER, *(f"{TIME},{number},0" for number in numbers)]
        landing.write("azure_llm", FIRST, lines, tenant="acme", name=name)
    land(storage)
    by_name = {name: file.content_digest for name, file in files(storage).items()}
    assert by_name["a.csv"] == by_name["again.csv"]
    assert rows(storage, LANDED_EVENTS, "tokens_in", "record_id", "landing_line") == sorted(
        [
            *[(1, f"{by_name['a.csv']}:2", 2)] * 2,
            *[(2, f"{by_name['a.csv']}:3", 3)] * 2,
            (3, f"{by_name['b.csv']}:2", 2),
        ]
    )


def test_the_same_file_under_two_names_has_an_object_under_each(storage: Storage, landing: Landing) -> None:
    for name in ("a.jsonl", "b.jsonl"):
        landing.write("persona", FIRST, [prompt("e1", TIME)], name=name)
    land(storage)
    assert rows(storage, LANDED_EVENTS, "landing_file") == [
        (f"persona/{FIRST}/a.jsonl",),
        (f"persona/{FIRST}/b.jsonl",),
    ]
    assert len({file.object_name for file in files(storage).values()}) == 2


def test_lines_belong_to_the_tenant_of_their_own_folder(storage: Storage, landing: Landing) -> None:
    line = {key: value for key, value in prompt("e1", TIME).items() if key != "tenantId"}
    for tenant in ("acme", "globex"):
        landing.write("persona", FIRST, [line, prompt("e2", TIME)], tenant=tenant)
    landing.write("persona", FIRST, [line], name="of nobody.jsonl")
    land(storage)
    assert rows(storage, LANDED_EVENTS, "tenant_id", "record_id") == [
        ("acme", "e1"),
        ("acme", "e2"),
        ("globex", "e1"),
    ]
    assert rows(storage, REJECTED_LINES, "reason", "found", "expected") == [
        ("missing_tenant_id", None, "a tenant, in the line or as folder"),
        ("tenant_mismatch", "acme", "the tenant of the folder, globex"),
    ]


@pytest.fixture
def _plans(add_reference: Callable[[str, str], None]) -> None:
    add_reference("plans", "short: {retention_days: 10}\nlong: {retention_days: 100}\ndefault: short\n")
    add_reference("tenants", "acme: {plans: [{from: 2026-04-01, plan: long}, {from: 2026-05-02, plan: short}]}\n")


@pytest.mark.usefixtures("_plans")
def test_what_is_too_old_or_to_come_is_decided_by_the_landing_day_of_each_file(
    storage: Storage, landing: Landing
) -> None:
    times = ["2026-04-20T12:00:00Z", "2026-04-21T12:00:00Z", "2026-05-02T12:00:00Z"]
    for day in (FIRST, SECOND):
        lines = [
            prompt(f"{tenant} {time[:10]}", time, tenantId=tenant) for time in times for tenant in ("acme", "x")
        ]
        landing.write("persona", day, lines)
    land(storage)
    assert rows(storage, REJECTED_LINES, "landing_file", "landing_line", "reason") == [
        (f"persona/{FIRST}/events.jsonl", 2, "past_retention"),
        (f"persona/{FIRST}/events.jsonl", 5, "timestamp_in_future"),
        (f"persona/{FIRST}/events.jsonl", 6, "timestamp_in_future"),
        *[(f"persona/{SECOND}/events.jsonl", line, "past_retention") for line in (1, 2, 3, 4)],
    ]


def test_an_empty_file_among_others_has_an_empty_object(storage: Storage, landing: Landing) -> None:
    landing.write("persona", FIRST, [prompt("e1", TIME)], name="a.jsonl")
    landing.write_bytes("persona", FIRST, b"", name="b.jsonl")
    landing.write("persona", FIRST, ["{"], name="c.jsonl")
    land(storage)
    found = {name: (file.lines, file.accepted, file.rejected) for name, file in files(storage).items()}
    assert found == {"a.jsonl": (1, 1, 0), "b.jsonl": (0, 0, 0), "c.jsonl": (1, 0, 1)}
    assert len(list(storage.lake.folder(LANDED_EVENTS, DAYS[0]).iterdir())) == 3


def test_more_files_than_are_validated_together_land_each_by_itself(storage: Storage, landing: Landing) -> None:
    names = [f"{number:03}.jsonl" for number in range(2 * TOGETHER_FILES + 1)]
    for name in names:
        landing.write("persona", FIRST, [prompt(name, TIME)], name=name)
    land(storage)
    expected = [(name, f"persona/{FIRST}/{name}", 1) for name in names]
    assert rows(storage, LANDED_EVENTS, "record_id", "landing_file", "landing_line") == expected


GONE = "it was removed while its folder was read; deliver it again"
CHANGED = "it changed while it was read; the next run reads it again"


@pytest.mark.parametrize(("change", "error"), [(Path.unlink, GONE), (append, CHANGED)], ids=["gone", "changed"])
def test_a_file_that_goes_or_changes_meanwhile_fails_alone(
    storage: Storage, landing: Landing, change: Callable[[Path], None], error: str
) -> None:
    landing.write("agent_runs", FIRST, ["{"])
    for name in ("a.jsonl", "c.jsonl"):
        landing.write("persona", FIRST, [prompt(name, TIME)], name=name)
    path = landing.write("persona", FIRST, [prompt("b", TIME)], name="b.jsonl")
    land(disturbed(storage, lambda: change(path)))
    assert files(storage)["b.jsonl"].error == error
    assert rows(storage, LANDED_EVENTS, "record_id") == [("a.jsonl",), ("c.jsonl",)]


def test_files_that_cannot_be_validated_together_are_validated_one_by_one(
    storage: Storage, landing: Landing
) -> None:
    for name in ("a.jsonl", "b.jsonl"):
        landing.write("persona", FIRST, [prompt(name, TIME)], name=name)
    land(disturbed(storage, raising(duckdb.OutOfMemoryException("not enough for both"))))
    assert [file.state for file in files(storage).values()] == [FileState.LANDED] * 2
    assert rows(storage, LANDED_EVENTS, "record_id") == [("a.jsonl",), ("b.jsonl",)]


def three_days(landing: Landing) -> None:
    for day in (FIRST, SECOND, THIRD):
        landing.write("agent_runs", day, ["{"])
        landing.write("persona", day, [prompt(f"e{day}", f"{day}T08:00:00Z"), prompt("e", TIME), "{"])
        landing.write("azure_llm", day, [HEADER, f"{TIME},1,2"], tenant="acme", name="a.csv")


def states(storage: Storage) -> dict[date, WriteState]:
    with storage.warehouse.connect() as connection:
        return {day: found.state for day, found in state.partitions(connection, LANDED_EVENTS.name).items()}


@pytest.fixture(scope="module")
def undisturbed(open_shared: Callable[..., Storage]) -> Storage:
    """A storage in which a run landed and computed the three days."""
    storage = open_shared()
    three_days(Landing(storage.settings.landing))
    refresh(storage, PlainRunner(storage))
    return storage


@pytest.mark.parametrize("writes", [0, 3, 4, 5, 6])
def test_after_a_kill_the_next_run_finishes_as_if_nothing_had_been(
    storage: Storage, landing: Landing, writes: int, undisturbed: Storage
) -> None:
    three_days(landing)
    killing = [*[lambda: None] * writes, raising(KeyboardInterrupt())]
    with pytest.raises(KeyboardInterrupt):
        land(disturbed(storage, *killing))
    assert states(storage) == dict.fromkeys(DAYS, WriteState.WRITING)
    refresh(storage, PlainRunner(storage))
    assert states(storage) == dict.fromkeys(DAYS, WriteState.COMMITTED)
    assert digests(storage) == digests(undisturbed)


def test_what_was_validated_before_a_kill_is_not_validated_again(storage: Storage, landing: Landing) -> None:
    three_days(landing)
    with pytest.raises(KeyboardInterrupt):
        land_days(disturbed(storage, *[lambda: None] * 5, raising(KeyboardInterrupt())), DAYS, "killed")
    land_days(storage, DAYS, "next")
    runs = {file.source: file.run for result in land_days(storage, DAYS, "last") for file in result.files}
    assert runs == {"agent_runs": "killed", "azure_llm": "killed", "persona": "next"}


def test_a_day_that_another_process_lands_holds_up_no_other(storage: Storage, landing: Landing) -> None:
    three_days(landing)
    impatient = storage.settings.model_copy(update={"lock_timeout_seconds": 1})
    of_days = DaysLanding(replace(storage, settings=impatient), DAYS, "test")
    with partition_locks(storage.warehouse, LANDED_EVENTS.name, [DAYS[1]], 1):
        assert len(of_days.land(DAYS[0]).files) == 3
        with pytest.raises(LockTimeoutError, match=f"{DAYS[1]} is being written"):
            of_days.land(DAYS[1])
        assert len(of_days.land(DAYS[2]).files) == 3
    assert states(storage) == {DAYS[0]: WriteState.COMMITTED, DAYS[2]: WriteState.COMMITTED}


def test_a_day_that_fails_leaves_no_other_unfinished(storage: Storage, landing: Landing) -> None:
    three_days(landing)
    full = raising(OSError("no space left"))
    with pytest.raises(OSError, match="no space left"):
        land(disturbed(storage, full, full))
    assert states(storage) == {
        DAYS[0]: WriteState.WRITING,
        DAYS[1]: WriteState.COMMITTED,
        DAYS[2]: WriteState.COMMITTED,
    }
