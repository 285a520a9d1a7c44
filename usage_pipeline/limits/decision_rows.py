"""What a gateway needs to decide by itself: what remains of each limit and of the credits of each tenant."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC
from functools import partial
from itertools import chain
from pathlib import Path

from duckdb import DuckDBPyConnection
from sqlalchemy import Connection, func, select

from usage_pipeline.billing.ledger.accounts import known_accounts
from usage_pipeline.billing.ledger.tables import CREDIT_LEDGER, CREDIT_POSTINGS
from usage_pipeline.limits.decisions import BLOCK, NOTHING, Answer
from usage_pipeline.limits.limited import CREDITS, SCOPED
from usage_pipeline.limits.status import NOTHING_USED, AsOf, LimitStatus, TenantLimit, statuses_of
from usage_pipeline.limits.tables import LIMIT_DECISIONS
from usage_pipeline.settings import Settings
from usage_pipeline.storage.engine import PARQUET, literal, session
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.rows import register_rows
from usage_pipeline.storage.schema import warehouse_table
from usage_pipeline.tenants.reference import load_tenants

credit_ledger = warehouse_table(CREDIT_LEDGER)
credit_postings = warehouse_table(CREDIT_POSTINGS)

DECISIONS_FILE = "decisions.parquet"
OF_CREDITS = ""
"""In the place of the id of a limit."""

Row = tuple[object, ...]


def decision_rows(
    settings: Settings,
    connection: Connection,
    limits: Iterable[TenantLimit],
    found: Iterable[LimitStatus],
    as_of: AsOf,
) -> list[Row]:
    """Return the rows of limits as they stand, of values without usage, and of credits."""
    without_usage = [
        statuses_of(limit, {_written(limit): NOTHING_USED}, as_of)
        for limit in limits
        if limit.fixed_values is None
    ]
    return [
        *map(_of_limit, chain(found, *without_usage)),
        *_of_credits(settings, connection, as_of),
    ]


def _written(limit: TenantLimit) -> tuple[str, ...]:
    return tuple(limit.scope.values.get(name, "") for name in SCOPED)


def _of_limit(status: LimitStatus) -> Row:
    limit, answer = status.limit, Answer.OVER_LIMIT
    key = (status.tenant_id, limit.id, *status.values, limit.metric)
    return (*key, status.remaining, limit.amount, limit.action, int(answer), status.days.ends_at, status.as_of)


def _of_credits(settings: Settings, connection: Connection, as_of: AsOf) -> Iterator[Row]:
    """Yield what the ledger has left for each tenant, less the overage: the sum of its rows, 0 without any.

    Every known tenant has a row, because what is not there does not block.
    """
    posted_at = connection.execute(select(func.max(credit_postings.c.recorded_at))).scalar()
    tenants, at = load_tenants(settings), (posted_at or as_of.at).astimezone(UTC)
    columns = credit_ledger.c
    sums = select(columns.tenant_id, func.sum(columns.amount)).group_by(columns.tenant_id)
    left = dict.fromkeys(known_accounts(settings, connection), NOTHING)
    left |= dict(map(tuple, connection.execute(sums)))
    for tenant_id in sorted(left):
        plan = tenants.plans[tenants.plan_of(tenant_id, at.date())]
        action = BLOCK if plan.overage == "deny" else "alert"
        key = (tenant_id, OF_CREDITS, *[""] * len(SCOPED), CREDITS)
        yield (*key, left[tenant_id], None, action, int(Answer.NO_CREDITS), None, at)


def write_decisions(storage: Storage, rows: Sequence[Row]) -> None:
    """Put a file with these rows in the place of the one before; none as long as there are no rows.

    Only one process may do so at a time: what killed ones left is removed.
    """
    target = storage.settings.limits_dir / DECISIONS_FILE
    for left in target.parent.glob(f".{DECISIONS_FILE}.*"):
        left.unlink()
    if rows or target.exists():
        with session(storage.engine) as duck:
            register_rows(duck, LIMIT_DECISIONS.name, LIMIT_DECISIONS.columns, rows)
            storage.lake.replace(target, partial(_copy, duck))


def _copy(duck: DuckDBPyConnection, path: Path) -> None:
    duck.execute(
        f"COPY (FROM {LIMIT_DECISIONS.name} ORDER BY tenant_id, limit_id, {', '.join(SCOPED)}) "
        f"TO {literal(str(path))} ({PARQUET})"
    )
