"""A tenant to erase, and the sums that must be as before."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from usage_pipeline.pipeline.refresh import RefreshSummary
from usage_pipeline.pipeline.tables import DAILY_TABLES, TABLES
from usage_pipeline.retention.erasure.erasing import Outcome, Tables, erase
from usage_pipeline.retention.erasure.subject import Subject
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import warehouse_table
from usage_pipeline.storage.tables import TableSpec, Zone
from usage_pipeline_tests.conftest import Prepare
from usage_pipeline_tests.support import Landing, prompt, rows

ALL = Tables(TABLES, DAILY_TABLES)
ACME = Subject("acme")
MAY_1, MAY_2, MAY_3 = "2026-05-01", "2026-05-02", "2026-05-03"
JUNE_2 = "2026-06-02"
"""The day after the erasure."""
DAY = date.fromisoformat(MAY_1)

Run = Callable[[], RefreshSummary]
AddReference = Callable[[str, str], None]


def event(record_id: str, tenant: str = "acme", day: str = MAY_1, **fields: object) -> dict[str, object]:
    return prompt(record_id, f"{day}T08:00:00Z", tenantId=tenant, modelName="gpt-4o", **fields)


def erase_acme(storage: Storage, tenant: str = "acme") -> Outcome:
    outcome = erase(storage, ALL, Subject(tenant), by="me", reason="a request")
    assert outcome is not None
    return outcome


def sums(storage: Storage, specs: tuple[TableSpec, ...] = ()) -> dict[str, list[tuple[Any, ...]]]:
    """The sums of all tenants by day, of every number in rollups and warehouse."""
    found = {}
    for spec in specs or [table.spec for table in DAILY_TABLES if table.spec.zone is not Zone.LAKE]:
        names = [column.name for column in spec.columns if column.type == "BIGINT" or column.type[:3] == "DEC"]
        names = [name for name in names if name not in {"latency_to_ms", "above_tokens_in"}]
        if spec.zone is Zone.ROLLUPS:
            values = rows(storage, spec, "day", *names)
        else:
            columns = warehouse_table(spec).c
            with storage.warehouse.connect() as connection:
                values = list(connection.execute(select(columns.day, *(columns[name] for name in names))))
        totals: dict[date, list[Decimal]] = {}
        for day, *numbers in values:
            known = totals.setdefault(day, [Decimal(0)] * len(names))
            totals[day] = [total + (number or 0) for total, number in zip(known, numbers, strict=True)]
        found[spec.name] = sorted(totals.items())
    return found


def tenants(storage: Storage, spec: TableSpec) -> set[str]:
    """The tenants that a table has rows of."""
    if spec.zone is not Zone.WAREHOUSE:
        return {tenant for (tenant,) in rows(storage, spec, "tenant_id")}
    with storage.warehouse.connect() as connection:
        return set(connection.execute(select(warehouse_table(spec).c.tenant_id)).scalars())


def write_mixed(landing: Landing) -> None:
    """Two days of acme and globex, in files of their own and in one that they share."""
    own = {"sessionId": "s", "userId": "ann", "conversationId": "c1", "latencyMs": 40, "prompt": "words"}
    landing.write("persona", MAY_1, [event("a1", **own), event("a2", tokensIn=7)], tenant="acme")
    landing.write(
        "persona",
        MAY_2,
        [event("g1", "globex"), event("a3", day=MAY_2, status="failed"), event("g2", "globex", MAY_2), "{"],
        name="shared.jsonl",
    )
    started = {"id": "v1", "type": "conversation", "count": 3, "createdAt": 1777622400000, "meta": {}}
    landing.write("usage_statistics", MAY_1, [started], tenant="acme", name="counted.jsonl")


@pytest.fixture
def mixed(storage: Storage, landing: Landing, run: Run, prepare: Prepare) -> Storage:
    """These days, landed and computed."""

    def make() -> None:
        write_mixed(landing)
        run()

    prepare("mixed", make)
    return storage
