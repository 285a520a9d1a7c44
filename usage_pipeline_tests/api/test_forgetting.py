"""A server keeps nothing in memory of what was erased."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

from usage_pipeline.api.forgetting import Forgetting
from usage_pipeline.api.kept_answers import KeptAnswers
from usage_pipeline.listing.pages import Pages
from usage_pipeline.listing.queries import RecordQuery
from usage_pipeline.metrics.queries import UsageQuery
from usage_pipeline.metrics.read import read
from usage_pipeline.retention.erasure.erasures import Erasing, ErasureState, add
from usage_pipeline.storage.kept_rows import READINGS, KeptRows
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.support import Landing, land_and_compute, prompt, tables_in_memory

DAY = date(2026, 5, 1)


def kept(storage: Storage) -> set[tuple[str, str]]:
    """The tables in memory and the copies of days; other tests of the process have theirs beside them."""
    copies = {("copy", path.name) for path in storage.settings.data_dir.glob("tmp/listing-*/*")}
    return copies | {("table", name) for name in tables_in_memory(storage)}


def use(storage: Storage, pages: Pages) -> list[object]:
    """Ask so often that everything is kept."""
    assert [*pages.prepare()] == [DAY]
    answers = [read(storage, UsageQuery(DAY, DAY, metrics=("records",))).rows for _ in range(READINGS + 2)]
    return [*pages.read(RecordQuery("acme")).items, answers[-1]]


def test_what_is_kept_is_dropped_once_an_erasure_is_done(open_shared: Callable[..., Storage]) -> None:
    opened = open_shared()
    Landing(opened.settings.landing).write("persona", "2026-05-01", [prompt("e1", "2026-05-01T08:00:00Z")])
    land_and_compute(opened, "records", "rollups")
    storage, pages = replace(opened, kept=KeptRows()), Pages(opened)
    answers = KeptAnswers()
    forget = Forgetting(storage, pages, answers)
    answers.get(("acme", "q"), 1, lambda: b"before")
    others = kept(storage)
    before = use(storage, pages)
    assert sorted(kind for kind, _ in kept(storage) - others) == ["copy", "table"]
    assert (forget.look(), forget.look()) == (False, False)
    now = storage.settings.clock.now
    erasing = Erasing("E1", "tenant", "d", None, None, ErasureState.DONE, "asked", "ann", now, now, {}, "c")
    with storage.warehouse.begin() as connection:
        add(connection, erasing)
    assert (forget.look(), kept(storage) - others) == (True, set())
    assert answers.get(("acme", "q"), 1, lambda: b"after") == b"after"
    assert (use(storage, pages), forget.look()) == (before, False)
