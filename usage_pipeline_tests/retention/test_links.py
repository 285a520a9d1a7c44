"""Landing files that are links: what a link leads to goes with the last link, and no earlier."""

from collections.abc import Callable
from pathlib import Path

import pytest

from usage_pipeline.pipeline.tables import DAILY_TABLES
from usage_pipeline.retention import pruning
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.support import Landing, land_and_compute, prompt

PLANS = "default: free\nfree: {retention_days: 90, content_retention_days: 30}\n"
PAST, KEPT = "2026-05-01", "2026-05-02"
"""The last day that is past the term of the plan, and the first that is kept."""


@pytest.fixture(autouse=True)
def _plans(add_reference: Callable[[str, str], None]) -> None:
    add_reference("plans", PLANS)


def link(landing: Landing, target: Path, day: str, name: str = "link.jsonl") -> None:
    folder = landing.root / "persona" / day
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).symlink_to(target)


def store(landing: Landing, folder: str) -> Path:
    path = landing.root / folder / "a.jsonl"
    path.parent.mkdir(parents=True)
    return landing.write("persona", PAST, [prompt("a", f"{PAST}T08:00:00Z", prompt="words")]).rename(path)


def left_after_pruning(storage: Storage, landing: Landing) -> list[str]:
    land_and_compute(storage, "daily_usage")
    list(pruning.prune(storage, DAILY_TABLES, pruning.plan(storage), "test").removed)
    return sorted(path.relative_to(landing.root).as_posix() for path in landing.root.rglob("*"))


@pytest.mark.parametrize("folder", [".store", "store", "store/of/logs"])
def test_what_a_link_leads_to_goes_with_it(storage: Storage, landing: Landing, folder: str) -> None:
    link(landing, store(landing, folder), PAST)
    assert left_after_pruning(storage, landing) == []


def test_all_links_to_a_file_may_go_at_once(storage: Storage, landing: Landing) -> None:
    target = store(landing, ".store")
    link(landing, target, PAST, "one.jsonl")
    link(landing, target, PAST, "two.jsonl")
    assert left_after_pruning(storage, landing) == []


def test_what_another_link_leads_to_stays_as_long_as_that(storage: Storage, landing: Landing) -> None:
    target = store(landing, ".store")
    link(landing, target, PAST)
    link(landing, target, KEPT)
    assert left_after_pruning(storage, landing) == [
        ".store",
        ".store/a.jsonl",
        "persona",
        f"persona/{KEPT}",
        f"persona/{KEPT}/link.jsonl",
    ]


def test_a_landing_file_that_a_link_leads_to_stays_for_its_own_term(storage: Storage, landing: Landing) -> None:
    target = landing.write("persona", KEPT, [prompt("a", f"{PAST}T08:00:00Z", prompt="words")])
    link(landing, target, PAST)
    assert left_after_pruning(storage, landing) == ["persona", f"persona/{KEPT}", f"persona/{KEPT}/events.jsonl"]
