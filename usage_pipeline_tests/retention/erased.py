"""A tenant to erase, and the sums that must be as before."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from usage_pipeline.alerts.raising import raise_alerts
from usage_pipeline.alerts.tables import ALERTS
from usage_pipeline.billing.closing import Closing, close
from usage_pipeline.billing.ledger.tables import CREDIT_LEDGER
from usage_pipeline.billing.tables import CLOSED_COSTS
from usage_pipeline.delivery.message import Message
from usage_pipeline.delivery.outbox import enqueue
from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.limits.refresh import refresh_limits
from usage_pipeline.limits.tables import LIMIT_DECISIONS, LIMIT_STATUS
from usage_pipeline.pipeline.refresh import RefreshSummary
from usage_pipeline.pipeline.tables import DAILY_TABLES, TABLES
from usage_pipeline.records.tables import USAGE_RECORDS
from usage_pipeline.retention.erasure.erasing import Outcome, Tables, erase
from usage_pipeline.retention.erasure.subject import Subject
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import warehouse_table
from usage_pipeline.storage.tables import TableSpec, Zone
from usage_pipeline_tests.conftest import NOW, Prepare
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
def mixed(storage: Storage, make_mixed: Callable[[], None]) -> Storage:
    """These days, landed and computed."""
    make_mixed()
    return storage


@pytest.fixture
def make_mixed(landing: Landing, run: Run, prepare: Prepare) -> Callable[[], None]:
    """Makes them in the empty storage of the test."""

    def make() -> None:
        write_mixed(landing)
        run()

    return lambda: prepare("mixed", make)


OF_LIMITS = (LIMIT_STATUS, LIMIT_DECISIONS, ALERTS)
LIMITS = '[{id: one, tenant: "*", metric: prompts, period: {rolling_days: 60}, amount: "1"}]'


@dataclass(frozen=True)
class Before:
    """What there was before the erasure."""

    sums: dict[str, list[tuple[Any, ...]]]
    landed_of_others: list[tuple[Any, ...]]
    closed: tuple[Any, ...]
    """The quantity and the amount of all closed periods."""
    limited: list[set[str]]
    """The tenants in the tables of limits and alerts."""
    own_file: bytes
    shared_file: bytes


@dataclass(frozen=True)
class Erased:
    """A storage from which acme was erased: the days of `mixed`, and something in each other place of tenants."""

    storage: Storage
    before: Before
    outcome: Outcome


@pytest.fixture
def erased(
    storage: Storage,
    landing: Landing,
    make_mixed: Callable[[], None],
    add_reference: AddReference,
    prepare: Prepare,
) -> Erased:
    def make() -> tuple[Before, Outcome]:
        make_mixed()
        add_reference("limits", LIMITS)
        name_tenants_everywhere(storage)
        _leave_unfinished(storage, landing)
        return _before(storage, landing), erase_acme(storage)

    return Erased(storage, *prepare("erased", make))


def name_tenants_everywhere(storage: Storage) -> None:
    """Closed periods, credits, limits, alerts and messages of both tenants, and a message of nobody."""
    row = {"kind": "topup", "grant_id": "g", "effective_at": NOW, "amount": 1, "recorded_at": NOW}
    owners = {"one": "acme", "two": None, "three": "globex"}
    refresh_limits(storage)
    raise_alerts(storage)
    for tenant in ("acme", "globex"):
        close(storage, tenant, DAY, Closing("me", "test", forced=True))
    with storage.warehouse.begin() as connection:
        accounts = [{**row, "tenant_id": tenant} for tenant in ("acme", "globex")]
        connection.execute(warehouse_table(CREDIT_LEDGER).insert(), accounts)
        enqueue(
            connection,
            [
                Message(f"{key}-acme", ("ops",), "Usage of acme", "t", NOW, tenant, payload={"tenants": ["acme"]})
                for key, tenant in owners.items()
            ],
        )


def unfinished(storage: Storage, landing: Landing) -> tuple[Path, Path]:
    """A part that a killed writer left, and one of an upload."""
    left = storage.lake.object(USAGE_RECORDS.spec, DAY).with_name(".usage_records.parquet.1f.part")
    return left, landing.root / "persona" / MAY_3 / "acme" / ".more.jsonl.part"


def _leave_unfinished(storage: Storage, landing: Landing) -> None:
    for path in unfinished(storage, landing):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("acme")


def landed_of_others(storage: Storage) -> list[tuple[Any, ...]]:
    """The landed rows of globex, without when they landed."""
    names = [name for name in LANDED_EVENTS.column_names if name != "landed_at"]
    return [row for row in rows(storage, LANDED_EVENTS, *names) if row[0] == "globex"]


def closed(storage: Storage) -> tuple[Any, ...]:
    """The quantity and the amount of all closed periods."""
    costs = warehouse_table(CLOSED_COSTS).c
    with storage.warehouse.connect() as connection:
        return tuple(connection.execute(select(func.sum(costs.quantity), func.sum(costs.amount))).one())


def own_file(landing: Landing) -> Path:
    return landing.root / "persona" / MAY_1 / "acme" / "events.jsonl"


def shared_file(landing: Landing) -> Path:
    return landing.root / "persona" / MAY_2 / "shared.jsonl"


def _before(storage: Storage, landing: Landing) -> Before:
    return Before(
        sums(storage),
        landed_of_others(storage),
        closed(storage),
        [tenants(storage, table) for table in OF_LIMITS],
        own_file(landing).read_bytes(),
        shared_file(landing).read_bytes(),
    )
