"""Texts, rejected lines and landing files past their term go; all else stays, and nobody misses what went."""

import shutil
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from usage_pipeline.errors import PruningError
from usage_pipeline.events.record import CONTENT, LANDED_EVENTS, REJECTED_LINES
from usage_pipeline.pipeline.landing_work import find_landing_work
from usage_pipeline.pipeline.refresh import PlainRunner, RefreshSummary, refresh
from usage_pipeline.pipeline.tables import DAILY_TABLES
from usage_pipeline.retention import pruning
from usage_pipeline.storage import audit, landed_files, state
from usage_pipeline.storage.opened import Storage
from usage_pipeline.validation.tallies import lines_add_up
from usage_pipeline_tests.conftest import Prepare
from usage_pipeline_tests.storage.test_lost_locks import END_HOLDERS_OF_LOCKS
from usage_pipeline_tests.support import Landing, land_and_compute, prompt, rows

PLANS = """
default: free
free: {retention_days: 90, content_retention_days: 30}
long: {retention_days: 90, content_retention_days: 60}
"""
TENANTS = "globex: {plans: [{from: 2020-01-01, plan: long}]}\n"
HELD = "held: {legal_hold: {reason: a lawsuit, by: legal, since: 2026-01-01}}\n"
TODAY = date(2026, 6, 1)
PAST, KEPT = "2026-05-01", "2026-05-02"
"""The last day that is past the term of the default plan, and the first that is kept."""

Run = Callable[[], RefreshSummary]


@pytest.fixture
def run(storage: Storage) -> Run:
    """Lands what is new, and computes what is looked at here: texts and files have a term of their own."""
    return lambda: land_and_compute(storage, "daily_usage", "token_series")


@pytest.fixture(autouse=True)
def _plans(add_reference: Callable[[str, str], None]) -> None:
    add_reference("plans", PLANS)
    add_reference("tenants", TENANTS)


def text(record_id: str, day: str, tenant: str = "acme") -> dict[str, object]:
    return prompt(record_id, f"{day}T08:00:00Z", tenantId=tenant, prompt=f"words of {record_id}")


def prune(storage: Storage) -> list[pruning.Pruned]:
    return list(pruning.prune(storage, DAILY_TABLES, pruning.plan(storage), "test").removed)


def texts(storage: Storage) -> list[str]:
    return sorted(name for (name,) in rows(storage, CONTENT, "record_id"))


def digests(storage: Storage) -> dict[tuple[str, date], object]:
    with storage.warehouse.connect() as connection:
        tables = state.partitions_of(connection, ["landed_events", "usage_records", "daily_usage", "token_series"])
    return {(name, day): found.output_digest for name, days in tables.items() for day, found in days.items()}


@pytest.fixture
def past(storage: Storage, landing: Landing, prepare: Prepare) -> Storage:
    """A storage with all tables of a text and a rejected line, both past their term."""

    def make() -> None:
        landing.write("persona", PAST, [text("a", PAST), "{"])
        refresh(storage, PlainRunner(storage))

    prepare("past", make)
    return storage


def there(landing: Landing) -> list[str]:
    return sorted(path.relative_to(landing.root).as_posix() for path in landing.root.rglob("*") if path.is_file())


def test_texts_and_files_go_on_the_day_after_their_last(storage: Storage, landing: Landing, run: Run) -> None:
    landing.write("persona", PAST, [text("a", PAST)], name="past.jsonl")
    landing.write("persona", KEPT, [text("b", KEPT)], name="kept.jsonl")
    run()
    before = digests(storage)
    assert [(row.day, row.files, row.texts, row.rejects) for row in prune(storage)] == [
        (date.fromisoformat(PAST), 1, 1, 0)
    ]
    assert (texts(storage), there(landing)) == (["b"], [f"persona/{KEPT}/kept.jsonl"])
    assert [name for (name,) in rows(storage, LANDED_EVENTS, "record_id")] == ["a", "b"]
    assert digests(storage) == before


def test_a_pruned_file_is_neither_missed_nor_landed_again(past: Storage) -> None:
    storage = past
    prune(storage)
    again = refresh(storage, PlainRunner(storage))
    assert (again.landed, again.computed) == ([], {})
    assert list(find_landing_work(storage).warnings) == []
    with storage.warehouse.connect() as connection:
        (file,) = landed_files.files(connection)
        evaluation = lines_add_up(storage, connection, [file.landing_day])[file.landing_day]
        acts = [(entry.action, entry.subject) for entry in audit.entries(connection)]
    assert (file.counts, file.rejects_pruned, file.vanished_at) == (True, 1, None)
    assert file.pruned_at == storage.settings.clock.now
    assert evaluation.success
    assert acts == [("pruned", f"persona/{PAST}/events.jsonl")]


def test_a_file_stays_while_a_line_of_it_is_within_its_term(storage: Storage, landing: Landing, run: Run) -> None:
    path = landing.write("persona", PAST, [text("a", PAST), text("b", PAST, "globex"), "{"])
    content = path.read_bytes()
    run()
    assert [(row.files, row.texts, row.rejects) for row in prune(storage)] == [(0, 1, 1)]
    assert (texts(storage), path.read_bytes()) == (["b"], content)
    assert prune(storage) == []


def test_a_tenant_on_hold_keeps_its_texts_and_files_that_may_hold_its_lines(
    storage: Storage, landing: Landing, run: Run, add_reference: Callable[[str, str], None]
) -> None:
    add_reference("tenants", HELD)
    landing.write("persona", PAST, [text("a", PAST), text("h", PAST, "held"), "{"], name="all.jsonl")
    landing.write("persona", PAST, [text("b", PAST)], tenant="acme", name="acme.jsonl")
    run()
    prune(storage)
    assert (texts(storage), there(landing)) == (["h"], [f"persona/{PAST}/all.jsonl"])
    assert len(rows(storage, REJECTED_LINES, "landing_line")) == 1


def test_an_old_event_that_lands_late_loses_its_text_and_not_its_file(
    storage: Storage, landing: Landing, run: Run
) -> None:
    landing.write("persona", "2026-05-30", [text("a", PAST), text("b", "2026-05-30")])
    run()
    assert [(row.files, row.texts) for row in prune(storage)] == [(0, 1)]
    assert (texts(storage), len(there(landing))) == (["b"], 1)


def test_a_file_that_changed_since_it_landed_is_not_removed(past: Storage, landing: Landing) -> None:
    landing.write("persona", PAST, [text("a", PAST), text("b", PAST)])
    prune(past)
    assert there(landing) == [f"persona/{PAST}/events.jsonl"]


def test_a_file_whose_landed_events_are_lost_is_kept_to_land_again(
    past: Storage, landing: Landing, run: Run
) -> None:
    before = digests(past)
    shutil.rmtree(past.lake.folder(LANDED_EVENTS, date.fromisoformat(PAST)))
    prune(past)
    assert there(landing) == [f"persona/{PAST}/events.jsonl"]
    run()
    assert digests(past) == before
    prune(past)
    assert there(landing) == []


def test_a_file_that_failed_goes_by_its_landing_day(storage: Storage, landing: Landing, run: Run) -> None:
    landing.write("persona", PAST, [text("a", PAST)], name="cut.jsonl.gz").write_bytes(b"not gzip")
    run()
    assert [row.files for row in prune(storage)] == [1]
    assert there(landing) == []


def test_a_restored_file_lands_again_and_goes_again(past: Storage, landing: Landing, run: Run) -> None:
    before = digests(past)
    prune(past)
    landing.write("persona", PAST, [text("a", PAST), "{"])
    run()
    assert digests(past) == before
    prune(past)
    assert there(landing) == []


def test_the_plan_removes_nothing(past: Storage, landing: Landing) -> None:
    (entry,) = pruning.plan(past).entries
    assert (entry.texts, entry.file_goes, entry.bytes > 0) == (1, True, True)
    assert (texts(past), len(there(landing))) == (["a"], 1)


def test_as_of_an_earlier_day_less_is_past_its_term(past: Storage) -> None:
    assert pruning.plan(past, TODAY - timedelta(days=1)).entries == []


def test_a_day_to_come_is_refused(storage: Storage) -> None:
    with pytest.raises(PruningError, match="2026-06-02 is to come"):
        pruning.plan(storage, TODAY + timedelta(days=1))


def test_an_unusual_share_needs_a_confirmation(storage: Storage, landing: Landing, run: Run) -> None:
    landing.write("persona", PAST, [text("a", PAST)] * 2)
    landing.write("persona", KEPT, [text("b", KEPT)] * 8)
    run()
    pruning.expect_usual(storage, pruning.plan(storage))
    landing.write("persona", PAST, [text("c", PAST)], name="more.jsonl")
    run()
    with pytest.raises(PruningError, match=r"27% of all lines.*More than 20% needs a confirmation"):
        pruning.expect_usual(storage, pruning.plan(storage))


def test_something_recent_needs_a_confirmation(
    storage: Storage, landing: Landing, run: Run, add_reference: Callable[[str, str], None]
) -> None:
    add_reference("plans", "default: free\nlong: {retention_days: 9}\nfree: {retention_days: 1}")
    landing.write("persona", "2026-05-30", [text("a", "2026-05-30")])
    landing.write("persona", "2026-05-31", [text("b", "2026-05-31")] * 9)
    run()
    with pytest.raises(PruningError, match="removing anything of the last 7 days needs a confirmation"):
        pruning.expect_usual(storage, pruning.plan(storage))


class KilledError(Exception):
    """The process ends here."""


@pytest.mark.parametrize("step", [0, 1, 2])
def test_a_prune_that_was_killed_is_completed_by_the_next(
    past: Storage, landing: Landing, run: Run, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """Before the first removal, between those of texts and rejected lines, and before that of the file."""
    storage, unlink, calls = past, Path.unlink, iter(range(10))

    def killed(path: Path, *, missing_ok: bool = False) -> None:
        if path.suffix in {".parquet", ".jsonl"} and next(calls) == step:
            raise KilledError
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", killed)
    with pytest.raises(KilledError):
        prune(storage)
    monkeypatch.undo()
    run()
    assert list(find_landing_work(storage).warnings) == []
    prune(storage)
    assert (texts(storage), there(landing)) == ([], [])
    with storage.warehouse.connect() as connection:
        (file,) = landed_files.files(connection)
        assert lines_add_up(storage, connection, [file.landing_day])[file.landing_day].success


def test_who_has_lost_the_locks_of_its_days_removes_nothing_more(
    storage: Storage, landing: Landing, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b"):
        landing.write("persona", PAST, [text(name, PAST)], name=f"{name}.jsonl")
    run()
    unlink = Path.unlink

    def unlink_and_end(path: Path, *, missing_ok: bool = False) -> None:
        unlink(path, missing_ok=missing_ok)
        if path.is_relative_to(landing.root):
            with storage.warehouse.connect() as connection:
                connection.execute(END_HOLDERS_OF_LOCKS)

    monkeypatch.setattr(Path, "unlink", unlink_and_end)
    with pytest.raises(OperationalError):
        prune(storage)
    assert there(landing) == [f"persona/{PAST}/b.jsonl"]
