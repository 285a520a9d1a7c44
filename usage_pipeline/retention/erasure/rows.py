"""Removes rows of tables in the database that are not summed and not replaced."""

from collections.abc import Collection

from sqlalchemy import select

from usage_pipeline.retention.erasure.subject import Subject, Word
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import warehouse_table
from usage_pipeline.storage.tables import TableSpec


def remove_rows(storage: Storage, specs: Collection[TableSpec], subject: Subject) -> None:
    """Remove the rows of the tenant from these tables, also from those to which rows are only added."""
    with storage.warehouse.begin() as connection:
        for spec in specs:
            table = warehouse_table(spec)
            connection.exec_driver_sql(f"ALTER TABLE {table.fullname} DISABLE TRIGGER USER")
            connection.execute(table.delete().where(table.c.tenant_id == subject.tenant_id))
            connection.exec_driver_sql(f"ALTER TABLE {table.fullname} ENABLE TRIGGER USER")


def remove_limits_of_member(storage: Storage, specs: Collection[TableSpec], subject: Subject, word: Word) -> None:
    """Remove what is kept of limits on a member; what is true now comes again, under another name."""
    of_members = [spec for spec in specs if "member_id" in spec.key]
    with storage.warehouse.begin() as connection:
        for spec in of_members:
            table = warehouse_table(spec)
            own = table.c.tenant_id == subject.tenant_id
            members = connection.execute(select(table.c.member_id).where(own).distinct()).scalars()
            named = [member for member in members if word.found_in(member)]
            connection.execute(table.delete().where(own, table.c.member_id.in_(named)))
