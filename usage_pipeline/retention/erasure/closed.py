"""Sums the closed billing periods of a tenant that is erased, and their costs, by period."""

from collections.abc import Iterable

from sqlalchemy import delete, insert, select

from usage_pipeline.billing.closing import freeze_again
from usage_pipeline.retention.erasure.subject import Subject, Word
from usage_pipeline.retention.erasure.sums import rows_after
from usage_pipeline.storage.engine import session
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.rows import register_rows
from usage_pipeline.storage.schema import warehouse_table
from usage_pipeline.storage.tables import ERASED_TENANT, TableSpec


def sum_closed(storage: Storage, specs: Iterable[TableSpec], subject: Subject, word: Word) -> None:
    """Let the tenant's rows in tables of the state that keep sums be rows of `erased`, in one transaction.

    What changed after a closing is in the costs of `erased`, not in adjustments: nobody is billed for them.
    """
    tenants = (subject.tenant_id, ERASED_TENANT)
    with storage.warehouse.begin() as connection, session(storage.engine) as duck:
        for spec in specs:
            table = warehouse_table(spec)
            stored = connection.execute(select(table).where(table.c.tenant_id.in_(tenants))).all()
            if not stored:
                continue
            register_rows(duck, "stored", spec.columns, stored)
            found = duck.execute(f"FROM ({rows_after(spec, subject, word).text})").fetchall()
            connection.execute(delete(table).where(table.c.tenant_id.in_(tenants)))
            rows = [dict(zip(spec.column_names, row, strict=True)) for row in found]
            connection.execute(insert(table), rows)
        freeze_again(connection, ERASED_TENANT)
