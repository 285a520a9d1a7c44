"""Resources are counted from what a server keeps of each day as they are from the records."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from usage_pipeline.metrics.queries import RelatedQuery, of_tenant
from usage_pipeline.metrics.read import read
from usage_pipeline.metrics.words import RESOURCES
from usage_pipeline.storage.kept_rows import READINGS, KeptRows
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.pruned import raise_first_kept
from usage_pipeline_tests.support import Landing, land_and_compute, prompt, tables_in_memory

FIRST, LAST = date(2026, 5, 1), date(2026, 5, 2)
EVERYBODY = ("acme", "zeta", None)


@pytest.fixture
def served(open_shared: Callable[..., Storage]) -> Storage:
    """A server's storage: two conversations of acme on two days, and one of zeta with the same id."""
    opened = open_shared()
    land(opened, "first", ["2026-05-01", "2026-05-02"], conversationId="c1", personaId="p1")
    land(opened, "zeta", ["2026-05-01"], conversationId="c1", tenantId="zeta")
    land(opened, "second", ["2026-05-02"], conversationId="c2")
    return replace(opened, kept=KeptRows())


def land(storage: Storage, name: str, days: Sequence[str], **fields: Any) -> None:
    for day in days:
        prompts = [prompt(f"{name}-{day}", f"{day}T08:00:00Z", **fields)]
        Landing(storage.settings.landing).write("persona", day, prompts, name=f"{name}.jsonl")
    land_and_compute(storage, "records", "token_series", "message_series", "conversation_series")


def counted(storage: Storage) -> list[tuple[int, int]]:
    """Conversations and personas of each tenant and of all, the same by what is kept and by the records."""
    found = []
    for tenant in EVERYBODY:
        query = RelatedQuery(FIRST, LAST, where=of_tenant(tenant), metrics=tuple(RESOURCES))
        for _ in range(READINGS):
            read(storage, query)
        (kept,), (of_records,) = read(storage, query).rows, read(replace(storage, kept=None), query).rows
        assert kept == of_records
        found.append((kept["conversations"], kept["personas"]))
    return found


def test_counts_follow_what_lands_and_what_is_pruned(served: Storage) -> None:
    of_others = tables_in_memory(served)
    assert counted(served) == [(2, 1), (1, 0), (3, 1)]
    land(served, "late", ["2026-05-01"], conversationId="c3", personaId="p2")
    assert counted(served) == [(3, 2), (1, 0), (4, 2)]
    with served.warehouse.begin() as connection:
        raise_first_kept(connection, {"acme": LAST})
    assert counted(served) == [(2, 1), (1, 0), (3, 1)]
    assert len(tables_in_memory(served) - of_others) == 2, "the present table, and the one before"
