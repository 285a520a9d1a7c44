"""Sums over the records that have an id, and how many resources they name."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from usage_pipeline.metrics.queries import RelatedQuery, of_tenant
from usage_pipeline.metrics.read import read
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.pruned import raise_first_kept
from usage_pipeline_tests.series.reading import day
from usage_pipeline_tests.support import prompt

ABOUT_C1 = {"conversationId": "c1", "personaId": "p1"}


@pytest.fixture(scope="module")
def landed(computed: Callable[..., Storage]) -> Storage:
    """Two conversations of acme on two days, and one of zeta with the same id."""
    return computed(
        {
            ("persona", "2026-05-01"): [
                prompt("e1", "2026-05-01T08:00:00Z", **ABOUT_C1),
                prompt("e2", "2026-05-01T09:00:00Z", **ABOUT_C1, status="failed"),
                prompt("e3", "2026-05-01T08:00:00Z", tenantId="zeta", **ABOUT_C1),
            ],
            ("persona", "2026-05-02"): [
                prompt("e4", "2026-05-02T08:00:00Z", conversationId="c1", personaId="p2"),
                prompt("e5", "2026-05-02T08:00:00Z", conversationId="c2", personaId="p2"),
            ],
        }
    )


def related(storage: Storage, last: str, *where: tuple[str, str]) -> dict[str, Any]:
    names = ("records", "tokens_total", "messages", "errors", "conversations", "personas", "bots")
    (row,) = read(storage, RelatedQuery(day("2026-05-01"), day(last), where=where, metrics=names)).rows
    return row


def test_records_with_an_id_are_summed_and_resources_are_counted_once(landed: Storage) -> None:
    acme = of_tenant("acme")
    of_c1 = related(landed, "2026-05-02", *acme, ("conversation_id", "c1"))
    assert [*of_c1.values()] == [3, 360, 5, 1, 1, 2, 0]
    assert [*related(landed, "2026-05-02", *acme).values()] == [4, 480, 7, 1, 2, 2, 0]
    assert [*related(landed, "2026-05-02").values()] == [5, 600, 9, 1, 3, 3, 0]
    assert [*related(landed, "2026-05-02", ("bot_id", "b")).values()] == [0] * 7


def test_where_all_days_are_missing_nothing_is_known(landed: Storage) -> None:
    query = RelatedQuery(day("2026-05-20"), day("2026-05-20"), metrics=("records", "bots"))
    assert read(landed, query).rows == [{"records": None, "bots": None}]


def test_records_that_are_pruned_are_not_counted(landed: Storage) -> None:
    with landed.warehouse.begin() as connection:
        raise_first_kept(connection, {"acme": date(2026, 5, 2)})
    assert [*related(landed, "2026-05-02").values()] == [3, 360, 6, 0, 3, 2, 0]
